"""Section 1: paths, tokens, error bodies."""

from __future__ import annotations

import gzip
import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

NOT_FOUND = [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


@pytest.mark.sfcode
@pytest.mark.parametrize("path", ["/jobs/ingest/", "/jobs/ingest", "//services/data/v66.0/jobs/ingest"])
def test_1_slashes_make_no_difference(salesforce: Salesforce, path: str) -> None:
    """A slash at the end, or two at the start, is the same resource."""
    assert 200 == salesforce.call("GET", path).status_code


@pytest.mark.inferred
@pytest.mark.parametrize("kind", ["successfulResults", "successfulresults", "failedResults", "unprocessedrecords", "unprocessedRecords"])
def test_1_the_last_segment_has_no_case(salesforce: Salesforce, kind: str) -> None:
    """Clients write it in every way."""
    job = salesforce.run("Name\n")
    assert 200 == salesforce.call("GET", f"/jobs/ingest/{job['id']}/{kind}").status_code


@pytest.mark.real
def test_1_answers_are_json_with_a_charset(salesforce: Salesforce) -> None:
    """application/json;charset=UTF-8."""
    assert "application/json;charset=UTF-8" == salesforce.call("GET", "/jobs/ingest").headers["Content-Type"]


@pytest.mark.real
def test_1_dates_have_milliseconds_and_an_offset_without_colon(salesforce: Salesforce) -> None:
    """2024-09-10T13:12:38.000+0000."""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", salesforce.create()["createdDate"])


@pytest.mark.real
def test_1_api_version_is_a_number(salesforce: Salesforce) -> None:
    """The documents' tables call it a string."""
    assert 66.0 == salesforce.create()["apiVersion"]


@pytest.mark.real
def test_1_job_ids_begin_with_750_and_have_18_characters(salesforce: Salesforce) -> None:
    """Ingest jobs."""
    assert re.fullmatch("750[A-Za-z0-9]{15}", salesforce.create()["id"])


@pytest.mark.real
def test_1_answers_tell_the_api_usage(salesforce: Salesforce) -> None:
    """Sforce-Limit-Info: api-usage=N/M."""
    assert re.match(r"api-usage=\d+/\d+", salesforce.call("GET", "/jobs/ingest").headers.get("Sforce-Limit-Info", ""))


@pytest.mark.sfcode
def test_1_json_may_be_sent_compressed(salesforce: Salesforce) -> None:
    """Data Loader does."""
    body = gzip.compress(json.dumps({"object": "Account", "operation": "insert"}).encode())
    answer = salesforce.call("POST", "/jobs/ingest", data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert 200 == answer.status_code
    salesforce.jobs.append(answer.json()["id"])


@pytest.mark.real
def test_1_1_a_bad_token_is_401(salesforce: Salesforce) -> None:
    """INVALID_SESSION_ID, with a header that asks for a token."""
    answer = salesforce.call("GET", "/jobs/ingest", headers={"Authorization": "Bearer 00D000000000001!no"})
    assert (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}], "Token") == (
        answer.status_code,
        answer.json(),
        answer.headers.get("WWW-Authenticate"),
    )


@pytest.mark.doc
@pytest.mark.parametrize("path", ["/jobs/ingest/750000000009999AAA", "/sobjects/Nope__c/describe", "/nothing/here"])
def test_1_1_what_is_not_there_is_404(salesforce: Salesforce, path: str) -> None:
    """An array with one element."""
    answer = salesforce.call("GET", path)
    assert (404, NOT_FOUND) == (answer.status_code, answer.json())


@pytest.mark.real
def test_1_1_a_wrong_verb_is_405(salesforce: Salesforce) -> None:
    """It names what is allowed."""
    answer = salesforce.call("POST", "/query")
    (error,) = answer.json()
    assert (405, "METHOD_NOT_ALLOWED") == (answer.status_code, error["errorCode"])
    assert re.fullmatch(r"HTTP Method 'POST' not allowed. Allowed are [A-Z,]+", error["message"])


@pytest.mark.known
def test_1_1_malformed_json_is_400(salesforce: Salesforce) -> None:
    """JSON_PARSER_ERROR."""
    answer = salesforce.call("POST", "/jobs/ingest", data=b"{", headers={"Content-Type": "application/json"})
    assert (400, "JSON_PARSER_ERROR") == (answer.status_code, answer.json()[0]["errorCode"])
