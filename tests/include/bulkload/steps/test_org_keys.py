"""Keys looked up in a local org: every kind of key finds its records, by lists and by reading the object as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import entities, tables
from include.bulkload.steps import org_keys

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

Rule = entities.KeyRule
AWKWARD = ["it's", "back\\slash", 'a "quote"', "two\nlines", "ta\tb", "É", "plain", "007", "%", "\\'"]


def stored(load: Load, sobject: str, fields: str, rows: list[str]) -> None:
    """Insert records by a job."""
    path = load.root / "rows.csv"
    path.write_text(fields + "\n" + "".join(f"{row}\n" for row in rows), "utf-8")
    org = load.org.client()
    job_id = org.create_job(sobject, "insert", None)
    org.upload(job_id, path)
    org.close(job_id)
    while (seen := org.job(job_id))["state"] not in {"JobComplete", "Failed"}:
        pass
    assert (len(rows), 0) == (seen["numberRecordsProcessed"], seen["numberRecordsFailed"])


def cell(text: str) -> str:
    """Write a CSV cell."""
    return '"' + text.replace('"', '""') + '"'


def looked_up(load: Load, sobject: str, field: str, rule: entities.KeyRule, texts: list[str]) -> dict[str, tuple[str, bool]]:
    """Look texts up; key → Id, twice."""
    run = load.run
    keys, out = run.scratch / "keys.parquet", run.scratch / "found.parquet"
    with tables.connect(run.limits) as con:
        con.execute("CREATE TABLE given AS SELECT unnest(?::VARCHAR[]) AS text", [texts])
        tables.write_parquet(con, f"SELECT {tables.folded('text', rule)} AS key, text FROM given", keys)
        count = org_keys.found(run, sobject, field, rule, keys, out)
        found: list[tuple[Any, ...]] = con.execute(f"SELECT key, sf_id, twice FROM {tables.parquet(out)}").fetchall()
    assert count == len(found)
    return {key: (sf_id, twice) for key, sf_id, twice in found}


def ids(load: Load, field: str, sobject: str = "Account") -> dict[Any, str]:
    """What the org itself says: value → Id."""
    return {each[field]: each["Id"] for each in load.org.query(f"SELECT Id, {field} FROM {sobject}")}


def test_awkward_keys_are_found(load: Load) -> None:
    """Quotes, backslashes, newlines; what isn't there isn't found."""
    stored(load, "Account", "Name,External_Id__c", [f"a,{cell(text)}" for text in AWKWARD])
    found = looked_up(load, "Account", "External_Id__c", Rule.CASELESS, [*AWKWARD, "PLAIN ", "nobody"])
    assert {text.lower(): (sf_id, False) for text, sf_id in ids(load, "External_Id__c").items()} == found


def test_each_field_compares_in_its_own_way(load: Load) -> None:
    """By case or without, as numbers, as e-mail, as Ids of 15 and 18 characters."""
    stored(load, "Account", "Name,Case_Key__c,Number_Key__c", ["a,Key,912260031", "b,KEY,15"])
    stored(load, "Contact", "LastName,Email", ["c,Ann@b.CD"])
    by_case, numbers = ids(load, "Case_Key__c"), ids(load, "Number_Key__c")
    assert {"KEY": (by_case["KEY"], False)} == looked_up(load, "Account", "Case_Key__c", Rule.EXACT, ["KEY", "key"])
    assert {"912260031.0": (numbers[912260031], False), "15.0": (numbers[15], False)} == looked_up(
        load, "Account", "Number_Key__c", Rule.NUMBER, ["9.12260031E8", "1.5e1", "2"]
    )
    ((email, contact),) = ids(load, "Email", "Contact").items()
    assert {email.lower(): (contact, False)} == looked_up(load, "Contact", "Email", Rule.CASELESS, [" ANN@B.cd", "x@y.zz"])
    own = by_case["Key"]
    gone = own[:14] + ("A" if own[14] != "A" else "B")
    assert {own[:15]: (own, False)} == looked_up(load, "Account", "Id", Rule.RECORD_ID, [own, own[:15], gone, "no id"])


def test_a_key_of_two_records_is_marked(load: Load) -> None:
    """Nobody can say which of them is meant."""
    stored(load, "Account", "Name,Loose_Key__c", ["a,one", "b,two", "c,two"])
    found = looked_up(load, "Account", "Loose_Key__c", Rule.EXACT, ["one", "two"])
    assert {"one": False, "two": True} == {key: twice for key, (_, twice) in found.items()}


def asked(load: Load) -> int:
    """How many query jobs were created."""
    return load.org.calls().get("POST /services/data/v66.0/jobs/query", 0)


@pytest.mark.parametrize(("records", "jobs"), [(300, 1), (4_000, 1)], ids=["by a list", "as a whole"])
def test_many_keys_are_found_by_few_jobs(load: Load, records: int, jobs: int) -> None:
    """One list asks for a few; for many the object is read as a whole, which is one job too; nothing else comes along."""
    rows = [f"{number:040d}" for number in range(records)]
    stored(load, "Account", "Name,External_Id__c", [f"a,{text}" for text in rows])
    found = looked_up(load, "Account", "External_Id__c", Rule.CASELESS, [*rows[:-1], *(f"x{text}" for text in rows)])
    assert (rows[:-1], jobs) == (sorted(found), asked(load))
    ((sf_id, _), *_) = found.values()
    assert ["001"] == list({sf_id[:3] for sf_id, _ in found.values()})
    (own,) = load.org.query(f"SELECT External_Id__c FROM Account WHERE Id = '{sf_id}'")
    assert (sf_id, False) == found[own["External_Id__c"]]


def test_deleted_records_are_not_found(load: Load) -> None:
    """Their key may be given to another one."""
    stored(load, "Account", "Name,External_Id__c", ["a,gone", "b,there"])
    known = ids(load, "External_Id__c")
    load.org.remove("Account", known["gone"])
    assert {"there": (known["there"], False)} == looked_up(load, "Account", "External_Id__c", Rule.CASELESS, ["gone", "there"])


def test_no_keys_ask_nothing(load: Load) -> None:
    """Blank ones are none."""
    assert ({}, 0) == (looked_up(load, "Account", "External_Id__c", Rule.CASELESS, ["", "  "]), asked(load))
