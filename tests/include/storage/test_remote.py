"""An object store's own errors, as ours."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.implementations import memory

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
        remote.Remote(bucket).local(f"{BUCKET}/nothing", tmp_path / "file")
    assert [] == list(tmp_path.iterdir())


class Conflict(OSError):
    """What s3fs makes of two writers who met at the very moment."""

    response = {"Error": {"Code": "ConditionalRequestConflict"}}  # noqa: RUF012 - as botocore's


class Contended(memory.MemoryFileSystem):  # type: ignore[misc]
    """A store where another writer is in the way so many times."""

    protocol = "contended"
    store: dict[str, Any] = {}  # noqa: RUF012 - as in fsspec
    pseudo_dirs = [""]  # noqa: RUF012 - as in fsspec
    times = 0

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **given: Any) -> None:
        """Write when the others are done."""
        if self.times:
            self.times -= 1
            raise OSError(16, "conflict") from Conflict()
        super().pipe_file(path, value, mode=mode, **given)


@pytest.mark.parametrize(("times", "expected"), [(1, b"x"), (remote.CONFLICTS, b"x"), (remote.CONFLICTS + 1, None)])
def test_a_conflict_is_settled_by_asking_again(times: int, expected: bytes | None) -> None:
    """S3 answers 409 to writers who meet; it isn't known yet who wins."""
    fs = Contended(skip_instance_cache=True)
    fs.times, path = times, f"/{times}"
    store = remote.Remote(fs)
    with contextlib.suppress(errors.NetworkFault):
        store.create(path, b"x")
    assert (0, expected) == (fs.times, store.read(path))
