"""Links set in a second pass are remembered by themselves: sent when they change, and not with the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import tables
from include.bulkload.steps import memory, remember
from tests.include.bulkload.steps import nights as made
from tests.include.bulkload.steps.nights import Nights

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ROWS: made.Rows = {"A": ("one", None), "B": ("two", None)}
COLUMNS = ["Id", "ParentId"]


@pytest.fixture
def nights(load: Load) -> Nights:
    """A plan that never ran."""
    return Nights(load)


def night(nights: Nights, rows: made.Rows, links: dict[str, str]) -> tuple[list[str], list[str]]:
    """Run a night with a second pass (key → its parent's key); the keys that were sent first, and those of the second pass."""
    first = nights.night(rows, told=False)
    run, ids = first.run, nights.ids()
    linked, ready = run.scratch / "links.parquet", run.scratch / "links-ready.parquet"
    with tables.connect(run.limits) as con:
        con.execute('CREATE TABLE l (row_id BIGINT, key VARCHAR, ".Id" VARCHAR, ".ParentId" VARCHAR)')
        for key, parent in links.items():
            con.execute("INSERT INTO l VALUES (?, ?, ?, ?)", [list(rows).index(key), key, ids[key], ids.get(parent, parent)])
        tables.write_parquet(con, "FROM l", linked)
    stayed = memory.unchanged_links(run, first.opened, "Account", linked, COLUMNS, ready)
    made.waved(run, "Account", 1, "links", COLUMNS, ready, None, nights.sent(run, ready, 1, "update", COLUMNS))
    remember.objects(run, first.opened)
    with tables.connect(run.limits) as con:
        sent = [key for (key,) in con.execute(f"SELECT key FROM {tables.parquet(ready)}").fetchall()]
    assert len(links) == stayed + len(sent)
    return first.sent, sent


def test_links_go_again_only_when_they_change(nights: Nights) -> None:
    """Cells and links are told apart: each goes when it changed itself."""
    assert (["b", "a"], ["A"]) == night(nights, ROWS, {"A": "B"})
    assert ([], []) == night(nights, ROWS, {"A": "B"})
    assert (["a"], []) == night(nights, ROWS | {"A": ("one!", None)}, {"A": "B"})
    assert ([], ["B"]) == night(nights, ROWS | {"A": ("one!", None)}, {"B": "A"})
    assert ([], []) == night(nights, ROWS | {"A": ("one!", None)}, {"B": "A"})


def test_a_record_that_came_back_is_linked_again(nights: Nights) -> None:
    """Its own links, and those that pointed at it."""
    night(nights, ROWS, {"A": "B", "B": "A"})
    nights.load.org.remove("Account", nights.ids()["B"])
    assert (["b"], ["A", "B"]) == night(nights, ROWS, {"A": "B", "B": "A"})
    assert ([], []) == night(nights, ROWS, {"A": "B", "B": "A"})


def test_a_second_pass_that_failed_forgets_the_row(nights: Nights) -> None:
    """Cells and links go again the next night."""
    assert (["b", "a"], ["A"]) == night(nights, ROWS, {"A": "003000000000001AAA"})
    assert (["a"], ["A"]) == night(nights, ROWS, {"A": "B"})
    assert ([], []) == night(nights, ROWS, {"A": "B"})


def test_links_of_records_that_others_edited_are_left_alone(nights: Nights) -> None:
    """Like their cells."""
    night(nights, ROWS, {"A": "B"})
    nights.load.org.change("Account", nights.ids()["A"], Name="theirs")
    assert ([], []) == night(nights, ROWS, {"A": "A"})
