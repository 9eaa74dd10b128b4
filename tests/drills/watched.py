"""A store and an HTTP session → the same, each write and each request a point at which the process may end."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from tests.drills import points

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.storage import stores


class Store:
    """A store whose writes are points. `torn`: what a write that is cut off in the middle leaves behind."""

    def __init__(self, of: stores.Store, met: points.Points, root: str, torn: Callable[[str, bytes], None]) -> None:
        self._of, self._met, self._root, self._torn = of, met, root, torn

    def __getattr__(self, name: str) -> Any:
        """Reading is no act."""
        return getattr(self._of, name)

    def create(self, path: str, body: bytes) -> None:
        """Write an object exclusively."""
        self._written("create", path, body, lambda: self._of.create(path, body))

    def replace(self, path: str, body: bytes) -> None:
        """Write or replace an object."""
        self._written("replace", path, body, lambda: self._of.replace(path, body))

    def put(self, local: Path, path: str) -> None:
        """Copy a file exclusively."""
        self._written("put", path, local.read_bytes(), lambda: self._of.put(local, path))

    def _written(self, verb: str, path: str, body: bytes, write: Callable[[], None]) -> None:
        act = self._met.begun(f"{verb} {path.removeprefix(self._root)}")
        if act.is_struck(points.MIDWAY):
            self._torn(path, body[: len(body) // 2])
            act.reached(points.MIDWAY)
        write()
        act.reached(points.AFTER)


def torn_file(path: str, half: bytes) -> None:
    """Leave what a kill leaves on a disk: half of the temporary file."""
    unfinished = Path(path).with_name(f".new-{secrets.token_hex(8)}")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_bytes(half)


def torn_object(_path: str, _half: bytes) -> None:
    """Leave what a kill leaves in an object store: nothing, as a put is whole or isn't."""


class Session(requests.Session):
    """An HTTP session whose requests are points."""

    def __init__(self, met: points.Points) -> None:
        super().__init__()
        self.trust_env = False
        self._met = met

    def request(self, method: str, url: str, **given: Any) -> requests.Response:  # type: ignore[override] # requests has twenty arguments
        """Send a request; its answer counts as read when it is closed."""
        act = self._met.begun(f"{method} {urlsplit(url).path.partition('/data/')[2].partition('/')[2]}")
        if act.is_struck(points.MIDWAY) and given.get("data"):
            given["data"] = Half(given["data"], lambda: act.reached(points.MIDWAY))
        answer = super().request(method, url, **given)
        act.reached(points.ACTED)
        close = answer.close

        def closed() -> None:
            close()
            act.reached(points.AFTER)

        answer.close = closed  # type: ignore[method-assign] # an answer says in no other way that it was read
        return answer


class Half:
    """An upload whose process ends when the first half is sent; where it is only held up there, the rest follows."""

    def __init__(self, file: Any, end: Callable[[], None]) -> None:
        body = file.read()
        self._size, self._end = len(body), end
        self._parts = [body[: len(body) // 2], body[len(body) // 2 :]]

    def __len__(self) -> int:
        """As long as the whole, so that Salesforce waits for the rest."""
        return self._size

    def read(self, _size: int = -1) -> bytes:
        """Give one part after the other."""
        if len(self._parts) == 1:
            self._end()
        return bytes(self._parts.pop(0)) if self._parts else b""
