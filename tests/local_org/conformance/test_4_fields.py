"""Sections 2.1.2, 4.2 and 4.4 on objects and fields that the local org has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

pytestmark = pytest.mark.local


@pytest.mark.real
def test_4_4_a_restricted_picklist_takes_its_own_values_only(salesforce: Salesforce) -> None:
    """An unrestricted one takes anything."""
    job = salesforce.run(f"Name,Tier__c\n{salesforce.key('gold')},Gold\n{salesforce.key('tin')},Tin\n")
    said = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Tier: bad value for restricted picklist field: Tin:Tier__c --"
    assert [said] == salesforce.errors(job)
    assert 0 == salesforce.run(f"LastName,Tier__c\n{salesforce.key('free')},Tin\n", "Contact")["numberRecordsFailed"]


@pytest.mark.user
def test_4_a_multipicklist_takes_several_of_its_values(salesforce: Salesforce) -> None:
    """With semicolons between; one that isn't among them refuses the row."""
    key = salesforce.key("mp")
    rows = "".join(f"{key},{value}\n" for value in ("Golf;Wine", "Golf;Chess"))
    job = salesforce.run(f"LastName,Interests__c\n{rows}", "Contact")
    assert 1 == job["numberRecordsFailed"]
    (refused,) = salesforce.rows(job, "failedResults")
    assert refused["sf__Error"].startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST:Interests:")
    (kept,) = salesforce.query(f"SELECT Interests__c FROM Contact WHERE LastName = '{key}'")
    assert "Golf;Wine" == kept["Interests__c"]


@pytest.mark.known
def test_4_4_a_number_has_a_range(salesforce: Salesforce) -> None:
    """Precision less scale."""
    job = salesforce.run(f"Name,AnnualRevenue\n{salesforce.key('rich')},1E20\n")
    said = "NUMBER_OUTSIDE_VALID_RANGE:Annual Revenue: value outside of valid range on numeric field: 1.0E20:AnnualRevenue --"
    assert [said] == salesforce.errors(job)


@pytest.mark.real
@pytest.mark.parametrize(
    ("header", "end"),
    [
        ("Lead:Who.External_Id__c", "JobComplete"),
        ("Who.External_Id__c", "Failed"),
        ("Account:Who.External_Id__c", "Failed"),
        ("Who:Lead.External_Id__c", "Failed"),
    ],
)
def test_4_2_a_polymorphic_lookup_names_its_type_first(salesforce: Salesforce, header: str, end: str) -> None:
    """Task.Who is a contact or a lead."""
    job = salesforce.run(f"Subject,{header}\nx,nobody\n", "Task")
    assert (end, 1 if end == "JobComplete" else 0) == (job["state"], job["numberRecordsFailed"])


@pytest.mark.user
def test_4_4_a_master_detail_parent_is_needed_and_stays(salesforce: Salesforce) -> None:
    """A line without its invoice is refused, and so is one that changes it."""
    for name in ("i1", "i2"):
        salesforce.run(
            f"External_Id__c,Name\n{salesforce.key(name)},{name}\n", "Invoice__c", "upsert", externalIdFieldName="External_Id__c"
        )
    head, key = "External_Id__c,Name,Invoice__r.External_Id__c", salesforce.key("line")
    jobs = [
        salesforce.run(f"{head}\n{key},l,{parent}\n", "Invoice_Line__c", "upsert", externalIdFieldName="External_Id__c")
        for parent in ("", salesforce.key("i1"), salesforce.key("i2"))
    ]
    assert [1, 0, 1] == [job["numberRecordsFailed"] for job in jobs]


@pytest.mark.doc
def test_2_1_2_a_case_sensitive_key_tells_case_apart(salesforce: Salesforce) -> None:
    """And a number key is found however it is written."""
    key = salesforce.key("cs")
    more = {"externalIdFieldName": "Case_Key__c"}
    jobs = [salesforce.run(f"Case_Key__c,Name\n{each},{key}\n", operation="upsert", **more) for each in (key, key.upper())]
    number = salesforce.number()
    jobs += [
        salesforce.run(f"Number_Key__c,Name\n{each},{key}\n", operation="upsert", externalIdFieldName="Number_Key__c")
        for each in (number, number + ".0")
    ]
    assert ["true", "true", "true", "false"] == [salesforce.rows(job, "successfulResults")[0]["sf__Created"] for job in jobs]
