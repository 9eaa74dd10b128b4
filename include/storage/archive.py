"""A run base → the runs that stand there, and their folders, from which things can be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.steps import ports
from include.storage import folders, names, stores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fsspec import AbstractFileSystem


class Kept(folders.RunFolder):
    """A run's folder whose objects can be removed."""

    def remove(self, name: str) -> None:
        """Remove an object or a stored file, if it is there. Raises UnfitStorage or NetworkFault."""
        self._entries.pop(name, None)
        self._store.remove(self._path(name))

    def tidy(self) -> None:
        """Remove empty folders, where the store has such things."""
        self._store.tidy(self._path(""))


class Archive:
    """All run folders of a base.

    :param fs: the file system.
    :param base: the base's path there.
    :param base_uri: how its owner writes it, as for `run_folder`.
    """

    def __init__(self, fs: AbstractFileSystem, base: str, base_uri: str | None) -> None:
        self._store = stores.of(fs)
        self._base = base.rstrip("/")
        self._uri = (base_uri or self._store.uri(self._base)).rstrip("/")

    def runs(self) -> Iterator[ports.RunName]:
        """Name the runs whose folders stand there. What isn't a run's, the memory say, is passed over."""
        for dag in self._named(self._base):
            for run in self._named(f"{self._base}/{dag}"):
                try:
                    yield ports.RunName(names.decoded(dag), names.decoded(run))
                except ValueError:
                    continue

    def folder(self, name: ports.RunName) -> Kept:
        """The folder of a run."""
        return Kept(self._store, (self._base, self._uri), f"{names.encoded(name.dag_id)}/{names.encoded(name.run_id)}")

    def _named(self, folder: str) -> Iterator[str]:
        """Encoded names beneath a folder; a long one goes on in folders beneath."""
        for segment in sorted(self._store.folders(folder)):
            if segment.endswith(names.GOES_ON):
                yield from (f"{segment}/{rest}" for rest in self._named(f"{folder}/{segment}"))
            else:
                yield segment


def archive(fs: AbstractFileSystem, base: str, *, base_uri: str | None = None) -> Archive:
    """The run folders of a base; `base_uri` as for `run_folder`."""
    return Archive(fs, base, base_uri)
