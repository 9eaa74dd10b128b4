"""Plans with `keep_before` → what the records held before they were changed, row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors, tables
from include.bulkload.intake import plan
from include.bulkload.steps import journal

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

ACCOUNT: dict[str, Any] = {
    "sobject": "Account",
    "records": "accounts[]",
    "operation": "upsert",
    "external_id": "External_Id__c",
    "keep_before": True,
    "fields": {"Name": "name", "BillingCity": "city", "External_Id__c": "sourceId"},
}


def loaded(load: Load, rows: list[dict[str, Any]], **account: Any) -> None:
    """Load accounts."""
    load.mapping = {"Account": {**ACCOUNT, **account}}
    load.payload = json.dumps({"accounts": rows}).encode()
    load.whole()


def kept(load: Load, number: int = 0) -> list[dict[str, Any]]:
    """What a wave kept: one document per row."""
    run = load.run
    wave = journal.waves_of(run, "Account")[number]
    with tables.connect(run.limits) as con:
        found = con.execute(f"SELECT * FROM {tables.parquet(journal.bring(run, wave.notes['before']))} ORDER BY row_id")
        names = [each[0].removeprefix(".") for each in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_only_records_that_exist_have_a_before(load: Load) -> None:
    """One is there, in another case of its key, one isn't: the first is kept as it was, blank field and all."""
    known = load.org.insert("Account", {"Name": "old", "External_Id__c": "K1"})
    loaded(load, [{"name": "new", "city": "Oslo", "sourceId": "k1"}, {"name": "fresh", "sourceId": "K2"}])
    assert [{"row_id": 1, "sf_id": known, "Name": "old", "BillingCity": None, "External_Id__c": "K1"}] == kept(load)


def test_an_update_by_id_keeps_what_its_record_held(load: Load) -> None:
    """The Id itself is no field that changes."""
    known = load.org.insert("Account", {"Name": "old", "BillingCity": "Rome"})
    fields = {"Id": "id", "BillingCity": "city"}
    loaded(load, [{"id": known[:15], "city": "Oslo"}], operation="update", external_id="Id", fields=fields)
    assert [{"row_id": 1, "sf_id": known, "BillingCity": "Rome"}] == kept(load)


@pytest.mark.parametrize("carry", ["id", "relationship"])
def test_a_link_is_kept_as_the_lookup_whatever_carries_it(load: Load, carry: str) -> None:
    """The Id of the parent that it hung on before."""
    first = load.org.insert("Account", {"Name": "first", "External_Id__c": "P1"})
    load.org.insert("Account", {"Name": "second", "External_Id__c": "P2"})
    child = load.org.insert("Account", {"Name": "child", "External_Id__c": "K1", "ParentId": first})
    parents = {"ParentId": {"sobject": "Account", "external_id": "External_Id__c", "from": "parent", "carry": carry}}
    loaded(load, [{"name": "child", "sourceId": "K1", "parent": "P2"}], parents=parents)
    assert [{"row_id": 1, "sf_id": child, "Name": "child", "BillingCity": None, "External_Id__c": "K1", "ParentId": first}] == kept(load)


def test_what_isnt_asked_for_isnt_kept(load: Load) -> None:
    """Without the key no question goes to the org."""
    loaded(load, [{"name": "new", "sourceId": "K1"}], keep_before=False)
    assert "before" not in journal.waves_of(load.run, "Account")[0].notes


def test_an_insert_has_nothing_to_keep() -> None:
    """The plan says so before anything is read."""
    each = {**ACCOUNT, "operation": "insert"}
    del each["external_id"]
    with pytest.raises(errors.PlanError, match=r"objects\.Account\.keep_before: only an upsert or update"):
        plan.plan_from({"name": "x", "source": {"uri": "file:///x"}, "objects": {"Account": each}})
