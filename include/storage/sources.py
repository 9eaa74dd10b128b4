"""A source's URI → a local file, if it lies under an allowed root; anything else is refused with the remedy.

file:// is read where it stands, after links and dots are resolved. Object stores have neither: a key that looks
like a way out is refused. Compressed sources stay compressed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib import parse

import fsspec

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Opened = Callable[[str], tuple[Any, str]]

SCHEMES = ("file", "s3", "gs", "abfs")
DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}
BUGS = (TypeError, AttributeError, NameError, AssertionError)
# A name beside a bucket is a connection's, or a container's account; a password would be in every log line.
_STORE = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: scheme, bucket with the connection that leads to it, path; `shown` is fit for messages."""

    scheme: str
    store: str
    path: str
    shown: str

    def is_under(self, root: Place) -> bool:
        """Whether it is `root` or stands beneath it, in whole segments, by the same connection."""
        path = root.path.rstrip("/")
        return (self.scheme, self.store) == (root.scheme, root.store) and (self.path == path or self.path.startswith(f"{path}/"))


def fetch(uri: str, into: Path, allowed_roots: Sequence[str], opened: Opened = fsspec.core.url_to_fs) -> Path:
    """Bring the object at `uri` to a local file: a file:// one in place, others as a new file in the folder `into`.

    `opened` makes of a URI its file system and the path there; Airflow's way also knows connections. Raises
    SourceError if the URI lies under no allowed root, isn't one that is read, or can't be read.
    """
    place = read(uri)
    if not any(place.is_under(read(root)) for root in allowed_roots):
        roots = ", ".join(read(root).shown for root in allowed_roots)
        raise errors.SourceError(f"{place.shown} lies under no allowed root ({roots}); move it there, or extend BULKLOAD_ALLOWED_ROOTS")
    return _in_place(place) if place.scheme == "file" else _downloaded(uri, place, into, opened)


def read(uri: str) -> Place:
    """Take a URI apart. Raises SourceError for one that isn't plain: chained, with dots, a password, a query, another scheme."""
    shown = _shown(uri)
    plain = uri
    # What is encoded twice is looked at as it would be read in the end.
    while (further := parse.unquote(plain)) != plain:
        plain = further
    if "::" in plain:
        raise errors.SourceError(f"{shown}: chained URLs aren't read; give one plain URI")
    if _CONTROL.search(plain):
        raise errors.SourceError(f"{shown}: backslashes and control characters aren't read in a URI; rename the object")
    try:
        parts = parse.urlsplit(uri)
    except ValueError as wrong:
        raise errors.SourceError(f"{shown}: it is no URI; write it like s3://bucket/folder/accounts.json") from wrong
    if parts.scheme not in SCHEMES:
        raise errors.SourceError(f"{shown}: only {', '.join(SCHEMES)} are read; begin it with file:// or s3://")
    if "?" in uri or "#" in uri:
        raise errors.SourceError(f"{shown}: neither ? nor # is read in a URI; rename the object, in file:// write %3F and %23")
    return _file(parts, shown) if parts.scheme == "file" else _object(parts, plain, shown)


def _file(parts: parse.SplitResult, shown: str) -> Place:
    path = parse.unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/"):
        raise errors.SourceError(f"{shown}: file:// names a path of the worker; write file:///folder/accounts.json")
    try:
        return Place("file", "", str(Path(path).resolve()), shown)
    except (OSError, RuntimeError) as wrong:
        raise errors.SourceError(f"{shown}: its links can't be followed; give the file's own path") from wrong


def _object(parts: parse.SplitResult, plain: str, shown: str) -> Place:
    if not _STORE.fullmatch(parts.netloc):
        message = f"{shown}: it names no bucket, or credentials; write {parts.scheme}://bucket/key, and credentials into a connection"
        raise errors.SourceError(message)
    if {".", ".."} & set(plain.split("/")) or "//" in plain.partition("://")[2]:
        raise errors.SourceError(f"{shown}: keys with empty parts or dots as parts aren't read; rename the object")
    return Place(parts.scheme, parts.netloc, parts.path.rstrip("/"), shown)


def _shown(uri: str) -> str:
    """A URI without what may be a password or a signature."""
    bare = re.split(r"[?#]", uri, maxsplit=1)[0]
    scheme, colons, rest = bare.partition("://")
    store, slash, path = rest.partition("/")
    user, at, host = store.rpartition("@")
    return f"{scheme}{colons}{user.partition(':')[0]}{at}{host}{slash}{path}"[:300]


def _in_place(place: Place) -> Path:
    path = Path(place.path)
    try:
        # A pipe or a device would have the worker wait for ever.
        if path.exists() and not path.is_file():
            raise errors.SourceError(f"{place.shown}: it is no file; name the file itself")
        with path.open("rb"):
            return path
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{place.shown}: there is no such file on the worker; mend the URI, or put the file there") from missing
    except OSError as wrong:
        raise errors.SourceError(f"{place.shown}: it can't be read ({wrong.strerror}); give a file that the worker may read") from wrong


def _downloaded(uri: str, place: Place, into: Path, opened: Opened) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    # The suffix tells the reader that it is compressed; the rest of the name may be any text.
    local = into / f"source{''.join(Path(place.path).suffixes[-2:])}"
    try:
        fs, path = opened(uri)
        # The size that a cached listing tells may be an older object's.
        fs.invalidate_cache()
        size = fs.info(path)["size"]
        fs.get_file(path, str(local))
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{place.shown}: there is no such object; mend the URI, or put the object there") from missing
    except ImportError as missing:
        driver = DRIVERS[place.scheme]
        raise errors.SourceError(f"{place.shown}: {place.scheme}:// needs the library {driver}; install it on the workers") from missing
    except BUGS:
        raise
    except Exception as wrong:
        # Each store's library has errors of its own; only their kind is told, their text may hold credentials.
        kind = type(wrong).__name__
        raise errors.SourceError(f"{place.shown}: it can't be reached ({kind}); look at the store's address, and at the rights") from wrong
    if local.stat().st_size != size:
        raise errors.SourceError(f"{place.shown}: {local.stat().st_size:,} of {size:,} bytes came; start again when it is whole")
    return local
