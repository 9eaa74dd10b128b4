"""Section 2.1: what a job may be created with, beyond the ordinary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce


@pytest.mark.user
def test_2_1_1_an_object_that_bulk_does_not_know_is_refused(salesforce: Salesforce) -> None:
    """INVALIDENTITY names it."""
    said = "Entity 'Organization' is not supported by the Bulk API."
    assert [{"errorCode": "INVALIDENTITY", "message": said}] == salesforce.refused(object="Organization", operation="insert")


@pytest.mark.unknown
@pytest.mark.parametrize("body", [{"object": "Account"}, {"object": "Account", "operation": None}])
def test_2_1_1_a_job_without_an_operation_is_refused(salesforce: Salesforce, body: dict[str, Any]) -> None:
    """Left out, or null."""
    assert ["API_ERROR"] == [each["errorCode"] for each in salesforce.refused(**body)]


@pytest.mark.unknown
@pytest.mark.parametrize("body", [{"operation": "insert"}, {"object": None, "operation": "insert"}])
def test_2_1_1_a_job_without_an_object_is_refused(salesforce: Salesforce, body: dict[str, Any]) -> None:
    """As if its name were blank."""
    assert [{"errorCode": "INVALIDJOB", "message": "InvalidJob : Unable to find object: "}] == salesforce.refused(**body)


@pytest.mark.real
def test_2_1_1_a_blank_upsert_key_is_refused(salesforce: Salesforce) -> None:
    """The text has two blanks where its name would be."""
    said = "InvalidJob : Field name provided,  does not match an External ID for Account"
    assert [{"errorCode": "INVALIDJOB", "message": said}] == salesforce.refused(
        object="Account", operation="upsert", externalIdFieldName=""
    )


@pytest.mark.doc
def test_2_1_an_assignment_rule_is_told_where_it_was_given(salesforce: Salesforce) -> None:
    """By jobs of cases and leads, from version 49 on; without one the key is absent."""
    rule = "01Q000000000001"
    given = [salesforce.create(sobject, assignmentRuleId=rule).get("assignmentRuleId") for sobject in ("Case", "Lead")]
    assert ([rule, rule], False) == (given, "assignmentRuleId" in salesforce.create("Case"))


@pytest.mark.real
@pytest.mark.parametrize(
    ("sobject", "field"), [("Account", "Id"), ("Contact", "Email"), ("Lead", "Email"), ("Case", "CaseNumber"), ("Opportunity", "Name")]
)
def test_2_1_2_a_lookup_field_is_an_upsert_key(salesforce: Salesforce, sobject: str, field: str) -> None:
    """Id of every object, and those that its describe calls idLookup."""
    assert field == salesforce.create(sobject, "upsert", externalIdFieldName=field)["externalIdFieldName"]


@pytest.mark.user
def test_2_1_2_an_email_is_a_key_without_case(salesforce: Salesforce) -> None:
    """Whatever the describe says of its case (8.11)."""
    email = f"{salesforce.key('Key')}@Example.com"
    jobs = [
        salesforce.run(f"Email,LastName\n{each},{salesforce.key('mail')}\n", "Contact", "upsert", externalIdFieldName="Email")
        for each in (email, email.upper())
    ]
    assert ["true", "false"] == [salesforce.rows(job, "successfulResults")[0]["sf__Created"] for job in jobs]


@pytest.mark.doc
@pytest.mark.local
def test_2_1_2_a_key_that_is_not_unique_tells_case_apart(salesforce: Salesforce) -> None:
    """Only unique fields can be told not to."""
    key = salesforce.key("loose")
    job = salesforce.run(f"Loose_Key__c,Name\n{key},{key}\n{key.upper()},{key}\n", operation="upsert", externalIdFieldName="Loose_Key__c")
    assert ["true", "true"] == [row["sf__Created"] for row in salesforce.rows(job, "successfulResults")]


@pytest.mark.doc
def test_2_9_multipart_data_may_have_100000_characters(salesforce: Salesforce) -> None:
    """Characters, not bytes; the last line and its end come as they were sent."""
    text = f"Name\n{salesforce.key('é')}\n".ljust(100_000, "é")
    parts = {
        "job": (None, json.dumps({"object": "Account", "operation": "insert"}), "application/json"),
        "content": ("content", text, "text/csv"),
    }
    answer = salesforce.call("POST", "/jobs/ingest", files=parts)
    job = salesforce.ended(answer.json()["id"])
    salesforce.jobs.append(job["id"])
    assert (200, "JobComplete", 2, 1) == (answer.status_code, job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])


@pytest.mark.inferred
@pytest.mark.parametrize("missing", ["job", "content"])
def test_2_9_multipart_needs_both_parts(salesforce: Salesforce, missing: str) -> None:
    """400, and no job is made."""
    parts = {
        "job": (None, json.dumps({"object": "Account", "operation": "insert"}), "application/json"),
        "content": ("content", "Name\nx\n", "text/csv"),
    }
    answer = salesforce.call("POST", "/jobs/ingest", files={name: part for name, part in parts.items() if name != missing})
    assert (400, list) == (answer.status_code, type(answer.json()))
