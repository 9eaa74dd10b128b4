"""The two lock files → an environment in `.venv` that holds exactly what they list; nothing is done where it stands.

Runs on the Python that was found, before anything is installed: standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
# Installs a hundred times faster than pip; pip itself is what every Python brings.
UV = "uv==0.13.9"


def main() -> None:
    """Set the environment up if the lock files changed, and say what is done and how long it took."""
    with _alone():
        if _stamp().is_file() and _stamp().read_text() == mark(PROJECT):
            _stamp().touch()
            return
        begun = time.monotonic()
        _tell(f"Setting up the environment in .venv with {sys.executable} (once; minutes on a slow line)")
        try:
            _set_up()
        except subprocess.CalledProcessError as failed:
            remedy = "Mend what it says above (network, disk space), then run make again."
            sys.exit(f"Set-up failed at: {' '.join(map(str, failed.cmd))}\n{remedy}")
        _stamp().write_text(mark(PROJECT))
        _tell(f"Environment ready after {time.monotonic() - begun:.0f} s")


def mark(project: Path) -> str:
    """Digest of what the environment depends on: the lock files, the Python, the folder it stands in, uv."""
    digest = hashlib.sha256(f"{sys.version}\0{sys.base_prefix}\0{project}\0{UV}\0".encode())
    for name in LOCKS:
        digest.update((project / name).read_bytes())
    return digest.hexdigest()


def _set_up() -> None:
    python = PROJECT / ".venv" / "bin" / "python"
    if not _works(python):
        _tell("[1/3] a new virtual environment")
        shutil.rmtree(PROJECT / ".venv", ignore_errors=True)
        _run(sys.executable, "-m", "venv", PROJECT / ".venv")
    _tell("[2/3] the installer")
    _run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    _tell("[3/3] the libraries")
    locks = [PROJECT / name for name in LOCKS]
    try:
        _run(python, "-m", "uv", "pip", "sync", "--python", python, "--compile-bytecode", *locks)
    except subprocess.CalledProcessError:
        # pip knows an index or a certificate from its own settings that uv doesn't read.
        _tell("uv could not; pip installs them instead, which takes longer")
        _run(python, "-m", "pip", "install", "--disable-pip-version-check", *(part for lock in locks for part in ("-r", lock)))


def _works(python: Path) -> bool:
    """Whether the environment was made here, by this very Python: one that was moved or outlived its Python is no good."""
    settings = PROJECT / ".venv" / "pyvenv.cfg"
    if not settings.is_file() or f"{PROJECT}/.venv" not in settings.read_text():
        return False
    asked = [str(python), "-c", "import sys, pip; print(sys.version)"]
    with contextlib.suppress(OSError):
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == sys.version
    return False


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other `make` sets up the same environment."""
    with (PROJECT / LOCKS[0]).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp() -> Path:
    return PROJECT / ".venv" / ".locks-installed"


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
