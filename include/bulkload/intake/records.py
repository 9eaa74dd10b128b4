"""One record's bytes → a line that the table engine reads without loss: the record itself, or what can be read of it.

Python looks at every record here, one by one: the engine's own JSON reader lets NaN, stray commas and double keys
pass, rounds fractions, and one line that isn't UTF-8 would end its whole read. For nearly all records one strict
parse and a few counts prove that nothing of that is the case, and their bytes go on as they are. Others are
written anew, values as text, with the reason under MARK where a record or one in it can't be sent.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from include.bulkload.intake import careful

if TYPE_CHECKING:
    from collections.abc import Sequence

    from include.bulkload.intake.shapes import Shape

MOST_BYTES = 16_000_000
MOST_DEPTH = 64
NOT_JSON = "not JSON"

# Numbers that the engine might print otherwise than they were written: long, with an exponent, ending in a zero
# after the point, tiny. May take a text for a number; what follows doesn't.
_DOUBTFUL = re.compile(rb':(?!["{\[])[ \t\r\n]*-?(?:[0-9.]{16}|0\.0|[0-9]+\.[0-9]*0(?![0-9])|[0-9]+(?:\.[0-9]+)?[eE])')
_SPACED = re.compile(rb'"[ \t\r\n]+:')
_BRACKET = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]|[\]}]', re.DOTALL)
_ONLY_OBJECTS = frozenset({dict})
_LISTS = frozenset({list, type(None)})
# Stands between records that are read together, as an element of its own: none of them can hide where it ends.
BETWEEN = b',"~~",'
_BREAKS = bytes.maketrans(b"\r\n", b"  ")


@dataclass(frozen=True, slots=True)
class Proven:
    """Records that are proven good: `count` of them, a line each, line breaks between."""

    lines: bytes
    count: int


def checked(record: bytes, wanted: Shape) -> bytes:
    """Return the record's line: its own bytes, or written anew with its values as text and what is wrong with it."""
    if len(record) > MOST_BYTES:
        return careful.bad(f"a record of more than {MOST_BYTES} bytes")
    try:
        found = orjson.loads(record)
    except orjson.JSONDecodeError as wrong:
        return careful.bad(_said(record, wrong))
    counted = _counted(record)
    if _known_in([found], wanted) != counted:
        if counted[1] + counted[2] > MOST_DEPTH and _depth(record) > MOST_DEPTH:
            return careful.bad(f"nested deeper than {MOST_DEPTH} levels")
        if not _fits(found, wanted) or _sizes(found) != counted:
            return careful.anew(record, wanted)
    if _DOUBTFUL.search(record) or b"\\u0001" in record or _may_hide_keys(record):
        return careful.anew(record, wanted)
    return one_line(record)


def one_line(record: bytes) -> bytes:
    """Take the line breaks out of a record that was read: they stand between values, not in one, the parser refuses that."""
    return record.translate(_BREAKS) if b"\n" in record or b"\r" in record else record


def plain(text: bytes, together: bytes, cuts: int, wanted: Shape) -> bool:
    """Whether these records are all proven good at once: `checked` would give each as it is.

    `text`: their bytes, with anything but brackets and colons in the `cuts` places where one ends and the next begins;
    `together`: the same with BETWEEN in these places.
    """
    if len(together) > MOST_BYTES or b"~" in text:
        return False
    try:
        found = orjson.loads(b"[" + together + b"]")
    except orjson.JSONDecodeError:
        return False
    if len(found) != 2 * cuts + 1 or found[1::2].count("~~") != cuts:
        return False
    known = _known_in(found[::2], wanted)
    if known is None or not (_holds_just(text, known) or (_counted(text) == known and not _may_hide_keys(together))):
        return False
    return not _DOUBTFUL.search(text) and (b"\\" not in text or b"\\u0001" not in text)


def _holds_just(text: bytes, known: tuple[int, int, int]) -> bool:
    """Whether a text holds just so many colons and brackets: it can't hold fewer of any, so if the sum is right, no key hides.

    Text values may hold some too; then keys are told by the quote before their colon.
    """
    return len(text) - len(text.translate(None, b"{[:")) == sum(known)


def _counted(text: bytes) -> tuple[int, int, int]:
    """Count what may be keys, objects and lists."""
    return text.count(b'":'), text.count(b"{"), text.count(b"[")


def _said(record: bytes, wrong: orjson.JSONDecodeError) -> str:
    """Say what is wrong and where; the parser itself gives no place for bytes that aren't UTF-8."""
    try:
        record.decode("utf-8")
    except UnicodeDecodeError as undecodable:
        return f"{NOT_JSON}: not UTF-8 at byte {undecodable.start + 1}"
    if _depth(record) > MOST_DEPTH:
        return f"nested deeper than {MOST_DEPTH} levels"
    return f"{NOT_JSON}: {wrong.msg} at character {wrong.pos + 1}"


def _depth(record: bytes) -> int:
    """Count how deep a record nests; strings don't count."""
    now = deepest = 0
    for token in _BRACKET.finditer(record):
        mark = token.group()
        now += (mark in b"[{") - (mark in b"]}")
        deepest = max(deepest, now)
    return deepest


# What proves a record good, all in all: its text can't hold fewer keys and brackets than what was read from it.
# If there are just as many, no key stood twice and nothing nests that we don't know of. Text values may hold
# some of these characters too; then the careful way is taken though it needn't.


def _known_in(found: Sequence[Any], wanted: Shape) -> tuple[int, int, int] | None:
    """Count keys, objects and lists of records and of all we know of in them; None if something is of another kind."""
    if not _ONLY_OBJECTS.issuperset(map(type, found)):
        return None
    keys, objects, lists = sum(map(len, found)), len(found), 0
    for name, within in wanted.lists.items():
        inner = [record.get(name) for record in found]
        if not _LISTS.issuperset(map(type, inner)):
            return None
        below = _known_in([*itertools.chain.from_iterable(filter(None, inner))], within)
        if below is None:
            return None
        keys, objects, lists = keys + below[0], objects + below[1], lists + below[2] + len(inner) - inner.count(None)
    for name, within in wanted.objects.items():
        below = _known_in([each for each in (record.get(name) for record in found) if each is not None], within)
        if below is None:
            return None
        keys, objects, lists = keys + below[0], objects + below[1], lists + below[2]
    return keys, objects, lists


def _fits(found: Any, wanted: Shape) -> bool:
    """Whether all that is read is of its kind: objects, lists of them, single values."""
    return (
        type(found) is dict
        and not any(type(found.get(name)) in {dict, list} for name in wanted.values)
        and all(
            items is None or (type(items) is list and all(_fits(item, within) for item in items))
            for items, within in ((found.get(name), within) for name, within in wanted.lists.items())
        )
        and all(_fits_in(found.get(name), within) for name, within in wanted.objects.items())
    )


def _fits_in(inner: Any, wanted: Shape) -> bool:
    """Whether an object that values are read of is one, or nothing, or a list that a pointer counts through."""
    return inner is None or _fits(dict(careful.by_place(inner)) if type(inner) is list else inner, wanted)


def _sizes(found: Any) -> tuple[int, int, int]:
    """Count all keys, objects and lists of a value, however deep."""
    kind = type(found)
    if kind is not dict and kind is not list:
        return 0, 0, 0
    keys, objects, lists = (len(found), 1, 0) if kind is dict else (0, 0, 1)
    for value in found.values() if kind is dict else found:
        if type(value) is dict or type(value) is list:
            more = _sizes(value)
            keys, objects, lists = keys + more[0], objects + more[1], lists + more[2]
    return keys, objects, lists


def _may_hide_keys(record: bytes) -> bool:
    """Whether a key may stand apart from its colon, where it wasn't counted."""
    return (b" :" in record or b"\n" in record or b"\r" in record or b"\t" in record) and bool(_SPACED.search(record))
