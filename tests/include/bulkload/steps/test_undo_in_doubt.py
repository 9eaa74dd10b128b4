"""Jobs whose results contradict what was sent → for an undo, all their rows may stand as records that nobody can name."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import summarize, undo_run
from tests.include.bulkload.steps import replays, undoings
from tests.include.bulkload.steps.conftest import Load
from tests.running import loads

if TYPE_CHECKING:
    from pathlib import Path


class Rewriting:
    """A client of an org where a trigger writes our keys anew, and results show what is stored: keys that nobody sent."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
        """Show other keys."""
        found = int(self._real.fetch_result(job_id, kind, path))
        path.write_text(re.sub('"[0-9a-f]{12}-', '"T-', path.read_text("utf-8")), "utf-8")
        return found


class RewritingOrg(loads.LocalOrg):
    """An org whose clients see it so."""

    def client(self) -> Any:
        """A client of its."""
        return Rewriting(super().client())


@pytest.fixture
def load(tmp_path: Path, local_org: loads.LocalOrg) -> Load:
    """Two contacts were stored by the run's one job, whose results contradict."""
    each = {"sobject": "Contact", "records": "contacts[]", "operation": "insert", "row_key_field": "External_Id__c"}
    load = Load(tmp_path, RewritingOrg(local_org.started), mapping={"Contact": each | {"fields": {"LastName": "name"}}})
    load.payload = json.dumps({"contacts": [{"name": "c1"}, {"name": "c2"}]}).encode()
    load.stage()
    with contextlib.suppress(errors.ContradictingIds):
        load.sent("Contact", load.cut("Contact"))
    assert (2, False) == (len(load.org.query("SELECT Id FROM Contact")), summarize.close(load.run, ["settle_Contact"])["clean"])
    return load


def test_an_undo_of_them_is_red(load: Load) -> None:
    """Though there is nothing that it could do; they are counted, their job is named, and the payload counts as inserted still."""
    home = replays.home(load, "undoing")
    dry = undo_run.plan(undoings.by(load), "run", home)
    closed = undo_run.close(undoings.by(load), home, [])
    acted = undoings.acted(load, dry["number"])
    assert [(False, "NOTHING_TO_UNDO", 2), (False, "COMPLETED_WITH_ERRORS", 2)] == [
        (each["clean"], each["summary"]["status"], each["summary"]["objects"]["Contact"]["inDoubt"]) for each in (closed, acted)
    ]
    assert (True, "2 rows of the run are in doubt" in closed["why"][0]) == ("which wasn't sent" in str(acted["summary"]["notKnown"]), True)
    with pytest.raises(errors.PlanError, match="has the same content"):
        dataclasses.replace(load, run_name="two").stage()
