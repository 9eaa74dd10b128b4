"""A source is read from where it may be read, and nowhere else."""

from __future__ import annotations

import gzip
import os
import socket
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include import storage
from include.bulkload.basics import errors
from include.storage import sources
from tests.include.storage.conftest import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BODY = b'{"accounts": []}'


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """A folder that may be read from, with a file; beside it one that may not."""
    root = tmp_path / "allowed root"
    root.mkdir()
    (root / "accounts.json").write_bytes(BODY)
    (tmp_path / "secret.json").write_bytes(b"secret")
    (tmp_path / "allowed rooted").mkdir()
    (tmp_path / "allowed rooted" / "x.json").write_bytes(b"secret")
    return root


def test_a_local_file_is_read_in_place(allowed: Path, tmp_path: Path) -> None:
    """Encoded as URIs are; no copy is made."""
    file = allowed / "accounts.json"
    assert [file, file] == [
        storage.fetch(file.as_uri(), tmp_path / "into", [allowed.as_uri()]),
        storage.fetch(f"file://localhost{file}", tmp_path / "into", [f"{allowed.as_uri()}/"]),
    ]


@pytest.mark.parametrize(
    "tail",
    [
        "/../secret.json",
        "/%2e%2e/secret.json",
        "/..%2Fsecret.json",
        "/./../secret.json",
        "ed/x.json",
        "/link.json",
        "/folder/secret.json",
        "/%252e%252e/secret.json",
        "",
        "/",
        "/nothing.json",
        "/pipe",
        "/%00",
        "/..%5csecret.json",
        "/accounts.json?x=1",
        "/accounts.json#x",
        "/" + "a" * 300,
    ],
)
def test_no_way_leads_out_of_an_allowed_root(allowed: Path, tmp_path: Path, tail: str) -> None:
    """Dots, links, encodings, a root's name as a prefix; what is missing or no file is told as plainly."""
    (allowed / "link.json").symlink_to(tmp_path / "secret.json")
    (allowed / "folder").symlink_to(tmp_path)
    os.mkfifo(allowed / "pipe")
    with pytest.raises(errors.SourceError):
        storage.fetch(allowed.as_uri() + tail, tmp_path / "into", [allowed.as_uri()])


def test_a_link_within_the_roots_is_followed(allowed: Path, tmp_path: Path) -> None:
    """Also a root may be a link itself."""
    (tmp_path / "root").symlink_to(allowed)
    (allowed / "latest.json").symlink_to(allowed / "accounts.json")
    found = storage.fetch(f"file://{tmp_path}/root/latest.json", tmp_path, [(tmp_path / "root").as_uri()])
    assert allowed / "accounts.json" == found


@pytest.mark.parametrize(
    "uri",
    [
        "/etc/passwd",
        "accounts.json",
        "http://169.254.169.254/latest/meta-data",
        "https://user:hidden@x/y",
        "ftp://x/y",
        "memory://x",
        "simplecache::s3://loads/x",
        "s3://loads/x::file:///etc/passwd",
        "filecache%3A%3As3://loads/x",
        "file://server/share/x",
        "file:relative",
        "s3://loads/../other/x",
        "s3://loads/a/%2e%2e/%2e%2e/x",
        "s3://loads/a/%252e%252e/x",
        "s3://loads//x",
        "s3:///x",
        "s3://key:hidden@loads/x",
        "s3://loads/x?versionId=hidden",
        "s3://loads/x\\y",
        "s3://loads/x\n",
        "s3://[loads/x",
        "S3:loads",
        "",
    ],
)
def test_what_is_no_plain_uri_is_refused(uri: str, tmp_path: Path) -> None:
    """Even where everything is allowed; and nothing that may be a password is told."""
    with pytest.raises(errors.SourceError) as found:
        storage.fetch(uri, tmp_path, ["s3://loads", "file:///"])
    assert "hidden" not in str(found.value)


@pytest.mark.parametrize("uri", ["s3://other/a/x", "s3://loads/ab/x", "s3://elsewhere@loads/a/x", "gs://loads/a/x", "file:///a/x"])
def test_another_bucket_connection_or_prefix_is_refused(uri: str, tmp_path: Path) -> None:
    """A root is a place and the connection that leads to it; the message names root and remedy."""
    with pytest.raises(errors.SourceError, match="BULKLOAD_ALLOWED_ROOTS"):
        storage.fetch(uri, tmp_path, ["s3://loads/a"])


@given(st.lists(st.sampled_from(["..", ".", "%2e%2e", "%2E.", "a", "/", "%2f", "\\", "allowed root", "secret.json", "%25", "~"])))
def test_whatever_is_read_lies_under_the_root(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """The law behind all of these."""
    base = tmp_path_factory.mktemp("law")
    (base / "allowed" / "a").mkdir(parents=True)
    for place in ("allowed/x", "allowed/a/x", "secret.json", "x"):
        (base / place).write_bytes(b"")
    try:
        found = storage.fetch(f"file://{base}/allowed/{'/'.join(parts)}/x", base, [(base / "allowed").as_uri()])
    except errors.SourceError:
        return
    assert found.resolve().is_relative_to(base / "allowed")


@pytest.fixture
def opened(bucket: Any) -> Callable[[str], tuple[Any, str]]:
    """How a deployment reaches its store."""
    return lambda uri: (bucket, uri.partition("://")[2].rpartition("@")[2])


def test_an_object_comes_to_a_local_file(bucket: Any, opened: Callable[[str], tuple[Any, str]], tmp_path: Path) -> None:
    """Whole, still compressed, its suffixes kept so that the reader knows."""
    packed = gzip.compress(BODY * 100_000)
    bucket.pipe_file(f"{BUCKET}/in/accounts 2026.v1.json.gz", packed)
    found = storage.fetch(f"s3://minio@{BUCKET}/in/accounts 2026.v1.json.gz", tmp_path / "into", [f"s3://minio@{BUCKET}/in"], opened)
    assert (tmp_path / "into" / "source.json.gz", packed) == (found, found.read_bytes())


def test_a_missing_object_is_told(opened: Callable[[str], tuple[Any, str]], tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(errors.SourceError, match="no such object"):
        storage.fetch(f"s3://{BUCKET}/in/nothing", tmp_path, [f"s3://{BUCKET}"], opened)


def test_a_store_out_of_reach_is_told(tmp_path: Path) -> None:
    """Its key isn't."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        options = {"endpoint_url": f"http://127.0.0.1:{free.getsockname()[1]}", "region_name": "us-east-1"}
    fs = fsspec.filesystem("s3", key="key", secret="hidden", client_kwargs=options, config_kwargs={"retries": {"max_attempts": 1}})
    fs.retries = 1
    with pytest.raises(errors.SourceError, match="can't be reached") as found:
        storage.fetch(f"s3://{BUCKET}/x", tmp_path, [f"s3://{BUCKET}"], lambda _: (fs, f"{BUCKET}/x"))
    assert "hidden" not in str(found.value)


def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    """The workers lack a library, the source is fine."""

    def opened(_: str) -> tuple[Any, str]:
        raise ImportError("Please install gcsfs")

    with pytest.raises(errors.SourceError, match="gcsfs"):
        storage.fetch("gs://loads/x", tmp_path, ["gs://loads"], opened)


def test_a_place_shows_no_password() -> None:
    """Roots may be shown in messages, URIs too."""
    assert "s3://key@loads/x" == sources._shown("s3://key:hidden@loads/x?sig=hidden#hidden")
