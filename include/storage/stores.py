"""An fsspec file system → a store that creates whole and exclusively, proven, not trusted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Protocol

from include.bulkload.basics import errors
from include.storage import disk, remote

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

LOCAL = {"file", "local"}
PROBES = ".probes"


class Store(Protocol):
    """Where run folders stand. Paths are the file system's own. Every call may raise NetworkFault or UnfitStorage."""

    def create(self, path: str, body: bytes) -> None:
        """Write an object exclusively and whole. Raises FileExistsError if the name is taken."""

    def replace(self, path: str, body: bytes) -> None:
        """Write or replace an object; readers see the old or the new one whole."""

    def put(self, local: Path, path: str) -> None:
        """Copy a local file exclusively and whole. Raises FileExistsError if the name is taken."""

    def read(self, path: str) -> bytes | None:
        """Read an object; None if there is none."""

    def find(self, folder: str) -> list[str]:
        """List all finished objects beneath a folder, as paths relative to it."""

    def folders(self, folder: str) -> list[str]:
        """List the folders right beneath a folder, by name."""

    def tidy(self, folder: str) -> None:
        """Remove a folder and those beneath it, as far as they are empty, where the store has such things."""

    def local(self, path: str, target: Path) -> Path:
        """Say where an object can be read: in place, or downloaded to `target`. Raises FileNotFoundError if there is none."""

    def checksum(self, path: str) -> str:
        """SHA-256 of an object, in hex."""

    def remove(self, path: str) -> None:
        """Remove an object if it is there."""

    def uri(self, path: str) -> str:
        """Say where an object stands, as a URI."""


def of(fs: AbstractFileSystem) -> Store:
    """Choose the store for a file system."""
    protocols = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
    return disk.Disk() if protocols & LOCAL else remote.Remote(fs)


def prove(store: Store, base: str) -> None:
    """Create one object twice beneath `base`. Raises UnfitStorage unless the second time fails."""
    path = f"{base}/{PROBES}/{secrets.token_hex(8)}"
    store.create(path, b"first")
    try:
        store.create(path, b"second")
    except FileExistsError:
        return
    finally:
        store.remove(path)
    message = f"{store.uri(base)}: this store overwrites where it should refuse, so no ledger can stand there; set another run base"
    raise errors.UnfitStorage(message)
