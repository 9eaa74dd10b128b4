"""A run's folder, on disk and in a bucket alike."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.bulkload.steps import ports
from include.storage import folders, memory, stores

if TYPE_CHECKING:
    from pathlib import Path

Place = tuple[Any, str]
RUN = "manual__2026-11-23T19:10:50+00:00"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=[])), lambda inner: st.lists(inner, max_size=3)
)


@pytest.fixture
def folder(place: Place) -> folders.RunFolder:
    """An empty run folder."""
    return folders.run_folder(*place, "parent_child_load", RUN)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A finished file."""
    path = tmp_path / "finished.parquet"
    path.write_bytes(b"rows" * 1000)
    return path


def inside(place: Place, stored: ports.Stored) -> str:
    """Where a stored file stands on its file system."""
    return f"{place[1]}/parent_child_load/manual__2026-11-23T19~3A10~3A50~2B00~3A00/{stored.name}"


def test_it_fulfils_the_steps_port(folder: folders.RunFolder) -> None:
    """What mypy checks of the signatures, said once."""
    port: ports.RunFolder = folder
    assert port is folder


def test_an_entry_is_created_once(folder: folders.RunFolder) -> None:
    """The ledger's ground."""
    folder.create("ledger/begun.json", {"a": "Zoë \ud83d"})
    with pytest.raises(FileExistsError):
        folder.create("ledger/begun.json", {"a": 2})
    assert ({"a": "Zoë \ud83d"}, None) == (folder.read("ledger/begun.json"), folder.read("ledger/other.json"))


def test_it_knows_the_other_runs_of_its_dag(place: Place) -> None:
    """However long their names are; not itself, not those of other DAGs, not what runs remember."""
    others = ["scheduled__2026-11-22", "x" * 500, "a/b"]
    own = folders.run_folder(*place, "parent_child_load", RUN)
    for run_id in [RUN, *others]:
        folders.run_folder(*place, "parent_child_load", run_id).create("ledger/begun.json", {"run": run_id})
    folders.run_folder(*place, "parent_child_load_2", "another DAG's").create("ledger/begun.json", {})
    memory(*place).create("load/org/begun.json", {})
    assert sorted(others) == sorted((each.read("ledger/begun.json") or {})["run"] for each in own.beside())
    assert (RUN, sorted(others), "") == (own.run_id(), sorted(each.run_id() for each in own.beside()), memory(*place).run_id())
    assert [] == folders.run_folder(place[0], f"{place[1]}/nowhere", "dag", "run").beside() == memory(*place).beside()


def test_a_document_may_be_replaced(folder: folders.RunFolder) -> None:
    """Notes and the summary."""
    folder.write("summary.json", {"n": 1})
    folder.write("summary.json", {"n": 2})
    assert {"n": 2} == folder.read("summary.json")


def test_names_begin_with_the_prefix_at_any_depth(folder: folders.RunFolder) -> None:
    """Sorted, and a prefix needn't end at a slash."""
    for name in ("ledger/A/chunk-2/x.json", "ledger/A/chunk-1/750/y.json", "ledger/A/planned.json", "ledger/AB/chunk-1/z.json", "top"):
        folder.create(name, {})
    assert ["ledger/A/chunk-1/750/y.json", "ledger/A/chunk-2/x.json"] == folder.names("ledger/A/chunk-")
    assert (["top"], 5, []) == (folder.names("to"), len(folder.names("")), folder.names("nothing/"))


@pytest.mark.parametrize("name", ["../../out", "a/../../../b", "/etc/x", "a//b", ".hidden/.x", "~", "ü ï/%2e%2e"])
def test_no_name_leads_out(folder: folders.RunFolder, name: str) -> None:
    """A plan's object may have any name; it stays in its run's folder, and is listed as it was given."""
    folder.create(name, {"here": 1})
    assert ([name], {"here": 1}) == (folder.names(""), folder.read(name))


def test_what_is_no_json_object_is_damage(folder: folders.RunFolder, place: Place) -> None:
    """A ledger isn't guessed at."""
    store = stores.of(place[0])
    for body in (b"", b"[]", b'{"a":', b"\xff"):
        store.replace(inside(place, ports.Stored("ledger/x.json", "", 0)), body)
        with pytest.raises(errors.LedgerDamaged):
            folder.read("ledger/x.json")


def test_a_file_is_stored_under_its_content(folder: folders.RunFolder, file: Path, tmp_path: Path) -> None:
    """Name, checksum and size are what the ledger notes; the same file again is the same name."""
    stored = folder.put(file, "Account/staged.parquet")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert ports.Stored(f"Account/staged-{sha256[:8]}.parquet", sha256, 4000) == stored == folder.put(file, "Account/staged.parquet")
    assert file.read_bytes() == folder.get(stored, tmp_path / "scratch").read_bytes()


def test_a_stored_file_is_never_changed(folder: folders.RunFolder, place: Place, file: Path, tmp_path: Path) -> None:
    """Where another file has the name already, this one gets a longer name."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    other = tmp_path / "other"
    other.write_bytes(b"not these rows")
    taken = inside(place, ports.Stored(f"Account/staged-{sha256[:8]}.parquet", "", 0))
    stores.of(place[0]).put(other, taken)
    stored = folder.put(file, "Account/staged.parquet")
    assert (f"Account/staged-{sha256[:16]}.parquet", b"not these rows") == (stored.name, stores.of(place[0]).read(taken))
    assert file.read_bytes() == folder.get(stored, tmp_path).read_bytes()


@pytest.mark.parametrize("damage", [b"", b"rows" * 999, b"ROWS" * 1000])
def test_a_changed_file_is_damage(folder: folders.RunFolder, place: Place, file: Path, tmp_path: Path, damage: bytes) -> None:
    """Truncated, or as long as it was: nothing of it is used, and nothing of it stays in scratch."""
    stored = folder.put(file, "Account/staged.parquet")
    stores.of(place[0]).replace(inside(place, stored), damage)
    with pytest.raises(errors.LedgerDamaged, match="isn't what was stored"):
        folder.get(stored, tmp_path / "scratch")
    assert [] == [path for path in (tmp_path / "scratch").rglob("*") if path.is_file()]


def test_a_stored_file_is_brought_once(bucket: Any, file: Path, tmp_path: Path) -> None:
    """A thousand chunks need the same file; a copy that was changed meanwhile isn't taken."""
    folder = folders.run_folder(bucket, f"loads/{tmp_path.name}", "d", "r")
    stored = folder.put(file, "a.parquet")
    first = folder.get(stored, tmp_path / "scratch")
    bucket.rm_file(f"loads/{tmp_path.name}/d/r/{stored.name}")
    assert (first, ".parquet") == (folder.get(stored, tmp_path / "scratch"), first.suffix)
    first.write_bytes(b"changed")
    with pytest.raises(errors.LedgerDamaged):
        folder.get(stored, tmp_path / "scratch")


def test_a_task_reads_an_entry_once(folder: folders.RunFolder, place: Place) -> None:
    """What stands in a ledger stays; other documents are looked at anew each time."""
    store = stores.of(place[0])
    for name, expected in (("ledger/x.json", 1), ("summary.json", 2)):
        folder.write(name, {"n": 1})
        assert {"n": 1} == folder.read(name)
        store.replace(inside(place, ports.Stored(name, "", 0)), b'{"n": 2}')
        assert {"n": expected} == folder.read(name)
        assert {"n": 2} == folders.run_folder(*place, "parent_child_load", RUN).read(name)


def test_a_task_proves_a_file_once(tmp_path: Path, file: Path) -> None:
    """Checksums of large files cost: a file that nobody touched since isn't read again, one that was is."""
    folder = folders.run_folder(fsspec.filesystem("file"), str(tmp_path / "runs"), "d", "r")
    stored = folder.put(file, "Account/staged.parquet")
    local = folder.get(stored, tmp_path / "scratch")
    seen = local.stat()
    local.write_bytes(b"ROWS" * 1000)
    os.utime(local, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert local == folder.get(stored, tmp_path / "scratch")
    os.utime(local, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))
    with pytest.raises(errors.LedgerDamaged, match="isn't what was stored"):
        folder.get(stored, tmp_path / "scratch")


def test_a_missing_file_is_damage(folder: folders.RunFolder, tmp_path: Path) -> None:
    """Somebody emptied the bucket."""
    with pytest.raises(errors.LedgerDamaged, match="missing"):
        folder.get(ports.Stored("Account/staged-00.parquet", "0" * 64, 1), tmp_path)


def test_a_stored_file_on_disk_is_read_in_place(tmp_path: Path, file: Path) -> None:
    """No copy of gigabytes."""
    folder = folders.run_folder(fsspec.filesystem("file"), str(tmp_path / "runs"), "d", "r")
    stored = folder.put(file, "a.parquet")
    assert tmp_path / "runs" / "d" / "r" / stored.name == folder.get(stored, tmp_path / "scratch")


def test_uris_are_for_people_and_xcoms(tmp_path: Path, bucket: Any) -> None:
    """Each store in its own way; a connection's name stays in it where the base has one."""
    local = folders.run_folder(fsspec.filesystem("file"), str(tmp_path / "a b"), "d", "r:1")
    store = folders.run_folder(bucket, "loads/base/", "d", "r:1")
    named = folders.run_folder(bucket, "loads/base", "d", "r:1", base_uri="s3://minio@loads/base/")
    assert [
        f"{tmp_path.as_uri()}/a%20b/d/r~3A1/summary.json",
        "s3://loads/base/d/r~3A1",
        "s3://minio@loads/base/d/r~3A1/x.json",
    ] == [local.uri("summary.json"), store.uri(""), named.uri("x.json")]


@given(st.dictionaries(st.text(), JSON, max_size=3))
def test_every_document_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]) -> None:
    """Also with lone surrogates and huge integers."""
    folder = folders.run_folder(fsspec.filesystem("file"), str(tmp_path_factory.mktemp("runs")), "d", "r")
    folder.create("x", document)
    assert document == folder.read("x")


def test_an_unfit_store_is_refused_at_the_first_entry() -> None:
    """Before anything stands in a ledger that can't be trusted."""
    from tests.include.storage.test_stores import Heedless

    with pytest.raises(errors.UnfitStorage):
        folders.run_folder(Heedless(), "/elsewhere", "d", "r").create("ledger/begun.json", {})
