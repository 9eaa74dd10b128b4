"""`make org` → the local org in the foreground, with data that last until `.run/org` is removed."""

from __future__ import annotations

import os
import sys

from scripts.stack import wanted

FOLDER = wanted.PROJECT / ".run" / "org"


def command(given: list[str]) -> list[str]:
    """Write the org's command line; whatever is given comes last and wins."""
    ports = ["--http-port", "0", "--https-port", "0", "--proxy-port", "0"]
    return [sys.executable, "-m", "include.local_org", *ports, "--data", str(FOLDER / "org.db"), *given]


if __name__ == "__main__":
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chdir(wanted.PROJECT)
    os.execv(sys.executable, command(sys.argv[1:]))  # noqa: S606 - becoming the org: signals reach it, not us
