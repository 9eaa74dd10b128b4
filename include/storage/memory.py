"""A file system and a base → what runs leave for later ones, beside the run folders, as the steps' port wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.storage import folders, names, stores

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from include.bulkload.steps import ports

# No DAG's folder has this name: an encoded `~` is followed by two hex digits.
ROOT = "~memory"


class Memory(folders.RunFolder):
    """Objects and files like a run folder's, and what has had its time can be removed."""

    def remove(self, name: str) -> None:
        """Remove an object, if it is there. Raises UnfitStorage or NetworkFault."""
        self._store.remove(f"{self._base}/{self._root}/{names.path(name)}")

    def run_folder(self, name: ports.RunName) -> folders.RunFolder:
        """The folder of a run beside it."""
        above = names.encoded(name.dag_id)
        return folders.RunFolder(self._store, (self._base, self._base_uri), f"{above}/{names.encoded(name.run_id)}", above)


def memory(fs: AbstractFileSystem, base: str, *, base_uri: str | None = None) -> Memory:
    """The memory beside all run folders of a base: `<base>/~memory`. `base_uri` as for `run_folder`."""
    path = base.rstrip("/")
    store = stores.of(fs)
    return Memory(store, (path, (base_uri or store.uri(path)).rstrip("/")), ROOT)
