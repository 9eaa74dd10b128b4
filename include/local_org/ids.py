"""Counters and 15-character ids → 18-character ids with their checksum (contract 7.7)."""

from __future__ import annotations

import functools

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG = 15, 18
ALPHABET = frozenset(DIGITS)


def new(prefix: str, number: int) -> str:
    """Make the id of the `number`-th record of a kind, 18 characters."""
    return full(prefix + _counted(number, SHORT - len(prefix)))


def _counted(number: int, width: int) -> str:
    """Write a number in base 62; most of it is like that of the number before."""
    high, low = divmod(number, len(DIGITS) ** 2)
    return _digits(high, width - 2) + _digits(low, 2)


@functools.lru_cache(maxsize=1 << 13)
def _digits(number: int, width: int) -> str:
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
    return CHECK[sum((char.isascii() and char.isupper()) << place for place, char in enumerate(group))]


def read(text: str) -> str | None:
    """Read an id of 15 or 18 characters as 18; None if it is malformed."""
    if len(text) not in {SHORT, LONG} or not ALPHABET.issuperset(text):
        return None
    whole = full(text[:SHORT])
    return whole if len(text) == SHORT or whole == text else None
