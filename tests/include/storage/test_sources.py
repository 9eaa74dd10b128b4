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
from include.storage import uris
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


def opened_at(uri: str, into: Path, roots: list[str], *more: Any) -> Path:
    """List the one file at a URI and bring it; where it stands then."""
    (file,) = storage.files(uri, into, roots, *more)
    with file.here() as path:
        return path


def listed(uri: str, into: Path, roots: list[str], *more: Any) -> dict[str, bytes]:
    """What the files at a URI hold, by name, in their order."""
    found = {}
    for file in storage.files(uri, into, roots, *more):
        with file.here() as path:
            found[file.name] = path.read_bytes()
    return found


def test_a_local_file_is_read_in_place(allowed: Path, tmp_path: Path) -> None:
    """Encoded as URIs are; no copy is made."""
    file = allowed / "accounts.json"
    assert [file, file] == [
        opened_at(file.as_uri(), tmp_path / "into", [allowed.as_uri()]),
        opened_at(f"file://localhost{file}", tmp_path / "into", [f"{allowed.as_uri()}/"]),
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
        opened_at(allowed.as_uri() + tail, tmp_path / "into", [allowed.as_uri()])


def test_a_link_within_the_roots_is_followed(allowed: Path, tmp_path: Path) -> None:
    """Also a root may be a link itself."""
    (tmp_path / "root").symlink_to(allowed)
    (allowed / "latest.json").symlink_to(allowed / "accounts.json")
    found = opened_at(f"file://{tmp_path}/root/latest.json", tmp_path, [(tmp_path / "root").as_uri()])
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
        opened_at(uri, tmp_path, ["s3://loads", "file:///"])
    assert "hidden" not in str(found.value)


@pytest.mark.parametrize("uri", ["s3://other/a/x", "s3://loads/ab/x", "s3://elsewhere@loads/a/x", "gs://loads/a/x", "file:///a/x"])
def test_another_bucket_connection_or_prefix_is_refused(uri: str, tmp_path: Path) -> None:
    """A root is a place and the connection that leads to it; the message names root and remedy."""
    with pytest.raises(errors.SourceError, match="BULKLOAD_ALLOWED_ROOTS"):
        opened_at(uri, tmp_path, ["s3://loads/a"])


@given(st.lists(st.sampled_from(["..", ".", "%2e%2e", "%2E.", "a", "/", "%2f", "\\", "allowed root", "secret.json", "%25", "~"])))
def test_whatever_is_read_lies_under_the_root(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    """The law behind all of these."""
    base = tmp_path_factory.mktemp("law")
    (base / "allowed" / "a").mkdir(parents=True)
    for place in ("allowed/x", "allowed/a/x", "secret.json", "x"):
        (base / place).write_bytes(b"")
    try:
        found = opened_at(f"file://{base}/allowed/{'/'.join(parts)}/x", base, [(base / "allowed").as_uri()])
    except errors.SourceError:
        return
    assert found.resolve().is_relative_to(base / "allowed")


@pytest.fixture
def opened(bucket: Any) -> Callable[[str], tuple[Any, str]]:
    """How a deployment reaches its store."""
    return lambda uri: (bucket, uri.partition("://")[2].rpartition("@")[2])


def test_an_object_comes_to_a_local_file(bucket: Any, opened: Callable[[str], tuple[Any, str]], tmp_path: Path) -> None:
    """Whole, still compressed; gone when it was read."""
    packed = gzip.compress(BODY * 100_000)
    bucket.pipe_file(f"{BUCKET}/in/accounts 2026.v1.json.gz", packed)
    (found,) = storage.files(f"s3://minio@{BUCKET}/in/accounts 2026.v1.json.gz", tmp_path / "into", [f"s3://minio@{BUCKET}/in"], opened)
    with found.here() as path:
        assert ("accounts 2026.v1.json.gz", "source.json.gz", packed) == (found.name, path.name, path.read_bytes())
    assert [] == list((tmp_path / "into").iterdir())


def test_a_missing_object_is_told(opened: Callable[[str], tuple[Any, str]], tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(errors.SourceError, match="no such object"):
        opened_at(f"s3://{BUCKET}/in/nothing", tmp_path, [f"s3://{BUCKET}"], opened)


def test_a_store_out_of_reach_is_told(tmp_path: Path) -> None:
    """Its key isn't."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        options = {"endpoint_url": f"http://127.0.0.1:{free.getsockname()[1]}", "region_name": "us-east-1"}
    fs = fsspec.filesystem("s3", key="key", secret="hidden", client_kwargs=options, config_kwargs={"retries": {"max_attempts": 1}})
    fs.retries = 1
    with pytest.raises(errors.SourceError, match="can't be reached") as found:
        opened_at(f"s3://{BUCKET}/x", tmp_path, [f"s3://{BUCKET}"], lambda _: (fs, f"{BUCKET}/x"))
    assert "hidden" not in str(found.value)


def test_a_missing_driver_is_named(tmp_path: Path) -> None:
    """The workers lack a library, the source is fine."""

    def opened(_: str) -> tuple[Any, str]:
        raise ImportError("Please install gcsfs")

    with pytest.raises(errors.SourceError, match="gcsfs"):
        opened_at("gs://loads/x", tmp_path, ["gs://loads"], opened)


def test_a_place_shows_no_password() -> None:
    """Roots may be shown in messages, URIs too."""
    assert "s3://key@loads/x" == uris.shown("s3://key:hidden@loads/x?sig=hidden#hidden")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with files at several depths, some that nobody means."""
    root = tmp_path / "root"
    for name in ("b.csv", "a.csv", "c.json", ".hidden.csv", "2026/d.csv", "2026/11/e.csv", "2025/f.csv", ".git/g.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return root


@pytest.mark.parametrize(
    ("tail", "names"),
    [
        ("/", ["a.csv", "b.csv", "c.json"]),
        ("/*.csv", ["a.csv", "b.csv"]),
        ("/2026/", ["d.csv"]),
        ("/*/*.csv", ["2025/f.csv", "2026/d.csv"]),
        ("/202*/d*", ["2026/d.csv"]),
        ("/**/*.csv", ["2025/f.csv", "2026/11/e.csv", "2026/d.csv", "a.csv", "b.csv"]),
        ("/**/11/*", ["2026/11/e.csv"]),
        ("/.h*", [".hidden.csv"]),
    ],
)
def test_a_folder_or_glob_is_its_files_by_name(many: Path, bucket: Any, tmp_path: Path, tail: str, names: list[str]) -> None:
    """On a disk and in a bucket alike; what begins with a dot is hidden."""
    for path in many.rglob("*"):
        if path.is_file():
            bucket.pipe_file(f"{BUCKET}/many/{path.relative_to(many)}", path.read_bytes())
    found = listed(many.as_uri() + tail, tmp_path, [many.as_uri()])
    there = listed(f"s3://{BUCKET}/many{tail}", tmp_path, [f"s3://{BUCKET}/many"], lambda uri: (bucket, uri.partition("://")[2]))
    assert (names, [*found.items()]) == ([*found], [*there.items()])
    assert all(content.decode().endswith(name) for name, content in found.items())


@pytest.mark.parametrize("tail", ["/2026/*.json", "/nothing/", "/*/*/*/*", "/empty/"])
def test_nothing_to_read_is_told(many: Path, tmp_path: Path, tail: str) -> None:
    """An empty folder is no empty load: somebody forgot to put the files there."""
    (many / "empty").mkdir()
    with pytest.raises(errors.SourceError):
        storage.files(many.as_uri() + tail, tmp_path, [many.as_uri()])


def test_an_empty_prefix_of_a_bucket_is_told(bucket: Any, tmp_path: Path) -> None:
    """Object stores know no folders, only keys."""
    with pytest.raises(errors.SourceError, match="nothing to read"):
        storage.files(f"s3://{BUCKET}/nowhere/*.csv", tmp_path, [f"s3://{BUCKET}"], lambda uri: (bucket, uri.partition("://")[2]))


@pytest.mark.parametrize(
    "tail", ["/*/../../secret.json", "/../*", "/**", "/*//x", "/%2e%2e/*", "/*/%2e%2e/x", "ed/*", "/link/*", "/*.json", "/**/*"]
)
def test_no_glob_leads_out_of_an_allowed_root(allowed: Path, tmp_path: Path, tail: str) -> None:
    """Dots, links to folders and to files: refused, never passed over in silence."""
    (allowed / "link").symlink_to(tmp_path / "allowed rooted")
    (allowed / "out.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(errors.SourceError):
        storage.files(allowed.as_uri() + tail, tmp_path / "into", [allowed.as_uri()])


def test_links_within_the_roots_are_listed(many: Path, tmp_path: Path) -> None:
    """`latest` may be a link to tonight's folder; `**` doesn't follow it, it may lead in a circle."""
    (many / "latest").symlink_to(many / "2026")
    (many / "2026" / "up").symlink_to(many)
    assert ["latest/d.csv"] == list(listed(many.as_uri() + "/lat*/*.csv", tmp_path, [many.as_uri()]))
    assert 5 == len(listed(many.as_uri() + "/**/*.csv", tmp_path, [many.as_uri()]))


def test_a_pipe_in_a_folder_is_told(many: Path, tmp_path: Path) -> None:
    """It would have the worker wait for ever."""
    os.mkfifo(many / "pipe")
    with pytest.raises(errors.SourceError, match="no file"):
        storage.files(many.as_uri() + "/", tmp_path, [many.as_uri()])


def test_a_star_in_a_name_is_written_encoded(tmp_path: Path) -> None:
    """In file:// `%2A` is the character itself."""
    (tmp_path / "a*.csv").write_text("star")
    (tmp_path / "ab.csv").write_text("no")
    assert b"star" == opened_at(f"{tmp_path.as_uri()}/a%2A.csv", tmp_path, [tmp_path.as_uri()]).read_bytes()
    assert ["a*.csv", "ab.csv"] == list(listed(f"{tmp_path.as_uri()}/a*.csv", tmp_path, [tmp_path.as_uri()]))
