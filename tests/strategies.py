"""Hypothesis strategies that several tests share: made-up hierarchies with what goes wrong in them planted."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.oracle import judge, world

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Draw = "Callable[[st.SearchStrategy[Any]], Any]"
GONE = "gone"


def chance(percent: int) -> st.SearchStrategy[bool]:
    """True in so many of a hundred; shrinks to False."""
    return st.integers(0, 99).map(lambda number: number >= 100 - percent)


@st.composite
def hierarchies(draw: Callable[[st.SearchStrategy[Any]], Any], most_rows: int = 6) -> world.World:
    """One to six levels, a kind of records each; several parents, self references, alternatives; blank, dangling, doubled keys."""
    nested = draw(st.booleans())
    kinds: list[world.Kind] = []
    levels = draw(st.integers(1, world.LEVELS))
    for level in range(levels):
        kinds.append(_kind(draw, kinds, nested=nested, is_last=level == levels - 1))
    rows: dict[str, tuple[world.Row, ...]] = {}
    for kind in kinds:
        rows[kind.name] = _rows(draw, kind, rows, most_rows, within=len(rows[kinds[len(rows) - 1].name]) if nested and rows else None)
    own = {"lines": draw(st.booleans()), "job_bytes": draw(st.sampled_from([100_000, 100_000, 1_000]))}
    return without_doubt(world.World(tuple(kinds), rows, nested=nested, **own))


def without_doubt(found: world.World) -> world.World:
    """Let no row be refused that hangs in a circle: which of its links is set last is the loader's choice, and so who is lost."""
    unmarked = {name: tuple(dataclasses.replace(row, mark="") for row in rows) for name, rows in found.rows.items()}
    circles = judge.Judge(dataclasses.replace(found, rows=unmarked)).in_circles
    rows = {
        name: tuple(unmarked[name][number] if (name, number) in circles else row for number, row in enumerate(each))
        for name, each in found.rows.items()
    }
    return dataclasses.replace(found, rows=rows)


def _kind(draw: Any, above: Sequence[world.Kind], *, nested: bool, is_last: bool) -> world.Kind:
    level = len(above)
    keyed = [each for each in above if each.known_by == world.KEY]
    known_by = world.KEY
    if is_last and level:
        known_by = draw(st.sampled_from([world.KEY, world.KEY, world.ROW_KEY, world.KEYLESS]))
    elif nested and draw(chance(15)):
        known_by = world.ROW_KEY
    required = bool(above) and not above[-1].required and (nested or above[-1] in keyed) and draw(chance(25))
    ties = []
    if above and (nested or above[-1] in keyed):
        field = world.MUST if required else _field("To", above[-1])
        ties.append(_tie(draw, field, above[-1], "" if nested else f"to{level - 1}", required=required))
    ties += [_tie(draw, _field("To", each), each, f"to{each.name}") for each in keyed if each is not above[-1] and draw(chance(25))]
    ties += [_tie(draw, f"Also{each.name[4:]}__c", each, f"also{each.name}") for each in keyed if not each.required and draw(chance(20))]
    several = [each for each in keyed if not each.required]
    if len(several) > 1 and draw(chance(25)):
        ties += [_tie(draw, "Any__c", each, f"any{each.name}") for each in several[:2]]
    if known_by == world.KEY and draw(chance(30)):
        own = world.Kind(f"Kind{level}")
        ties.append(_tie(draw, world.SELF, own, "self"))
    if above and draw(chance(20)) and "Also0__c" not in {tie.field for tie in ties}:
        ties.append(dataclasses.replace(_tie(draw, "Also0__c", above[0], "home"), home=True))
    duplicates = draw(st.sampled_from(["reject", "first", "last"]))
    return world.Kind(f"Kind{level}", tuple(ties), required, known_by, duplicates)


def _field(prefix: str, kind: world.Kind) -> str:
    return f"{'Bond' if kind.required else prefix}{kind.name.removeprefix('Kind')}__c"


def _tie(draw: Any, field: str, target: world.Kind, column: str, *, required: bool = False) -> world.Tie:
    missing = ["quarantine"] if required else ["quarantine", "quarantine", "blank"]
    if column and target.name == "Kind0" and field != world.SELF:
        missing.append("look_in_org")
    # A lookup of several kinds of parents is carried by Ids alone.
    by_key = column and field not in {world.SELF, "Any__c"}
    carry = draw(st.sampled_from(["auto", "id", "relationship"] if by_key else ["auto", "id"]))
    return world.Tie(field, target.name, column, draw(st.sampled_from(missing)), carry)


def _rows(draw: Any, kind: world.Kind, above: dict[str, tuple[world.Row, ...]], most: int, within: int | None) -> tuple[world.Row, ...]:
    wanted = 0 if within == 0 else draw(st.integers(0, most))
    inside = sorted(draw(st.integers(0, within - 1)) for _ in range(wanted)) if within else [None] * wanted
    rows: list[world.Row] = []
    for number, parent in enumerate(inside):
        if rows and kind.known_by == world.KEY and draw(chance(15)):
            rows.append(_again(draw, draw(st.sampled_from(rows)), number, parent))
        else:
            rows.append(_row(draw, kind, above, number, wanted, parent))
    return tuple(rows)


def _again(draw: Any, row: world.Row, number: int, parent: int | None) -> world.Row:
    """The same row once more, or one of the same key that differs."""
    name = row.name if draw(st.booleans()) else f"{row.name} otherwise {number}"
    return dataclasses.replace(row, name=name, within=parent)


def _row(draw: Any, kind: world.Kind, above: dict[str, tuple[world.Row, ...]], number: int, most: int, parent: int | None) -> world.Row:
    mark = draw(st.sampled_from([""] * 20 + [world.REFUSED] * 4 + [world.LOCKED]))
    key = "" if kind.known_by != world.KEY else draw(st.sampled_from([f"{kind.name}-{number}"] * 15 + ["", "  "]))
    cells: list[tuple[str, str]] = []
    filled: set[str] = set()
    for tie in kind.ties:
        if not tie.column:
            continue
        known = [row.key for row in above[tie.target]] if tie.target != kind.name else [f"{kind.name}-{each}" for each in range(most)]
        homes = [*world.HOME] if tie.home else [world.HOME[0]] * (tie.target == "Kind0")
        text = draw(st.sampled_from([*([] if tie.home else known * 3), *homes, "", "", f"{GONE}-{number}"]))
        if tie.field not in filled:
            cells.append((tie.column, draw(st.sampled_from([text, text, text.upper(), f" {text} "])) if text else ""))
            filled |= {tie.field} if text.strip() else set()
    return world.Row(f"{kind.name} {number}", key, mark, tuple(cells), parent)
