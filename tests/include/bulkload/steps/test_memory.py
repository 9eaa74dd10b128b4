"""Nights of one plan against a local org: what didn't change isn't sent, what is gone comes back, what others edited is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from include.bulkload.basics import errors, tables
from include.bulkload.match import changes
from include.bulkload.steps import journal, memory, remember
from tests.include.bulkload.steps import nights as made
from tests.include.bulkload.steps.nights import Nights

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ROWS: made.Rows = {"A": ("one", "Oslo"), "B": ("two", None), "C": ("three", "Rome")}
NOTHING = {"unchanged": 3, "edited": 0, "forgotten": 0}


@pytest.fixture
def nights(load: Load) -> Nights:
    """A plan that never ran."""
    return Nights(load)


def test_only_what_changed_is_sent(nights: Nights) -> None:
    """All the first night, nothing the second, one row the third; a row that is new too."""
    assert (["c", "b", "a"], {"unchanged": 0, "edited": 0, "forgotten": 0}) == ((first := nights.night(ROWS)).sent, first.told)
    second = nights.night(ROWS)
    assert ([], NOTHING, {"a": None, "b": None, "c": None}) == (second.sent, second.told, second.aside)
    third = nights.night(ROWS | {"B": ("two!", None), "D": ("four", "Bonn")})
    assert (["d", "b"], {"A": "one", "B": "two!", "C": "three", "D": "four"}) == (third.sent, nights.names())
    assert [] == nights.night(ROWS | {"B": ("two!", None), "D": ("four", "Bonn")}).sent


def test_unchanged_rows_have_their_id(nights: Nights) -> None:
    """Their children need it."""
    nights.night(ROWS)
    second = nights.night(ROWS)
    wave = journal.demand(second.run, "ledger/Account/wave-000.json")
    with tables.connect(second.run.limits) as con:
        aside = tables.parquet(journal.bring(second.run, wave["aside"]))
        found = con.execute(f"SELECT fate, sf_id, created FROM {aside} ORDER BY row_id").fetchall()
    assert [("unchanged", sf_id, False) for _, sf_id in sorted(nights.ids().items())] == found


@pytest.mark.parametrize("hard", [False, True], ids=["deleted", "deleted for good"])
def test_what_is_gone_is_sent_again(nights: Nights, hard: bool) -> None:
    """Forgotten and loaded anew; a look into the recycle bin alone would miss what was deleted for good."""
    nights.night(ROWS)
    before = nights.ids()
    if hard:
        path = nights.load.root / "hard.csv"
        path.write_text(f"Id\n{before['B']}\n", "utf-8")
        org = nights.load.org.client()
        job_id = org.create_job("Account", "hardDelete", None)
        org.upload(job_id, path)
        org.close(job_id)
        while org.job(job_id)["state"] != "JobComplete":
            pass
    else:
        nights.load.org.remove("Account", before["B"])
    second = nights.night(ROWS)
    assert (["b"], {"unchanged": 2, "edited": 0, "forgotten": 1}) == (second.sent, second.told)
    assert (sorted(ROWS), True) == (sorted(nights.ids()), nights.ids()["B"] != before["B"])
    assert [] == nights.night(ROWS).sent


def test_what_others_edited_is_left_alone(nights: Nights) -> None:
    """And counted, night after night, even if the source changes too."""
    nights.night(ROWS)
    nights.load.org.change("Account", nights.ids()["B"], Name="theirs")
    for rows in (ROWS, ROWS, ROWS | {"B": ("two!", None)}):
        found = nights.night(rows)
        assert ([], {"unchanged": 2, "edited": 1, "forgotten": 0}) == (found.sent, found.told)
        assert {"a": None, "b": changes.LEFT_ALONE, "c": None} == found.aside
    assert "theirs" == nights.names()["B"]


def test_the_source_wins_where_the_plan_says_so(nights: Nights) -> None:
    """What others edited is sent again; after that nobody has edited it."""
    nights.night(ROWS)
    nights.load.org.change("Account", nights.ids()["B"], Name="theirs")
    nights.more = {"win": "source"}
    found = nights.night(ROWS)
    assert (["b"], {"unchanged": 2, "edited": 1, "forgotten": 0}) == (found.sent, found.told)
    assert ("two", NOTHING) == (nights.names()["B"], nights.night(ROWS).told)


def test_the_same_user_may_be_somebody_else(nights: Nights) -> None:
    """An edit by the loader's own user is an edit, unless our jobs were at work; our own writes never are."""
    nights.night(ROWS)
    nights.load.org.behave(clock_skew_seconds=86_400)
    org = nights.load.org.started
    headers = {"Authorization": f"Bearer {org['access_token']}"}
    url = f"{org['http_url']}/services/data/v66.0/sobjects/Account/{nights.ids()['B']}"
    requests.patch(url, json={"Name": "theirs"}, headers=headers, timeout=10).raise_for_status()
    assert {"unchanged": 2, "edited": 1, "forgotten": 0} == nights.night(ROWS).told
    nights.load.org.behave(clock_skew_seconds=2 * 86_400)
    again = nights.night(ROWS | {"A": ("one!", "Oslo")})
    assert (["a"], {"unchanged": 1, "edited": 1, "forgotten": 0}) == (again.sent, again.told)
    nights.load.org.behave(clock_skew_seconds=3 * 86_400)
    assert {"unchanged": 2, "edited": 1, "forgotten": 0} == nights.night(ROWS | {"A": ("one!", "Oslo")}).told


def test_what_the_org_does_by_itself_days_later_is_no_edit(nights: Nights) -> None:
    """A lookup that it empties moves a record's stamp when nobody remembers any more that the record was ours."""
    nights.columns.append("ParentId")
    above = nights.load.org.insert("Account", {"Name": "above"})
    rows = {"A": ("one", "Rome", above), "B": ("two", None, None)}
    nights.night(rows)
    for day in (1, 2):
        nights.load.org.behave(clock_skew_seconds=day * 86_400)
        rows["B"] = (f"two of day {day}", None, None)
        assert ["b"] == nights.night(rows).sent
    nights.load.org.remove("Account", above)
    found = nights.night(rows | {"A": ("one!", "Rome", None)})
    assert (["a"], {"unchanged": 1, "edited": 0, "forgotten": 0}) == (found.sent, found.told)


def test_only_rows_that_succeeded_are_remembered(nights: Nights) -> None:
    """A refused row goes again every night until it is taken; nobody relies on what stands in the org meanwhile."""
    nights.night(ROWS)
    refused = ROWS | {"B": ("x" * 300, None), "D": ("y" * 300, None)}
    assert [["d", "b"]] * 2 == [nights.night(refused).sent for _ in range(2)]
    assert (["b"], ROWS.keys()) == (nights.night(ROWS).sent, nights.names().keys())
    assert [] == nights.night(ROWS).sent


def test_a_run_that_never_told_what_it_wrote_blocks_nothing(nights: Nights) -> None:
    """Its rows are sent again: they look as if our user had edited them, and nobody knows."""
    nights.night(ROWS)
    nights.load.org.behave(clock_skew_seconds=86_400)
    assert ["b"] == nights.night(ROWS | {"B": ("lost", None)}, told=False).sent
    nights.load.org.behave(clock_skew_seconds=2 * 86_400)
    found = nights.night(ROWS)
    assert (["b"], {"unchanged": 2, "edited": 0, "forgotten": 1}) == (found.sent, found.told)
    assert ("two", NOTHING) == (nights.names()["B"], nights.night(ROWS).told)


def test_a_run_that_never_told_is_known_by_its_own_user(nights: Nights) -> None:
    """Whether or not anybody remembers when earlier runs wrote."""
    nights.night(ROWS)
    nights.load.org.behave(clock_skew_seconds=86_400)
    nights.load.org.change("Account", nights.ids()["C"], Name="theirs")
    nights.night(ROWS)
    assert [] == made.generations(nights)[-1]["windows"]
    nights.load.org.behave(clock_skew_seconds=2 * 86_400)
    assert ["b"] == nights.night(ROWS | {"B": ("lost", None)}, told=False).sent
    nights.load.org.behave(clock_skew_seconds=3 * 86_400)
    found = nights.night(ROWS)
    assert (["b"], {"unchanged": 1, "edited": 1, "forgotten": 1}) == (found.sent, found.told)


def test_a_cleared_run_remembers_nothing_new(nights: Nights) -> None:
    """Once is enough, even if the note of it got lost."""
    found = nights.night(ROWS)
    before = made.generations(nights)
    assert ({}, before) == (remember.objects(found.run, found.opened), made.generations(nights))
    (note,) = (nights.load.root / "runs" / "dag" / "run~201" / "ledger" / "Account").glob("remembered-*.json")
    note.unlink()
    assert ({"Account": 3}, before) == (remember.objects(nights.task(), found.opened), made.generations(nights))


def test_a_run_that_was_overtaken_forgets_what_it_sent(nights: Nights) -> None:
    """Whoever wrote last can't be told, so it goes again; the later run's other rows stay known."""
    nights.night(ROWS)
    late = nights.night(ROWS | {"B": ("early", None)}, told=False)
    nights.night(ROWS | {"B": ("late", None), "C": ("late", None)})
    remember.objects(late.run, late.opened)
    assert ["b"] == nights.night(ROWS | {"B": ("late", None), "C": ("late", None)}).sent


def test_a_switch_forgets(nights: Nights) -> None:
    """Everything is sent, others' edits too, and remembered anew."""
    nights.night(ROWS)
    nights.load.org.change("Account", nights.ids()["B"], Name="theirs")
    nights.of_plan = {"forget": True}
    assert ["c", "b", "a"] == nights.night(ROWS).sent
    nights.of_plan = {}
    assert ("two", NOTHING) == (nights.names()["B"], nights.night(ROWS).told)


def test_another_plan_for_the_same_cells_sends_them(nights: Nights) -> None:
    """Fields, operation and policies are part of what was sent."""
    nights.night(ROWS)
    nights.more = {"nulls": "clear"}
    assert ["c", "b", "a"] == nights.night(ROWS).sent
    nights.columns = ["External_Id__c", "Name"]
    assert ["c", "b", "a"] == nights.night({key: (name,) for key, (name, _) in ROWS.items()}).sent


def test_three_generations_are_kept(nights: Nights) -> None:
    """Older ones go, and with them the files that nobody names any more."""
    for number in range(5):
        nights.night(ROWS | {"A": (f"one {number}", None)})
    kept = made.generations(nights)
    files = sorted(path.name for path in (nights.load.root / "runs" / "~memory").rglob("rows-*.parquet"))
    assert (3, sorted(each["file"]["name"].rpartition("/")[2] for each in kept)) == (len(kept), files)
    assert [] == list((nights.load.root / "runs" / "~memory").rglob("begun-*"))


def test_a_damaged_memory_stops_with_its_remedy(nights: Nights) -> None:
    """Sending everything could overwrite what others edited."""
    nights.night(ROWS)
    (path,) = (nights.load.root / "runs" / "~memory").rglob("rows-*.parquet")
    path.write_bytes(b"?")
    with pytest.raises(errors.LedgerDamaged, match="forget: true"):
        nights.night(ROWS)


def test_a_run_without_a_memory_says_so(nights: Nights) -> None:
    """Rather than send everything every night."""
    run, opened = nights.begun()
    bare = type(run)(**{name: getattr(run, name) for name in run.__slots__ if name != "memory"})
    with pytest.raises(errors.PlanError, match="no place to remember"):
        memory.unchanged(bare, opened, "Account", run.scratch, [], run.scratch, run.scratch)
