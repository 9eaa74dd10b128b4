"""One run of a plan and org writes at a time; who comes second waits, and takes over only when Airflow says that the first is over."""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from include import storage
from include.bulkload.basics import errors, tables
from include.bulkload.intake import plan
from include.bulkload.steps import journal, lease, ports, submit, summarize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

ORG = "00D000000000001AAA"
ACCOUNT = {"sobject": "Account", "operation": "upsert", "external_id": "K__c", "fields": {"K__c": "k"}}


def opened(name: str = "nightly", org: str = ORG, **more: Any) -> journal.Opened:
    """A begun run of a plan."""
    document = {"name": name, "source": {"uri": "file:///nowhere"}, "objects": {"Account": ACCOUNT}, **more}
    return journal.Opened(plan.plan_from(document), {}, org, "2026-01-01")


PLAN = opened()


class NoOrg:
    """Nobody asks an org about a lease."""


@dataclass
class Runs:
    """Runs that share one base; what Airflow says of them."""

    root: Path
    states: dict[str, bool | None] = field(default_factory=dict)

    def run(self, name: str) -> ports.Run:
        """A run as one of its tasks sees it."""
        fs, base = fsspec.filesystem("file"), str(self.root)
        return ports.Run(
            folder=storage.run_folder(fs, base, "dag", name),
            salesforce=NoOrg(),  # type: ignore[arg-type]
            scratch=self.root,
            limits=tables.Limits(self.root / "spill"),
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            pause=lambda _: None,
            memory=storage.memory(fs, base),
            name=ports.RunName("dag", name),
            is_over=lambda run: self.states.get(run.run_id),
        )

    def has(self, name: str, of: journal.Opened = PLAN) -> bool:
        """Whether a run gets the lease."""
        try:
            lease.hold(self.run(name), of)
        except errors.AnotherRun:
            return False
        return True


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """No run has begun."""
    return Runs(tmp_path / "runs")


def test_the_second_run_waits_and_is_told_for_whom(runs: Runs) -> None:
    """The name of the run, where it stands, and what to do if nobody knows it any more."""
    lease.hold(runs.run("first"), PLAN)
    with pytest.raises(errors.AnotherRun, match=r"run 'first' of 'dag' \(file.*/dag/first\).*remove file.*taken-00000001.json"):
        lease.hold(runs.run("second"), PLAN)


def test_a_run_finds_its_own_lease(runs: Runs) -> None:
    """A retried or cleared task goes on."""
    assert (True, True) == (runs.has("first"), runs.has("first"))


@pytest.mark.parametrize(("said", "expected"), [(True, True), (False, False), (None, False)])
def test_it_is_taken_over_only_if_airflow_says_that_the_run_is_over(runs: Runs, said: bool | None, expected: bool) -> None:
    """A run that it doesn't know may be another deployment's."""
    lease.hold(runs.run("first"), PLAN)
    runs.states["first"] = said
    assert expected is runs.has("second")


def test_who_lost_it_writes_no_more(runs: Runs) -> None:
    """A cleared run that another one has followed waits like any other."""
    lease.hold(runs.run("first"), PLAN)
    runs.states["first"] = True
    assert (True, False) == (runs.has("second"), runs.has("first"))


def test_who_lost_it_never_has_the_same_one_again(runs: Runs) -> None:
    """Somebody removes the lease of a run that Airflow doesn't know, as advised: who had it before can tell that others wrote since."""
    first = lease.hold(runs.run("first"), PLAN)
    runs.states["first"] = True
    assert runs.has("second")
    (taken,) = runs.root.rglob("taken-00000002.json")
    taken.unlink()
    assert first < lease.hold(runs.run("first"), PLAN)


def test_given_back_it_is_the_next_ones(runs: Runs) -> None:
    """And only who has it can give it back."""
    lease.hold(runs.run("first"), PLAN)
    lease.give_back(runs.run("second"), PLAN)
    assert not runs.has("second")
    lease.give_back(runs.run("first"), PLAN)
    lease.give_back(runs.run("first"), PLAN)
    assert (True, False) == (runs.has("second"), runs.has("first"))


@pytest.mark.parametrize("other", [opened("weekly"), opened(org="00D000000000002AAA"), opened(dry_run=True)])
def test_others_need_not_wait(runs: Runs, other: journal.Opened) -> None:
    """Another plan, another org, a dry run."""
    lease.hold(runs.run("first"), PLAN)
    assert runs.has("second", other)


def test_a_dry_run_takes_none(runs: Runs) -> None:
    """It keeps nobody waiting."""
    lease.hold(runs.run("dry"), opened(dry_run=True))
    assert runs.has("second")


def test_old_numbers_go(runs: Runs) -> None:
    """However often it was taken, a few objects stand there."""
    for number in range(12):
        lease.hold(runs.run(f"run {number}"), PLAN)
        lease.give_back(runs.run(f"run {number}"), PLAN)
    assert len(list(runs.root.rglob("one-writer/*"))) <= 2 * lease.KEPT


@pytest.mark.parametrize("over", [False, True])
def test_of_many_at_once_one_has_it(runs: Runs, *, over: bool) -> None:
    """Whether it was free, or its holder is over."""
    if over:
        lease.hold(runs.run("first"), PLAN)
        runs.states["first"] = True
    for turn in range(20):
        names = [f"{turn}-{number}" for number in range(4)]
        together, found = threading.Barrier(len(names)), []

        def take(name: str, together: threading.Barrier = together, found: list[str] = found) -> None:
            together.wait()
            found += [name] if runs.has(name) else []

        takers = [threading.Thread(target=take, args=(name,)) for name in names]
        for each in takers:
            each.start()
        for each in takers:
            each.join()
        assert 1 == len(found)
        if over:
            runs.states[found[0]] = True
        else:
            lease.give_back(runs.run(found[0]), PLAN)


class Slow:
    """A memory whose user is slow: just before it creates something, all that is said happens."""

    def __init__(self, memory: ports.Memory, first: Callable[[], object]) -> None:
        self._memory, self._first = memory, first

    def __getattr__(self, name: str) -> Any:
        return getattr(self._memory, name)

    def create(self, name: str, document: dict[str, Any]) -> None:
        """Create an object, late."""
        self._first()
        self._memory.create(name, document)


@pytest.mark.parametrize("others", range(8))
def test_a_slow_taker_never_has_it_beside_another(runs: Runs, others: int) -> None:
    """However many had it since it looked, also if the number that it takes was forgotten meanwhile."""
    numbers = itertools.count()

    def had() -> None:
        for _ in range(others):
            name = f"other {next(numbers)}"
            lease.hold(runs.run(name), PLAN)
            lease.give_back(runs.run(name), PLAN)
        lease.hold(runs.run("last"), PLAN)

    slow = runs.run("slow")
    slow = dataclasses.replace(slow, memory=Slow(storage.memory(fsspec.filesystem("file"), str(runs.root)), had))  # type: ignore[arg-type]
    with pytest.raises(errors.AnotherRun, match="'last'"):
        lease.hold(slow, PLAN)
    assert runs.has("last")


def test_nothing_is_read_or_sent_while_another_run_writes(load: Load) -> None:
    """The second run's first task is tried again until the first run has been accounted for."""
    load.payload = json.dumps({"accounts": [{"name": "a", "sourceId": "K"}]}).encode()
    load.is_over = lambda _: False  # type: ignore[method-assign]
    load.split()
    load.run_name = "second"
    with pytest.raises(errors.AnotherRun, match="'run' of 'dag'"):
        load.split()
    assert [] == load.org.jobs()
    load.run_name = "run"
    load.whole()
    load.run_name = "second"
    assert load.whole()["clean"]


def test_a_job_that_goes_on_keeps_the_lease(load: Load) -> None:
    """The run is accounted for, but Salesforce still writes; Airflow's word frees it once the job has ended."""
    load.payload = json.dumps({"accounts": [{"name": "a", "sourceId": "K"}]}).encode()
    load.org.behave(looks=1_000)
    job_id = submit.chunk(load.run, "Account", *load.split())
    summarize.close(load.run, ["wait_for_parent"])
    load.run_name = "second"
    load.is_over = lambda _: False  # type: ignore[method-assign]
    with pytest.raises(errors.AnotherRun, match="writes by this plan since"):
        load.split()
    load.is_over = lambda _: True  # type: ignore[method-assign]
    with pytest.raises(errors.AnotherRun, match=f"run 'run' of 'dag' .* is over, but Salesforce still works on its job {job_id}"):
        load.split()
    load.org.behave(looks=0)
    load.waited([job_id])
    assert [0] == load.split()


@pytest.mark.parametrize(
    ("is_over", "memory", "goes_on"), [(True, True, False), (False, True, True), (None, True, False), (None, False, True)]
)
def test_a_run_that_was_deleted_in_airflow_is_over_if_there_is_a_lease(*, is_over: bool | None, memory: bool, goes_on: bool) -> None:
    """Whoever gets the lease knows that nobody else writes; without one nobody can tell."""
    run: Any = SimpleNamespace(name=ports.RunName("dag", "own"), is_over=lambda _: is_over, memory=object() if memory else None)
    assert goes_on is lease.goes_on(run, "other")
