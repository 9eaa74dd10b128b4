"""Records whose second pass never came, rows that no task sent → named, and the run is red."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.bulkload.steps import submit, summarize, wait
from tests.include.bulkload.steps import replays, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def without_settling(load: Load, *rows: tuple[str, str | None], **more: Any) -> dict[str, Any]:
    """Load accounts whose task `settle_Account` somebody marked success before it began; the summary."""
    load.mapping = {"Account": {**test_waves.ACCOUNT, **more}}
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    load.stage()
    jobs = [submit.chunk(load.run, "Account", number) for number in load.cut("Account")]
    load.waited(jobs)
    wait.ended(load.run, "Account", jobs)
    return summarize.close(load.run, [])


def test_a_second_pass_that_never_came_is_red_and_its_rows_are_named(load: Load) -> None:
    """Whatever `max_failed` allows: the record stands and lacks its link. A replay sets it."""
    link = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    found = without_settling(load, ("p", None), ("q", "p"), parents=link, max_failed="100%")
    account = found["summary"]["objects"]["Account"]
    assert (1, 1, False) == (account["succeeded"], account["failed"], found["clean"])
    (row,) = load.listed(account["files"]["failed"])
    assert ("q", 18, "no second pass") == (row["External_Id__c"], len(row["sf_id"]), row["error"].partition(":")[0])
    assert any("1 records lack a link" in sentence for sentence in found["why"])
    assert replays.replayed(load)["clean"]
    assert ({"p": None, "q": "p"}, "COMPLETED") == (test_waves.parents(load), replays.whole(load)["status"])


def test_a_second_pass_comes_once_its_task_is_cleared(load: Load) -> None:
    """Nothing that was said of the rows meanwhile stays."""
    rows = [("a", "b"), ("b", "a")]
    assert not without_settling(load, *rows, max_failed="100%")["clean"]
    load.settled("Account")
    assert (True, dict(rows)) == (summarize.close(load.run, [])["clean"], test_waves.parents(load))


def test_rows_that_no_task_sent_are_red_whatever_is_allowed(load: Load) -> None:
    """The second layer never came, and nothing had stopped the object."""
    found = without_settling(load, ("a", None), ("b", "a"), max_failed="100%")
    assert (1, False) == (found["summary"]["objects"]["Account"]["unprocessed"], found["clean"])
    assert any("1 rows never came into a job" in sentence for sentence in found["why"])


def test_a_stopped_object_names_its_records_that_lack_a_link(load: Load) -> None:
    """Its second pass doesn't come either: such a row is failed, as any whose second pass failed."""
    link = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    faults = [{"object": "Account", "field": "Name", "value": f"f{n}", "error": "SOME_RULE:no:--"} for n in range(3)]
    load.org.behave(row_faults=faults)
    rows = [("p", None), ("q", "p"), ("f0", None), ("f1", None), ("f2", None), *[(f"z{n}", None) for n in range(20)]]
    account = test_waves.of(load, *rows, parents=link, canary_rows=5, max_failed="100%")["summary"]["objects"]["Account"]
    assert (1, 4, 20) == (account["succeeded"], account["failed"], account["unprocessed"])
    (row,) = [each for each in load.listed(account["files"]["failed"]) if each["sf_id"]]
    assert "q" == row["External_Id__c"]
    assert "stopped after its first job" in row["error"]
