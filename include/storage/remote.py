"""Paths in an object store behind fsspec → objects that appear whole or not at all, never changed by a second writer.

Exclusive writes are the store's own conditional puts (`mode="create"`; S3: If-None-Match). fsspec's `open(path, "xb")`
isn't used: s3fs writes an empty object without the condition (2026.9).
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fsspec import AbstractFileSystem

# Parts of a large upload, and how many at once: what a task may hold in memory.
PART_BYTES = 8 << 20
AT_ONCE = 4
CONFLICT = "ConditionalRequestConflict"
CONFLICTS = 3
TAKEN = {"PreconditionFailed", "412"}
BUGS = (TypeError, AttributeError, NameError, AssertionError)


class Remote:
    """An object store. Raises NetworkFault where it can't be reached, UnfitStorage where it doesn't let us."""

    def __init__(self, fs: AbstractFileSystem) -> None:
        self._fs = fs
        is_s3 = "s3" in ([fs.protocol] if isinstance(fs.protocol, str) else fs.protocol)
        self._parts = {"chunksize": PART_BYTES, "max_concurrency": AT_ONCE} if is_s3 else {}
        # Otherwise s3fs asks for the size first: two requests instead of one, three where there is nothing.
        self._plainly = {"max_concurrency": 1} if is_s3 else {}

    def create(self, path: str, body: bytes) -> None:
        """Write an object exclusively. Raises FileExistsError if the name is taken."""
        self._exclusively(path, lambda: self._fs.pipe_file(path, body, mode="create"))

    def replace(self, path: str, body: bytes) -> None:
        """Write or replace an object; readers see the old or the new one whole."""
        with self._reached(path):
            self._fs.pipe_file(path, body)

    def put(self, local: Path, path: str) -> None:
        """Copy a local file exclusively. Raises FileExistsError if the name is taken."""
        self._exclusively(path, lambda: self._fs.put_file(str(local), path, mode="create", **self._parts))

    def read(self, path: str) -> bytes | None:
        """Read an object; None if there is none."""
        with contextlib.suppress(FileNotFoundError), self._reached(path):
            return bytes(self._fs.cat_file(path, **self._plainly))
        return None

    def find(self, folder: str) -> list[str]:
        """List all objects beneath a folder, as paths relative to it."""
        with contextlib.suppress(FileNotFoundError), self._reached(folder):
            # Another process may have added what a cached listing doesn't know.
            self._fs.invalidate_cache()
            root = folder.strip("/") + "/"
            return [found.lstrip("/").removeprefix(root) for found in self._fs.find(folder)]
        return []

    def folders(self, folder: str) -> list[str]:
        """List the folders right beneath a folder, by name: what stands before the next slash of some object's."""
        with contextlib.suppress(FileNotFoundError), self._reached(folder):
            self._fs.invalidate_cache()
            found = self._fs.ls(folder, detail=True)
            return [each["name"].rstrip("/").rpartition("/")[2] for each in found if each["type"] == "directory"]
        return []

    def tidy(self, folder: str) -> None:
        """A bucket has no folders."""

    def local(self, path: str, target: Path) -> Path:
        """Download an object to `target`, whole or not at all. Raises FileNotFoundError if there is none."""
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".new-{secrets.token_hex(8)}")
        try:
            with self._reached(path):
                self._fs.get_file(path, str(new))
            return new.replace(target)
        finally:
            new.unlink(missing_ok=True)

    def checksum(self, path: str) -> str:
        """SHA-256 of an object."""
        # The size that a cached listing tells may be an older object's.
        self._fs.invalidate_cache()
        with self._reached(path), self._fs.open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def remove(self, path: str) -> None:
        """Remove an object if it is there."""
        with contextlib.suppress(FileNotFoundError), self._reached(path):
            self._fs.rm_file(path)

    def uri(self, path: str) -> str:
        """Say where an object stands, as a URI."""
        return str(self._fs.unstrip_protocol(path))

    def _exclusively(self, path: str, write: Callable[[], object]) -> None:
        """Write under the store's condition; where two writers met at the very moment, S3 wants it said again."""
        for left in reversed(range(CONFLICTS + 1)):
            try:
                with self._reached(path):
                    write()
            except errors.NetworkFault as fault:
                if not left or fault.__cause__ is None or _code(fault.__cause__) != CONFLICT:
                    raise
            else:
                return

    @contextlib.contextmanager
    def _reached(self, path: str) -> Iterator[None]:
        """Turn what a store's library raises into our errors. Only its kind is told: its text may hold credentials."""
        try:
            yield
        except (FileExistsError, FileNotFoundError, errors.BulkloadError, *BUGS):
            raise
        except (PermissionError, NotImplementedError, ValueError) as wrong:
            message = f"{self.uri(path)}: the store refused ({type(wrong).__name__}); give this user the right, or set another run base"
            raise errors.UnfitStorage(message) from wrong
        except Exception as wrong:
            # Not every store's answer to a lost condition is one that its library knows (s3fs wants AWS's own wording).
            if _code(wrong) in TAKEN:
                raise FileExistsError(path) from wrong
            message = f"{self.uri(path)}: no answer from the store ({type(wrong).__name__} {_code(wrong)}); it may be tried again"
            raise errors.NetworkFault(message) from wrong


def _code(wrong: BaseException) -> str:
    """The store's own error code, if its library kept it."""
    answer: Any = getattr(wrong, "response", None) or getattr(wrong.__cause__, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else ""
