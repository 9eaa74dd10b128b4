"""A payload's URI → a local file, if it lies under an allowed root; anything else is refused with the remedy."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import fsspec

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMES = ("file", "s3", "gs", "abfs")


def fetch(uri: str, into: Path, allowed_roots: Sequence[str]) -> Path:
    """Bring the object at `uri` to a local path in `into` (file:// is read where it stands).

    Raises SourceError if the scheme isn't one of file, s3, gs, abfs, if it lies under no allowed root, or if it
    can't be read.
    """
    place = _place(uri)
    if not any(_within(place, _place(root)) for root in allowed_roots):
        raise errors.SourceError(f"{uri}: it lies under none of the allowed roots {', '.join(allowed_roots)}; move it, or extend BULKLOAD_ALLOWED_ROOTS")
    scheme, _, path = place
    if scheme == "file":
        return _readable(Path(path), uri)
    local = into / posixpath.basename(path)
    try:
        fs, remote = fsspec.core.url_to_fs(uri)
        fs.get_file(remote, str(local))
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{uri}: there is no such object; mend the URI") from missing
    except Exception as wrong:  # stores raise what their libraries do
        raise errors.SourceError(f"{uri}: it can't be read ({type(wrong).__name__}); look at the store's address and rights") from wrong
    return local


def _readable(path: Path, uri: str) -> Path:
    try:
        with path.open("rb"):
            return path
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{uri}: there is no such file on the worker; mend the URI") from missing
    except OSError as wrong:
        raise errors.SourceError(f"{uri}: it can't be read ({wrong.strerror}); give a file that the worker may read") from wrong


def _place(uri: str) -> tuple[str, str, str]:
    """Take a URI apart: scheme, bucket or host, path without dots, links resolved. Raises SourceError."""
    if "::" in uri:
        raise errors.SourceError(f"{uri}: chained URLs aren't read; give one plain URI")
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES:
        raise errors.SourceError(f"{uri}: only {', '.join(SCHEMES)} URIs are read; begin it with file:// or s3://")
    if parts.scheme != "file":
        return parts.scheme, parts.netloc.rpartition("@")[2], posixpath.normpath(parts.path or "/")
    if parts.netloc not in {"", "localhost"}:
        raise errors.SourceError(f"{uri}: file:// has no host; write file:///path")
    # Both spellings are tried by what stands on the disk: "%20" may be a space or itself.
    spelled = Path(parts.path) if Path(parts.path).exists() else Path(unquote(parts.path))
    return "file", "", str(spelled.resolve())


def _within(place: tuple[str, str, str], root: tuple[str, str, str]) -> bool:
    """Whether a place lies under a root: the same store, and the root's whole segments lead to it."""
    inside = place[2] == root[2] or place[2].startswith(root[2].rstrip("/") + "/")
    return place[:2] == root[:2] and inside
