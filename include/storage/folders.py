"""A file system, a base and a run's names → the run's folder, as the steps' port wants it."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import ports
from include.storage import disk, names, stores

if TYPE_CHECKING:
    from pathlib import Path

    from fsspec import AbstractFileSystem

# Hex digits of the checksum in a stored file's name: as few as make it readable, more if another file has the same.
MARKS = (8, 16, 64)
LEDGER = "ledger/"
RESTORE = "restore it, or start a new run"
_PROVEN: set[str] = set()


class RunFolder:
    """One run's folder: JSON objects created once, stored files named by their content.

    :param store: where it stands.
    :param base: the base of all run folders; path and URI.
    :param root: the folder's path beneath the base.
    :param above: the path of its DAG's folder in it; "": it is no run's.
    """

    def __init__(self, store: stores.Store, base: tuple[str, str], root: str, above: str = "") -> None:
        self._store = store
        self._base, self._base_uri = base
        self._root = root
        self._above = above
        # Entries of a ledger never change, and a file that was proven is proven until somebody touches it: a task looks once.
        self._entries: dict[str, bytes] = {}
        self._proven: dict[Path, tuple[str, int, int]] = {}

    def create(self, name: str, document: dict[str, Any]) -> None:
        """Write a JSON object exclusively and whole; FileExistsError if the name is taken.

        Raises UnfitStorage if the store can't do that, NetworkFault if it can't be reached.
        """
        self._prove()
        self._store.create(self._path(name), _body(document))

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write or replace a JSON object atomically. Raises like `create`."""
        self._entries.pop(name, None)
        self._store.replace(self._path(name), _body(document))

    def read(self, name: str) -> dict[str, Any] | None:
        """Read a JSON object; None if there is none. Raises LedgerDamaged if it isn't one."""
        body = self._entries.get(name) or self._store.read(self._path(name))
        if body is None:
            return None
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise errors.LedgerDamaged(f"{self.uri(name)} isn't a JSON object; {RESTORE}")
        if name.startswith(LEDGER):
            self._entries[name] = body
        return found

    def names(self, prefix: str) -> list[str]:
        """List all objects whose name starts with `prefix` (any depth), sorted."""
        above = prefix.rpartition("/")[0]
        begin = f"{above}/" if above else ""
        found = []
        for path in self._store.find(self._path(above)):
            try:
                found.append(begin + names.name(path))
            except ValueError:
                # Not ours: what a browser of the store left there, say.
                continue
        return sorted(each for each in found if each.startswith(prefix))

    def put(self, local: Path, name: str) -> ports.Stored:
        """Store a finished file under `name` with its checksum's start before the suffix; never changes an existing one."""
        sha256, size, plain = disk.checksum(local), local.stat().st_size, PurePosixPath(name)
        for mark in MARKS:
            stored = ports.Stored(str(plain.with_name(f"{plain.stem}-{sha256[:mark]}{plain.suffix}")), sha256, size)
            path = self._path(stored.name)
            try:
                self._store.put(local, path)
            except FileExistsError:
                if self._store.checksum(path) != sha256:
                    continue
            return stored
        raise errors.LedgerDamaged(f"{self.uri(name)}: what stands there isn't what its checksum says; {RESTORE}")

    def get(self, stored: ports.Stored, scratch: Path) -> Path:
        """Bring a stored file to a local path, checksum verified: in place on this machine's disk, else once per scratch folder.

        Raises LedgerDamaged if it is missing or differs.
        """
        target = scratch / "brought" / f"{stored.sha256[:32]}{PurePosixPath(stored.name).suffix}"
        if self._is(stored, target):
            return target
        try:
            local = self._store.local(self._path(stored.name), target)
        except FileNotFoundError as missing:
            raise errors.LedgerDamaged(f"{self.uri(stored.name)} is missing; {RESTORE}") from missing
        if self._is(stored, local):
            return local
        target.unlink(missing_ok=True)
        raise errors.LedgerDamaged(f"{self.uri(stored.name)} isn't what was stored, by size or checksum; {RESTORE}")

    def uri(self, name: str) -> str:
        """Say where an object stands, for people and XComs."""
        return f"{self._base_uri}/{self._root}" + (f"/{names.path(name)}" if name else "")

    def beside(self) -> list[RunFolder]:
        """The folders of all other runs of the same DAG, sorted by their names."""
        found = [f"{self._above}/{each}" for each in self._runs("")] if self._above else []
        base = (self._base, self._base_uri)
        return [RunFolder(self._store, base, root, self._above) for root in sorted(found) if root != self._root]

    def run_id(self) -> str:
        """The id of the run whose folder it is; "" if it is no run's, or none of ours wrote its name."""
        try:
            return names.decoded(self._root.removeprefix(f"{self._above}/")) if self._above else ""
        except ValueError:
            return ""

    def _runs(self, begin: str) -> list[str]:
        """The paths of runs beneath their DAG's folder; a long name goes on in a folder beneath."""
        found = []
        for name in self._store.folders(f"{self._base}/{self._above}/{begin}".rstrip("/")):
            found += self._runs(f"{begin}{name}/") if name.endswith(names.GOES_ON) else [begin + name]
        return found

    def _path(self, name: str) -> str:
        return f"{self._base}/{self._root}" + (f"/{names.path(name)}" if name else "")

    def _is(self, stored: ports.Stored, local: Path) -> bool:
        """Whether a local file is there and is the one that was stored."""
        if not local.is_file() or (seen := local.stat()).st_size != stored.bytes:
            return False
        mark = (stored.sha256, seen.st_mtime_ns, seen.st_ino)
        if self._proven.get(local) != mark and disk.checksum(local) == stored.sha256:
            self._proven[local] = mark
        return self._proven.get(local) == mark

    def _prove(self) -> None:
        """Prove once per process and base that the store creates exclusively."""
        if self._base_uri not in _PROVEN:
            stores.prove(self._store, self._base)
            _PROVEN.add(self._base_uri)


def run_folder(fs: AbstractFileSystem, base: str, dag_id: str, run_id: str, *, base_uri: str | None = None) -> RunFolder:
    """The folder of a run: `<base>/<dag_id>/<run_id>`, both encoded.

    `base_uri` is how the base's owner writes it, where that says more than the path: `s3://connection@bucket/runs`.
    """
    path = base.rstrip("/")
    store, above = stores.of(fs), names.encoded(dag_id)
    return RunFolder(store, (path, (base_uri or store.uri(path)).rstrip("/")), f"{above}/{names.encoded(run_id)}", above)


def _body(document: dict[str, Any]) -> bytes:
    # A lone surrogate, which UTF-8 hasn't, becomes the escape that JSON has for it.
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")
