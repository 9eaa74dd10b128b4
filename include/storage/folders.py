"""A file system, a base and a run's names → the run's folder, as the steps' port wants it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.steps import ports
from include.storage import exclusive, names

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BLOCK = 1 << 20
MARK = 12
PROBED = ".probed"


class RunFolder:
    """One run's folder: JSON objects created once, stored files named by their content.

    :param fs: an fsspec file system.
    :param root: the folder's path on it.
    """

    def __init__(self, fs: AbstractFileSystem, root: str) -> None:
        self._fs = fs
        self._root = root.rstrip("/")

    def create(self, name: str, document: dict[str, Any]) -> None:
        """Write a JSON object exclusively and whole; FileExistsError if the name is taken."""
        self._probe()
        exclusive.create(self._fs, self._path(name), _body(document))

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write or replace a JSON object atomically."""
        exclusive.replace(self._fs, self._path(name), _body(document))

    def read(self, name: str) -> dict[str, Any] | None:
        """Read a JSON object; None if there is none. Raises LedgerDamaged if it isn't one."""
        try:
            body = self._fs.cat_file(self._path(name))
        except FileNotFoundError:
            return None
        try:
            found = json.loads(body)
        except ValueError as wrong:
            raise errors.LedgerDamaged(f"{self.uri(name)} isn't JSON; restore it, or start a new run") from wrong
        if not isinstance(found, dict):
            raise errors.LedgerDamaged(f"{self.uri(name)} isn't a JSON object; restore it, or start a new run")
        return found

    def names(self, prefix: str) -> list[str]:
        """List all objects whose name starts with `prefix` (any depth), sorted."""
        folder = self._path(prefix.rpartition("/")[0])
        # Another process may have added what a listing remembers as absent.
        self._fs.invalidate_cache(folder)
        found = [self._name(str(path)) for path in self._fs.find(folder)]
        return sorted(name for name in found if name.startswith(prefix) and not PurePosixPath(name).name.startswith("."))

    def put(self, local: Path, name: str) -> ports.Stored:
        """Store a finished file under `name` with its checksum's start before the suffix; an existing one is the same file."""
        sha256 = _checksum(local)
        plain = PurePosixPath(name)
        stored = ports.Stored(str(plain.with_name(f"{plain.stem}-{sha256[:MARK]}{plain.suffix}")), sha256, local.stat().st_size)
        path = self._path(stored.name)
        if exclusive.is_local(self._fs):
            _copy(local, Path(path))
        else:
            self._fs.put_file(str(local), path)
        return stored

    def get(self, stored: ports.Stored, scratch: Path) -> Path:
        """Bring a stored file to a local path, checksum verified. Raises LedgerDamaged if it is missing or differs."""
        path = self._path(stored.name)
        # On this machine's own disk the file is read where it stands: it is never changed.
        local = Path(path) if exclusive.is_local(self._fs) else scratch / "brought" / stored.name
        try:
            if not exclusive.is_local(self._fs) and not local.exists():
                local.parent.mkdir(parents=True, exist_ok=True)
                self._fs.get_file(path, str(local))
            found = (local.stat().st_size, _checksum(local))
        except FileNotFoundError as missing:
            raise errors.LedgerDamaged(f"{self.uri(stored.name)} is missing; restore it, or start a new run") from missing
        if found != (stored.bytes, stored.sha256):
            raise errors.LedgerDamaged(f"{self.uri(stored.name)} isn't what was stored (size or checksum); restore it, or start a new run")
        return local

    def uri(self, name: str) -> str:
        """Say where an object stands, for people and XComs."""
        return str(self._fs.unstrip_protocol(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def _name(self, path: str) -> str:
        return path.removeprefix(self._root.lstrip("/") if not path.startswith("/") else self._root).lstrip("/")

    def _probe(self) -> None:
        """Prove once per folder that the store creates exclusively."""
        if exclusive.is_local(self._fs) or self._fs.exists(self._path(PROBED)):
            return
        exclusive.probe(self._fs, self._root)
        exclusive.replace(self._fs, self._path(PROBED), b"{}")


def run_folder(fs: AbstractFileSystem, base: str, dag_id: str, run_id: str) -> RunFolder:
    """The folder of a run: `<base>/<dag_id>/<run_id>`, both encoded as one segment each."""
    return RunFolder(fs, f"{base.rstrip('/')}/{names.encoded(dag_id)}/{names.encoded(run_id)}")


def _body(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def _copy(local: Path, target: Path) -> None:
    """Copy into place atomically; what stands there already has the same content, or will be refused when it is read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.part")
    shutil.copyfile(local, temporary)
    temporary.replace(target)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
