"""What an org says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.salesforce import client, org
from tests.include.salesforce.conftest import refused, said

if TYPE_CHECKING:
    from tests.include.salesforce import conftest


@pytest.mark.parametrize(
    ("short", "expected"),
    [("001D000000IqhSL", "001D000000IqhSLIAZ"), ("750ak000009BWKL", "750ak000009BWKLAA4"), ("000000000000000", "000000000000000AAA")],
)
def test_an_id_gets_its_checksum(short: str, expected: str) -> None:
    """Eighteen characters, which also differ where case is ignored (contract 7.7)."""
    assert [expected, expected] == [org.long_id(short), org.long_id(expected)]


@pytest.mark.parametrize("wrong", ["", "None", "00D" * 4, "00D-00000000000", "é" * 15])
def test_what_is_no_id_is_a_fault(wrong: str) -> None:
    """An answer without an id isn't taken for an org."""
    with pytest.raises(errors.NetworkFault):
        org.long_id(wrong)


def test_the_org_tells_its_id(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Asked by query, which every user may."""
    server.script += [said({"done": True, "records": [{"Id": "00D000000000001"}]})]
    assert "00D000000000001EAA" == scripted.org_id()
    assert ["GET query?q=SELECT+Id%2C+IsSandbox+FROM+Organization"] == server.lines()


def test_a_query_reads_all_its_pages(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Page by page, each on the host that the login named."""
    first = {"done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-2000", "records": [{"n": 1}, {"n": 2}]}
    server.script += [said(first), said({"done": True, "records": [{"n": 3}]})]
    assert [{"n": 1}, {"n": 2}, {"n": 3}] == list(scripted.query("SELECT n FROM X"))
    assert "GET query/01g-2000" == server.lines()[1]


def test_a_query_is_not_led_away(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The answer's nextRecordsUrl isn't trusted with the token."""
    server.script += [said({"done": False, "nextRecordsUrl": "https://evil.example/", "records": []})]
    with pytest.raises(errors.NetworkFault):
        list(scripted.query("SELECT n FROM X"))


def test_an_unknown_object_is_refused_with_404(server: conftest.Server, scripted: client.BulkClient) -> None:
    """What the steps' port promises."""
    server.script += [refused(404, "NOT_FOUND", "The requested resource does not exist")]
    with pytest.raises(errors.RequestRefused) as found:
        scripted.describe("Nope__c")
    assert (404, "GET sobjects/Nope__c/describe") == (found.value.status, server.lines()[0])


def test_limits_are_asked_for(server: conftest.Server, scripted: client.BulkClient) -> None:
    """A flat object of Max and Remaining."""
    server.script += [said({"DailyApiRequests": {"Max": 5, "Remaining": 4}})]
    assert {"DailyApiRequests": {"Max": 5, "Remaining": 4}} == scripted.limits()


def test_the_list_of_jobs_reads_all_its_pages(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Page by page, each on the host that the login named; the last one names none."""
    following = "/services/data/v66.0/jobs/ingest?queryLocator=01gRM000000NS1vYAG-1000"
    server.script += [said({"done": False, "nextRecordsUrl": following, "records": [{"id": "1"}]})]
    server.script += [said({"done": True, "nextRecordsUrl": None, "records": [{"id": "2"}]})]
    assert ["1", "2"] == [each["id"] for each in scripted.jobs()]
    assert ["GET jobs/ingest?jobType=V2Ingest", "GET jobs/ingest?queryLocator=01gRM000000NS1vYAG-1000"] == server.lines()


def test_the_list_of_jobs_is_not_led_away(server: conftest.Server, scripted: client.BulkClient) -> None:
    """The answer's nextRecordsUrl isn't trusted with the token."""
    server.script += [said({"done": False, "nextRecordsUrl": "https://evil.example/jobs/ingest?queryLocator=1", "records": []})]
    with pytest.raises(errors.NetworkFault):
        list(scripted.jobs())
