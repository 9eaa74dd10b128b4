"""Fields that are called as columns of our own files are: they are loaded, listed and sent again like any others."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.intake import lists
from include.local_org import schema
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads, org

if TYPE_CHECKING:
    from collections.abc import Iterator

# Columns of ours in staged, ready, result and looked-up files, as a field might be called; and those of our lists.
OURS = ["Key", "Nth", "Reason", "Filtered", "LineEndings", "EdgeBlanks", "EmailCase", "Size", "Upto", "Fate", "Created", "To0", "As0"]
SEEN = ["Text", "Twice", "Own", "Wave", "Cells", "Links", "Edited", "Cut", "Layer", "Now", "Was", "State", "Our0", "Was0"]
LISTED = ["Place", "Error", "Field", "Depth", "Act", "Why"]
NAMES = [*OURS, *SEEN, *LISTED]
REFUSED = [{"object": "Case", "field": "Subject", "value": "refused", "error": "SOME_RULE:no:--"}]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """A run against an org whose cases have all these fields."""
    described = json.loads((Path(schema.__file__).parent / "objects" / "Case.json").read_text("utf-8"))
    known = {each["name"] for each in described["fields"]}
    described["fields"] += [{"name": name, "label": name, "length": 255} for name in NAMES if name not in known]
    (tmp_path / "schema").mkdir()
    (tmp_path / "schema" / "Case.json").write_text(json.dumps(described), "utf-8")
    with org.running(tmp_path, "--control", "--schema", str(tmp_path / "schema")) as started:
        yield Load(tmp_path, loads.LocalOrg(started))


def cells(of: str) -> dict[str, str]:
    """What a case holds in all these fields."""
    return {name: f"{name} of {of}" for name in NAMES}


def plan_of(load: Load, rows: dict[str, dict[str, str]], **more: Any) -> None:
    """Cases below cases, by key, and the same rows as cases without a key."""
    load.payload = json.dumps({"cases": [{"id": key, **cells(key), **row} for key, row in rows.items()]}).encode()
    fields = {name: name for name in ("Subject", *NAMES)}
    load.mapping = {
        "Case": {
            "sobject": "Case",
            "records": "cases[]",
            "operation": "upsert",
            "external_id": "External_Id__c",
            **more,
            "fields": {"External_Id__c": "id", **fields},
            "parents": {"ParentId": {"object": "Case", "by": "key", "from": "above"}},
        },
        "Note": {"sobject": "Case", "records": "cases[]", "operation": "insert", "fields": fields, "retry_rounds": 0},
    }


def held(load: Load, key: str | None) -> list[dict[str, str]]:
    """What the org holds of cases with a key, or of those without one, in all these fields."""
    condition = f"= '{key}'" if key else "= null"
    found = load.org.query(f"SELECT {', '.join(NAMES)} FROM Case WHERE External_Id__c {condition}")
    return sorted(({name: each[name] for name in NAMES} for each in found), key=lambda each: each["Key"])


def shown(row: dict[str, str]) -> dict[str, str]:
    """The cells of a row of a list: those called as a column of ours have their object before them."""
    return {name: row[f"Case.{name}" if name.lower() in lists.OURS else name] for name in NAMES}


def test_they_are_loaded_listed_and_sent_again(load: Load) -> None:
    """One refused, its child an orphan, one rejected for its value, one without a key: each list has every cell under its own name."""
    rows = {"a": {"Subject": "fine"}, "b": {"Subject": "refused"}, "c": {"above": "b"}, "d": {"Subject": "x" * 300}}
    plan_of(load, rows)
    load.org.behave(row_faults=REFUSED)
    objects = load.whole()["summary"]["objects"]
    load.org.behave(row_faults=[])
    assert ([cells("a")], [cells("a"), cells("c")]) == (held(load, "a"), held(load, None))
    told = {(name, fate): load.listed(uri) for name, each in objects.items() for fate, uri in each["files"].items()}
    expected = {("Case", "failed"): ["b"], ("Case", "orphaned"): ["c"], ("Case", "rejected"): ["d"]}
    expected |= {("Note", "failed"): ["b"], ("Note", "rejected"): ["d"]}
    assert {what: [cells(key) for key in keys] for what, keys in expected.items()} == {
        what: [shown(row) for row in found] for what, found in told.items()
    }
    assert ["SOME_RULE:no:--"] * 2 == [told[name, "failed"][0]["error"] for name in ("Case", "Note")]
    found = replays.replayed(load, file=replays.copied(load, told["Case", "failed"], Reason="edited", **{"Case.Error": "edited too"}))
    assert {"send": 2} == {"send": found["chosen"]["Case"]["send"]}
    assert ([cells("b") | {"Reason": "edited", "Error": "edited too"}], [cells("c")]) == (held(load, "b"), held(load, "c"))


def test_they_are_compared_kept_and_verified(load: Load) -> None:
    """What a record held before, what a later run need not send, what the org holds in the end: none of it mixes them up."""
    before = load.org.insert("Case", {"External_Id__c": "a", **cells("before")})
    plan_of(load, {"a": {}, "b": {"above": "a"}}, changed_only=True, keep_before=True)
    load.more = {"verify": True}
    del load.mapping["Note"]
    found = load.whole()["summary"]["objects"]["Case"]
    assert (2, 1, 1) == (found["succeeded"], found["created"], found["updated"])
    assert {"rows": 2} == {name: found["verified"][name] for name in found["verified"] if name != "notChecked"}
    later = dataclasses.replace(load, run_name="later").whole()["summary"]["objects"]["Case"]
    assert (2, 0) == (later["unchanged"], later["submitted"])
    assert [before] == [each["Id"] for each in load.org.query("SELECT Id FROM Case WHERE External_Id__c = 'a'")]
