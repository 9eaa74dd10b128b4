"""A path and bytes → an object created whole, and only if there is none: what the ledger stands on.

file://: a temporary file, fsync, then a hard link, which fails if the name is taken. Elsewhere the store's own
conditional put through fsspec's mode "xb". A store that can't is refused by a probe, not trusted.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

LOCAL = {"file", "local"}


def is_local(fs: AbstractFileSystem) -> bool:
    """Whether a file system is this machine's own."""
    protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
    return bool(protocols & LOCAL)


def create(fs: AbstractFileSystem, path: str, body: bytes) -> None:
    """Create an object. Raises FileExistsError if the name is taken; a kill leaves none or a whole one."""
    if is_local(fs):
        _link(Path(path), body)
        return
    with fs.open(path, "xb") as file:
        file.write(body)


def _link(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _flushed(path, body)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def replace(fs: AbstractFileSystem, path: str, body: bytes) -> None:
    """Write or replace an object; readers see the old or the new one whole."""
    if not is_local(fs):
        fs.pipe_file(path, body)
        return
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _flushed(target, body).replace(target)
    _sync_folder(target.parent)


def _flushed(path: Path, body: bytes) -> Path:
    """Write a temporary file beside `path`, down to the disk."""
    temporary = path.with_name(f".{path.name[:64]}.{secrets.token_hex(8)}.part")
    with temporary.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def probe(fs: AbstractFileSystem, folder: str) -> None:
    """Prove that a store creates exclusively. Raises UnfitStorage if a second create of one name goes through."""
    path = f"{folder}/probe-{secrets.token_hex(8)}"
    create(fs, path, b"first")
    try:
        second: Any = create(fs, path, b"second")
    except FileExistsError:
        return
    finally:
        fs.rm_file(path)
    message = f"{folder}: the store overwrites where it should refuse ({second}); a ledger there can't be trusted: use another store"
    raise errors.UnfitStorage(message)
