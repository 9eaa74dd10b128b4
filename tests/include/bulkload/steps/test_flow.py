"""The steps one after the other, as the DAG runs them, against a local org: every record looked at, not only counts."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import submit, summarize
from tests.include.bulkload.steps import replays
from tests.running import loads, org

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SCHEMA = Path(__file__).parents[4] / "docs" / "summary.schema.json"
FAMILY = {
    "accounts": [
        {
            "name": 'Ann, "x"\nb',
            "sourceId": "K1",
            "contacts": [{"firstName": "1", "lastName": "007"}, {"lastName": "NA", "email": "A@b.cd"}],
        },
        {"name": "", "sourceId": "K2", "contacts": [{"lastName": "of a failed parent"}]},
        {"name": "No children", "sourceId": "K3"},
        {"name": "Blank key", "sourceId": " ", "contacts": [{"lastName": "of a rejected parent"}]},
        {"name": "Twice", "sourceId": "k4", "contacts": [{"lastName": "first"}]},
        {"name": "Twice", "sourceId": "k4", "contacts": [{"lastName": "second"}]},
    ]
}


def children(load: Load) -> list[tuple[Any, ...]]:
    """Read all contacts of the org with their account's key."""
    found = load.org.query("SELECT FirstName, LastName, Email, Account.External_Id__c FROM Contact ORDER BY LastName")
    return [(each["FirstName"], each["LastName"], each["Email"], each["Account"] and each["Account"]["External_Id__c"]) for each in found]


def test_every_record_stands_where_it_belongs(load: Load) -> None:
    """Parents by key, children under their own parent, orphans nowhere, and the sums close."""
    load.payload = json.dumps(FAMILY).encode()
    found = load.whole()
    accounts = [
        (each["Name"], each["External_Id__c"])
        for each in load.org.query("SELECT Name, External_Id__c FROM Account ORDER BY External_Id__c")
    ]
    assert [('Ann, "x"\nb', "K1"), ("No children", "K3"), ("Twice", "k4")] == accounts
    assert [("1", "007", None, "K1"), (None, "first", None, "k4"), (None, "NA", "a@b.cd", "K1"), (None, "second", None, "k4")] == children(
        load
    )
    summary = found["summary"]
    account, contact = summary["objects"]["Account"], summary["objects"]["Contact"]
    assert (6, 3, 1, 1, 1) == tuple(account[key] for key in ("source", "succeeded", "failed", "rejected", "merged"))
    assert (6, 4, 2) == tuple(contact[key] for key in ("source", "succeeded", "orphaned"))
    assert ("COMPLETED_WITH_ERRORS", 3, 2, 4, 6, 6) == tuple(
        summary[key]
        for key in ("status", "parentSuccessCount", "parentFailureCount", "childRecordsSubmitted", "totalParents", "totalChildren")
    )
    assert not found["clean"]


def test_people_find_each_lost_row_with_its_reason(load: Load) -> None:
    """The files that the summary names hold the rows, their data and why."""
    load.payload = json.dumps(FAMILY).encode()
    objects = load.whole()["summary"]["objects"]
    (failed,) = load.listed(objects["Account"]["files"]["failed"])
    assert ("Account-0-2", "K2") == (failed["row_id"], failed["External_Id__c"])
    assert failed["error"].startswith("REQUIRED_FIELD_MISSING:")
    (rejected,) = load.listed(objects["Account"]["files"]["rejected"])
    assert ("accounts[3]", "missing key") == (rejected["place"], rejected["error"])
    lost, keyless = load.listed(objects["Contact"]["files"]["orphaned"])
    assert ("of a failed parent", "K2", "failed", failed["error"]) == (
        lost["LastName"],
        lost["parent_key"],
        lost["parent_fate"],
        lost["parent_error"],
    )
    assert ("of a rejected parent", "rejected", "missing key") == (keyless["LastName"], keyless["parent_fate"], keyless["parent_error"])


def test_a_cleared_run_changes_nothing_and_says_the_same(load: Load) -> None:
    """All steps once more: no new job, no new record, the same summary to the letter."""
    load.payload = json.dumps(FAMILY).encode()
    first = load.whole()
    jobs, records = len(load.org.jobs()), children(load)
    assert first == load.whole()
    assert (jobs, records) == (len(load.org.jobs()), children(load))


def test_losses_within_the_bounds_are_green(load: Load) -> None:
    """`max_failed` allows exactly the planted losses."""
    load.payload = json.dumps(FAMILY).encode()
    load.mapping["Account"]["max_failed"] = 2
    load.mapping["Contact"]["max_failed"] = "34%"
    found = load.whole()
    assert ("COMPLETED_WITH_ERRORS", True, []) == (found["summary"]["status"], found["clean"], found["why"])


def test_no_parent_through_means_no_child_job(load: Load) -> None:
    """All parents refused: FAILED, and the children's job was never created."""
    load.payload = b'{"accounts": [{"name": "", "sourceId": "K1", "contacts": [{"lastName": "x"}]}]}'
    found = load.whole()
    assert ("FAILED", "NOT_CREATED", False) == (found["summary"]["status"], found["summary"]["childJob"], found["clean"])
    assert [] == load.org.query("SELECT Id FROM Contact")


def test_an_empty_payload_is_a_completed_load(load: Load) -> None:
    """Nothing to do is done, without a job."""
    found = load.whole()
    assert ("COMPLETED", "SKIPPED", "SKIPPED", True) == (
        *(found["summary"][key] for key in ("status", "parentJob", "childJob")),
        found["clean"],
    )
    assert [] == load.org.jobs()


def test_parents_without_children_skip_the_child_job(load: Load) -> None:
    """`contacts` may be absent."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    assert ("COMPLETED", "SKIPPED") == tuple(load.whole()["summary"][key] for key in ("status", "childJob"))


def test_a_load_larger_than_a_job_takes_several(load: Load) -> None:
    """Every row is in exactly one of them."""
    load.payload = json.dumps(
        {"accounts": [{"name": f"a{number}", "sourceId": f"K{number}", "contacts": [{"lastName": f"c{number}"}]} for number in range(60)]}
    ).encode()
    load.more = {"job_bytes": 1000}
    summary = load.whole()["summary"]
    assert len(summary["parentJob"]) > 1
    assert [(None, f"c{number}", None, f"K{number}") for number in range(60)] == sorted(children(load), key=lambda row: int(row[1][1:]))
    assert (60, 60) == (summary["parentSuccessCount"], summary["childRecordsSubmitted"])


@pytest.mark.parametrize("state", ["Failed", "Aborted"])
def test_a_job_that_ends_midway_is_a_result(load: Load, state: str) -> None:
    """What it committed counts, its children go on; the rest is unprocessed, the run red, its message told."""
    load.org.behave(job_ends=[{"object": "Account", "state": state, "at": 0.5, "message": "Timeout : too slow"}])
    load.payload = json.dumps(
        {"accounts": [{"name": "a", "sourceId": f"K{number}", "contacts": [{"lastName": f"c{number}"}]} for number in range(4)]}
    ).encode()
    load.mapping["Account"]["max_failed"] = load.mapping["Contact"]["max_failed"] = "100%"
    load.mapping["Account"]["retry_rounds"] = 0
    found = load.whole()
    account = found["summary"]["objects"]["Account"]
    assert (2, 2, state) == (account["succeeded"], account["unprocessed"], account["jobs"][0]["state"])
    assert [(None, "c0", None, "K0"), (None, "c1", None, "K1")] == children(load)
    assert not found["clean"]
    assert any("didn't get through" in reason for reason in found["why"])


def test_an_external_id_that_the_org_does_not_have_stops_before_anything_is_sent(load: Load) -> None:
    """One error that names the place and the remedy; no job."""
    load.mapping["Account"]["external_id"] = "Nope__c"
    load.mapping["Account"]["fields"]["Nope__c"] = "sourceId"
    with pytest.raises(errors.PlanError, match=r"objects.Account.fields.Nope__c: Account has no field Nope__c"):
        load.split()
    assert [] == load.org.jobs()


def test_a_run_keeps_the_plan_that_it_began_with(load: Load) -> None:
    """The plan's copy of the first try counts, whatever the config says later."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    load.split()
    load.mapping["Account"]["fields"] = {"Name": "industry", "External_Id__c": "sourceId"}
    load.whole()
    assert ["a"] == [each["Name"] for each in load.org.query("SELECT Name FROM Account")]


def test_a_run_belongs_to_its_org(load: Load, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A connection that leads elsewhere by now stops every task; nothing is sent there."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    (number,) = load.split()
    with org.running(tmp_path_factory.mktemp("other"), "--org-number", "2") as started:
        elsewhere = dataclasses.replace(load.run, salesforce=loads.LocalOrg(started).client())
        with pytest.raises(errors.WrongOrg, match="set the connection back"):
            submit.chunk(elsewhere, "Account", number)
        assert [] == loads.LocalOrg(started).jobs()


def test_a_job_that_still_runs_is_named_and_its_rows_are_in_doubt(load: Load) -> None:
    """Nobody knows yet what becomes of them, so the run is red whatever may be lost; cleared later, it takes them in."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}]}'
    load.mapping["Account"]["max_failed"] = load.mapping["Contact"]["max_failed"] = "100%"
    load.org.behave(looks=1_000)
    job_id = submit.chunk(load.run, "Account", *load.split())
    found = summarize.close(load.run, [])
    account = found["summary"]["objects"]["Account"]
    assert ([{"id": job_id, "state": "still running"}], 1, False) == (account["jobs"], account["in_doubt"], found["clean"])
    assert ["K1"] == [row["External_Id__c"] for row in load.listed(account["files"]["in_doubt"])]
    load.org.behave(looks=0)
    assert ("COMPLETED", job_id) == tuple(load.whole()["summary"][key] for key in ("status", "parentJob"))


def test_one_chunk_is_one_job_however_often_it_is_submitted(load: Load) -> None:
    """Retry and clear look again."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    load.split()
    assert 1 == len({submit.chunk(load.run, "Account", 0) for _ in range(3)})
    assert 1 == len(load.org.jobs())


@pytest.mark.parametrize("payload", [FAMILY, {"accounts": []}, {"accounts": [{"name": "", "sourceId": "K1"}]}])
def test_each_summary_fits_its_schema(load: Load, payload: dict[str, Any]) -> None:
    """docs/summary.schema.json says what programs may rely on."""
    load.payload = json.dumps(payload).encode()
    jsonschema.validate(load.whole()["summary"], json.loads(SCHEMA.read_text("utf-8")))


@pytest.mark.parametrize(("state", "message"), [("Failed", "InternalServerError : later"), ("Aborted", "")])
def test_a_keyless_job_that_did_nothing_stands_beside_one_that_did(load: Load, state: str, message: str) -> None:
    """The first of two has no Id and no error at all: both are read together all the same, and a replay brings the rest."""
    contact = {"sobject": "Contact", "records": "contacts[]", "operation": "insert", "fields": {"LastName": "name", "Description": "text"}}
    load.mapping = {"Contact": contact | {"retry_rounds": 0}}
    load.more = {"job_bytes": 1_000}
    load.payload = json.dumps({"contacts": [{"name": f"c{n}", "text": "x" * 90} for n in range(14)]}).encode()
    load.org.behave(job_ends=[{"object": "Contact", "state": state, "at": 0, "message": message, "job": 1}])
    part = load.whole()["summary"]["objects"]["Contact"]
    assert (14, True) == (part["succeeded"] + part["unprocessed"], part["succeeded"] > 0 < part["unprocessed"])
    load.org.behave(job_ends=[])
    assert replays.replayed(load)["clean"]
    assert [f"c{n}" for n in sorted(range(14), key=str)] == sorted(
        each["LastName"] for each in load.org.query("SELECT LastName FROM Contact")
    )
