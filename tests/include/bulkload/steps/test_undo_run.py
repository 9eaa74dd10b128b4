"""An undo as a run of its own: one dry run, one answer, one end, whatever is tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.ledger import undos
from include.bulkload.steps import journal, trouble, undo_run
from tests.include.bulkload.steps import replays, undoings

if TYPE_CHECKING:
    from include.bulkload.steps import ports
    from tests.include.bulkload.steps.conftest import Load


class Undoing:
    """A run that undoes `run`, its tasks called one by one."""

    def __init__(self, load: Load) -> None:
        undoings.family(load)
        self.load = load
        self.home: ports.RunFolder = replays.home(load, "undoing")

    @property
    def run(self) -> ports.Run:
        """The run that is undone, by the name of this one."""
        return undoings.by(self.load)

    def planned(self) -> dict[str, Any]:
        """The dry run."""
        return undo_run.plan(self.run, "run", self.home)

    def standing(self, *, confirmed: bool = False) -> str:
        """Whether somebody must be asked."""
        return undo_run.standing(self.run, self.home, confirmed=confirmed)

    def answered(self, *, agreed: bool) -> None:
        """Somebody answers."""
        undo_run.answer(self.home, agreed=agreed, by="Ada", at="2026-01-01")

    def acted(self) -> None:
        """Act until it is done."""
        while (found := undo_run.act(self.run, "run", self.home))["summary"] is None:
            self.load.waited(found["waiting"])

    def closed(self, *broken: str) -> dict[str, Any]:
        """The summary, as it stands in this run's folder too."""
        found = undo_run.close(self.run, self.home, broken)
        assert found["summary"] == self.home.read("summary.json")
        return found


@pytest.fixture
def undoing(load: Load) -> Undoing:
    """An undo of three accounts with two contacts each."""
    return Undoing(load)


def test_there_is_one_dry_run_however_often_its_task_runs(undoing: Undoing) -> None:
    """What people are asked about is what is done."""
    assert undoing.planned() == undoing.planned()
    assert 0 == undoing.planned()["number"]


def test_who_agrees_is_asked_once(undoing: Undoing) -> None:
    """The records go; cleared, nothing is asked and the same is told."""
    undoing.planned()
    assert undo_run.OPEN == undoing.standing()
    undoing.answered(agreed=True)
    undoing.acted()
    found = undoing.closed()
    assert ("COMPLETED", 9, "Ada", True, []) == (
        found["summary"]["status"],
        found["summary"]["deleted"],
        found["summary"]["answer"]["by"],
        found["clean"],
        undoings.world(undoing.load),
    )
    undoing.acted()
    assert (undo_run.AGREED, found) == (undoing.standing(), undoing.closed())


def test_who_refuses_keeps_all(undoing: Undoing) -> None:
    """That is no error; he may be asked again."""
    undoing.planned()
    undoing.answered(agreed=False)
    found = undoing.closed()
    assert ("REFUSED", 3, True, undo_run.OPEN, 9) == (
        found["summary"]["status"],
        found["summary"]["objects"]["Account"]["delete"],
        found["clean"],
        undoing.standing(),
        len(undoings.world(undoing.load)),
    )


def test_who_was_told_to_ask_nobody_does_not(undoing: Undoing) -> None:
    """Its dry run is made all the same."""
    undoing.planned()
    assert undo_run.AGREED == undoing.standing(confirmed=True)


def test_nothing_left_to_undo_is_said_and_asks_nobody(undoing: Undoing) -> None:
    """A run whose records are gone isn't marked as undone again."""
    undoings.undone(undoing.load)
    undoing.planned()
    assert (undo_run.NOTHING, "NOTHING_TO_UNDO", True) == (
        undoing.standing(confirmed=True),
        undoing.closed()["summary"]["status"],
        undoing.closed()["clean"],
    )


def test_an_undo_that_broke_off_is_red_and_says_why(undoing: Undoing) -> None:
    """By its task's own words, or that somebody stopped it; before its dry run too."""
    trouble.note(undoing.home, "undo.dry_run", "the org is away")
    assert ("FAILED", ["undo.dry_run: the org is away"], False) == _told(undoing.closed("undo.dry_run"))
    undoing.planned()
    assert ("FAILED", [undo_run.STOPPED], False) == _told(undoing.closed())
    # Another undo of the run began meanwhile: of this one nothing was tried, and nothing is told.
    journal.note(undoing.run, undos.begun(1, "2026-01-01"))
    assert {} == undoing.closed("undo.act")["summary"]["objects"]
    assert 9 == len(undoings.world(undoing.load))


def _told(found: dict[str, Any]) -> tuple[str, list[str], bool]:
    return found["summary"]["status"], found["why"], found["clean"]
