"""A DAG id, run id or any text → a path that is readable, reversible and never leads out of its folder.

Letters, digits, `_`, `-` and dots inside stay; everything else is written as `~` and two hex digits per byte of UTF-8.
No segment begins with a dot: such names are left to files that aren't finished. No `%` either, which URIs read anew.
"""

from __future__ import annotations

import re

EMPTY = "~_"
# A text too long for one segment goes on in a folder beneath: file systems end names at 255 bytes.
GOES_ON = "~-"
LONGEST = 200
_PLAIN = re.compile(r"[A-Za-z0-9_-]")
# Most names are written as they are, letter by letter: a listing reads hundreds.
_WHOLE = re.compile(rf"{_PLAIN.pattern}[A-Za-z0-9._-]*")
_WRITTEN = re.compile(r"~([0-9A-F]{2})|.", re.DOTALL)


def encoded(text: str) -> str:
    """Write any text as a path of one segment, or of several if it is long."""
    if len(text) <= LONGEST and _WHOLE.fullmatch(text):
        return text
    segments = [""]
    for letter in text:
        if len(segments[-1]) >= LONGEST:
            segments.append("")
        is_plain = _PLAIN.fullmatch(letter) or (letter == "." and segments[-1])
        segments[-1] += letter if is_plain else "".join(f"~{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    return f"{GOES_ON}/".join(segments) or EMPTY


def decoded(path: str) -> str:
    """Read a text back from what `encoded` wrote. Raises ValueError for what it can't have written."""
    if len(path) <= LONGEST and _WHOLE.fullmatch(path):
        return path
    joined = path.replace(f"{GOES_ON}/", "").removeprefix(EMPTY)
    found = b"".join(bytes.fromhex(each[1]) if each[1] else each[0].encode() for each in _WRITTEN.finditer(joined))
    text = found.decode("utf-8", "surrogatepass")
    if encoded(text) != path:
        raise ValueError(f"{path[:80]!r} is no encoded name")
    return text


def path(name: str) -> str:
    """Write a name with slashes as a path, each part encoded by itself."""
    return "/".join(encoded(part) for part in name.split("/"))


def name(path: str) -> str:
    """Read a name with slashes back from its path. Raises ValueError for what `path` can't have written."""
    return "/".join(decoded(part) for part in re.split(rf"(?<!{GOES_ON})/", path))
