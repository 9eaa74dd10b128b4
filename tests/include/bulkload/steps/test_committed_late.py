"""A chunk that an aborted job committed late → its Ids, its links, `verify`, and the records that were stored twice are found."""

from __future__ import annotations

import collections
import json
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from include.bulkload.steps import submit, summarize
from tests.include.bulkload.steps import replays, test_aborted, test_verify, test_waves
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def late(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """An account is loaded; the job of its contacts, which have no key, hasn't begun."""
    return test_aborted.contacts_cut(tmp_path, local_org)


def test_a_row_that_two_jobs_stored_is_red_and_both_records_are_listed(late: Load) -> None:
    """The chunk lands after a replay has sent its keyless rows: nobody can keep it from that, but the next summary knows."""
    aborted = test_aborted.collected(late)
    summarize.close(late.run, [])
    assert replays.replayed(late)["clean"]
    test_aborted.land(late)
    found = [summarize.close(late.run, []) for _ in range(2)]
    contacts = found[0]["summary"]["objects"]["Contact"]
    assert (False, 3, 3, "COMPLETED_WITH_ERRORS") == (
        found[0]["clean"],
        contacts["storedTwice"],
        contacts["succeeded"],
        found[0]["summary"]["status"],
    )
    assert "3 rows were stored twice" in found[0]["why"][0]
    assert found[0] == found[1]
    listed = late.listed(contacts["files"]["storedTwice"])
    there = {each["Id"]: each["LastName"] for each in late.org.query("SELECT Id, LastName FROM Contact")}
    assert there == {row["sf_id"]: row["LastName"] for row in listed}
    assert {aborted: 3, contacts["jobs"][-1]["id"]: 3} == collections.Counter(row["job_id"] for row in listed)
    jsonschema.validate(found[0]["summary"], json.loads(test_verify.SCHEMA.read_text("utf-8")))


def accounts(folder: Path, local_org: loads.LocalOrg, **link: Any) -> Load:
    """An account and its parent, loaded and summed up; the first job was aborted, and collected while its chunk was in flight."""
    org = test_aborted.LateOrg(local_org.started)
    org.flight = test_aborted.Flight()
    parents = {"ParentId": {"object": "Account", "from": "parent", **link}}
    load = Load(folder, org, mapping={"Account": {**test_waves.ACCOUNT, "parents": parents}})
    load.payload = json.dumps({"accounts": [{"name": "p", "sourceId": "p"}, {"name": "q", "sourceId": "q", "parent": "p"}]}).encode()
    load.stage()
    load.cut("Account")
    load.run.salesforce.abort(submit.chunk(load.run, "Account", 0))
    load.settled("Account")
    load.learned("Account")
    summarize.close(load.run, [])
    test_aborted.land(load)
    return load


def test_a_row_below_one_that_was_committed_late_goes_by_the_first_replay(tmp_path: Path, local_org: loads.LocalOrg) -> None:
    """Layers of one object: the first one's job landed after its Ids were learnt."""
    load = accounts(tmp_path, local_org)
    assert replays.replayed(load)["clean"]
    assert {"p": None, "q": "p"} == test_waves.parents(load)


def test_a_link_of_what_was_committed_late_is_a_replays(tmp_path: Path, local_org: loads.LocalOrg) -> None:
    """The second pass had come and gone when the record landed: nothing is sent whole, its link is set."""
    load = accounts(tmp_path, local_org, cut=True)
    found = replays.replayed(load)
    assert (0, 1, True) == (*(found["chosen"]["Account"][how] for how in ("send", "links")), found["clean"])
    assert {"p": None, "q": "p"} == test_waves.parents(load)


def test_a_link_of_what_was_committed_late_is_set_by_a_clear(tmp_path: Path, local_org: loads.LocalOrg) -> None:
    """The summary that finds the record is red and names it, and `verify` doesn't count it; a second second pass is for it alone."""
    load = accounts(tmp_path, local_org, cut=True)
    load.more = {"verify": True}
    found = summarize.close(load.run, [])
    account = found["summary"]["objects"]["Account"]
    assert (False, 1, 1) == (found["clean"], account["succeeded"], account["failed"])
    assert any("1 records lack a link" in sentence for sentence in found["why"])
    load.settled("Account")
    assert (True, {"p": None, "q": "p"}) == (summarize.close(load.run, [])["clean"], test_waves.parents(load))


def test_what_was_committed_late_is_verified_anew(late: Load) -> None:
    """Nothing had succeeded when the org was asked first, and one of the late records is gone by the second time."""
    late.more = {"verify": True}
    late.run_name = "verified"
    late.sent("Account", late.split())
    late.ids()
    late.cut("Contact")
    test_aborted.collected(late)
    assert {"rows": 0} == summarize.close(late.run, [])["summary"]["objects"]["Contact"]["verified"]
    test_aborted.land(late)
    local = loads.LocalOrg(late.org.started)
    local.remove("Contact", local.query("SELECT Id FROM Contact WHERE LastName = 'c0'")[0]["Id"])
    found = summarize.close(late.run, [])
    told = found["summary"]["objects"]["Contact"]["verified"]
    assert (False, 3, 1) == (found["clean"], told["rows"], told["missing"])
