"""Requests that no decent client sends → an error that says so, never one of the server's own, and never its memory."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.local_org.conftest import Steered

JSON = {"Content-Type": "application/json"}
PARTS = {"Content-Type": "multipart/form-data; boundary=xx"}
PART = b'--xx\r\nContent-Disposition: form-data; name="%s"\r\n\r\n'
MEGABYTE, ENOUGH = 1 << 20, 400


def endless(first: bytes = b"", again: bytes = b" " * MEGABYTE) -> Iterator[bytes]:
    """A body without an end; well, with one that nobody should wait for."""
    yield first
    for _ in range(ENOUGH):
        yield again


def kilobytes(steered: Steered) -> int:
    """The most memory that the org ever had."""
    lines = Path(f"/proc/{steered.line['pid']}/status").read_text("utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize(
    "body",
    [
        b'{"object":"\\ud800","operation":"insert"}',
        b'{"object":"Account","operation":"upsert","externalIdFieldName":"\\udfff"}',
        b'{"object":NaN,"operation":{}}',
        b'{"object":["Account"],"operation":["insert"]}',
        b'{"object":"Account","operation":"insert","lineEnding":null}',
        b'{"object":"Account","operation":"insert","columnDelimiter":[]}',
        b'{"object":' + b"9" * 5000 + b"}",
    ],
)
def test_a_strange_job_is_refused(steered: Steered, body: bytes) -> None:
    """400 and an error array."""
    answer = steered.call("POST", "/jobs/ingest", data=body, headers=JSON)
    assert (400, {"errorCode", "message"}) == (answer.status_code, set(answer.json()[0]))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"state":null}', b'{"state":["Aborted"]}', b'{"state":"\\ud800"}'])
def test_a_strange_change_is_refused(steered: Steered, body: bytes) -> None:
    """400, and the job is as it was."""
    job_id = steered.create()["id"]
    assert 400 == steered.call("PATCH", f"/jobs/ingest/{job_id}", data=body, headers=JSON).status_code
    assert "Open" == steered.job(job_id)["state"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--xx",
        b"--xx--\r\n",
        PART % b"job" + b"[]\r\n" + PART % b"content" + b"Name\r\n--xx--\r\n",
        PART % b"job" + b"\xff\r\n" + PART % b"content" + b"Name\r\n--xx--\r\n",
        PART % b"job" + b"{}\r\n" + PART % b"job" + b"{}\r\n--xx--\r\n",
        b"--xx\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n--yy\r\n\r\n{}\r\n--yy--\r\n--xx--\r\n",
    ],
)
def test_strange_parts_are_refused(steered: Steered, body: bytes) -> None:
    """400, and no job is made."""
    answer = steered.call("POST", "/jobs/ingest", data=body, headers=PARTS)
    assert (400, list) == (answer.status_code, type(answer.json()))


def test_bodies_without_end_take_no_memory(steered: Steered) -> None:
    """JSON, an upload, one part, many parts, and what grows when it is unpacked: each is refused early."""
    path, csv = f"/jobs/ingest/{steered.create()['id']}/batches", {"Content-Type": "text/csv"}
    packed = gzip.compress(b" " * ENOUGH * MEGABYTE, 1)
    before = kilobytes(steered)
    sent = [
        steered.call("POST", "/jobs/ingest", data=endless(), headers=JSON),
        steered.call("POST", "/jobs/ingest", data=packed, headers=JSON | {"Content-Encoding": "gzip"}),
        steered.call("PUT", path, data=endless(), headers=csv),
        steered.call("PUT", path, data=packed, headers=csv | {"Content-Encoding": "gzip"}),
        steered.call("POST", "/jobs/ingest", data=endless(PART % b"content"), headers=PARTS),
    ]
    assert [413] * 5 == [answer.status_code for answer in sent]
    assert kilobytes(steered) - before < 64 << 10


def test_slow_clients_keep_nobody_waiting(steered: Steered) -> None:
    """A hundred of them, who never end their heads or bodies; what they sent of uploads is gone when they are."""
    where = urlsplit(steered.url)
    job_id = steered.create()["id"]
    head = f"PUT /services/data/v66.0/jobs/ingest/{job_id}/batches HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {steered.token}\r\n"
    slow = [socket.create_connection((where.hostname or "", where.port or 0), 10) for _ in range(100)]
    for number, each in enumerate(slow):
        each.sendall((head + ("X-Slow: " if number % 2 else "Content-Length: 1000\r\n\r\nName\n")).encode())
    assert steered.call("GET", "/limits").elapsed.total_seconds() < 2
    for each in slow:
        each.close()
    assert (201, 1) == (steered.upload(job_id, "Name\nx\n").status_code, len(steered.jobs))


@pytest.mark.parametrize("cell", ["1e999", "-1e999", "9" * 5000])
def test_a_number_that_no_double_holds_is_refused(steered: Steered, cell: str) -> None:
    """Its row, not the job."""
    job = steered.run(f"Name,AnnualRevenue,NumberOfEmployees\nx,{cell},\ny,,{cell}\n")
    said = {error.partition(":")[0] for error in steered.errors(job)}
    assert ("JobComplete", 2, {"NUMBER_OUTSIDE_VALID_RANGE", "INVALID_FIELD"}) == (job["state"], job["numberRecordsFailed"], said)


def test_users_can_be_made(steered: Steered) -> None:
    """Beside those that the org has of its own."""
    (profile,) = steered.query("SELECT Id FROM Profile")
    head = "Username,LastName,Alias,Email,TimeZoneSidKey,LocaleSidKey,EmailEncodingKey,LanguageLocaleKey,ProfileId"
    job = steered.run(f"{head}\n{steered.prefix}@x.org,One,one,one@x.org,GMT,en_US,UTF-8,en_US,{profile['Id']}\n", "User")
    assert ([], ["005"]) == (steered.errors(job), [row["sf__Id"][:3] for row in steered.rows(job, "successfulResults")])
