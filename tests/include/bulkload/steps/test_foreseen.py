"""Staged rows and an org's day → refused with need and rest, or warned, before any job exists."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import layers
from include.bulkload.steps import foreseen, journal, past_runs

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def family(load: Load, parents: int = 3, **more: Any) -> None:
    """Give a payload of accounts, each with one contact."""
    accounts = [{"name": f"a{n}", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}"}], **more} for n in range(parents)]
    load.payload = json.dumps({"accounts": accounts}).encode()


@pytest.mark.parametrize(
    ("settings", "finding"),
    [
        ({"daily_batches": 1}, "limits: the load needs 2 batches at least, 1 of 1 are left today; load less, or later"),
        ({"daily_api_requests": 15}, r"limits: the load needs 14 API requests at least, \d+ of 15 are left today; load less, or later"),
    ],
)
def test_what_cannot_fit_into_the_day_is_refused(load: Load, settings: dict[str, int], finding: str) -> None:
    """Two jobs need two batches and fourteen requests; nothing was sent."""
    family(load)
    load.org.behave(**settings)
    with pytest.raises(errors.PlanError, match=f"^{finding}$"):
        load.stage()
    assert [] == load.org.jobs()


def test_what_is_close_is_a_warning_of_the_summary(load: Load) -> None:
    """Two batches of two: it goes, and people are told."""
    family(load)
    load.org.behave(daily_batches=2)
    found = load.whole()
    assert ["limits: the load needs up to 2 batches, 2 of 2 are left today"] == found["summary"]["warnings"]
    assert found["clean"]


def test_what_nobody_can_know_refuses_nothing(load: Load) -> None:
    """Of a child below a rejected parent nobody says that it will be sent."""
    load.org.behave(daily_batches=1)
    load.payload = b'{"accounts": [{"name": "a", "sourceId": " ", "contacts": [{"lastName": "c"}]}, {"name": "b", "sourceId": "K2"}]}'
    load.stage()
    assert ["limits: the load needs up to 2 batches, 1 of 1 are left today"] == foreseen.standing(load.run)["warnings"]


def chain(load: Load, rows: int, **link: Any) -> None:
    """Give a payload of accounts, each below the one before it."""
    each: dict[str, Any] = {"sobject": "Account", "records": "accounts[]", "operation": "upsert", "external_id": "External_Id__c"}
    each["fields"] = {"Name": "name", "External_Id__c": "id"}
    load.mapping = {"Account": {**each, "parents": {"ParentId": {"object": "Account", "from": "above", **link}}}}
    load.payload = json.dumps(
        {"accounts": [{"name": f"a{n}", "id": f"K{n}", "above": f"K{n - 1}" if n else None} for n in range(rows)]}
    ).encode()


def test_a_hierarchy_that_is_too_deep_is_refused(load: Load) -> None:
    """Each layer would be a job of its own; nothing was sent, a dry run stops too."""
    chain(load, layers.MOST_LAYERS + 1)
    wrong = r"^objects\.Account\.parents: its rows hang on each other in 501 layers, .* or set that link in a second pass \(`cut: true`\)$"
    with pytest.raises(errors.PlanError, match=wrong):
        load.stage()
    load.run_name, load.more = "dry", {"dry_run": True}
    with pytest.raises(errors.PlanError, match=wrong):
        load.stage()
    assert [] == load.org.jobs()


def test_a_link_that_is_cut_by_hand_makes_two_waves_of_any_depth(load: Load) -> None:
    """All rows first, then their links; who names a row that isn't there is not created, who hangs on that one is never linked."""
    chain(load, 40, cut=True)
    load.payload = load.payload.replace(b'"above": "K7"', b'"above": "gone"')
    found = load.whole()["summary"]["objects"]["Account"]
    assert (38, 1, 1, 2) == (found["succeeded"], found["failed"], found["orphaned"], len(load.org.jobs()))
    held = load.org.query("SELECT External_Id__c, Parent.External_Id__c FROM Account")
    above = {each["External_Id__c"]: each["Parent"] and each["Parent"]["External_Id__c"] for each in held}
    assert {f"K{n}": f"K{n - 1}" if n not in {0, 9} else None for n in range(40) if n != 8} == above


def test_a_load_that_began_is_not_judged_again(load: Load) -> None:
    """What it has sent itself doesn't stop it when it is cleared."""
    family(load)
    first = load.whole()
    load.org.behave(daily_batches=1)
    assert first == load.whole()


def test_links_that_lead_nowhere_are_told_with_an_example(load: Load) -> None:
    """The rows themselves become orphans later, one by one."""
    contact = load.mapping["Contact"]
    contact["parents"] = {"AccountId": {"object": "Account", "from": "boss"}}
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c", "boss": "K9"}, {"lastName": "d"}]}]}'
    found = load.whole()["summary"]
    expected = "objects.Contact.parents.AccountId: 1 rows name a key that no row of Account has, 'K9' for example; mend the source"
    assert ([expected], 1) == (found["warnings"], found["objects"]["Contact"]["orphaned"])


def test_no_entry_quotes_a_key(load: Load) -> None:
    """The example stands in a stored file, which a sweep removes with the rows."""
    load.mapping["Contact"]["parents"] = {"AccountId": {"object": "Account", "from": "boss"}}
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c", "boss": "SECRET9"}]}]}'
    load.stage()
    run = load.run
    assert "SECRET9" == foreseen.standing(run)["dangling"]["Contact"][0]["example"]
    assert [] == [each for each in run.folder.names("ledger/") if "SECRET9" in json.dumps(run.folder.read(each))]


def test_more_rejected_rows_than_the_plan_bears_stop_the_run(load: Load) -> None:
    """Before anything is sent, with the numbers; the run is FAILED."""
    load.mapping["Account"]["max_rejected"] = "49%"
    load.payload = b'{"accounts": [{"name": "a", "sourceId": " "}, {"name": "b", "sourceId": "K2"}]}'
    with pytest.raises(errors.TooManyRejected, match="Account: 1 of 2 rows are rejected, max_rejected allows 49%; see its rejected file"):
        load.stage()
    assert [] == load.org.jobs()


def test_as_many_as_the_plan_bears_go_on(load: Load) -> None:
    """The bound itself is allowed."""
    load.mapping["Account"]["max_rejected"] = "50%"
    load.payload = b'{"accounts": [{"name": "a", "sourceId": " "}, {"name": "b", "sourceId": "K2"}]}'
    assert 1 == load.whole()["summary"]["objects"]["Account"]["succeeded"]


def test_rows_of_the_last_day_are_those_of_our_own_runs(load: Load) -> None:
    """Each run counts once, however often it is cleared; after a day it doesn't."""
    family(load, 5)
    load.whole()
    load.whole()
    run = load.run
    opened = journal.opened(run)
    assert 10 == past_runs.rows_of_the_day(run, opened)
    load.clock += 24 * 3600
    assert 0 == past_runs.rows_of_the_day(load.run, opened)


def test_speed_is_what_earlier_runs_of_the_org_had(load: Load) -> None:
    """The same sobject and operation if there is one, else all; unknown without any."""
    family(load, 4)
    load.whole()
    known = past_runs.speeds(load.run, journal.opened(load.run))
    assert {("Account", "upsert"): 4, ("Contact", "insert"): 4} == {place: rows for place, (rows, _) in known.items()}
    assert 8.0 == past_runs.seconds({("Account", "upsert"): (100, 20.0)}, "Account", "upsert", 40)
    assert 16.0 == past_runs.seconds({("Account", "upsert"): (100, 20.0), ("Lead", "insert"): (50, 40.0)}, "Contact", "insert", 40)
    assert past_runs.seconds({}, "Account", "upsert", 40) is None


def test_old_records_go(load: Load) -> None:
    """Of those older than a month only the newest stay."""
    run = load.run
    assert run.memory is not None
    family(load)
    load.stage()
    folder = f"{past_runs.ROOT}/{journal.opened(run).org_id}/"
    old = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    for n in range(past_runs.ASKED + 5):
        at = old + datetime.timedelta(days=n)
        run.memory.write(f"{folder}{at.strftime(past_runs.STAMP)}-1-{n}.json", {"objects": {}})
    load.whole()
    left = run.memory.names(folder)
    assert (past_runs.ASKED, "6") == (len(left), left[-1].split("-")[1])
