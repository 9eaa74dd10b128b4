"""A load that was cut off, and one object of its run folder damaged → a clear error and nothing sent, or the right end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.drills import kills, points

if TYPE_CHECKING:
    from pathlib import Path

    from tests.drills import ground, plays

MISSING, TRUNCATED, OLDER = "missing", "truncated", "older"
DAMAGES = (MISSING, TRUNCATED, OLDER)
# Killed when the children's job is decided over: everything that there is stands by then.
LATE = points.Strike("PATCH jobs/ingest/job2 #1", points.BEFORE)


def objects(case: ground.Case) -> list[Path]:
    """What stands in a load's run folder, in an order that doesn't change."""
    root = case.root / "runs" / "drill" / "run"
    return sorted((each for each in root.rglob("*.*") if not each.name.startswith(".")), key=lambda each: points.plain(str(each)))


def of_one(place: ground.Ground, play: plays.Play, damage: str, which: float, figures: kills.Figures) -> None:
    """Damage one object (`which`: 0 to 1, from the first to the last), then resume: never a row twice, never green over a lost one."""
    expected, case = place.undisturbed(play), place.case(play)
    figures.kills += case.killed(LATE)
    # Entries are never written twice, so that there is no older one; files of one name differ by their content.
    found = [each for each in objects(case) if damage != OLDER or each.suffix != ".json"]
    path = found[int(which * len(found))]
    if damage == MISSING:
        path.unlink()
    elif damage == TRUNCATED:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    else:
        # What a store gives back that has lost the last writes: something that was there before.
        path.write_bytes(next(each for each in found if each != path).read_bytes())
    end = case.resumed()
    where = f"{play.name}, {damage}: {points.plain(path.relative_to(case.root).as_posix())}"
    if end.error:
        figures.loads += 1
        figures.rows += expected.rows
        doubled = end.doubled(expected)
        figures.doubled += doubled.total()
        said = [f"doubled {dict(doubled)}"] if doubled else []
        said += [f"jobs wrote {end.written} rows"] if end.written > expected.written else []
        said += [] if end.error.startswith("LedgerDamaged") else [end.error]
        figures.wrong += [f"{where}: {each}" for each in said]
    else:
        figures.judge(where, end, expected)
