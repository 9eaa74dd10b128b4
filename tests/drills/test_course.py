"""How far hours of drills are: lines that come now and then."""

from __future__ import annotations

from tests.drills import course, kills


def test_lines_come_with_each_kind_once_a_minute_and_at_the_end() -> None:
    """Each says how many of how many, about how long it still takes, and how much was wrong by then."""
    now, told = [0.0], list[str]()
    with course.shown("loads", 5, clock=lambda: now[0], tell=told.append) as ended:
        for name, wrong in (("killed", []), ("killed", ["lost"]), ("killed", []), ("at once", []), ("at once", [])):
            now[0] += 40
            ended(name, kills.Figures(wrong=wrong))
    assert [
        "loads: 1 of 5, wrong 0; killed",
        "loads: 3 of 5, about 0:01:20 left, wrong 1; killed",
        "loads: 4 of 5, about 0:00:40 left, wrong 1; at once",
        "loads: 5 of 5, about 0:00:00 left, wrong 1; at once",
    ] == told
