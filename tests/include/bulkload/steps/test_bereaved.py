"""A remembered parent that is deleted while the run goes on: its refused children are orphans, and the next run loads it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities, tables
from include.bulkload.match import bereaved, causes
from include.bulkload.steps import bereaved as step
from include.bulkload.steps import journal, remember
from tests.include.bulkload.steps import nights as made
from tests.include.bulkload.steps.nights import Nights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

ROWS: made.Rows = {"A": ("one", None), "B": ("two", None)}
NOBODY = "001000000ZZZZZZ"


@pytest.fixture
def nights(load: Load) -> Nights:
    """A plan whose accounts were loaded yesterday."""
    found = Nights(load)
    found.night(ROWS)
    return found


def children(night: made.Night, column: str, cells: dict[str, str]) -> tuple[Path, Path]:
    """Insert contacts (last name → the cell of their link); their rows as sent, and their fates."""
    run = night.run
    ready, upload, fates = (run.scratch / name for name in ("contacts.parquet", "contacts.csv", "contact-fates.parquet"))
    with tables.connect(run.limits) as con:
        rows = f'SELECT unnest(?::VARCHAR[]) AS ".LastName", unnest(?::VARCHAR[]) AS {tables.cell(column)}'
        con.execute(f"CREATE TABLE r AS {rows}", [list(cells), list(cells.values())])
        tables.write_parquet(con, "SELECT rowid AS row_id, NULL::VARCHAR AS key, * FROM r", ready)
        tables.write_people_csv(con, f'SELECT ".LastName" AS "LastName", {tables.cell(column)} AS {tables.quoted(column)} FROM r', upload)
    job_id = run.salesforce.create_job("Contact", "insert", None)
    run.salesforce.upload(job_id, upload)
    run.salesforce.close(job_id)
    while run.salesforce.job(job_id)["state"] != "JobComplete":
        pass
    made.fated(run, job_id, ready, "LastName", fates)
    return ready, fates


def kin(night: made.Night, column: str = "AccountId", rule: entities.KeyRule | None = None) -> bereaved.Kin:
    """The contacts' lookup to the accounts of a night."""
    aside = journal.bring(night.run, journal.demand(night.run, "ledger/Account/wave-000.json")["aside"])
    return bereaved.Kin("AccountId", column, "Account", night.run.scratch / "linked.parquet", [aside], made.KEY, rule)


def asked(nights: Nights) -> int:
    """How many query jobs were created."""
    return nights.load.org.calls()["POST /services/data/v66.0/jobs/query"]


def orphaned(night: made.Night, found: Path) -> list[tuple[Any, ...]]:
    """Read the orphans, whose file has the columns that all orphans have."""
    with tables.connect(night.run.limits) as con:
        assert causes.COLUMNS == ", ".join(name for name, *_ in con.execute(f"DESCRIBE FROM {tables.parquet(found)}").fetchall())
        columns = "row_id, fate, field, parent_object, parent_row, parent_key, parent_fate, parent_error, ancestor_row, depth"
        return con.execute(f"SELECT {columns} FROM {tables.parquet(found)}").fetchall()


@pytest.mark.parametrize("by_key", [False, True], ids=["by Id", "by key"])
def test_children_of_a_parent_that_is_gone_are_orphans(nights: Nights, by_key: bool) -> None:
    """With the parent's row, key and what happened; other refused children stay failed; the parent is loaded again the next night."""
    night = nights.night(ROWS, told=False)
    ids = nights.ids()
    nights.load.org.remove("Account", ids["B"])
    column, rule = ("Account.External_Id__c", entities.KeyRule.CASELESS) if by_key else ("AccountId", None)
    cells = {"fine": "A", "lost": "B", "wrong": "nobody"} if by_key else {"fine": ids["A"], "lost": ids["B"], "wrong": NOBODY}
    ready, fates = children(night, column, cells)
    out = night.run.scratch / "orphans.parquet"
    assert 1 == step.orphans(night.run, night.opened, "Contact", [fates], ready, [kin(night, column, rule)], out)
    expected = [(1, "orphaned", "AccountId", "Account", 1, "B", "unchanged", bereaved.GONE, 1, 1)]
    assert expected == orphaned(night, out)
    remember.objects(night.run, night.opened)
    nights.load.org.behave(clock_skew_seconds=86_400)
    assert ["b"] == nights.night(ROWS).sent


def test_nothing_is_asked_where_nothing_points_at_a_parent(nights: Nights) -> None:
    """Refusals of other kinds, and of children of other parents, cost nothing."""
    night = nights.night(ROWS, told=False)
    before = asked(nights)
    ready, fates = children(night, "AccountId", {"": nights.ids()["A"], "wrong": NOBODY})
    out = night.run.scratch / "orphans.parquet"
    assert (0, []) == (step.orphans(night.run, night.opened, "Contact", [fates], ready, [kin(night)], out), orphaned(night, out))
    assert before == asked(nights)


def test_a_parent_that_is_there_is_not_to_blame(nights: Nights) -> None:
    """The same words may be about another lookup: the org is asked, and the parent stays known."""
    night = nights.night(ROWS, told=False)
    rule = {
        "object": "Contact",
        "field": "LastName",
        "value": "owner",
        "error": "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--",
    }
    nights.load.org.behave(row_faults=[rule])
    ready, fates = children(night, "AccountId", {"owner": nights.ids()["A"]})
    out = night.run.scratch / "orphans.parquet"
    assert 0 == step.orphans(night.run, night.opened, "Contact", [fates], ready, [kin(night)], out)
    remember.objects(night.run, night.opened)
    assert [] == nights.night(ROWS).sent


def test_a_second_try_finds_the_same(nights: Nights) -> None:
    """And notes it once."""
    night = nights.night(ROWS, told=False)
    nights.load.org.remove("Account", (ids := nights.ids())["B"])
    ready, fates = children(night, "AccountId", {"lost": ids["B"], "lost too": ids["B"]})
    out = night.run.scratch / "orphans.parquet"
    assert [2, 2] == [step.orphans(night.run, night.opened, "Contact", [fates], ready, [kin(night)], out) for _ in range(2)]
    assert 1 == len(night.run.folder.names(remember.gone_prefix("Account")))


def test_children_without_such_parents_are_left_alone(nights: Nights) -> None:
    """An object whose lookups point at nothing with a memory has no such orphans."""
    night = nights.night(ROWS, told=False)
    ready, fates = children(night, "AccountId", {"wrong": NOBODY})
    out = night.run.scratch / "orphans.parquet"
    assert (0, []) == (step.orphans(night.run, night.opened, "Contact", [fates], ready, [], out), orphaned(night, out))
