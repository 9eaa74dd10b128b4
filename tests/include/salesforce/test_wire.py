"""What is sent where, and what an answer means."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.salesforce import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

AT = "https://acme.my.salesforce.com"
JOB = "750ak000009BWKLAA4"
NONE: Mapping[str, str] = {}


def body(code: str, message: str = "said so") -> bytes:
    """Salesforce's array of one error."""
    return json.dumps([{"errorCode": code, "message": message}]).encode()


def test_urls_are_built_from_instance_version_and_id() -> None:
    """Nothing of an earlier answer's contentUrl is needed."""
    base = f"{AT}/services/data/v66.0"
    assert [
        f"{base}/jobs/ingest",
        f"{base}/jobs/ingest/{JOB}",
        f"{base}/jobs/ingest/{JOB}/batches",
        f"{base}/sobjects/A%2F..%2Fb/describe",
        f"{base}/query?q=SELECT+Id+FROM+A+WHERE+x+%3D+%27%26%27",
        f"{base}/query/01g-2000",
    ] == [
        wire.jobs_url(AT, "66.0"),
        wire.job_url(AT + "/ignored?x#y", "v66", JOB),
        wire.job_url(AT, "66.0", JOB, "batches"),
        wire.describe_url(AT, "66.0", "A/../b"),
        wire.query_url(AT, "66.0", "SELECT Id FROM A WHERE x = '&'"),
        wire.page_url(AT, "66.0", "/services/data/v51.0/query/01g-2000"),
    ]


@pytest.mark.parametrize("wrong", ["", "../x", "750ak000009BWKLA", f"{JOB}/..", f"{JOB}?x=1", "75é" * 6])
def test_what_is_no_id_never_gets_into_a_url(wrong: str) -> None:
    """A damaged ledger doesn't send requests elsewhere."""
    with pytest.raises(errors.RequestRefused):
        wire.job_url(AT, "66.0", wrong)


@pytest.mark.parametrize("wrong", ["", "latest", "66.0/../..", "1"])
def test_a_version_that_is_none_is_refused(wrong: str) -> None:
    """It comes from a connection's free text."""
    with pytest.raises(errors.LoginRefused):
        wire.data_url(AT, wrong, "limits")


@pytest.mark.parametrize(
    "wrong", ["https://evil.example/services/data/v66.0/query/1", "//evil/query/1", "/services/data/v66.0/query/../x", ""]
)
def test_a_next_page_elsewhere_is_refused(wrong: str) -> None:
    """The token only goes to the host of the login."""
    with pytest.raises(errors.NetworkFault):
        wire.page_url(AT, "66.0", wrong)


@pytest.mark.parametrize(
    "fine", ["http://localhost:8080", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:80", "https://x.my.salesforce.com"]
)
def test_plain_http_goes_to_loopback_only(fine: str) -> None:
    """A local org may be spoken to in clear."""
    assert fine == wire.origin(fine)


@pytest.mark.parametrize(
    "wrong",
    [
        "http://acme.my.salesforce.com",
        "http://127.0.0.1.evil.example",
        "http://localhost@evil.example",
        "https://user:secret@acme.example",
        "http://localhost\\@evil.example",
        "http://2130706433",
        "http://10.0.0.1",
        "ftp://localhost",
        "acme.my.salesforce.com",
        "https://",
        "https://a b",
        "",
    ],
)
def test_the_token_goes_nowhere_doubtful(wrong: str) -> None:
    """Refused before a request is made, and without showing a password."""
    with pytest.raises(errors.LoginRefused) as refused:
        wire.origin(wrong)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("token", ["", "a\nb", "a\r\nX-Evil: 1", "ü"])
def test_a_token_that_can_not_stand_in_a_header_is_refused_unseen(token: str) -> None:
    """HTTP libraries would print it in their complaint."""
    with pytest.raises(errors.LoginRefused) as refused:
        wire.headers(token)
    assert not token or token not in str(refused.value)


def test_a_session_does_not_show_its_token() -> None:
    """It may end up in a log line."""
    assert "00D!x" not in repr(wire.Session(AT, "00D!x"))


def test_headers_carry_the_token_and_what_else_is_asked_for() -> None:
    """JSON is accepted unless something else is said."""
    assert {"Authorization": "Bearer 00D!x", "Accept": "text/csv"} == wire.headers("00D!x", Accept="text/csv")


def test_a_new_job_says_everything_explicitly() -> None:
    """Line ending and delimiter aren't left to defaults; a key only where there is one."""
    common = {"object": "Account", "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
    assert [common | {"operation": "insert"}, common | {"operation": "upsert", "externalIdFieldName": "X__c"}] == [
        wire.new_job("Account", "insert", None),
        wire.new_job("Account", "upsert", "X__c"),
    ]


@pytest.mark.parametrize("status", [200, 201, 204])
def test_no_body_is_an_empty_document(status: int) -> None:
    """Uploads and deletions answer with nothing (contract 2.2, 2.8)."""
    assert {} == wire.answer(status, NONE, b" \n")


def test_a_document_is_read() -> None:
    """The usual answer."""
    assert {"id": JOB, "name": "Zoë"} == wire.answer(200, NONE, json.dumps({"id": JOB, "name": "Zoë"}, ensure_ascii=False).encode())


@pytest.mark.parametrize("strange", [b"<html><title>Login</title>", b'{"id": "750', b"[]", b"null", b"\xff\xfe", b"[" * 200_000])
def test_a_good_status_with_a_strange_body_is_a_fault_on_the_way(strange: bytes) -> None:
    """Captive portals, cut answers."""
    with pytest.raises(errors.NetworkFault):
        wire.answer(200, NONE, strange)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, body("INVALIDJOB"), errors.RequestRefused),
        (400, b"<html>", errors.RequestRefused),
        (400, b"{}", errors.RequestRefused),
        (400, body("EXCEEDEDQUOTA"), errors.SalesforceBusy),
        (401, body("INVALID_SESSION_ID"), errors.LoginRefused),
        (401, b"", errors.LoginRefused),
        (403, body("INVALID_SESSION_ID"), errors.LoginRefused),
        (403, body("REQUEST_LIMIT_EXCEEDED"), errors.SalesforceBusy),
        (403, body("API_DISABLED_FOR_ORG"), errors.RequestRefused),
        (404, body("NOT_FOUND"), errors.RequestRefused),
        (404, b"<html><title>nginx</title>", errors.NetworkFault),
        (404, b"", errors.NetworkFault),
        (405, body("METHOD_NOT_ALLOWED"), errors.RequestRefused),
        (408, b"", errors.SalesforceBusy),
        (410, b"", errors.RequestRefused),
        (413, b"", errors.RequestRefused),
        (429, b"", errors.SalesforceBusy),
        (500, body("UNKNOWN_EXCEPTION"), errors.SalesforceBusy),
        (503, b"<html><title>Down for maintenance</title>", errors.SalesforceBusy),
        (302, b"", errors.RequestRefused),
    ],
)
def test_every_refusal_has_its_kind(status: int, said: bytes, kind: type[Exception]) -> None:
    """By what happens next (contract 1.1)."""
    with pytest.raises(kind) as raised:
        wire.answer(status, NONE, said, "job x")
    assert type(raised.value) is kind


def test_a_refusal_tells_status_code_text_and_remedy() -> None:
    """What, where and what to do, in one line."""
    found = wire.refusal(400, NONE, body("INVALIDJOB", "InvalidJob :\nUnable to find object: X"), "new job for X")
    assert isinstance(found, errors.RequestRefused)
    assert (400, "INVALIDJOB", True) == (found.status, found.code, "\n" not in str(found))
    assert "new job for X: Salesforce answered 400, INVALIDJOB: InvalidJob : Unable to find object: X; mend" in str(found)


def test_a_redirect_names_the_host_it_points_to_and_no_more() -> None:
    """Its query may hold a secret."""
    found = str(wire.refusal(302, {"Location": "https://u:pw@login.example/x?token=secret"}, b""))
    assert ("login.example" in found, "secret" in found, "pw" in found) == (True, False, False)


def test_a_daily_limit_is_busy_but_not_in_passing() -> None:
    """It isn't asked again within the minute; a 503 is, and a 429, which says that there were too many at once."""
    assert [False, True, True, True, False] == [
        wire.is_passing(403, body("REQUEST_LIMIT_EXCEEDED")),
        wire.is_passing(429, body("REQUEST_LIMIT_EXCEEDED")),
        wire.is_passing(503, b"<html>"),
        wire.is_passing(429, b""),
        wire.is_passing(400, body("INVALIDJOB")),
    ]


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_breaks_the_reading(status: int, said: bytes) -> None:
    """Any status with any bytes is a document or one of our errors."""
    with contextlib.suppress(errors.BulkloadError):
        assert isinstance(wire.answer(status, NONE, said), dict)
