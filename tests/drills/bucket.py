"""Nothing → a bucket on an S3 server of this process, until the block ends: fsspec's options for it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, Any

import requests
from moto.moto_server import threaded_moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "loads"


@contextlib.contextmanager
def served() -> Iterator[dict[str, Any]]:
    """Serve it on a free port of loopback."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # It tells of every request, whatever `verbose` says.
    server = threaded_moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        requests.put(f"{url}/{NAME}", timeout=10).raise_for_status()
        yield {"key": "key", "secret": "secret", "client_kwargs": {"endpoint_url": url, "region_name": "us-east-1"}}
    finally:
        server.stop()
