"""An undo that dies again and again, before and after all that it writes → the next call goes on, and the org is as it was."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import undo
from tests.include.bulkload.steps.undoings import HIERARCHY, by, planned, world

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SEEN = {"create", "write", "put", "create_job", "upload", "close", "abort"}


class Killed(BaseException):
    """The process is gone: nothing of it is cleared up."""


class Mortal:
    """A port that dies at the n-th call that leaves something behind, before or after it did.

    Shared by folder and org: they count together.
    """

    def __init__(self, real: Any, left: list[int], *, after: bool) -> None:
        self._real, self._left, self._after = real, left, after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name not in SEEN:
            return found

        def called(*args: Any) -> Any:
            self._left[0] -= 1
            if not self._left[0] and not self._after:
                raise Killed
            answer = found(*args)
            if not self._left[0]:
                raise Killed
            return answer

        return called


def invoices(load: Load) -> list[dict[str, Any]]:
    """Load three invoices with a line each, one of which is there; the world as it was before."""
    load.org.insert("Invoice__c", {"Name": "old", "External_Id__c": "I0", "Amount__c": 7})
    before = world(load)
    load.mapping = {name: {**HIERARCHY[name], "parents": {}} for name in ("Invoice__c", "Invoice_Line__c")}
    load.mapping["Invoice__c"]["keep_before"] = True
    load.mapping["Invoice_Line__c"]["parents"] = {"Invoice__c": {"object": "Invoice__c", "from": "invoice"}}
    rows = [{"key": f"I{n}", "name": f"i{n}", "amount": n} for n in range(3)]
    load.payload = json.dumps({"invoices": rows, "lines": [{"name": f"l{n}", "invoice": f"I{n}"} for n in range(3)]}).encode()
    assert load.whole()["clean"]
    return before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_it_goes_on_wherever_it_died(load: Load, after: bool) -> None:
    """Killed at the 1st, then at the 2nd, then at the 3rd act that can be seen, and so on: done in the end, nothing twice, nothing left."""
    before = invoices(load)
    number, deaths, found = planned(load)["number"], 0, None
    while found is None or found["summary"] is None:
        left, run = [deaths + 1], by(load)
        folder, org = (Mortal(port, left, after=after) for port in (run.folder, run.salesforce))
        try:
            found = undo.act(dataclasses.replace(run, folder=folder, salesforce=org), "run", number)
        except Killed:
            deaths += 1
            continue
        load.waited(found["waiting"])
    assert deaths > 10
    assert (before, True, 5, 1) == (world(load), found["clean"], found["summary"]["deleted"], found["summary"]["restored"])
    assert (5, 1) == tuple(load.run.folder.read("summary.json")["undone"][key] for key in ("deleted", "restored"))
