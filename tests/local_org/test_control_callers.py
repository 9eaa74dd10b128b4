"""Who may call /control: this machine only, and only if it was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from include.local_org import routes_control
from tests.running import org

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.7", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("", False),
        (None, False),
    ],
)
def test_only_loopback_is_this_machine(address: str | None, own: bool) -> None:
    """IPv4, IPv6, and one inside the other."""
    assert own is routes_control.loopback(address)


def test_control_is_off_unless_asked_for(tmp_path: Path) -> None:
    """Then it is not found, like anything else that isn't there."""
    with org.running(tmp_path) as line, requests.Session() as session:
        session.trust_env = False
        assert 404 == session.get(f"{line['http_url']}/control", timeout=10).status_code
