"""One record's bytes → a line that the table engine reads without loss, or what is wrong with the record.

Python looks at every record here, one by one: the engine's own JSON reader lets NaN and stray commas pass and
rounds fractions, and one line that isn't UTF-8 would end its whole read. Two looks at the bytes are enough for
nearly all records.
"""

from __future__ import annotations

import re

import orjson

MOST_BYTES = 16_000_000
MOST_DIGITS = 17
MOST_DEPTH = 64
# A marker that no honest record holds: an object, where a value is expected, with one strange key.
TOO_PRECISE = "\x01digits"

_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Values that the engine might print otherwise than they were written: long, with an exponent, ending in a zero
# after the point, tiny. May take a text for a number; what follows doesn't.
_DOUBTFUL = re.compile(rb':(?!["{\[])[ \t\r\n]*-?(?:[0-9.]{16}|0\.0|[0-9]+\.[0-9]*0(?![0-9])|[0-9]+(?:\.[0-9]+)?[eE])')
_TOKEN = re.compile(_STRING + rb"|-?[0-9]++(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.DOTALL)
_BRACKET = re.compile(_STRING + rb"|[\[{]|[\]}]", re.DOTALL)
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def bad(reason: str) -> bytes:
    """Write the line of a record that can't be read."""
    return b"!" + reason.encode("utf-8", "replace").replace(b"\n", b" ").replace(b"\r", b" ")


def checked(record: bytes) -> bytes:
    """Return the record's line: its own bytes, fractions as text where the engine would print them otherwise.

    What can't be read becomes `!` and the reason.
    """
    if len(record) > MOST_BYTES:
        return bad(f"a record of more than {MOST_BYTES} bytes")
    try:
        orjson.loads(record)
    except orjson.JSONDecodeError as wrong:
        return bad(_said(record, wrong))
    if record.count(b"[") + record.count(b"{") > MOST_DEPTH and _depth(record) > MOST_DEPTH:
        return bad(f"nested deeper than {MOST_DEPTH} levels")
    if _DOUBTFUL.search(record):
        record = _TOKEN.sub(_kept, record)
    # Checked above: a line break that is left stands between values, not in one.
    return record.translate(_BREAKS) if b"\n" in record or b"\r" in record else record


def _said(record: bytes, wrong: orjson.JSONDecodeError) -> str:
    """Say what is wrong and where; the parser itself gives no place for bytes that aren't UTF-8."""
    try:
        record.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        return f"not UTF-8 at byte {undecodable.start + 1}"
    if _depth(record) > MOST_DEPTH:
        return f"nested deeper than {MOST_DEPTH} levels"
    return f"not JSON: {wrong.msg} at character {wrong.pos + 1}"


def _depth(record: bytes) -> int:
    """Count how deep a record nests; strings don't count."""
    now = deepest = 0
    for token in _BRACKET.finditer(record):
        mark = token.group()
        now += (mark in b"[{") - (mark in b"]}")
        deepest = max(deepest, now)
    return deepest


def _kept(token: re.Match[bytes]) -> bytes:
    """Turn a fraction into a text of the same characters, or into the marker if no double holds it."""
    text = token.group()
    if text.startswith(b'"') or text.lstrip(b"-").isdigit():
        return text
    if digits(text) <= MOST_DIGITS:
        return b'"' + text + b'"'
    return orjson.dumps({TOO_PRECISE: text.decode()})


def digits(number: bytes) -> int:
    """Count a number's significant digits."""
    mantissa = re.split(b"[eE]", number)[0].lstrip(b"-").replace(b".", b"").lstrip(b"0")
    return len(mantissa.rstrip(b"0"))
