"""Keyed rows of an ended job that have no result → asked of the org by their keys, never guessed."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import cut, ids, settle, submit, summarize, undo
from tests.include.bulkload.steps import undoings

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load

ROWS = [{"name": f"a{n}", "sourceId": f"K{n}"} for n in range(5)]
FIELDS = {"Name": "name", "External_Id__c": "sourceId"}


class Forgetful:
    """A client whose org has no result for some rows of its first job, told by their text.

    `stored`: it wrote them, and neither counts nor lists them; else they never reached it. `asked`: it answers questions.
    """

    def __init__(self, of: Any, *forgotten: str, stored: bool = False, asked: bool = True) -> None:
        self._of, self._forgotten, self._stored, self._asked, self._first = of, forgotten, stored, asked, ""

    def __getattr__(self, name: str) -> Any:
        """All else is as it was."""
        return getattr(self._of, name)

    def create_job(self, *given: Any) -> str:
        """Remember the first job."""
        made = str(self._of.create_job(*given))
        self._first = self._first or made
        return made

    def upload(self, job_id: str, path: Path) -> None:
        """Lose the forgotten rows on the way, if they aren't to be stored."""
        if job_id == self._first and not self._stored:
            path = self._without(path, path.with_name("less.csv"))
        self._of.upload(job_id, path)

    def job(self, job_id: str) -> dict[str, Any]:
        """Don't count what is stored and forgotten."""
        seen: dict[str, Any] = self._of.job(job_id)
        if job_id == self._first and self._stored and seen["state"] == "JobComplete":
            seen["numberRecordsProcessed"] -= len(self._forgotten)
        return seen

    def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
        """Leave the forgotten rows out."""
        self._of.fetch_result(job_id, kind, path)
        if job_id == self._first:
            self._without(path, path)
        return path.stat().st_size

    def query_rows(self, soql: str, path: Path) -> int:
        """Answer, or refuse to be asked."""
        if not self._asked:
            raise errors.RequestRefused("query job: not now", 400, "EXCEEDED_ID_LIMIT")
        return int(self._of.query_rows(soql, path))

    def _without(self, path: Path, out: Path) -> Path:
        lines = [line for line in path.read_text().splitlines(keepends=True) if not any(each in line for each in self._forgotten)]
        out.write_text("".join(lines))
        return out


def played(load: Load, client: Any, **account: Any) -> dict[str, Any]:
    """Load the accounts by a client; their part of the summary."""
    plan = {"sobject": "Account", "records": "accounts[]", "external_id": "External_Id__c", "fields": FIELDS, "operation": "upsert"}
    load.mapping = {"Account": {**plan, **account}}
    load.payload = json.dumps({"accounts": ROWS}).encode()
    load.stage()

    def run() -> ports.Run:
        return dataclasses.replace(load.run, salesforce=client)

    load.waited([submit.chunk(run(), "Account", number) for number in cut.first(run(), "Account")["chunks"]])
    while (found := settle.advance(run(), "Account"))["waiting"] or found["not_before"]:
        load.waited(found["waiting"])
        load.clock += 3_600
    ids.learn(run(), "Account")
    told: dict[str, Any] = summarize.close(run(), [])["summary"]["objects"]["Account"]
    return told


def names(load: Load) -> list[str]:
    """The org's accounts."""
    return sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))


def given(load: Load) -> dict[str, str]:
    """Put the accounts into the org, past the loader; their Ids by key."""
    return {each["sourceId"]: load.org.insert("Account", {"Name": each["name"], "External_Id__c": each["sourceId"]}) for each in ROWS}


def test_what_the_org_does_not_have_is_unprocessed_and_goes_again(load: Load) -> None:
    """A job forgot two rows and didn't write them: a round brings them in, each once."""
    found = played(load, Forgetful(load.org.client(), "K1", "K3"))
    assert ([each["name"] for each in ROWS], 5, 2) == (names(load), found["succeeded"], len(found["jobs"]))


def test_what_the_org_has_stays_in_doubt_and_says_why(load: Load) -> None:
    """Its key is there, by this job or from before: nobody may guess, nothing is sent again."""
    found = played(load, Forgetful(load.org.client(), "K1", "K3", stored=True))
    assert (5, 3, 2, 1) == (len(names(load)), found["succeeded"], found["in_doubt"], len(found["jobs"]))
    listed = load.listed(found["files"]["in_doubt"])
    assert [("K1", True), ("K3", True)] == [(each["External_Id__c"], "the org has a record of its key" in each["error"]) for each in listed]


@pytest.mark.parametrize(("stored", "expected"), [(False, (5, 0, 2, [])), (True, (4, 1, 1, []))])
def test_a_delete_without_result_is_judged_the_other_way_round(load: Load, stored: bool, expected: tuple[Any, ...]) -> None:
    """A record that is still there wasn't deleted and goes again; one that isn't there is in doubt."""
    there = given(load)
    client = Forgetful(load.org.client(), there["K1"], stored=stored)
    found = played(load, client, operation="delete", fields={"External_Id__c": "sourceId"})
    assert expected == (found["succeeded"], found["in_doubt"], len(found["jobs"]), names(load))


def test_an_org_that_cannot_be_asked_leaves_the_doubt(load: Load) -> None:
    """The refusal stands beside the row, and the load goes on."""
    found = played(load, Forgetful(load.org.client(), "K1", asked=False))
    (row,) = load.listed(found["files"]["in_doubt"])
    assert (4, "K1", True) == (found["succeeded"], row["External_Id__c"], "the org can't be asked" in row["error"])


@pytest.mark.parametrize("there", [False, True])
def test_rows_beyond_a_daily_limit_are_asked_for(load: Load, there: bool) -> None:
    """They have no result at all: those whose key the org hasn't are unprocessed, and no round is worth it."""
    if there:
        load.org.insert("Account", {"Name": "old", "External_Id__c": "K10004"})
    rows = [{"name": f"a{n}", "sourceId": f"K{n}"} for n in range(10_010)]
    load.mapping["Account"]["canary_rows"] = 0
    load.mapping.pop("Contact")
    load.payload = json.dumps({"accounts": rows}).encode()
    load.stage()
    load.org.behave(daily_batches=1)
    load.sent("Account", load.cut("Account"))
    found = summarize.close(load.run, [])["summary"]["objects"]["Account"]
    assert (10_000, 10 - there, int(there), 1) == (found["succeeded"], found["unprocessed"], found["in_doubt"], len(found["jobs"]))
    assert all(each["error"].startswith("ExceededQuota") for each in load.listed(found["files"]["unprocessed"]))


def test_a_delete_of_an_undo_without_result_is_asked_for_too(load: Load) -> None:
    """The record is still there, so the undo's next round deletes it; nothing of the plan's object is needed for that."""
    undoings.family(load)
    dry = undoings.planned(load)
    (first, *_) = load.org.query("SELECT Id FROM Contact")
    client = Forgetful(load.org.client(), first["Id"])
    while (found := undo.act(dataclasses.replace(undoings.by(load), salesforce=client), "run", dry["number"]))["summary"] is None:
        load.waited(found["waiting"])
        load.clock += 3_600 if found["not_before"] else 0
    assert ([], []) == (load.org.query("SELECT Id FROM Contact"), load.org.query("SELECT Id FROM Account"))
