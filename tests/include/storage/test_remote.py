"""An object store's own errors, as ours."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from include.bulkload.basics import errors
from include.storage import remote
from tests.include.storage.conftest import BUCKET

if TYPE_CHECKING:
    from pathlib import Path


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_store_that_does_not_answer_is_a_network_fault() -> None:
    """It may be tried again; the message holds no key."""
    options = {"endpoint_url": f"http://127.0.0.1:{closed_port()}", "region_name": "us-east-1"}
    fs = fsspec.filesystem("s3", key="key", secret="hidden", client_kwargs=options, config_kwargs={"retries": {"max_attempts": 1}})
    fs.retries = 1
    with pytest.raises(errors.NetworkFault) as found:
        remote.Remote(fs).create("loads/a", b"x")
    assert "hidden" not in str(found.value)


def test_a_missing_bucket_is_told(bucket: Any) -> None:
    """A write into it isn't silently lost."""
    with pytest.raises((errors.BulkloadError, FileNotFoundError)):
        remote.Remote(bucket).create("nosuchbucket/a", b"x")


class Condition(OSError):
    """What s3fs makes of a lost condition that isn't worded as AWS words it."""

    response = {"Error": {"Code": "PreconditionFailed"}}  # noqa: RUF012 - as botocore's


def test_a_lost_condition_is_known_in_any_wording(bucket: Any) -> None:
    """Other stores than AWS leave out the name of the condition."""
    wrong = OSError(22, "no")
    wrong.__cause__ = Condition()
    with pytest.raises(FileExistsError), remote.Remote(bucket)._reached("loads/a"):
        raise wrong


def test_a_refusal_is_for_a_person(bucket: Any) -> None:
    """Rights don't mend themselves."""
    with pytest.raises(errors.UnfitStorage), remote.Remote(bucket)._reached("loads/a"):
        raise PermissionError("no")


def test_a_bug_stays_a_bug(bucket: Any) -> None:
    """It isn't taken for bad weather and repeated."""
    with pytest.raises(TypeError), remote.Remote(bucket)._reached("loads/a"):
        raise TypeError("ours")


def test_a_broken_download_leaves_nothing(bucket: Any, tmp_path: Path) -> None:
    """No half file in scratch."""
    with pytest.raises(FileNotFoundError):
        remote.Remote(bucket).local(f"{BUCKET}/nothing", tmp_path)
    assert [] == list(tmp_path.iterdir())
