"""A text (an SQL expression) → whether it can't be the Id of a record: 15 characters, or 18 with their checksum (contract 7.7)."""

from __future__ import annotations

SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
NO_ID = "it is no Id of 15 or 18 characters"
GROUPS = (1, 6, 11)


def malformed(text: str) -> str:
    """The condition that a text without blanks around it is no Id; NULL for NULL."""
    return (
        f"CASE WHEN regexp_full_match({text}, '[A-Za-z0-9]{{15}}') THEN false "
        f"WHEN regexp_full_match({text}, '[A-Za-z0-9]{{18}}') THEN {_checksum(text)} != right({text}, 3) "
        f"WHEN {text} IS NOT NULL THEN true END"
    )


def _checksum(text: str) -> str:
    """One sign for each five characters: which of them are capitals."""
    return "concat(" + ", ".join(_sign(f"substring({text}, {begin}, 5)") for begin in GROUPS) + ")"


def _sign(group: str) -> str:
    bits = f"regexp_replace(regexp_replace(reverse({group}), '[^A-Z]', '0', 'g'), '[A-Z]', '1', 'g')"
    return f"'{SIGNS}'[('0b' || {bits})::INTEGER + 1]"
