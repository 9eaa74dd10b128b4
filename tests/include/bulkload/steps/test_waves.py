"""Objects whose rows can't all go at once → layers, second passes, a small first job; every record looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import cut
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILT_IN = Path(__file__).parents[4] / "include" / "local_org" / "schema" / "objects"

ACCOUNT: dict[str, Any] = {
    "sobject": "Account",
    "records": "accounts[]",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "fields": {"Name": "name", "External_Id__c": "sourceId"},
    "parents": {"ParentId": {"object": "Account", "from": "parent"}},
}
CONTACT: dict[str, Any] = {
    "sobject": "Contact",
    "records": "accounts[].contacts[]",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "fields": {"LastName": "name", "External_Id__c": "id"},
    "parents": {"AccountId": {"object": "Account"}},
}


def of(load: Load, *rows: tuple[str, str | None], **more: Any) -> dict[str, Any]:
    """Load accounts, each a key and its parent's."""
    load.mapping = {"Account": {**ACCOUNT, **more}}
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    return load.whole()


def parents(load: Load) -> dict[str, str | None]:
    """Each account's parent, as the org has it."""
    found = load.org.query("SELECT External_Id__c, Parent.External_Id__c FROM Account")
    return {each["External_Id__c"]: each["Parent"] and each["Parent"]["External_Id__c"] for each in found}


def jobs(load: Load) -> list[tuple[str, str]]:
    """What was asked of the org: operation and object of each job, oldest first."""
    return [(each["operation"], each["object"]) for each in sorted(load.org.jobs(), key=lambda job: job["id"])]


def test_a_hierarchy_is_loaded_from_the_top(load: Load) -> None:
    """Six deep, in an order that helps nobody: every account hangs where it belongs, one job a layer."""
    rows = [("f", "e"), ("b", "a"), ("e", "d"), ("a", None), ("d", "c"), ("c", "b"), ("b2", "a")]
    found = of(load, *rows)
    assert dict(rows) == parents(load)
    assert (7, 7, True) == (*(found["summary"]["objects"]["Account"][fate] for fate in ("source", "succeeded")), found["clean"])
    assert [("upsert", "Account")] * 6 == jobs(load)


def test_a_cycle_is_cut_and_closed_by_a_second_pass(load: Load) -> None:
    """Three accounts that are each other's parents, one that hangs below them: the second pass sets just the lookup."""
    rows = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
    found = of(load, *rows)
    assert dict(rows) == parents(load)
    assert ("update", "Account") == jobs(load)[-1]
    assert (4, 0, 0, True) == (
        *(found["summary"]["objects"]["Account"][fate] for fate in ("succeeded", "failed", "updated")),
        found["clean"],
    )


def test_what_hangs_below_a_refused_row_is_set_aside_down_to_the_last(load: Load) -> None:
    """Each orphan names the row that failed, its error, and how far up it stands."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    found = of(load, ("a", None), ("b", "a"), ("c", "b"), ("d", "c"), ("x", "a"))
    assert {"a": None, "x": "a"} == parents(load)
    account = found["summary"]["objects"]["Account"]
    assert (2, 1, 2) == tuple(account[fate] for fate in ("succeeded", "failed", "orphaned"))
    listed = load.listed(account["files"]["orphaned"])
    assert [("c", "b", "SOME_RULE:no:--", "1"), ("d", "b", "SOME_RULE:no:--", "2")] == sorted(
        (row["External_Id__c"], row["ancestor_key"], row["ancestor_error"], row["depth"]) for row in listed
    )


def test_a_second_pass_that_is_refused_is_a_failed_row_with_a_record(load: Load) -> None:
    """The record stands, its link doesn't: the row is failed, not lost, not sent again as a new one."""
    load.org.behave(row_faults=[{"object": "Account", "share": 1.0, "operation": "update", "error": "SOME_RULE:no:--"}])
    found = of(load, ("a", "b"), ("b", "a"))
    account = found["summary"]["objects"]["Account"]
    assert (1, 1) == (account["succeeded"], account["failed"])
    assert sorted([None, "a"], key=str) == sorted(parents(load).values(), key=str) or sorted([None, "b"], key=str) == sorted(
        parents(load).values(), key=str
    )
    (row,) = load.listed(account["files"]["failed"])
    assert 18 == len(row["sf_id"])


@pytest.mark.parametrize(("allowed", "clean"), [(1, False), (2, True)])
def test_a_row_whose_parent_is_refused_in_the_same_pass_is_failed_with_a_record(load: Load, allowed: int, *, clean: bool) -> None:
    """Created before that was known: it counts as failed, by `max_failed` too, the list names its record, the parent and what was wrong."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    cut_link = {"ParentId": {"object": "Account", "from": "parent", "cut": True}}
    found = of(load, ("a", None), ("b", "a"), ("c", "b"), ("d", "c"), parents=cut_link, max_failed=allowed)
    account = found["summary"]["objects"]["Account"]
    assert ({"a": None, "c": None, "d": "c"}, 2, 2, clean) == (parents(load), account["succeeded"], account["failed"], found["clean"])
    assert [("b", "", "SOME_RULE:no:--"), ("c", record(load, "c"), "no parent: ParentId: Account b failed: SOME_RULE:no:--")] == [
        (row["External_Id__c"], row["sf_id"], row["error"]) for row in load.listed(account["files"]["failed"])
    ]


def test_a_circle_that_loses_a_row_tells_both_who_was_created_and_who_was_not(load: Load) -> None:
    """The one whose link was cut is failed with a record, the one that waited for its layer an orphan; both name who was refused."""
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}])
    found = of(load, ("a", "b"), ("b", "c"), ("c", "a"))
    account = found["summary"]["objects"]["Account"]
    assert ({"c": None}, 0, 2, 1, False) == (
        parents(load),
        *(account[fate] for fate in ("succeeded", "failed", "orphaned")),
        found["clean"],
    )
    lost = [row for fate in ("failed", "orphaned") for row in load.listed(account["files"][fate])]
    why = "no parent: ParentId: Account {}: SOME_RULE:no:--"
    assert {
        "b": ("", "SOME_RULE:no:--"),
        "c": (record(load, "c"), why.format("a orphaned: no parent: ParentId: Account b failed")),
        "a": ("", why.format("b failed")),
    } == {row["External_Id__c"]: (row["sf_id"], row["error"]) for row in lost}


def record(load: Load, key: str) -> str:
    """The Id of an account."""
    return str(load.org.query(f"SELECT Id FROM Account WHERE External_Id__c = '{key}'")[0]["Id"])


@pytest.mark.parametrize(("refused", "stopped"), [("4", False), ("6", True)])
def test_a_small_first_job_keeps_a_wrong_load_from_burning_the_night(load: Load, refused: str, stopped: bool) -> None:
    """Beyond half of it refused for good, the object stops: the rest is unprocessed, and says why."""
    faults = [{"object": "Account", "field": "Name", "value": f"a{n}", "error": "SOME_RULE:no:--"} for n in range(int(refused))]
    load.org.behave(row_faults=faults)
    rows = [(f"a{n}", None) for n in range(40)]
    found = of(load, *rows, canary_rows=10)
    account = found["summary"]["objects"]["Account"]
    assert (stopped, 30 if stopped else 0) == ("stopped" in account, account["unprocessed"])
    assert (10 if stopped else 40) - int(refused) == account["succeeded"] == len(parents(load))
    if stopped:
        assert all("stopped after its first job" in row["error"] for row in load.listed(account["files"]["unprocessed"]))


def test_errors_that_the_plan_calls_passing_stop_nothing(load: Load) -> None:
    """Every row of the first job failed, but for a reason of the plan's `transient`: they go again, and the object goes on."""
    load.org.behave(row_faults=[{"object": "Account", "error": "BUSY_HERE:later:--", "share": 1, "job": 1}])
    found = of(load, *[(f"a{n}", None) for n in range(20)], canary_rows=2, transient=["BUSY_HERE"])
    assert (20, True) == (found["summary"]["objects"]["Account"]["succeeded"], found["clean"])


def test_a_header_that_is_wrong_stops_the_object_too(load: Load) -> None:
    """A first job that Salesforce fails as a whole counts like one whose rows all fail."""
    load.org.behave(job_ends=[{"object": "Account", "state": "Failed", "at": 0, "message": "InvalidBatch : Field name not found : X"}])
    found = of(load, *[(f"a{n}", None) for n in range(40)], canary_rows=10)
    assert (40, 1) == (found["summary"]["objects"]["Account"]["unprocessed"], len(load.org.jobs()))


def test_the_others_wait_for_the_first_job(load: Load) -> None:
    """Nothing more is named while it runs."""
    load.org.behave(looks=3)
    load.mapping = {"Account": {**ACCOUNT, "canary_rows": 1}}
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key} for key in "abc"]}).encode()
    load.stage()
    assert 1 == len(cut.first(load.run, "Account")["canary"])
    with pytest.raises(errors.JobStillRunning):
        cut.go_on(load.run, "Account")
    assert [0, 1] == load.cut("Account")


@pytest.fixture
def tangled(tmp_path: Path) -> Iterator[Load]:
    """A run whose org has accounts that name a contact, which names its account."""
    account = json.loads((BUILT_IN / "Account.json").read_text("utf-8"))
    main = {
        "name": "Main__c",
        "label": "Main",
        "type": "reference",
        "custom": True,
        "referenceTo": ["Contact"],
        "relationshipName": "Main__r",
    }
    account["fields"].append(main)
    schema = tmp_path / "schema"
    schema.mkdir()
    (schema / "Account.json").write_text(json.dumps(account), "utf-8")
    with org.running(tmp_path, "--control", "--schema", str(schema)) as started:
        yield Load(tmp_path, loads.LocalOrg(started))


def test_a_cut_link_may_be_answered_by_the_org(tangled: Load) -> None:
    """Two objects that name each other; one account's contact isn't in this load but in the org."""
    there = tangled.org.insert("Account", {"Name": "there", "External_Id__c": "A0"})
    tangled.org.insert("Contact", {"LastName": "there", "External_Id__c": "C9", "AccountId": there})
    main = {"object": "Contact", "from": "main", "missing": "look_in_org", "cut": True}
    tangled.mapping = {"Account": {**ACCOUNT, "parents": {"Main__c": main}}, "Contact": CONTACT}
    rows = [
        {"name": "a", "sourceId": "A1", "main": "C1", "contacts": [{"name": "c", "id": "C1"}]},
        {"name": "b", "sourceId": "A2", "main": "C9"},
    ]
    tangled.payload = json.dumps({"accounts": rows}).encode()
    found = tangled.whole()
    mains = tangled.org.query("SELECT External_Id__c, Main__r.External_Id__c FROM Account WHERE Name != 'there' ORDER BY External_Id__c")
    assert [("A1", "C1"), ("A2", "C9")] == [(each["External_Id__c"], each["Main__r"]["External_Id__c"]) for each in mains]
    assert found["clean"]


def test_an_object_that_is_stopped_keeps_no_second_pass_of_others_back(tangled: Load) -> None:
    """The accounts' contacts are stopped after a first job of three, of which one got through: its account has its link."""
    main = {"object": "Contact", "from": "main", "cut": True}
    tangled.mapping = {"Account": {**ACCOUNT, "parents": {"Main__c": main}}, "Contact": {**CONTACT, "canary_rows": 3}}
    accounts = [{"name": f"a{n}", "sourceId": f"a{n}", "main": f"c{n}", "contacts": [{"name": f"c{n}", "id": f"c{n}"}]} for n in range(9)]
    tangled.payload = json.dumps({"accounts": accounts}).encode()
    refused = [{"object": "Contact", "field": "LastName", "value": f"c{n}", "error": "SOME_RULE:no:--"} for n in range(1, 3)]
    tangled.org.behave(row_faults=refused)
    found = tangled.whole()["summary"]["objects"]
    assert ("stopped" in found["Contact"], 1, 8) == (True, found["Account"]["succeeded"], found["Account"]["failed"])
    mains = tangled.org.query("SELECT Name, Main__r.LastName FROM Account WHERE Main__c != NULL")
    assert [("a0", "c0")] == [(each["Name"], each["Main__r"]["LastName"]) for each in mains]


@pytest.mark.parametrize(
    "fault",
    [
        {"object": "Contact", "field": "LastName", "value": "c1"},
        {"object": "Account", "field": "Name", "value": "a1", "operation": "upsert"},
        {"object": "Account", "share": 1.0, "operation": "update"},
    ],
)
def test_a_cycle_between_objects_is_closed_by_a_replay(tangled: Load, fault: dict[str, Any]) -> None:
    """Accounts name a contact and contacts their account: whichever of them was lost, record or link, all links stand in the end."""
    contact = CONTACT | {"fields": {"LastName": "name", "External_Id__c": "name"}}
    tangled.mapping = {
        "Account": {**ACCOUNT, "parents": {"Main__c": {"object": "Contact", "from": "main", "cut": True}}},
        "Contact": contact,
    }
    accounts = [{"name": f"a{n}", "sourceId": f"a{n}", "main": f"c{n}", "contacts": [{"name": f"c{n}"}]} for n in range(3)]
    tangled.payload = json.dumps({"accounts": accounts}).encode()
    tangled.org.behave(row_faults=[{**fault, "error": "SOME_RULE:no:--"}])
    assert "COMPLETED" != tangled.whole()["summary"]["status"]
    tangled.org.behave(row_faults=[])
    assert replays.replayed(tangled)["clean"]
    mains = tangled.org.query("SELECT Name, Main__r.LastName FROM Account ORDER BY Name")
    assert [(f"a{n}", f"c{n}") for n in range(3)] == [(each["Name"], each["Main__r"] and each["Main__r"]["LastName"]) for each in mains]
    own = tangled.org.query("SELECT LastName, Account.Name FROM Contact ORDER BY LastName")
    assert [(f"c{n}", f"a{n}") for n in range(3)] == [(each["LastName"], each["Account"] and each["Account"]["Name"]) for each in own]
    assert "COMPLETED" == replays.whole(tangled)["status"]
