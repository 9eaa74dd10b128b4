"""tests/local_org/clients/jsforce/package-lock.json → jsforce in a folder of `.run`; nothing is done where it stands.

The folder is named after the lock's digest: who has it once needs no network for it again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ASKED = PROJECT / "tests" / "local_org" / "clients" / "jsforce"
FILES = ("package.json", "package-lock.json", ".npmrc")
KEPT = PROJECT / ".run" / "clients"


class NoNode(Exception):
    """There is no Node.js on this machine."""


def folder(kept: Path = KEPT, asked: Path = ASKED) -> Path:
    """Find the folder that npm installed into, after installing if need be. Raises NoNode, CalledProcessError."""
    digest = hashlib.sha256(b"\0".join((asked / name).read_bytes() for name in FILES)).hexdigest()
    wanted = kept / digest[:16]
    if wanted.is_dir():
        return wanted
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NoNode("jsforce needs Node.js 20: install node and npm to try it too")
    kept.mkdir(parents=True, exist_ok=True)
    with (kept / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _install(npm, asked, kept / f"{wanted.name}.part", wanted)
    return wanted


def _install(npm: str, asked: Path, part: Path, wanted: Path) -> None:
    """Install beside the wanted folder, which appears whole or not at all."""
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for name in FILES:
        shutil.copy(asked / name, part)
    subprocess.run([npm, "ci", "--prefer-offline", "--loglevel=error"], cwd=part, stdout=sys.stderr, check=True)
    part.rename(wanted)


def main() -> int:
    """Install, and say how long it took; without Node.js that is only said, except in CI."""
    begun = time.monotonic()
    try:
        print(f"jsforce in {folder().relative_to(PROJECT)} after {time.monotonic() - begun:.1f} s")
    except NoNode as missing:
        print(missing)
        return int(bool(os.environ.get("CI")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
