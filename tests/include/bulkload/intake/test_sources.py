"""A payload that can't be read is one clear error, before anything is sent."""

from __future__ import annotations

import gzip

import pytest

from include.bulkload.basics import errors
from tests.include.bulkload.intake import conftest

GOOD = b'{"accounts": [{"sourceId": "A"}]}'


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"", "empty"),
        (b"nonsense", "isn't JSON.*line 1, column 1"),
        (b"7", "no object"),
        (b'{"x": 1}', "has no 'accounts'"),
        (b'{"accounts": {}}', "isn't a list"),
        (b'{"accounts": null}', "isn't a list"),
        (b"[1]", "is a list; write"),
        (b'{"accounts": [{"a":}]}', "isn't JSON"),
        (b'{"accounts": [{"a": 1}', "isn't JSON"),
        (b'{"accounts": [1 2]}', "isn't JSON"),
        (b'{"accounts": [1,]}', "isn't JSON"),
        (b'{"accounts": []} x', "JSON"),
        (b'{"accounts": [], "accounts": []}', "twice"),
        (b'{"accounts": ["' + b"\xff" + b'"]}', "UTF-8"),
        (b"\xff\xfe{\x00", "UTF-8"),
    ],
)
def test_a_document_that_cannot_be_read_is_refused(payload: bytes, message: str) -> None:
    """What is wrong, and in which file."""
    with pytest.raises(errors.SourceError, match=message) as wrong:
        conftest.staged(payload)
    assert str(wrong.value).startswith("payload: ")


@pytest.mark.parametrize("payload", [GOOD, b"\xef\xbb\xbf" + GOOD, b'{"other": {"accounts": 1}, "accounts":\n[ {"sourceId"\n: "A"} ]\n}\n'])
def test_a_document_may_be_written_in_any_way(payload: bytes) -> None:
    """A mark of UTF-8, other keys, line breaks between values."""
    assert ["A"] == conftest.staged(payload).cells("Account", "External_Id__c")


@pytest.mark.parametrize(("name", "payload"), [("a.json.gz", GOOD), ("a.jsonl.gz", b'{"sourceId": "A"}\n')])
def test_gzip_goes_by_the_suffix(name: str, payload: bytes) -> None:
    """And the form by what stands before it."""
    assert ["A"] == conftest.staged(gzip.compress(payload), "auto", name).cells("Account", "External_Id__c")


def test_a_gzip_file_that_breaks_off_is_refused() -> None:
    """Half a file isn't a small file."""
    with pytest.raises(errors.SourceError, match="breaks off or is damaged"):
        conftest.staged(gzip.compress(GOOD * 1000)[:-20], "auto", "a.json.gz")


def test_a_gzip_bomb_is_refused() -> None:
    """It would unpack to more than 200 times its size."""
    with pytest.raises(errors.SourceError, match="more than 200 times"):
        conftest.staged(gzip.compress(b" " * 40_000_000), "auto", "a.jsonl.gz")


def test_a_document_is_larger_than_a_block() -> None:
    """Records lie across the blocks in which the file is read."""
    accounts = b", ".join(b'{"sourceId": "%d", "name": "%s"}' % (number, b"x" * 400) for number in range(6000))
    found = conftest.staged(b'{"accounts": [' + accounts + b"]}")
    assert [str(number) for number in range(6000)] == found.cells("Account", "External_Id__c")


def test_a_record_of_more_than_16_mb_is_refused() -> None:
    """In lines it is one rejected row; the rest goes on."""
    found = conftest.staged(b'{"sourceId": "' + b"x" * 16_000_001 + b'"}\n{"sourceId": "B"}\n', "jsonl")
    assert [False, True] == [each is None for each in found.reasons("Account")]
