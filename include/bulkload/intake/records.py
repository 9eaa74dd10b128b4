"""One record's bytes → the same bytes if the table engine can keep its values, else what is wrong with it.

Fast for nearly all: three looks at the bytes. Only a record with a long number is read by Python: the engine
turns fractions into doubles, which have 17 significant digits.
"""

from __future__ import annotations

import json
import re
from typing import Any

MOST_BYTES = 16_000_000
MOST_DIGITS = 17
MOST_DEPTH = 64
LONG_NUMBER = re.compile(rb"[0-9][0-9.]{17}")
# A marker that no honest record holds: an object, where a value is expected, with one strange key.
TOO_PRECISE = "\x01digits"


def bad(reason: str) -> bytes:
    """The line of a record that can't be read."""
    return b"!" + reason.encode("utf-8", "replace").replace(b"\n", b" ")


def checked(record: bytes) -> bytes:
    """Return the record's line: itself, or itself with what is too precise marked, or what is wrong with it."""
    if not record.isascii():
        try:
            record.decode("utf-8")
        except UnicodeDecodeError as wrong:
            return bad(f"not UTF-8 at byte {wrong.start}")
    if record.startswith((b"!", b"~")):
        return bad("not JSON")
    if b"\x01" in record:
        return bad("not JSON: a control character that isn't escaped")
    if record.count(b"[") + record.count(b"{") > MOST_DEPTH and depth(record) > MOST_DEPTH:
        return bad(f"nested deeper than {MOST_DEPTH} levels")
    return _marked(record) if LONG_NUMBER.search(record) else record


def depth(record: bytes) -> int:
    """How deep a record nests; strings don't count."""
    now = deepest = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', record):
        mark = token.group()
        now += (mark in b"[{") - (mark in b"]}")
        deepest = max(deepest, now)
    return deepest


def _marked(record: bytes) -> bytes:
    """Mark fractions that a double can't keep; leave the record as it is if there are none, or if it isn't JSON."""
    found = []

    def fraction(text: str) -> Any:
        if digits(text) <= MOST_DIGITS:
            return float(text)
        found.append(text)
        return {TOO_PRECISE: text}

    try:
        read = json.loads(record, parse_float=fraction, object_pairs_hook=_pairs)
    except (ValueError, RecursionError):
        return record
    if not found:
        return record
    return json.dumps(read).encode()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice, as the engine's own check can't see it any more afterwards."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a key stands twice")
    return read


def digits(text: str) -> int:
    """Count a number's significant digits."""
    mantissa = re.split("[eE]", text)[0].lstrip("-").replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0"))
