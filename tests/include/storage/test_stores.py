"""The store's promises, on disk and in a bucket alike: whole, exclusive, proven."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from include.bulkload.basics import errors
from include.storage import stores

Place = tuple[Any, str]
WRITERS = 8


def test_an_object_is_created_once(place: Place) -> None:
    """The second writer is told, the first one's words stand."""
    store, path = stores.of(place[0]), f"{place[1]}/a/b.json"
    store.create(path, b"first")
    with pytest.raises(FileExistsError):
        store.create(path, b"second")
    assert b"first" == store.read(path)


def test_of_many_writers_one_wins(place: Place) -> None:
    """Threads that create the same twenty names at the same moment."""
    store = stores.of(place[0])
    gate, won, lost = threading.Barrier(WRITERS), [], []

    def write(writer: int) -> None:
        gate.wait()
        for number in range(20):
            try:
                store.create(f"{place[1]}/{number}", f"{writer}".encode())
                won.append((number, writer))
            except FileExistsError:
                lost.append(number)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (list(range(20)), 20 * (WRITERS - 1)) == (sorted(number for number, _ in won), len(lost))
    assert [b"%d" % writer for _, writer in won] == [store.read(f"{place[1]}/{number}") for number, _ in won]


def test_an_empty_object_is_exclusive_too(place: Place, tmp_path: Path) -> None:
    """An empty result file is a file."""
    (tmp_path / "empty").touch()
    store = stores.of(place[0])
    store.put(tmp_path / "empty", f"{place[1]}/empty")
    with pytest.raises(FileExistsError):
        store.put(tmp_path / "empty", f"{place[1]}/empty")


def test_a_large_file_is_exclusive_too(place: Place, tmp_path: Path) -> None:
    """In a bucket it goes up in parts; the last word is conditional."""
    (tmp_path / "large").write_bytes(bytes(range(256)) * 80_000)
    (tmp_path / "other").write_bytes(b"x" * 20_000_000)
    store = stores.of(place[0])
    store.put(tmp_path / "large", f"{place[1]}/large")
    before = store.checksum(f"{place[1]}/large")
    with pytest.raises(FileExistsError):
        store.put(tmp_path / "other", f"{place[1]}/large")
    assert before == store.checksum(f"{place[1]}/large")


def test_a_replaced_object_is_the_new_one(place: Place) -> None:
    """Summaries and notes are written again."""
    store, path = stores.of(place[0]), f"{place[1]}/note"
    for body in (b"old", b"new"):
        store.replace(path, body)
    assert b"new" == store.read(path)


def test_what_is_not_there_is_none(place: Place) -> None:
    """No exception of some library's."""
    store = stores.of(place[0])
    store.remove(f"{place[1]}/nothing")
    assert (None, []) == (store.read(f"{place[1]}/nothing"), store.find(f"{place[1]}/nowhere"))
    with pytest.raises(FileNotFoundError):
        store.local(f"{place[1]}/nothing", Path("unused"))


def test_a_listing_shows_what_others_wrote_since(place: Place) -> None:
    """No remembered listing hides another process's entry."""
    store = stores.of(place[0])
    store.create(f"{place[1]}/a/1", b"x")
    assert ["a/1"] == store.find(place[1])
    # Another process: a client that shares no cache with ours.
    stores.of(type(place[0])(**{**place[0].storage_options, "skip_instance_cache": True})).create(f"{place[1]}/a/2", b"x")
    assert ["a/1", "a/2"] == sorted(store.find(place[1]))


def test_both_kinds_of_store_are_proven_fit(place: Place) -> None:
    """And the proof leaves nothing behind."""
    store = stores.of(place[0])
    stores.prove(store, place[1])
    assert [] == store.find(place[1])


class Heedless(MemoryFileSystem):  # type: ignore[misc]
    """A store that takes every write."""

    protocol = "heedless"
    store: dict[str, Any] = {}  # noqa: RUF012 - as in fsspec
    pseudo_dirs = [""]  # noqa: RUF012 - as in fsspec

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **given: Any) -> None:
        """Write without looking."""
        super().pipe_file(path, value, mode="overwrite", **given)


def test_a_store_that_overwrites_is_refused() -> None:
    """A ledger there couldn't be trusted."""
    with pytest.raises(errors.UnfitStorage, match="overwrites"):
        stores.prove(stores.of(Heedless()), "/base")
