"""jsforce 3, unmodified, on Node.js, each of its log-ins, through the proxy → the right rows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts import clients
from tests.local_org.clients import awkward

if TYPE_CHECKING:
    from collections.abc import Callable

ROUND = Path(__file__).with_name("jsforce") / "round.cjs"
KINDS = ("soap", "password", "credentials", "jwt", "token")
MY_DOMAIN = "https://localorg.my.salesforce.com"


@pytest.fixture(scope="module")
def modules() -> Path:
    """Where npm put jsforce. Left out where there is no Node.js, except in CI."""
    try:
        return clients.folder() / "node_modules"
    except clients.NoNode as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


def go_round(line: dict[str, Any], modules: Path, kind: str, ca_file: str) -> subprocess.CompletedProcess[str]:
    """Let jsforce go the round in a process whose environment has the org's proxy and CA file."""
    prefix = f"js-{kind}"
    given = {
        "login": {**line, "kind": kind, "my_domain": MY_DOMAIN},
        "rows": awkward.rows(prefix),
        "changed": awkward.changed(prefix),
        "kept": awkward.kept(prefix),
        "key": awkward.KEY,
        "prefix": prefix,
    }
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {"HTTPS_PROXY": line["proxy_url"], "NODE_EXTRA_CA_CERTS": ca_file, "NODE_PATH": str(modules)}
    asked = json.dumps(given)
    return subprocess.run(["node", str(ROUND)], env=environ, input=asked, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_jsforce_loads_awkward_rows(started: dict[str, Any], modules: Path, held: Callable[[str], dict[str, str]], kind: str) -> None:
    """insert, upsert, update, delete, query, query job: what it tells and what the org holds is what was sent."""
    done = go_round(started, modules, kind, started["ca_file"])
    assert 0 == done.returncode, done.stderr
    kept = awkward.kept(f"js-{kind}")
    expected = awkward.report(f"js-{kind}") | {"downloaded": kept, "unprocessed": 0}
    assert (expected, kept) == (json.loads(done.stdout), held(f"js-{kind}"))


def test_jsforce_checks_the_certificate(started: dict[str, Any], modules: Path) -> None:
    """Without the org's CA it doesn't get through."""
    done = go_round(started, modules, "token", "")
    assert (1, True) == (done.returncode, "certificate" in done.stderr)
