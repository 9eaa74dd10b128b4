"""A job's upload → as many batches in memory as there is room for."""

from __future__ import annotations

from include.local_org import schema, task

JOB = {"id": "750"}
ROWS = 25_000


def begun(*, room: bool, cells: int = 1) -> task.Task:
    """A job at work whose rows have one column, and so many cells, and that was told whether there is room."""
    source = iter([["x"] * cells for _ in range(ROWS)])
    found = task.Task(JOB, schema.load()["account"], ["Name"], source, ROWS, ROWS, set(), 100.0)
    found.refill(2, lambda: room, lambda _: "")
    return found


def test_without_room_no_batch_is_begun() -> None:
    """It isn't finished either: it waits."""
    found = begun(room=False)
    assert ([], 0, False) == (found.lanes, found.held, found.finished)


def test_with_room_as_many_as_wanted_are_begun() -> None:
    """And what they hold is known: about as many bytes as their rows have."""
    found = begun(room=True)
    assert (2, 20_000 * 100.0) == (len(found.lanes), found.held)


def test_rows_of_thousands_of_cells_are_cut() -> None:
    """One too many is left, so that they are refused."""
    assert {2} == {len(row) for lane in begun(room=True, cells=5000).lanes for chunk in lane for row in chunk.rows}
