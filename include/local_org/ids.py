"""Counters and 15-character ids → 18-character ids with their checksum (contract 7.7)."""

from __future__ import annotations

import functools

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG = 15, 18
ALPHABET = frozenset(DIGITS)


def new(prefix: str, number: int) -> str:
    """Make the id of the `number`-th record of a kind, 18 characters."""
    return several(prefix, number, 1)[0]


def several(prefix: str, first: int, count: int) -> list[str]:
    """Make the ids of so many numbers that follow each other; they differ in their last two characters, until these carry over."""
    made: list[str] = []
    while len(made) < count:
        high, low = divmod(first + len(made), len(TAILS))
        head = prefix + _digits(high, SHORT - 2 - len(prefix))
        middle, three = _check(head[:5]) + _check(head[5:10]), _capitals(head[10:])
        made += [f"{head}{tail}{middle}{CHECK[three + two]}" for tail, two in TAILS[low : low + count - len(made)]]
    return made


def _digits(number: int, width: int) -> str:
    """Write a number in base 62."""
    tail = ""
    while number:
        number, rest = divmod(number, len(DIGITS))
        tail = DIGITS[rest] + tail
    return tail.rjust(width, "0")


def full(short: str) -> str:
    """Add the checksum to 15 characters."""
    return short + _check(short[:5]) + _check(short[5:10]) + _check(short[10:])


@functools.lru_cache(maxsize=1 << 13)
def _check(group: str) -> str:
    return CHECK[_capitals(group)]


def _capitals(group: str) -> int:
    """Which of up to five characters are capitals, a bit for each."""
    return sum((char.isascii() and char.isupper()) << place for place, char in enumerate(group))


def read(text: str) -> str | None:
    """Read an id of 15 or 18 characters as 18; None if it is malformed."""
    if len(text) not in {SHORT, LONG} or not ALPHABET.issuperset(text):
        return None
    whole = full(text[:SHORT])
    return whole if len(text) == SHORT or whole == text else None


# All last two characters of an id, in order, and what they add to the bits of its last five.
TAILS = [(high + low, _capitals(f"000{high}{low}")) for high in DIGITS for low in DIGITS]
