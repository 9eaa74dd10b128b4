"""What goes when its time is over, what stays, and what is never touched: running runs, working jobs, others' jobs."""

from __future__ import annotations

import dataclasses
import datetime
import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec
import pytest

from include import storage
from include.bulkload.basics import entities, errors, tables
from include.bulkload.ledger import entries
from include.bulkload.steps import journal, old_runs, ports, replay, submit, sweep
from tests.include.bulkload.steps import replays, undoings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.include.bulkload.steps.conftest import Load

PAYLOAD = {"accounts": [{"name": "Secret Name", "sourceId": "K1", "contacts": [{"lastName": "c"}]}, {"name": "", "sourceId": "K2"}]}
MONTH, YEARS, DAY = 31, 401, 86_400
BEGAN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


@dataclass
class Sweeping:
    """A run, and the sweep some days later."""

    load: Load
    over: bool | None = True
    asked: list[ports.RunName] = field(default_factory=list)

    def ground(self, days: float, *, dry_run: bool = False) -> sweep.Ground:
        """What a sweep is handed so many days after the runs."""
        return sweep.Ground(
            archive=storage.archive(fsspec.filesystem("file"), str(self.load.root / "runs")),
            org=lambda _: self.load.org.client(),
            is_over=self.is_over,
            scratch=self.load.root,
            limits=tables.Limits(self.load.root / "spill"),
            clock=lambda: BEGAN + datetime.timedelta(days=days),
            pause=lambda _: None,
            dry_run=dry_run,
        )

    def is_over(self, name: ports.RunName) -> bool | None:
        """What Airflow says."""
        self.asked.append(name)
        return self.over

    def names(self) -> list[str]:
        """All that stands in the run's folder."""
        return self.load.run.folder.names("")

    def states(self) -> list[str]:
        """What the org says of its jobs."""
        return sorted(each["state"] for each in self.load.org.jobs())


@pytest.fixture
def sweeping(load: Load) -> Sweeping:
    """No run has begun."""
    load.payload = json.dumps(PAYLOAD).encode()
    load.mapping["Account"]["max_failed"] = load.mapping["Contact"]["max_failed"] = "100%"
    return Sweeping(load)


def done(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What a part did, without any trouble."""
    assert [] == found["troubles"]
    return list(found["done"])


def left_open(load: Load, *, decided: bool) -> str:
    """Create a job as a task does that dies; the ledger has its id, and perhaps the decision to close it."""
    run = load.run
    place = entries.JobPlace("Account", 0, run.salesforce.create_job("Account", "upsert", "External_Id__c"))
    journal.note(run, place.created(0, run.now()))
    if decided:
        journal.note(run, place.decided(entities.Decision.CLOSE, run.now()))
    return place.job_id


def test_files_with_rows_go_after_keep_days_ledger_and_summary_later(sweeping: Sweeping) -> None:
    """After the first sweep no file quotes a row; after the second nothing is left."""
    summed = sweeping.load.whole()["summary"]
    assert [] == done(sweep.files(sweeping.ground(29)))
    before = sweeping.names()
    (told,) = done(sweep.files(sweeping.ground(MONTH)))
    left = sweeping.names()
    assert (len(before) - told["files"] + 1, False) == (len(left), told["ledger"])
    assert {"ledger", "summary.json"} == {each.split("/")[0] for each in left if not each.startswith(("plan-", "describe-"))}
    kept = [path.read_text("utf-8") for path in sweeping.load.root.joinpath("runs", "dag").rglob("*") if path.is_file()]
    assert not any("Secret Name" in text for text in kept)
    assert summed == sweeping.load.run.folder.read("summary.json")
    assert [] == done(sweep.files(sweeping.ground(YEARS - 2)))
    assert [True] == [each["ledger"] for each in done(sweep.files(sweeping.ground(YEARS)))]
    assert ([], False) == (sweeping.names(), (sweeping.load.root / "runs" / "dag" / "run").exists())


def test_the_plan_says_how_long(sweeping: Sweeping) -> None:
    """Its copy in the run counts."""
    sweeping.load.more = {"keep_days": 100, "keep_ledger_days": 100}
    sweeping.load.whole()
    assert [] == done(sweep.files(sweeping.ground(99)))
    assert [True] == [each["ledger"] for each in done(sweep.files(sweeping.ground(101)))]


def test_a_swept_run_that_is_cleared_says_what_became_of_it(sweeping: Sweeping) -> None:
    """It sends nothing, and the summary that was kept stays."""
    summed = sweeping.load.whole()["summary"]
    sweep.files(sweeping.ground(MONTH))
    with pytest.raises(errors.LedgerDamaged, match="were swept at 2026-02-01"):
        sweeping.load.whole()
    assert (2, summed) == (len(sweeping.load.org.jobs()), sweeping.load.run.folder.read("summary.json"))


@pytest.mark.parametrize("days", [MONTH, YEARS])
def test_a_running_run_is_left_alone(sweeping: Sweeping, days: int) -> None:
    """However old it is; one that Airflow doesn't know any more isn't running."""
    sweeping.load.whole()
    sweeping.over = False
    before = sweeping.names()
    assert ([], before) == (done(sweep.files(sweeping.ground(days))), sweeping.names())
    sweeping.over = None
    assert 1 == len(done(sweep.files(sweeping.ground(days))))
    assert ports.RunName("dag", "run") in sweeping.asked


def test_a_run_that_a_running_one_replays_or_undoes_is_left_alone(sweeping: Sweeping) -> None:
    """Its files are needed still, be it that somebody's answer is waited for; whatever broke off keeps nothing."""
    sweeping.load.whole()
    before = sweeping.names()
    found = replays.begun(sweeping.load, "again")
    at_work = dataclasses.replace(sweeping.ground(MONTH), is_over=lambda name: name.run_id != "again")
    assert [] == done(sweep.files(at_work))
    replay.close(replays.again(sweeping.load), found["replay"], [], replays.home(sweeping.load, "again"))
    undoings.planned(sweeping.load)
    at_work = dataclasses.replace(at_work, is_over=lambda name: name.run_id != "undoing")
    assert [] == done(sweep.files(at_work))
    assert {*before} <= {*sweeping.names()}
    assert 1 == len(done(sweep.files(sweeping.ground(MONTH))))


def test_a_later_run_stays_while_an_earlier_one_may_be_replayed(sweeping: Sweeping) -> None:
    """Only its files tell which rows of the earlier one are older. That one was replayed by hand, and goes first when both may."""
    first = dataclasses.replace(sweeping.load, run_name="z first")
    first.whole()
    later = dataclasses.replace(
        sweeping.load, run_name="a later", clock=first.clock, payload=replays.family(later=[]), more={"again": True}
    )
    later.whole()
    first.clock = 20 * DAY
    replays.replayed(first, of="z first")
    shutil.rmtree(urlsplit(replays.home(first, "again").uri("")).path)
    found = sweep.files(sweeping.ground(MONTH))
    uris = [each.run.folder.uri("") for each in (first, later)]
    assert ([], [{"run": uris[1], "for": uris[0]}], []) == (found["done"], found["kept"], found["troubles"])
    for dry_run in (True, False):
        found = sweep.files(sweeping.ground(20 + MONTH, dry_run=dry_run))
        assert (uris, [], []) == ([each["run"] for each in found["done"]], found["kept"], found["troubles"])


@pytest.mark.parametrize("again", [False, True])
def test_what_cant_be_read_may_hold_later_runs(sweeping: Sweeping, *, again: bool) -> None:
    """An earlier run whose store doesn't answer just now; one that is damaged can't be replayed, and holds nobody."""
    sweeping.load.whole()
    ground = sweeping.ground(MONTH)
    wrong = errors.NetworkFault("no answer") if again else errors.LedgerDamaged("it isn't JSON")
    first = ports.RunName("dag", "first")
    found = sweep.files(dataclasses.replace(ground, archive=Unread(ground.archive, first, wrong)))
    assert (0 if again else 1, [f"dag first: {wrong}"]) == (len(found["done"]), found["troubles"])


class Unread:
    """Run folders of which there is one more, that can't be read."""

    def __init__(self, archive: ports.Archive, name: ports.RunName, wrong: errors.BulkloadError) -> None:
        self._archive, self._name, self._wrong = archive, name, wrong

    def runs(self) -> Iterator[ports.RunName]:
        """All runs."""
        yield from (self._name, *self._archive.runs())

    def folder(self, name: ports.RunName) -> Any:
        """The folder of a run; of that one, itself."""
        return self if name == self._name else self._archive.folder(name)

    def names(self, _: str) -> list[str]:
        """What stands there can't be told."""
        raise self._wrong


def test_a_run_whose_job_works_is_left_alone(sweeping: Sweeping) -> None:
    """It is named, so that a person looks; once the job has ended, the files go."""
    sweeping.load.org.behave(looks=1_000)
    submit.chunk(sweeping.load.run, "Account", *sweeping.load.split())
    before = sweeping.names()
    found = sweep.files(sweeping.ground(MONTH))
    assert ([], 1, before) == (found["done"], len(found["troubles"]), sweeping.names())
    assert "UploadComplete" in found["troubles"][0]
    sweeping.load.org.behave(looks=0)
    sweeping.load.waited([each["id"] for each in sweeping.load.org.jobs()])
    assert 1 == len(done(sweep.files(sweeping.ground(MONTH))))


def test_a_kill_in_the_middle_is_no_harm(sweeping: Sweeping) -> None:
    """Whatever is gone already, the next sweep takes the rest."""
    sweeping.load.whole()
    folder = sweeping.ground(YEARS).archive.folder(ports.RunName("dag", "run"))
    folder.create(old_runs.GOING, {"at": "then"})
    for each in sweeping.names()[::2]:
        if each != old_runs.GOING:
            folder.remove(each)
    assert 1 == len(done(sweep.files(sweeping.ground(MONTH))))
    assert [] == sweeping.names()


@pytest.mark.parametrize("decided", [False, True])
def test_an_open_job_of_a_run_that_is_over_is_aborted(sweeping: Sweeping, *, decided: bool) -> None:
    """Nobody goes on with it. A clear of the run then sends its rows by another job; if it was to be closed, only a replay does."""
    sweeping.load.split()
    job_id = left_open(sweeping.load, decided=decided)
    sweeping.over = False
    assert ([], ["Open"]) == (done(sweep.open_jobs(sweeping.ground(1))), sweeping.states())
    sweeping.over = True
    assert [job_id] == [each["job"] for each in done(sweep.open_jobs(sweeping.ground(1)))]
    assert ([], ["Aborted"]) == (done(sweep.open_jobs(sweeping.ground(1))), sweeping.states())
    sweeping.load.whole()
    stored = [len(sweeping.load.org.query("SELECT Id FROM Account"))]
    replays.replayed(sweeping.load)
    assert [0 if decided else 1, 1] == [*stored, len(sweeping.load.org.query("SELECT Id FROM Account"))]


def test_an_open_job_of_a_run_that_airflow_doesnt_know_waits_a_week(sweeping: Sweeping) -> None:
    """It may be another deployment's, at work."""
    sweeping.load.split()
    left_open(sweeping.load, decided=False)
    sweeping.over = None
    assert [] == done(sweep.open_jobs(sweeping.ground(6)))
    assert 1 == len(done(sweep.open_jobs(sweeping.ground(8))))


def test_a_closed_job_is_never_aborted(sweeping: Sweeping) -> None:
    """It goes on, as after a wait that timed out."""
    sweeping.load.org.behave(looks=1_000)
    submit.chunk(sweeping.load.run, "Account", *sweeping.load.split())
    assert ([], ["UploadComplete"]) == (done(sweep.open_jobs(sweeping.ground(MONTH))), sweeping.states())


def test_finished_jobs_go_from_salesforce_with_their_time(sweeping: Sweeping) -> None:
    """Only ours, only when the run's files may go; once."""
    sweeping.load.whole()
    other = sweeping.load.org.client().create_job("Account", "insert", None)
    assert [] == done(sweep.finished_jobs(sweeping.ground(29)))
    assert 2 == len(done(sweep.finished_jobs(sweeping.ground(MONTH))))
    assert [other] == [each["id"] for each in sweeping.load.org.jobs()]
    assert [] == done(sweep.finished_jobs(sweeping.ground(MONTH)))
    assert 1 == len(done(sweep.files(sweeping.ground(MONTH))))


def test_others_open_jobs_are_told_never_touched(sweeping: Sweeping) -> None:
    """Of the users that our own jobs were created by."""
    sweeping.load.whole()
    other = sweeping.load.org.client().create_job("Account", "insert", None)
    for part in (sweep.open_jobs, sweep.finished_jobs, sweep.files):
        part(sweeping.ground(MONTH))
    assert [(other, "Account")] == [(each["job"], each["object"]) for each in done(sweep.strangers(sweeping.ground(MONTH), ["c"]))]
    assert ["Open"] == sweeping.states()


def test_who_only_asks_changes_nothing(sweeping: Sweeping) -> None:
    """The same is told, and all stays."""
    sweeping.load.whole()
    before = sweeping.names()
    for part in (sweep.files, sweep.finished_jobs):
        told = done(part(sweeping.ground(MONTH, dry_run=True)))
        assert before == sweeping.names()
        assert told == done(part(sweeping.ground(MONTH, dry_run=True)))
        assert told


def test_one_damaged_run_keeps_no_other(sweeping: Sweeping) -> None:
    """It is named."""
    sweeping.load.whole()
    broken = storage.run_folder(fsspec.filesystem("file"), str(sweeping.load.root / "runs"), "dag", "broken")
    broken.create(entries.BEGUN, {"at": "2026-01-01", "org_id": "?", "plan": {"name": "plan.json", "sha256": "0", "bytes": 1}})
    found = sweep.files(sweeping.ground(MONTH))
    assert (1, 1) == (len(found["done"]), len(found["troubles"]))
    assert found["troubles"][0].startswith("dag broken: ")
