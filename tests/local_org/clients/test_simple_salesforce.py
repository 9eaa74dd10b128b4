"""simple-salesforce, unmodified, over HTTPS with a real certificate check, through the proxy → the right rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
import requests
import simple_salesforce

from tests.local_org.clients import awkward

AWKWARD = list(awkward.TEXTS)
# Its own pause is 5 s, longer than the org needs.
SOON = 0.02


@pytest.fixture
def session(started: dict[str, Any]) -> requests.Session:
    """HTTP that trusts the org's CA and reaches Salesforce's host names through the org's proxy."""
    made = requests.Session()
    made.trust_env = False
    made.verify = started["ca_file"]
    made.proxies = {"https": started["proxy_url"]}
    return made


@pytest.fixture
def simple(started: dict[str, Any], session: requests.Session) -> simple_salesforce.Salesforce:
    """simple-salesforce after a SOAP login at login.salesforce.com."""
    return simple_salesforce.Salesforce(
        username=started["username"], password=started["password"], security_token=started["security_token"], session=session
    )


def names(simple: simple_salesforce.Salesforce, prefix: str) -> list[str]:
    """Names of the accounts with keys of ours, as the org holds them."""
    found = simple.query_all(f"SELECT Name FROM Account WHERE External_Id__c LIKE '{prefix}%'")
    return sorted(each["Name"] for each in found["records"])


def test_simple_salesforce_loads_awkward_text(simple: simple_salesforce.Salesforce) -> None:
    """insert, then query: each text arrives as it left."""
    records = [{"External_Id__c": f"ss-{n}", "Name": text} for n, text in enumerate(AWKWARD)]
    (told,) = simple.bulk2.Account.insert(records=records, wait=SOON)
    assert (len(AWKWARD), 0) == (told["numberRecordsProcessed"], told["numberRecordsFailed"])
    assert sorted(AWKWARD) == names(simple, "ss-")


def test_simple_salesforce_upserts_updates_and_deletes(simple: simple_salesforce.Salesforce) -> None:
    """By key, then by Id; what it downloads says what happened."""
    rows = [{"External_Id__c": f"up-{n}", "Name": f"n{n}"} for n in range(3)]
    (first,) = simple.bulk2.Account.upsert(records=rows, external_id_field="External_Id__c", wait=SOON)
    (second,) = simple.bulk2.Account.upsert(records=rows, external_id_field="External_Id__c", wait=SOON)
    created = [
        [row["sf__Created"] for row in csv.DictReader(simple.bulk2.Account.get_successful_records(told["job_id"]).splitlines())]
        for told in (first, second)
    ]
    assert [["true"] * 3, ["false"] * 3] == created
    found = simple.query("SELECT Id FROM Account WHERE External_Id__c LIKE 'up-%'")["records"]
    (changed,) = simple.bulk2.Account.update(records=[{"Id": each["Id"], "Name": "same"} for each in found], wait=SOON)
    assert (0, ["same"] * 3) == (changed["numberRecordsFailed"], names(simple, "up-"))
    simple.bulk2.Account.delete(records=[{"Id": each["Id"]} for each in found], wait=SOON)
    assert [] == names(simple, "up-")


def test_simple_salesforce_reads_the_refused_rows(simple: simple_salesforce.Salesforce) -> None:
    """One good row, one bad one: the error stands beside it."""
    records = [{"LastName": "fine", "Birthdate": "2001-02-03"}, {"LastName": "bad", "Birthdate": "soon"}]
    (told,) = simple.bulk2.Contact.insert(records=records, wait=SOON)
    (failed,) = csv.DictReader(simple.bulk2.Contact.get_failed_records(told["job_id"]).splitlines())
    assert ("bad", True) == (failed["LastName"], failed["sf__Error"].startswith("INVALID_FIELD:Failed to deserialize field at col "))


def test_simple_salesforce_queries_in_bulk(simple: simple_salesforce.Salesforce) -> None:
    """All pages of a query job, text as it was stored."""
    simple.bulk2.Account.insert(records=[{"External_Id__c": f"bq-{n}", "Name": text} for n, text in enumerate(AWKWARD)], wait=SOON)
    pages = simple.bulk2.Account.query("SELECT Name FROM Account WHERE External_Id__c LIKE 'bq-%'", max_records=4, wait=SOON)
    assert sorted(AWKWARD) == sorted(row["Name"] for page in pages for row in csv.DictReader(io.StringIO(page, newline="")))


def test_simple_salesforce_downloads(simple: simple_salesforce.Salesforce, tmp_path: Path) -> None:
    """A query job's pages as files: the same text, nothing twice."""
    simple.bulk2.Account.insert(records=[{"External_Id__c": f"dl-{n}", "Name": text} for n, text in enumerate(AWKWARD)], wait=SOON)
    query = "SELECT Name FROM Account WHERE External_Id__c LIKE 'dl-%'"
    told = simple.bulk2.Account.download(query, path=str(tmp_path), max_records=4, wait=SOON)
    files = [Path(each["file"]).read_bytes().decode() for each in told]
    assert sorted(AWKWARD) == sorted(row["Name"] for text in files for row in csv.DictReader(io.StringIO(text, newline="")))


def test_simple_salesforce_describes(simple: simple_salesforce.Salesforce) -> None:
    """The objects of a sales org, and a field's properties."""
    assert {"Account", "Opportunity", "Invoice_Line__c"} <= {each["name"] for each in simple.describe()["sobjects"]}
    fields = {each["name"]: each for each in simple.Account.describe()["fields"]}
    assert (True, True, False) == tuple(fields["External_Id__c"][name] for name in ("externalId", "unique", "caseSensitive"))


def test_an_unknown_certificate_is_refused(started: dict[str, Any], tmp_path: Path) -> None:
    """Without the org's CA nobody gets through: the check is real."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = {"https": started["proxy_url"]}
    with pytest.raises(requests.exceptions.SSLError):
        session.get("https://login.salesforce.com/services/data", timeout=10)
