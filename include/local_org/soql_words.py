"""A query's text → its words: texts, moments, numbers, names, marks (contract 7.5)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from include.local_org import answers

WORD = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<moment>\d{4}-\d\d-\d\d(?:[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d))?)"
    r"|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*(?:\.\w+)*)|(?P<mark>!=|<>|<=|>=|[=<>(),:]))",
    re.DOTALL,
)
MOST_TEXT = 100_000
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a query, and what kind it is of."""

    kind: str
    text: str


def malformed(text: str) -> answers.Refused:
    """What Salesforce says of a query that it can't read."""
    return answers.Refused(400, "MALFORMED_QUERY", text)


def words(text: str) -> list[Word]:
    """Cut a query into words. Raises Refused (400, MALFORMED_QUERY)."""
    if len(text) > MOST_TEXT:
        raise malformed(f"SOQL statements cannot be longer than {MOST_TEXT} characters.")
    found, place = [], 0
    bare = text.rstrip()
    while place < len(bare):
        word = WORD.match(bare, place)
        if word is None or not word.lastgroup:
            raise malformed(f"unexpected token: '{bare[place:].split()[0][:40]}'")
        found.append(Word(word.lastgroup, word[word.lastgroup]))
        place = word.end()
    return found


def unescaped(text: str) -> str:
    """Read a quoted text."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text[1:-1], flags=re.DOTALL)
