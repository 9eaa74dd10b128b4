"""Counters and 15-character ids → 18-character ids with their checksum (contract 7.7)."""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHORT, LONG = 15, 18


def new(prefix: str, number: int) -> str:
    """Make the id of the `number`-th record of a kind, 18 characters."""
    tail = ""
    while number:
        number, rest = divmod(number, len(DIGITS))
        tail = DIGITS[rest] + tail
    return full(prefix + tail.rjust(SHORT - len(prefix), "0"))


def full(short: str) -> str:
    """Add the checksum to 15 characters."""
    groups = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(CHECK[sum((char.isascii() and char.isupper()) << place for place, char in enumerate(group))] for group in groups)


def read(text: str) -> str | None:
    """Read an id of 15 or 18 characters as 18; None if it is malformed."""
    if len(text) not in {SHORT, LONG} or not all(char in DIGITS for char in text):
        return None
    whole = full(text[:SHORT])
    return whole if len(text) == SHORT or whole == text else None
