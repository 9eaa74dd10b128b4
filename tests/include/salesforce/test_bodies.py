"""Bodies against a server that follows a script: whole or not at all."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from tests.include.salesforce.conftest import JOB, LOST, Reply

if TYPE_CHECKING:
    from pathlib import Path

    from include.salesforce import client
    from tests.include.salesforce import conftest

BUSY = Reply(503, b"<html><title>Down</title>")
CSV = b'Name\n"a"\n'


PACKED = gzip.compress(CSV * 1000)
GZIP = {"Content-Encoding": "gzip"}


@pytest.mark.parametrize("reply", [Reply(200, CSV * 1000), Reply(200, PACKED, GZIP), Reply(200, b""), Reply(200, b"", GZIP)])
def test_a_result_is_streamed_to_a_file(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, reply: Reply) -> None:
    """Packed or not, empty or not (contract 3)."""
    server.script += [reply]
    expected = CSV * 1000 if reply.body else b""
    assert len(expected) == scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert expected == (tmp_path / "out").read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        LOST,
        BUSY,
        Reply(200, CSV * 1000, cut=5000),
        Reply(200, PACKED, GZIP, cut=30),
        Reply(200, PACKED[:-9], GZIP),
        Reply(200, PACKED[:20] + b"x" + PACKED[21:], GZIP),
        Reply(200, CSV, {"Content-Encoding": "br"}),
    ],
)
def test_a_broken_download_begins_anew(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, fault: Reply) -> None:
    """A result that is cut short is never taken for a whole one."""
    server.script += [fault, Reply(200, CSV)]
    assert len(CSV) == scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert CSV == (tmp_path / "out").read_bytes()


def test_a_download_that_stays_broken_leaves_no_file(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Nobody reads half a result."""
    server.script += [Reply(200, CSV, cut=3)] * 5
    with pytest.raises(errors.NetworkFault):
        scripted.fetch_result(JOB, "failedResults", tmp_path / "out")
    assert [] == list(tmp_path.iterdir())


def test_an_error_s_endless_page_is_read_to_a_megabyte(server: conftest.Server, scripted: client.BulkClient) -> None:
    """What answers there may be anything."""
    server.script += [Reply(400, b"x" * 3_000_000)]
    with pytest.raises(errors.RequestRefused) as found:
        scripted.job(JOB)
    assert len(str(found.value)) < 300
