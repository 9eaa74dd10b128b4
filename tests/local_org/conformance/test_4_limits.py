"""Section 4: how much an upload may hold, and what is left out of it."""

from __future__ import annotations

import gzip
import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce
    from tests.local_org.conftest import Steered

PARSE = "InvalidBatch : Failed to parse CSV. "


@pytest.mark.doc
def test_4_a_header_row_has_at_most_32000_characters(salesforce: Salesforce) -> None:
    """A longer one fails the job; its text isn't known."""
    job = salesforce.run("Name," + ",".join("Phone" * 1000 for _ in range(7)) + "\nx\n")
    assert ("Failed", 0) == (job["state"], job["numberRecordsProcessed"])
    assert job["errorMessage"].startswith("InvalidBatch : ")


@pytest.mark.sfcode
def test_4_1_a_record_has_at_most_5000_fields(salesforce: Salesforce) -> None:
    """In the words of Salesforce's public reader."""
    job = salesforce.run("Name,Phone\nx," + "," * 5000 + "\n")
    assert ("Failed", 0, PARSE + "Exceeded max number of columns per record : 5000") == (
        job["state"],
        job["numberRecordsProcessed"],
        job["errorMessage"],
    )


@pytest.mark.sfcode
def test_4_1_a_field_has_at_most_131072_characters(salesforce: Salesforce) -> None:
    """One that is as long as that is read, and then too long for its field."""
    fits, over = (salesforce.run(f"Name,Description\n{salesforce.key('cell')},{'x' * length}\n") for length in (131_072, 131_073))
    assert ("JobComplete", 1) == (fits["state"], fits["numberRecordsFailed"])
    assert ("Failed", PARSE + "Exceeded max field size: 131072") == (over["state"], over["errorMessage"])


@pytest.mark.sfcode
def test_4_1_a_record_has_at_most_400000_characters(salesforce: Salesforce) -> None:
    """All its fields together."""
    names = ("Name", "Description", "BillingStreet", "Phone")
    job = salesforce.run(",".join(names) + "\n" + ",".join("x" * 100_001 for _ in names) + "\n")
    said = "Exceeded max length for one record: 400007. Max length for one record should be less than or equal to 400000"
    assert ("Failed", PARSE + said) == (job["state"], job["errorMessage"])


@pytest.mark.sfcode
def test_4_blank_lines_are_no_rows(salesforce: Salesforce) -> None:
    """Wherever they stand; a row of blank cells is one."""
    job = salesforce.run(f"Name,Phone\n\n{salesforce.key('blank')},1\n\n\n,\n\n")
    assert ("JobComplete", 2, 1) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])


@pytest.mark.unknown
@pytest.mark.parametrize("header", ["Name,Name", "Name,Phone,NAME"])
def test_4_a_field_named_twice_fails_the_job(salesforce: Salesforce, header: str) -> None:
    """Which one would count isn't known, so none does."""
    job = salesforce.run(header + "\n" + ",".join("x" for _ in header.split(",")) + "\n")
    assert ("Failed", f"InvalidBatch : Duplicate field name found : {header.rpartition(',')[2]}") == (job["state"], job["errorMessage"])


@pytest.mark.unknown
def test_2_2_an_upload_of_more_than_150_mb_is_refused(salesforce: Salesforce) -> None:
    """By its Content-Length, before a byte of it is read; the job stays Open."""
    job_id, where = salesforce.create()["id"], urlsplit(salesforce.url)
    kind = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = kind(where.netloc, timeout=60)
    headers = {"Authorization": f"Bearer {salesforce.token}", "Content-Type": "text/csv", "Content-Length": "150000001"}
    connection.request("PUT", f"/services/data/v66.0/jobs/ingest/{job_id}/batches", headers=headers)
    answer = connection.getresponse()
    told = answer.read()
    connection.close()
    assert (413, "Open") == (answer.status, salesforce.job(job_id)["state"])
    assert b"150000000" in told


@pytest.mark.unknown
def test_2_2_a_compressed_upload_is_taken_and_must_be_whole(salesforce: Salesforce) -> None:
    """Nobody knows whether Salesforce takes it; half of one is refused, and so is one that is something else."""
    job_id, whole = salesforce.create()["id"], gzip.compress(f"Name\n{salesforce.key('gzip')}\n".encode())
    path, headers = f"/jobs/ingest/{job_id}/batches", {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    sent = [salesforce.call("PUT", path, data=body, headers=headers).status_code for body in (whole[:-10], b"Name\nx\n", whole)]
    salesforce.patch(job_id, "UploadComplete")
    assert ([400, 400, 201], 1) == (sent, salesforce.ended(job_id)["numberRecordsProcessed"])


@pytest.mark.user
def test_4_an_upload_is_utf_8(salesforce: Salesforce) -> None:
    """Anything else fails the job, and comes back as it was."""
    job = salesforce.run(b"Name\n\xff\xfe\n")
    back = salesforce.call("GET", f"/jobs/ingest/{job['id']}/unprocessedrecords").content
    assert ("Failed", 0, b"Name\n\xff\xfe\n") == (job["state"], job["numberRecordsProcessed"], back)


@pytest.mark.known
@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b'{"object": "Account"', b"[" * 100_000, b"\xff\xfe"])
def test_1_1_illegal_json_is_400(salesforce: Salesforce, body: bytes) -> None:
    """Nothing of it is an error of the server's."""
    answer = salesforce.call("POST", "/jobs/ingest", data=body, headers={"Content-Type": "application/json"})
    assert (400, "JSON_PARSER_ERROR") == (answer.status_code, answer.json()[0]["errorCode"])


@pytest.mark.local
@pytest.mark.user
def test_4_3_a_field_the_user_cannot_see_is_none(steered: Steered) -> None:
    """Absent in the describe, `Field name not found` in jobs, INVALID_FIELD in queries and single records."""
    steered.steer(hidden_fields=["Account.Phone"])
    described = {each["name"] for each in steered.call("GET", "/sobjects/Account/describe").json()["fields"]}
    job = steered.run("Name,Phone\nx,1\n")
    query = steered.call("GET", "/query", params={"q": "SELECT Phone FROM Account"})
    row = steered.call("POST", "/sobjects/Account", json={"Name": "x", "Phone": "1"})
    assert ("Phone" in described, job["errorMessage"]) == (False, "InvalidBatch : Field name not found : Phone")
    assert [(400, "INVALID_FIELD")] * 2 == [(each.status_code, each.json()[0]["errorCode"]) for each in (query, row)]


@pytest.mark.local
@pytest.mark.real
def test_4_4_a_field_the_user_cannot_write_refuses_its_rows(steered: Steered) -> None:
    """Rows without a value for it get through."""
    steered.steer(read_only_fields=["Account.Phone"])
    (described,) = [each for each in steered.call("GET", "/sobjects/Account/describe").json()["fields"] if each["name"] == "Phone"]
    errors = steered.errors(steered.run("Name,Phone\nx,1\ny,\n"))
    said = (
        "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: Phone. Please check the security settings of this field and "
        "verify that it is read/write for your profile or permission set.:Phone --"
    )
    assert ([said], False, False) == (errors, described["createable"], described["updateable"])


@pytest.mark.local
@pytest.mark.known
def test_4_a_number_is_rounded_half_up_to_its_scale(steered: Steered) -> None:
    """Amount has two decimals, AnnualRevenue none."""
    keys = [steered.key(f"scale{n}") for n in range(4)]
    given = ["2.5", "-2.5", "2.49", "3.5E0"]
    steered.run("Name,AnnualRevenue\n" + "".join(f"{key},{value}\n" for key, value in zip(keys, given, strict=True)))
    found = steered.query(f"SELECT Name, AnnualRevenue FROM Account WHERE Name LIKE '{steered.key('scale')}%'")
    assert dict(zip(keys, [3, -3, 2, 4], strict=True)) == {each["Name"]: each["AnnualRevenue"] for each in found}
    job = steered.run(f"Name,StageName,CloseDate,Amount\n{keys[0]},Open,2030-01-01,1.005\n", "Opportunity")
    (row,) = steered.rows(job, "successfulResults")
    assert row["Amount"] == "1.01"
