"""Two tries of one task at work at the same time → what one of them adds meanwhile is nothing that the other has collected."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from include.bulkload.steps import settle, submit
from tests.include.bulkload.steps import test_waves

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load


class Beside:
    """A run folder beside whose owner somebody else acts, once, as soon as an entry stands whose name ends so."""

    def __init__(self, folder: ports.RunFolder, entry: str, act: Callable[[], Any]) -> None:
        self._folder, self._entry, self._act = folder, entry, act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._folder, name)

    def create(self, name: str, document: dict[str, Any]) -> None:
        """Write an entry; then the other one acts."""
        self._folder.create(name, document)
        if name.endswith(self._entry):
            self._entry, act = "nothing", self._act
            act()


def test_a_layer_that_another_try_has_begun_is_waited_for(load: Load) -> None:
    """It was taken for settled, with nothing collected of it: rows of the layer below were set aside as orphans, for good."""
    load.mapping = {"Account": test_waves.ACCOUNT}
    rows = [("a", None), ("b", "a"), ("c", "b")]
    load.payload = json.dumps({"accounts": [{"name": key, "sourceId": key, "parent": parent} for key, parent in rows]}).encode()
    load.stage()
    load.waited([submit.chunk(load.run, "Account", number) for number in load.cut("Account")])
    slow = dataclasses.replace(load.run, folder=Beside(load.run.folder, "/matched.json", lambda: settle.advance(load.run, "Account")))
    found = settle.advance(slow, "Account")
    while found["waiting"]:
        load.waited(found["waiting"])
        found = settle.advance(load.run, "Account")
    assert ({"succeeded": 3}, dict(rows)) == (found["tally"], test_waves.parents(load))
