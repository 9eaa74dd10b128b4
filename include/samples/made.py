"""A number of accounts and a seed → a payload in the default mapping's shape, as bytes, batch by batch.

Made by the table engine: a loop in Python would take longer than loading what it makes. Every row loads: what is
meant to fail is planted in `sample.json` only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 20_000
HEAD, SEPARATOR, FOOT = b'{"accounts": [\n', b",\n", b"\n]}\n"

NAMES = [
    "Nordwind",
    "Blue Harbor",
    "Zażółć",
    "Ōsaka Tools",
    "O'Neil & Sons",
    'The "Good" Company',
    "Fjord, Fell and Co",
    "Café Milagro",
    "🚀 Launch",
]
FORMS = ["GmbH", "Inc.", "Ltd", "S.A.", "AB", "K.K.", "Oy"]
INDUSTRIES = ["Agriculture", "Banking", "Construction", "Education", "Energy", "Healthcare", "Retail", "Technology"]
CITIES = ["Berlin", "São Paulo", "Kraków", "Oslo", "Lyon", "Austin, TX", "Kyoto", "Århus", "Cape Town", "Łódź"]
FIRST = ["Ada", "Chloé", "Jürgen", "Mei", "Noor", "Olu", "Søren", "Yuki", "Zoë", "Iñigo", "Ana"]
LAST = ["Abara", "O'Brien", "Müller", "Nakamura", "Okafor", "Pérez", "Quist", "van der Berg", "Smith", "Ørsted", "Łukasz", "Silva", "Kim"]


def payload(accounts: int, contacts_per_account: int, *, seed: int, by_line: bool) -> Iterator[bytes]:
    """Yield the parts of a payload: JSON lines, or one document with its accounts under `accounts`."""
    between = b"\n" if by_line else SEPARATOR
    yield b"" if by_line else HEAD
    with duckdb.connect(":memory:") as con:
        for first in range(0, accounts, BATCH):
            rows = con.execute(_accounts(first, min(first + BATCH, accounts), contacts_per_account, seed)).fetchall()
            yield (between if first else b"") + between.join(row.encode() for (row,) in rows)
    yield (b"\n" if accounts else b"") if by_line else FOOT


def _accounts(first: int, end: int, contacts: int, seed: int) -> str:
    """SQL of the accounts with numbers from `first` to before `end`, each as JSON text."""
    number = "a.range"
    name = f"concat({_one_of(NAMES, number, seed)}, ' ', {_one_of(FORMS, number, seed + 1)}, ' ', {number})"
    each = (
        "{'firstName': "
        + _one_of(FIRST, f"{number} * 31 + c", seed + 2)
        + ", 'lastName': "
        + _one_of(LAST, f"{number} * 31 + c", seed + 3)
        + f", 'email': concat('c', {number}, '-', c, '@example.com')"
        + "}"
    )
    account = (
        f"{{'sourceId': printf('S-%09d', {number}), 'name': {name}, 'industry': {_one_of(INDUSTRIES, number, seed + 4)}, "
        f"'billingCity': {_one_of(CITIES, number, seed + 5)}, 'contacts': [{each} for c in range({contacts})]}}"
    )
    return f"SELECT to_json({account})::VARCHAR FROM range({first}, {end}) AS a ORDER BY {number}"


def _one_of(texts: list[str], number: str, seed: int) -> str:
    """Pick a text by number and seed: spread by a multiplication, as an engine's hash may change with its version."""
    spread = f"(({number}) * 2654435761 + {seed} * 40503) % 4294967296 // 65536"
    return f"[{', '.join(tables.literal(text) for text in texts)}][({spread} % {len(texts)} + 1)::INTEGER]"
