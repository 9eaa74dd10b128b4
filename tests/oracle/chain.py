"""How many levels and rows → a made-up hierarchy in which each row hangs on the row of its number above."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.oracle import world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

JOB_BYTES = 2_000_000


def of(levels: int, rows: int, marks: Sequence[Mapping[int, str]] = ()) -> world.World:
    """Name each level's parents by key. `marks`: per level, what is planted in which rows; levels beyond them have nothing planted."""
    kinds = [
        world.Kind(f"Kind{level}", (world.Tie(f"To{level - 1}__c", f"Kind{level - 1}", "up"),) if level else ()) for level in range(levels)
    ]
    found = {}
    for level, kind in enumerate(kinds):
        planted = marks[level] if level < len(marks) else {}
        found[kind.name] = tuple(
            world.Row(
                f"{kind.name} {number}",
                f"{kind.name}-{number}",
                planted.get(number, ""),
                (("up", f"Kind{level - 1}-{number}"),) if level else (),
            )
            for number in range(rows)
        )
    return world.World(tuple(kinds), found, job_bytes=JOB_BYTES)


def failing(levels: int, rows: int, share: float) -> world.World:
    """The same, with `share` of the rows of each level refused by the org, by dice that fall alike each time."""
    dice = random.Random(levels)  # noqa: S311 - repeatable, not secret
    return of(levels, rows, [dict.fromkeys(dice.sample(range(rows), round(rows * share)), world.REFUSED) for _ in range(levels)])
