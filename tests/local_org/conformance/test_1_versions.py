"""Section 1: API versions, verbs, and how answers are written."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce


@pytest.mark.real
def test_1_versions_are_listed_without_a_session(salesforce: Salesforce) -> None:
    """Label, url and version of each; the newest is one that we speak."""
    listed = salesforce.session.get(f"{salesforce.url}/services/data", timeout=20).json()
    assert {"label", "url", "version"} == set(listed[0])
    assert "/services/data/v66.0" in {each["url"] for each in listed}
    assert [float(each["version"]) for each in listed] == sorted(float(each["version"]) for each in listed)


@pytest.mark.known
def test_1_a_versions_root_names_its_resources(salesforce: Salesforce) -> None:
    """By name, each with its path."""
    root = salesforce.call("GET", "/services/data/v66.0").json()
    assert ("/services/data/v66.0/sobjects", "/services/data/v66.0/query") == (root["sobjects"], root["query"])
    assert 401 == salesforce.session.get(f"{salesforce.url}/services/data/v66.0", timeout=20).status_code


@pytest.mark.doc
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/services/data/v99.0/limits", 404),
        ("/services/data/vx/limits", 404),
        ("/services/data/66.0/limits", 404),
        ("/services/data/v30.0/sobjects", 410),
        ("/services/data/v40.0/jobs/ingest", 404),
        ("/services/data/v41.0/jobs/ingest", 200),
        ("/services/data/v46.0/jobs/query", 404),
        ("/services/data/v47.0/jobs/query", 200),
    ],
)
def test_1_a_version_has_what_it_had(salesforce: Salesforce, path: str, status: int) -> None:
    """Unknown ones 404, retired ones 410, and resources that came later aren't there yet."""
    answer = salesforce.call("GET", path)
    assert status == answer.status_code
    assert status == 200 or isinstance(answer.json(), list)


@pytest.mark.local
@pytest.mark.doc
def test_1_a_deprecated_version_warns(salesforce: Salesforce) -> None:
    """In a header of each answer; others don't."""
    salesforce.call("PATCH", "//control", json={"deprecated_version": 45}).raise_for_status()
    try:
        headers = [salesforce.call("GET", f"/services/data/v{version}.0/limits").headers for version in (45, 46)]
    finally:
        salesforce.call("PATCH", "//control", json={"deprecated_version": 0}).raise_for_status()
    assert headers[0]["Warning"].startswith("299 - ")
    assert "Warning" not in headers[1]


@pytest.mark.real
def test_1_a_wrong_verb_is_told_the_right_ones(salesforce: Salesforce) -> None:
    """HEAD before GET, as Salesforce has it."""
    answer = salesforce.call("POST", "/limits")
    said = "HTTP Method 'POST' not allowed. Allowed are HEAD,GET"
    assert (405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": said}]) == (answer.status_code, answer.json())


@pytest.mark.real
def test_1_head_is_get_without_a_body(salesforce: Salesforce) -> None:
    """The same status, nothing behind the headers."""
    answer = salesforce.call("HEAD", "/sobjects/Account/describe")
    assert (200, b"") == (answer.status_code, answer.content)


@pytest.mark.doc
def test_1_pretty_print_is_the_same_document(salesforce: Salesforce) -> None:
    """Over several lines."""
    plain, pretty = (salesforce.call("GET", "/sobjects/Account/describe", headers=each) for each in ({}, {"X-PrettyPrint": "1"}))
    assert (plain.json(), 1) == (pretty.json(), len(plain.text.splitlines()))
    assert len(pretty.text.splitlines()) > 100


@pytest.mark.doc
@pytest.mark.parametrize(("accepted", "packed"), [("gzip", "gzip"), ("br;q=1.0, GZIP;q=0.5", "gzip"), ("br", None), ("identity", None)])
def test_1_answers_are_packed_where_gzip_is_taken(salesforce: Salesforce, accepted: str, packed: str | None) -> None:
    """Any other packing is ignored."""
    answer = salesforce.call("GET", "/sobjects/Account/describe", headers={"Accept-Encoding": accepted})
    assert packed == answer.headers.get("Content-Encoding")
    assert "Account" == answer.json()["name"]


@pytest.mark.doc
def test_1_results_are_packed_too(salesforce: Salesforce) -> None:
    """A job's results and a query's, byte by byte the same."""
    job = salesforce.run("Name\n" + f"{salesforce.key('packed')}\n" * 300)
    path = f"/jobs/ingest/{job['id']}/successfulResults"
    plain, packed = (salesforce.call("GET", path, headers={"Accept-Encoding": each}) for each in ("identity", "gzip"))
    assert (plain.content, "gzip") == (packed.content, packed.headers["Content-Encoding"])


@pytest.mark.sfcode
def test_1_json_may_come_packed(salesforce: Salesforce) -> None:
    """Data Loader creates its jobs so."""
    body = gzip.compress(json.dumps({"object": "Account", "operation": "insert"}).encode())
    answer = salesforce.call("POST", "/jobs/ingest", data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    assert (200, "Account") == (answer.status_code, answer.json()["object"])
    salesforce.jobs.append(answer.json()["id"])
