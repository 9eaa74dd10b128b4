"""A payload that can't be read is one clear error, before anything is sent."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

import pytest
import zstandard

from include.bulkload.basics import errors, tables
from include.bulkload.intake import files, sources
from tests.include.bulkload.intake import conftest, sourced

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def packed(content: bytes, suffix: str) -> bytes:
    """Pack a file as its suffix says."""
    return gzip.compress(content) if suffix == ".gz" else zstandard.compress(content)


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".ZST"])
@pytest.mark.parametrize(("name", "payload"), [("a.json", GOOD), ("a.jsonl", b'{"sourceId": "A"}\n'), ("a.JSONL", b'{"sourceId": "A"}\n')])
def test_packing_goes_by_the_suffix(name: str, payload: bytes, suffix: str) -> None:
    """And the form by what stands before it."""
    assert ["A"] == conftest.staged(packed(payload, suffix), "auto", name + suffix).cells("Account", "External_Id__c")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("change", [lambda whole: whole[:-5], lambda whole: whole[:10] + b"xx" + whole[12:], lambda _: b"{}"])
def test_a_packed_file_that_breaks_off_is_refused(suffix: str, change: Callable[[bytes], bytes]) -> None:
    """Half a file isn't a small file, and what isn't packed isn't one at all."""
    with pytest.raises(errors.SourceError, match="breaks off or is damaged"):
        conftest.staged(change(packed(bytes(range(256)) * 1000, suffix)), "auto", f"a.jsonl{suffix}")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_bomb_is_refused(suffix: str) -> None:
    """It would unpack to more than 200 times its size."""
    with pytest.raises(errors.SourceError, match="more than 200 times"):
        conftest.staged(packed(b" " * 40_000_000, suffix), "auto", f"a.jsonl{suffix}")


def test_packed_parts_one_after_the_other_are_one_file() -> None:
    """Writers that append leave such files."""
    lines = [b'{"sourceId": "A"}\n', b'{"sourceId": "B"}\n']
    for suffix in (".gz", ".zst"):
        found = conftest.staged(b"".join(packed(line, suffix) for line in lines), "auto", f"a.jsonl{suffix}")
        assert ["A", "B"] == found.cells("Account", "External_Id__c")


def test_the_checksum_is_of_the_content(tmp_path: Path) -> None:
    """However it is packed, and over all files of the source in their order."""
    told = []
    for suffix in ("", ".gz", ".zst"):
        (tmp_path / f"a.jsonl{suffix}").write_bytes(packed(b'{"n": 1}\n', suffix) if suffix else b'{"n": 1}\n')
        (tmp_path / "b.jsonl").write_bytes(b'{"n": 2}')
        given = [files.local(tmp_path / f"a.jsonl{suffix}"), files.local(tmp_path / "b.jsonl")]
        (tmp_path / f"into{suffix}").mkdir()
        source = sources.Source("source", sourced.checked({"A": {"reads": ["n"]}}), sourced.describes())
        with tables.connect(tables.Limits(tmp_path / "spill")) as con:
            told.append(sources.from_files(con, source, given, tmp_path / f"into{suffix}").sha256)
    assert [hashlib.sha256(b'{"n": 1}\n{"n": 2}').hexdigest()] * 3 == told


def test_a_document_is_larger_than_a_block() -> None:
    """Records lie across the blocks in which the file is read."""
    accounts = b", ".join(b'{"sourceId": "%d", "name": "%s"}' % (number, b"x" * 400) for number in range(6000))
    found = conftest.staged(b'{"accounts": [' + accounts + b"]}")
    assert [str(number) for number in range(6000)] == found.cells("Account", "External_Id__c")


def test_a_record_of_more_than_16_mb_is_refused() -> None:
    """In lines it is one rejected row; the rest goes on."""
    found = conftest.staged(b'{"sourceId": "' + b"x" * 16_000_001 + b'"}\n{"sourceId": "B"}\n', "jsonl")
    assert [False, True] == [each is None for each in found.reasons("Account")]
