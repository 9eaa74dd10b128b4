"""A URI → where it stands, if it is one plain URI; anything else is refused with the remedy.

Dots and links of file:// are resolved. Object stores have neither: a key that looks like a way out is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib import parse

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMES = ("file", "s3", "gs", "abfs")
# A name beside a bucket is a connection's, or a container's account; a password would be in every log line.
_STORE = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9._-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
STAR = "*"


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


@dataclass(frozen=True, slots=True)
class Pattern:
    """Several files: the folder that all of them are in, and for each step down from there what matches it.

    `steps` are regular expressions of one name; None stands for `**`, any number of folders.
    """

    folder: str
    steps: tuple[re.Pattern[str] | None, ...]

    @property
    def depth(self) -> int | None:
        """How far down they are; None if that isn't said."""
        return None if None in self.steps else len(self.steps)

    @property
    def whole(self) -> re.Pattern[str]:
        """What a path from the folder down must match."""
        parts = [r"(?:(?!\.)[^/]+/)*" if step is None else step.pattern + "/" for step in self.steps]
        return re.compile("".join(parts).removesuffix("/"), re.DOTALL)


def pattern(uri: str) -> Pattern | None:
    """Take a folder (`/` at the end) or a glob (`*`, `**`) apart; None for the URI of one file. Raises SourceError."""
    scheme, _, rest = uri.partition("://")
    parts = rest.split("/")
    if parts[-1] == "":
        parts[-1] = STAR
    place = next((place for place, part in enumerate(parts) if STAR in part), None)
    if place is None:
        return None
    if place == 0 or {".", ".."} & {parse.unquote(part) for part in parts[place:]} or "" in parts[place:]:
        raise errors.SourceError(f"{shown(uri)}: stars aren't read in a bucket's name, nor empty parts or dots after one; mend it")
    if parts[-1] == STAR * 2:
        raise errors.SourceError(f"{shown(uri)}: ** stands for folders; end it like **/*.json")
    decoded = parse.unquote if scheme == "file" else str
    return Pattern(f"{scheme}://{'/'.join(parts[:place])}", tuple(_step(part, decoded) for part in parts[place:]))


def _step(part: str, decoded: Callable[[str], str]) -> re.Pattern[str] | None:
    """One step of a pattern. A star doesn't match what begins with a dot: such files are hidden, or not finished."""
    if part == STAR * 2:
        return None
    hidden = "" if decoded(part).startswith(".") else r"(?!\.)"
    return re.compile(hidden + "[^/]*".join(re.escape(decoded(piece)) for piece in part.split(STAR)), re.DOTALL)


def read(uri: str) -> Place:
    """Take a URI apart. Raises SourceError for one that isn't plain: chained, with dots, a password, a query, another scheme."""
    said = shown(uri)
    plain = uri
    # What is encoded twice is looked at as it would be read in the end.
    while (further := parse.unquote(plain)) != plain:
        plain = further
    if "::" in plain:
        raise errors.SourceError(f"{said}: chained URLs aren't read; give one plain URI")
    if _CONTROL.search(plain):
        raise errors.SourceError(f"{said}: backslashes and control characters aren't read in a URI; rename the object")
    try:
        parts = parse.urlsplit(uri)
    except ValueError as wrong:
        raise errors.SourceError(f"{said}: it is no URI; write it like s3://bucket/folder/accounts.json") from wrong
    if parts.scheme not in SCHEMES:
        raise errors.SourceError(f"{said}: only {', '.join(SCHEMES)} are read; begin it with file:// or s3://")
    if "?" in uri or "#" in uri:
        raise errors.SourceError(f"{said}: neither ? nor # is read in a URI; rename the object, in file:// write %3F and %23")
    return _file(parts, said) if parts.scheme == "file" else _object(parts, plain, said)


def _file(parts: parse.SplitResult, said: str) -> Place:
    path = parse.unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path.startswith("/"):
        raise errors.SourceError(f"{said}: file:// names a path of the worker; write file:///folder/accounts.json")
    try:
        return Place("file", "", str(Path(path).resolve()), said)
    except (OSError, RuntimeError) as wrong:
        raise errors.SourceError(f"{said}: its links can't be followed; give the file's own path") from wrong


def _object(parts: parse.SplitResult, plain: str, said: str) -> Place:
    if not _STORE.fullmatch(parts.netloc):
        message = f"{said}: it names no bucket, or credentials; write {parts.scheme}://bucket/key, and credentials into a connection"
        raise errors.SourceError(message)
    if {".", ".."} & set(plain.split("/")) or "//" in plain.partition("://")[2]:
        raise errors.SourceError(f"{said}: keys with empty parts or dots as parts aren't read; rename the object")
    return Place(parts.scheme, parts.netloc, parts.path.rstrip("/"), said)


def shown(uri: str) -> str:
    """A URI without what may be a password or a signature."""
    bare = re.split(r"[?#]", uri, maxsplit=1)[0]
    scheme, colons, rest = bare.partition("://")
    store, slash, path = rest.partition("/")
    user, at, host = store.rpartition("@")
    return f"{scheme}{colons}{user.partition(':')[0]}{at}{host}{slash}{path}"[:300]
