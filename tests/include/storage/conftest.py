"""A bucket in a real S3 server on loopback, and a folder on disk → the file systems that storage is tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import fsspec
import pytest
import requests
from moto.moto_server import threaded_moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "loads"


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Run an S3 server on a free port."""
    server = threaded_moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def bucket(s3_url: str) -> Any:
    """An empty bucket, through s3fs."""
    found = fsspec.filesystem("s3", key="key", secret="secret", client_kwargs={"endpoint_url": s3_url, "region_name": "us-east-1"})
    assert requests.put(f"{s3_url}/{BUCKET}", timeout=10).ok
    return found


@pytest.fixture(params=["file", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, str]:
    """A file system and a base path on it that nobody else uses."""
    if request.param == "file":
        return fsspec.filesystem("file"), str(tmp_path / "run base")
    return request.getfixturevalue("bucket"), f"{BUCKET}/{tmp_path.name}"
