"""A plan run dry, then for real: what was foreseen is what happens, and the dry run wrote nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import journal, outcome, submit, summarize
from tests.include.bulkload.steps import test_flow, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

CREATES = "POST /services/data/v66.0/jobs/ingest"


def dry(load: Load) -> dict[str, Any]:
    """Run it dry: the same steps; what `summary` returns."""
    load.run_name, load.more = f"dry {load.clock}", {**load.more, "dry_run": True}
    found = load.whole()
    load.run_name, load.more = f"real {load.clock}", {**load.more, "dry_run": False}
    return found


def sent(load: Load, name: str) -> dict[str, int]:
    """What a run sent of an object, by its files: jobs, bytes, batches, rows."""
    standing = outcome.of(load.run, name)
    jobs = [chunk for wave in standing.waves for chunk in wave.chunks if chunk["number"] in standing.jobs]
    files = [journal.bring(load.run, chunk["csv"]).stat().st_size for chunk in jobs]
    batches = sum(-(-chunk["rows"] // 10_000) for chunk in jobs)
    return {"jobs": len(jobs), "bytes": sum(files), "batches": batches, "rows": sum(chunk["rows"] for chunk in jobs)}


def foreseen(found: dict[str, Any], name: str) -> dict[str, int]:
    """What a dry run said of it."""
    return {key: found["summary"]["objects"][name]["forecast"][key] for key in ("jobs", "bytes", "batches", "rows")}


def compared(load: Load, found: dict[str, Any]) -> dict[str, Any]:
    """Run it for real and hold both against each other; the real summary."""
    real = load.whole()
    for name, each in real["summary"]["objects"].items():
        before = found["summary"]["objects"][name]
        assert foreseen(found, name) == sent(load, name), name
        fates = ("source", "rejected", "merged", "filtered", "orphaned", "unchanged")
        assert {fate: before[fate] for fate in fates} == {fate: each[fate] for fate in fates}, name
        assert before["unprocessed"] == each["succeeded"], name
    return dict(real)


def test_a_dry_run_foresees_a_family(load: Load) -> None:
    """Parents by key, children by their parents' Ids, several jobs of each: to the byte; and the org is as it was."""
    accounts = [{"name": f"a{n}", "sourceId": f"K{n}", "contacts": [{"lastName": f"c{n}"}] * (n % 3)} for n in range(60)]
    accounts += [{"name": "no key", "contacts": [{"lastName": "orphan"}]}, accounts[3]]
    load.payload, load.more = json.dumps({"accounts": accounts}).encode(), {"job_bytes": 1_000}
    found = dry(load)
    assert (0, [], []) == (load.org.calls().get(CREATES, 0), load.org.jobs(), load.org.query("SELECT Id FROM Account"))
    account, contact = (found["summary"]["objects"][name] for name in ("Account", "Contact"))
    assert (62, 1, 1, 60) == tuple(account[fate] for fate in ("source", "rejected", "merged", "unprocessed"))
    assert (1, [{"code": "missing key", "rows": 1}]) == (contact["orphaned"], account["topErrors"])
    assert account["forecast"]["jobs"] > 1
    compared(load, found)


def test_a_dry_run_foresees_layers_and_second_passes(load: Load) -> None:
    """A hierarchy with a cycle: a job for each layer, one that sets the link that was cut."""
    rows = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", "nobody")]
    load.mapping = {"Account": test_waves.ACCOUNT}
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    found = dry(load)
    seen = found["summary"]["objects"]["Account"]["forecast"]
    assert (1, [{"field": "ParentId", "object": "Account", "rows": 1, "example": "nobody"}]) == (seen["cutLinks"], seen["dangling"])
    assert [] == load.org.jobs()
    compared(load, found)
    assert {"a": "b", "b": "c", "c": "a", "d": "a"} == test_waves.parents(load)


def test_a_dry_run_reads_the_org_but_never_writes(load: Load) -> None:
    """Keys are looked up by query jobs, which are counted; those that the org doesn't have are rejected, as they will be."""
    load.payload = b'{"accounts": [{"name": "there", "sourceId": "K1"}]}'
    load.run_name = "before"
    load.whole()
    load.mapping["Account"] |= {"operation": "update"}
    del load.mapping["Contact"]
    load.payload = b'{"accounts": [{"name": "new", "sourceId": "K1"}, {"name": "gone", "sourceId": "K2"}]}'
    found = dry(load)
    seen = found["summary"]["objects"]["Account"]
    assert (1, 1, 1, 7 + 4) == (seen["rejected"], seen["unprocessed"], seen["forecast"]["queryJobs"], seen["forecast"]["apiCalls"])
    assert ["there"] == [each["Name"] for each in load.org.query("SELECT Name FROM Account")]
    compared(load, found)


def test_a_dry_run_leaves_no_memory(load: Load) -> None:
    """With `changed_only` it says what would be left out; the next run is none the wiser."""
    load.mapping["Account"]["changed_only"] = True
    load.payload = json.dumps({"accounts": [{"name": f"a{n}", "sourceId": f"K{n}"} for n in range(3)]}).encode()
    load.run_name = "first night"
    load.whole()
    load.payload = json.dumps({"accounts": [{"name": f"a{n or 'changed'}", "sourceId": f"K{n}"} for n in range(4)]}).encode()
    assert load.run.memory is not None
    remembered = load.run.memory.names("")
    found = dry(load)
    assert remembered == load.run.memory.names("")
    assert (2, 2) == tuple(found["summary"]["objects"]["Account"][fate] for fate in ("unchanged", "unprocessed"))
    compared(load, found)


def test_a_clean_dry_run_is_green_and_a_finding_is_not(load: Load) -> None:
    """What would make the real run red makes the dry one red: rows beyond the plan's bounds."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}]}'
    found = dry(load)
    assert ("COMPLETED", True, True, []) == (*(found["summary"][key] for key in ("status", "dryRun")), found["clean"], found["why"])
    load.payload = b'{"accounts": [{"name": "a", "sourceId": " "}, {"name": "b", "sourceId": "K1"}]}'
    load.more = {"dry_run": True}
    load.run_name = "with a finding"
    found = load.whole()
    expected = ["Account: 1 of 2 rows are lost, max_failed allows 0"]
    assert ("COMPLETED_WITH_ERRORS", expected, False) == (*(found["summary"][key] for key in ("status", "findings")), found["clean"])


def test_a_dry_run_finds_all_that_would_stop_the_load(load: Load) -> None:
    """Too many rejected, a payload that was inserted before, a day that is used up: each is told, none hides the others."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}, {"name": "b", "sourceId": " "}]}'
    load.mapping["Account"]["max_failed"] = 1
    load.run_name = "before"
    load.whole()
    load.mapping["Account"]["max_rejected"] = 0
    load.org.behave(daily_batches=3)
    rejected, repeated, limits = dry(load)["summary"]["findings"]
    assert "Account: 1 of 2 rows are rejected, max_rejected allows 0; see its rejected file" == rejected
    assert repeated.startswith("objects.Contact: source has the same content as in the run")
    assert "limits: the load needs 2 batches at least, 1 of 3 are left today; load less, or later" == limits


def test_time_is_foreseen_by_what_earlier_runs_took(load: Load) -> None:
    """Nothing is known of a new org."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    assert dry(load)["summary"]["seconds"] is None
    load.whole()
    found = dry(load)["summary"]
    assert found["objects"]["Account"]["forecast"]["seconds"] > 0
    assert found["objects"]["Account"]["forecast"]["seconds"] == found["seconds"]


def test_nothing_of_a_dry_run_can_be_submitted(load: Load) -> None:
    """Whoever calls it."""
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1"}]}'
    load.more = {"dry_run": True}
    assert [] == load.split()
    with pytest.raises(errors.PlanError, match="nothing of this run is sent"):
        submit.chunk(load.run, "Account", 0)
    assert [] == load.org.jobs()


def test_a_dry_run_that_breaks_says_so(load: Load) -> None:
    """A link that must lead somewhere and doesn't stops it as it will stop the load; nothing after it is lost from the account."""
    load.mapping["Contact"]["parents"] = {"AccountId": {"object": "Account", "from": "boss", "missing": "fail"}}
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c", "boss": "K9"}]}]}'
    load.more = {"dry_run": True}
    load.split()
    load.settled("Account")
    with pytest.raises(errors.MustStop, match="1 rows name a parent by AccountId that has no record"):
        load.cut("Contact")
    found = summarize.close(load.run, ["orphan_filter"])
    assert ("FAILED", 1, 1) == (
        found["summary"]["status"],
        *(found["summary"]["objects"][n]["unprocessed"] for n in ("Account", "Contact")),
    )


@pytest.mark.parametrize("payload", [test_flow.FAMILY, {"accounts": []}])
def test_each_dry_summary_fits_the_schema(load: Load, payload: dict[str, Any]) -> None:
    """It is one of the summaries that programs may rely on."""
    load.payload = json.dumps(payload).encode()
    schema = json.loads((Path(__file__).parents[4] / "docs" / "summary.schema.json").read_text("utf-8"))
    jsonschema.validate(dry(load)["summary"], schema)
