"""What later runs wrote and read: by the same field of the same sobject, whatever it was called, however it compares keys."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from include.bulkload.basics import tables
from include.bulkload.steps import journal, later_runs
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads, org

if TYPE_CHECKING:
    from include.bulkload.match import newer

B_FAILS = [{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}]
ACCOUNTS = Path(org.__file__).parents[2] / "include" / "local_org" / "schema" / "objects" / "Account.json"


def first(load: Load, key: str = "External_Id__c") -> None:
    """A night that lost the account b; the rule is mended."""
    load.mapping = {"Account": account(key)}
    load.payload = json.dumps({"accounts": [{"name": "a", "sourceId": "a"}, {"name": "b", "sourceId": "b"}]}).encode()
    load.org.behave(row_faults=B_FAILS)
    load.whole()
    load.org.behave(row_faults=[])


def account(key: str) -> dict[str, object]:
    """The object, known by a field."""
    fields = {"Name": "name", key: "sourceId"}
    return {"sobject": "Account", "records": "accounts[]", "operation": "upsert", "external_id": key, "fields": fields}


def night(load: Load, name: str, **mapping: dict[str, object]) -> None:
    """A later night, whose source has a newer B."""
    later = dataclasses.replace(load, name=f"{name}.json", run_name=name, mapping=mapping)
    later.payload = json.dumps({"accounts": [{"name": f"newer, {name}", "sourceId": "B"}]}).encode()
    later.whole()
    load.clock = later.clock


def known(load: Load) -> list[list[str]]:
    """The keys that later runs wrote, and those that they read."""
    opened = journal.opened(load.run)
    return [read(found(load.run, opened)["Account"]) for found in (later_runs.written, later_runs.named)]


def read(files: list[newer.Keys]) -> list[str]:
    """All keys of these files."""
    with duckdb.connect(":memory:") as con:
        return [key for each in files for (key,) in con.execute(f"SELECT key FROM {tables.parquet(each.file)}").fetchall()]


def test_keys_of_another_field_say_nothing(load: Load) -> None:
    """The plan knows its accounts by another field since: the older row isn't superseded, nor named by that source; renamed it is."""
    first(load)
    night(load, "other", Account=account("Case_Key__c"))
    assert [[], []] == known(load)
    found = replays.replayed(load)["chosen"]["Account"]
    assert (1, 0) == (found["send"], found["superseded"])
    assert ["a", "b", "newer, other"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))
    night(load, "renamed", Firms=account("External_Id__c"))
    assert [["b"], ["b"]] == known(load)


def test_a_field_that_tells_case_no_more_supersedes_in_any_case(tmp_path: Path) -> None:
    """What was another key is the same one now: sent, the older row would be written over the newer."""
    schema = tmp_path / "schema"
    schema.mkdir()
    described = json.loads(ACCOUNTS.read_text("utf-8"))
    for field in described["fields"]:
        field.update({"caseSensitive": False} if field["name"] == "Case_Key__c" else {})
    (schema / ACCOUNTS.name).write_text(json.dumps(described))
    with org.running(tmp_path, "--control") as started:
        load = Load(tmp_path, loads.LocalOrg(started))
        first(load, "Case_Key__c")
    with org.running(tmp_path, "--control", "--schema", str(schema)) as started:
        load.org = loads.LocalOrg(started)
        night(load, "later", Account=account("Case_Key__c"))
        found = replays.replayed(load)["chosen"]["Account"]
        assert (0, 1) == (found["send"], found["superseded"])
        assert ["a", "newer, later"] == sorted(each["Name"] for each in load.org.query("SELECT Name FROM Account"))
