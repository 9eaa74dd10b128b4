"""Paths on this machine's file system → files that appear whole or not at all, never changed by a second writer.

A temporary file beside the target, flushed down to the disk, then a hard link, which fails if the name is taken.
A kill leaves at most the temporary file; its name begins with a dot, and listings pass it over.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DENIED = {errno.EACCES, errno.EROFS}
UNABLE = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


class Disk:
    """A file system of this machine. Raises UnfitStorage where links or rights are missing."""

    def create(self, path: str, body: bytes) -> None:
        """Write a file exclusively. Raises FileExistsError if the name is taken."""
        with _unfinished(path, lambda file: file.write(body)) as new:
            _link(new, Path(path))

    def replace(self, path: str, body: bytes) -> None:
        """Write or replace a file; readers see the old or the new one whole."""
        with _unfinished(path, lambda file: file.write(body)) as new:
            new.replace(path)
        _sync(Path(path).parent)

    def put(self, local: Path, path: str) -> None:
        """Copy a file exclusively. Raises FileExistsError if the name is taken."""
        with local.open("rb") as source, _unfinished(path, lambda file: shutil.copyfileobj(source, file, 1 << 20)) as new:
            _link(new, Path(path))

    def read(self, path: str) -> bytes | None:
        """Read a file; None if there is none."""
        try:
            return Path(path).read_bytes()
        except FileNotFoundError:
            return None

    def find(self, folder: str) -> list[str]:
        """List all finished files beneath a folder, as paths relative to it."""
        root = Path(folder)
        return [
            (Path(place) / name).relative_to(root).as_posix()
            for place, _, names in os.walk(root)
            for name in names
            if not name.startswith(".")
        ]

    def folders(self, folder: str) -> list[str]:
        """List the folders right beneath a folder, by name; unfinished things begin with a dot."""
        with contextlib.suppress(FileNotFoundError):
            return [each.name for each in Path(folder).iterdir() if each.is_dir() and not each.name.startswith(".")]
        return []

    def tidy(self, folder: str) -> None:
        """Remove a folder and those beneath it, as far as they are empty."""
        for place, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(OSError):
                Path(place).rmdir()

    def local(self, path: str, target: Path) -> Path:  # noqa: ARG002 - other stores need it
        """Say where a file can be read: in place. Raises FileNotFoundError if there is none."""
        if not Path(path).is_file():
            raise FileNotFoundError(path)
        return Path(path)

    def checksum(self, path: str) -> str:
        """SHA-256 of a file."""
        return checksum(Path(path))

    def remove(self, path: str) -> None:
        """Remove a file if it is there."""
        Path(path).unlink(missing_ok=True)

    def uri(self, path: str) -> str:
        """Say where a file stands, as a URI."""
        return Path(path).as_uri()


def checksum(path: Path) -> str:
    """SHA-256 of a local file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _unfinished(path: str, write: Callable[[BinaryIO], object]) -> Iterator[Path]:
    """Write a temporary file beside `path`, down to the disk; it is gone after the block."""
    target = Path(path)
    new = target.with_name(f".new-{secrets.token_hex(8)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with new.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        yield new
    except OSError as denied:
        if denied.errno not in DENIED:
            raise
        raise errors.UnfitStorage(f"{target.parent}: this user may not write there; give it the right, or set another run base") from denied
    finally:
        new.unlink(missing_ok=True)


def _link(new: Path, target: Path) -> None:
    try:
        os.link(new, target)
    except FileExistsError:
        raise
    except OSError as wrong:
        if wrong.errno not in UNABLE:
            raise
        message = f"{target.parent}: this file system has no hard links, so no file can be created exclusively; set another run base"
        raise errors.UnfitStorage(message) from wrong
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Bring a folder's entries down to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
