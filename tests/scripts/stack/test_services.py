"""Ports, and services that don't come up."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scripts.stack import services

if TYPE_CHECKING:
    from pathlib import Path


def test_a_wished_port_is_taken_if_free() -> None:
    """The port asked for, as long as nobody has it."""
    wished = services.free_port()
    assert wished == services.free_port(wished)


def test_a_taken_port_is_replaced() -> None:
    """Somebody listens there already: another port is found."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wished = taken.getsockname()[1]
        assert wished != services.free_port(wished)


@pytest.mark.parametrize(
    ("said", "kind"), [("[Errno 98] Address already in use", services.PortTaken), ("Traceback: no such table", services.AirflowDown)]
)
def test_a_dead_service_is_named_with_its_words(tmp_path: Path, said: str, kind: type[Exception]) -> None:
    """Waiting for health ends at once when a service has died; a taken port is told apart, because another one helps."""
    (tmp_path / "scheduler.log").write_text(said)
    dead = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    dead.wait()
    with pytest.raises(services.AirflowDown) as raised:
        services.await_health("http://127.0.0.1:9", {"scheduler": dead}, tmp_path, lambda _: None)
    assert (kind, f"airflow scheduler ended with status 3:\n{said}") == (raised.type, str(raised.value))
