"""A payload that a run inserted, whole or in part, isn't inserted again by mistake; all else may be loaded as often as one likes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from include import storage
from include.bulkload.basics import errors, tables
from include.bulkload.intake import plan
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, payloads, ports, submit, summarize
from tests.include.bulkload.intake import test_plan
from tests.include.bulkload.steps import replays

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

NOW = "2026-01-01T00:00:00+00:00"


class Clock:
    """Always the same moment."""

    def isoformat(self, timespec: str) -> str:
        """Say it."""
        return NOW


def begun(base: Path, number: int, sha256: str, rows: int = 3, **more: Any) -> tuple[ports.Run, journal.Opened]:
    """A run of the default plan, which upserts accounts and inserts contacts, staged from one source."""
    fs, folder = fsspec.filesystem("file"), str(base / "runs")
    made: Any = {"salesforce": None, "scratch": base, "limits": tables.Limits(base), "clock": Clock, "pause": None}
    run = ports.Run(folder=storage.run_folder(fs, folder, "dag", f"run-{number}"), memory=storage.memory(fs, folder), **made)
    org = more.pop("org_id", "00D000000000001AAA")
    opened = journal.Opened(plan.plan_from({**test_plan.GOOD, **more}), {}, org, NOW)
    journal.note(run, entries.staged({name: {"rows": rows} for name in opened.plan.objects}, {plan.SOURCE: sha256}, 1, run.now()))
    return run, opened


def loaded(base: Path, number: int, sha256: str, *, whole: bool = True, **more: Any) -> tuple[ports.Run, journal.Opened]:
    """A run that has stored rows of each object; a good one, if `whole`."""
    run, opened = begun(base, number, sha256, **more)
    payloads.refuse_repeat(run, opened)
    payloads.loaded(run, opened, opened.plan.order(), whole=whole)
    return run, opened


def test_the_same_content_is_refused(tmp_path: Path) -> None:
    """Named are the object, the earlier run and the remedy; the upserted object isn't the reason."""
    first, _ = loaded(tmp_path, 1, "aa")
    with pytest.raises(errors.PlanError) as refused:
        payloads.refuse_repeat(*begun(tmp_path, 2, "aa"))
    (finding,) = refused.value.findings
    assert finding.startswith(
        f"objects.Contact: source has the same content as in the run {first.folder.uri('')}, which inserted it at {NOW}"
    )
    assert "again: true" in finding


def test_what_was_inserted_in_part_is_not_inserted_whole(tmp_path: Path) -> None:
    """A run that lost rows is replayed, or undone first; until it is whole, that is said."""
    run, opened = loaded(tmp_path, 1, "aa", whole=False)
    with pytest.raises(errors.PlanError, match=r"inserted part of it from .* on, or may have; replay that run"):
        payloads.refuse_repeat(*begun(tmp_path, 2, "aa"))
    payloads.loaded(run, opened, opened.plan.order(), whole=True)
    with pytest.raises(errors.PlanError, match=r"inserted it at .*name the new payload"):
        payloads.refuse_repeat(*begun(tmp_path, 2, "aa"))


def test_of_what_nothing_was_stored_all_may_be_inserted(tmp_path: Path) -> None:
    """A run whose contacts never came is no reason."""
    run, opened = begun(tmp_path, 1, "aa")
    payloads.loaded(run, opened, ["Account"], whole=False)
    assert {} == payloads.loaded_before(*begun(tmp_path, 2, "aa"))


@pytest.mark.parametrize(
    "other",
    [{"sha256": "bb"}, {"again": True}, {"dry_run": True}, {"rows": 0}, {"name": "another"}, {"org_id": "00D000000000002AAA"}],
    ids=lambda other: next(iter(other)),
)
def test_anything_else_may_be_loaded(tmp_path: Path, other: dict[str, Any]) -> None:
    """Other content, another plan or org, no rows at all, a plan that says `again`, or one that sends nothing."""
    loaded(tmp_path, 1, "aa")
    payloads.refuse_repeat(*begun(tmp_path, 2, **{"sha256": "aa", **other}))


def test_upserts_are_harmless(tmp_path: Path) -> None:
    """A nightly upsert of the same file is nobody's mistake."""
    only = {"objects": {"Account": test_plan.GOOD["objects"]["Account"]}}
    for number in range(2):
        loaded(tmp_path, number, "aa", **only)


def test_a_cleared_run_is_not_an_earlier_one(tmp_path: Path) -> None:
    """Its own note doesn't stop it."""
    run, opened = loaded(tmp_path, 1, "aa")
    payloads.refuse_repeat(run, opened)
    payloads.loaded(run, opened, opened.plan.order(), whole=True)
    assert {} == payloads.loaded_before(run, opened)


def test_a_trial_is_named_as_one(tmp_path: Path) -> None:
    """Its rows are in the org; whoever loads the whole must know."""
    loaded(tmp_path, 1, "aa", only_first=20)
    with pytest.raises(errors.PlanError, match="a trial of its first 20"):
        payloads.refuse_repeat(*begun(tmp_path, 2, "aa"))


def test_who_goes_on_is_told_which_other_run_has_its_payload(tmp_path: Path) -> None:
    """A good run before one that lost some; a trial has never all. None for who has it alone, upserts it, or says `again`."""
    own, opened = begun(tmp_path, 1, "aa")
    run, other = loaded(tmp_path, 2, "aa", only_first=20)
    seen = [payloads.elsewhere(run, other, "Contact"), payloads.elsewhere(own, opened, "Contact")]
    third, _ = loaded(tmp_path, 3, "aa", again=True)
    seen += [payloads.elsewhere(own, opened, name) for name in ("Contact", "Account")]
    part, whole = {"run": run.folder.uri(""), "whole": False}, {"run": third.folder.uri(""), "whole": True}
    assert [None, part, whole, None] == seen
    assert payloads.elsewhere(*begun(tmp_path, 4, "aa", again=True), "Contact") is None


def test_a_run_without_a_memory_is_not_stopped(tmp_path: Path) -> None:
    """Nothing is known of earlier ones."""
    run, opened = loaded(tmp_path, 1, "aa")
    bare = dataclasses.replace(begun(tmp_path, 2, "aa")[0], memory=None)
    payloads.loaded(bare, opened, opened.plan.order(), whole=True)
    assert ({}, run.folder.uri("") != bare.folder.uri("")) == (payloads.loaded_before(bare, opened), True)


def later(load: Load) -> Load:
    """A later run of the same plan, with the same payload."""
    return dataclasses.replace(load, run_name="later", clock=load.clock + 100)


def refused(load: Load) -> bool:
    """Whether a later run may not insert the payload."""
    run = later(load)
    run.run_name = f"look-{load.clock}"
    try:
        run.stage()
    except errors.PlanError:
        return True
    return False


def test_a_finished_run_that_is_cleared_sends_nothing_whoever_has_loaded_its_payload_again(load: Load) -> None:
    """It says what it said before."""
    load.payload = replays.family(a=["Ann"])
    before = load.whole()
    two = later(load)
    two.more = {"again": True}
    assert two.whole()["clean"]
    load.clock = two.clock
    assert before == load.whole()
    assert ["Ann", "Ann"] == [name for name, _ in replays.kin(load)]


class Unlucky:
    """A client of which one call goes wrong, or is followed by something."""

    def __init__(self, load: Load, call: str, act: Callable[[], Any]) -> None:
        self._client, self._call, self._act = load.run.salesforce, call, act

    def __getattr__(self, name: str) -> Any:
        if name == self._call:
            self._act()
        return getattr(self._client, name)


def test_a_run_whose_summary_never_came_has_inserted_its_payload(load: Load) -> None:
    """Its summary was marked success, or its worker lost: what it stored isn't stored again, and nothing of its own is refused."""
    load.payload = replays.family(a=["Ann", "Bob"])
    load.loaded()
    with pytest.raises(errors.PlanError, match=r"part of it from .* on, or may have; replay that run"):
        later(load).stage()
    load.loaded()
    assert replays.replayed(load)["clean"]
    with pytest.raises(errors.PlanError, match=r"inserted it at .*; name the new payload"):
        later(load).stage()
    assert ["Ann", "Bob"] == [name for name, _ in replays.kin(load)]


def test_a_run_that_dies_while_it_uploads_has_its_mark_until_its_summary_knows_better(load: Load) -> None:
    """The job might have been closed by hand; the summary aborts it, nothing is stored, and another run brings it all."""
    load.payload = replays.family(a=["Ann"])
    load.sent("Account", load.split())
    load.ids()

    def dies() -> None:
        raise errors.NetworkFault("no answer")

    load.cut("Contact")
    seen = [refused(load)]
    with pytest.raises(errors.NetworkFault):
        submit.chunk(dataclasses.replace(load.run, salesforce=Unlucky(load, "upload", dies)), "Contact", 0)
    seen.append(refused(load))
    summarize.close(load.run, ["child_job"])
    assert [False, True, False] == [*seen, refused(load)]


def test_a_job_that_nobody_closes_is_in_no_later_runs_way(load: Load) -> None:
    """The org was away when the summary came, while a task stood still: another run may bring the payload, and the task's next try."""
    load.payload = replays.family(a=["Ann"])
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    seen = []

    def away() -> None:
        raise errors.NetworkFault("no answer")

    def summed_up() -> None:
        summarize.close(dataclasses.replace(load.run, salesforce=Unlucky(load, "org_id", away)), ["child_job"])
        seen.append(refused(load))

    with pytest.raises(errors.JobTakenOver):
        submit.chunk(dataclasses.replace(load.run, salesforce=Unlucky(load, "upload", summed_up)), "Contact", 0)
    seen.append(refused(load))
    submit.chunk(load.run, "Contact", 0)
    assert [False, False, True] == [*seen, refused(load)]


def test_a_slow_task_that_goes_on_beside_the_summary_has_its_mark(load: Load) -> None:
    """It finds its mark just before the summary, which saw no job of its, takes that away."""
    load.payload = replays.family(a=["Ann"])
    load.sent("Account", load.split())
    load.ids()
    load.cut("Contact")
    run, opened = load.run, journal.opened(load.run)
    payloads.begin(run, opened, "Contact")

    class Slow:
        """The memory, beside which the task makes its job just before the mark is removed."""

        def __getattr__(self, name: str) -> Any:
            if name == "remove":
                submit.chunk(load.run, "Contact", 0)
            return getattr(run.memory, name)

    summarize.close(dataclasses.replace(run, memory=Slow()), ["child_job"])  # type: ignore[arg-type]  # as far as it is needed
    assert refused(load)
