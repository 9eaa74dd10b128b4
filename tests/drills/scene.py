"""A real Airflow, its org and a play → a run that is followed to a moment, disturbed there, and judged by how it ends."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from include import storage
from include.bulkload.ledger import entries
from scripts.stack import rest, running, wanted
from tests.drills import ground, moments, plays, victims
from tests.running import clicks, loads, steering

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from include.bulkload.steps import ports

PATIENCE = 180.0
LOOK_SECONDS = 0.05
# Airflow notices within seconds what a deployment notices within minutes.
QUICK = {
    "BULKLOAD_RETRY_SECONDS": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "10",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TRIGGER_TIMEOUT_CHECK_INTERVAL": "5",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    # A drill waits for two readings of a plan that changed; more often would cost half a core throughout.
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
}
# Accounts below accounts, a small job first, several jobs, two layers, keyless contacts.
ABOVE = ((1, None), (2, 1), (3, None), (4, 3), (5, None))
FAMILY = plays.Play(
    "family",
    {"Account": plays.account(canary_rows=2, **plays.PARENT), "Contact": plays.contact()},
    tuple(plays.row(n, 2, plays.PADDING, parent=above and f"{{tag}}K{above}") for n, above in ABOVE),
    plays.ACCOUNTS | plays.CONTACTS,
    more={"job_bytes": plays.SMALL_JOB},
)
# The tasks of the family that wait for jobs → those before them, after which the org may be told to take its time.
WAITING = {
    "chunks_Account": ("split",),
    # The first is the small job that was waited for before.
    "wait_for_Account[1]": ("chunks_Account",),
    "settle_Account": ("wait_for_Account[0]", "wait_for_Account[1]"),
    "wait_for_Contact[0]": ("chunks_Contact",),
}
FOR_EVER = 1_000_000
# An API server that was killed answers again after ten seconds, on a busy machine after a minute; what it never heard is said again.
BACK = Retry(total=None, connect=90, read=3, backoff_factor=0.2, backoff_max=1.0)
PLAYED = {each.name: each for each in (FAMILY, plays.PLAYS["rounds"], plays.PLAYS["keyed insert"])}


@dataclass
class Scene:
    """A stack that revives what dies, and a ground on its org; `plans`: the folder of its plan files."""

    stack: running.Stack
    ground: ground.Ground
    plans: Path
    last: Load | None = None

    def begun(self, play: plays.Play, *, looks: int = 2) -> Load:
        """Lay a load down and trigger its run; each of its jobs goes on until it was looked at some times."""
        # What a load that was given up left behind is none of this one's.
        if self.last is not None and not self.last.is_over():
            self.last.run.mark_run("failed")
            self.last.run.ended()
        self.ground.written()
        case = self.ground.case(play)
        self.ground.org.behave(looks=looks)
        file = (case.root / "payload.json").as_uri()
        self.last = Load(self, case, clicks.begun(self.api(), dag_of(play), {"file": file}))
        return self.last

    def api(self) -> rest.Rest:
        """Open Airflow's REST API, which may have been killed: then it is waited for."""
        found = self.stack.rest()
        found.session.mount(found.url, HTTPAdapter(max_retries=BACK))
        return found


@dataclass
class Load:
    """One load of a play, run by Airflow."""

    scene: Scene
    case: ground.Case
    run: clicks.Run
    killed: int = 0

    def comes_to(self, moment: moments.Moment) -> None:
        """Wait until the org holds the request of a moment. Raises NeverSo if the run ends before."""
        org, before = self.scene.ground.org, self.scene.ground.org.struck()
        org.behave(http_faults=[moment.rule])
        self._until(lambda: org.struck() - before, f"never came to be {moment}")

    def loses(self, victim: str, moment: moments.Moment) -> None:
        """Kill one of VICTIMS at a moment. Raises NeverSo if the moment doesn't come, or there is nothing to kill then."""
        self.comes_to(moment)
        count = victims.VICTIMS[victim](self.scene.stack, self.run.running())
        if not count:
            raise clicks.NeverSo(f"{self.run.dag}: no {victim} to kill {moment}; its tasks {self.run.states()}")
        self.killed += count

    def loses_task(self, task: str) -> None:
        """Kill the process of a task as soon as it runs. Raises NeverSo if it has ended before."""
        self.killed += self._until(lambda: victims.tasks(self.scene.stack, self.run.running(task)), f"{task} was never seen at work")

    def _until(self, found: Callable[[], int], never: str) -> int:
        """Look until something is found; how much. Raises NeverSo if the run ends before."""
        late = time.monotonic() + PATIENCE
        while not (count := found()):
            if self.is_over() or time.monotonic() > late:
                raise clicks.NeverSo(f"{self.run.dag}: {never}; its tasks {self.run.states()}")
            time.sleep(LOOK_SECONDS)
        return count

    def waits(self, task: str) -> None:
        """Wait until one of WAITING is deferred; its job goes on until the org is told otherwise."""
        self.run.until(lambda seen: all(seen.get(each) == "success" for each in WAITING[task]))
        self.scene.ground.org.behave(looks=FOR_EVER)
        self.run.until_reads(task, "deferred")

    def rests(self, task: str, name: str, number: int) -> None:
        """Wait until a task is deferred before the moment of round `number` of an object, when no job is at work."""
        self._until(lambda: self._round(name) >= number, f"never came to round {number}")
        self.run.until_reads(task, "deferred")

    def _round(self, name: str) -> int:
        """The number of the last round that is planned; 0: none is."""
        folder = self.folder()
        last = folder.names(entries.WAVES.format(name))[-1:]
        return int((folder.read(last[0]) or {"notes": {}})["notes"].get("round", 0)) if last else 0

    def is_over(self) -> bool:
        """Whether the run has ended, or is gone; nobody knows while the API server is away."""
        try:
            return self.run.state() in clicks.ENDED
        except rest.ApiRefused:
            return True
        except requests.ConnectionError:
            return False

    def counts(self, name: str) -> dict[str, int]:
        """The summary's counts of an object."""
        return ground.counted(self.run.summary())[name]

    def end(self) -> ground.End:
        """How it stands; its jobs are gone afterwards, so this is the last that is asked of it."""
        summary = self.run.summary()
        clean = self.run.state() == "success" and summary["status"] == "COMPLETED"
        strays = self.strays()
        return ground.End(
            ground.records(self.scene.ground.org, self.case),
            self.scene.ground.written(),
            ground.counted(summary),
            clean and not strays,
            f"the run reads {self.run.state()}, the summary {summary['status']}; {'; '.join(strays)}",
            summary,
        )

    def strays(self) -> list[str]:
        """Jobs that go on though the run is over; a job that no ledger names may only be Open and empty."""
        named = self.named()
        found = []
        for job in self.scene.ground.org.jobs():
            known = job["id"] in named
            if job["state"] not in steering.ENDED and (known or job["state"] != "Open"):
                found.append(f"job {job['id']} reads {job['state']}, {'a' if known else 'no'} ledger names it")
            elif not known and job["state"] != "Open":
                found.append(f"job {job['id']} reads {job['state']}, and no ledger names it")
        return found

    def folder(self) -> ports.RunFolder:
        """The run's folder."""
        return storage.run_folder(fsspec.filesystem("file"), str(self.scene.stack.runs), self.run.dag, self.run.run_id)

    def named(self) -> set[str]:
        """The ids of all jobs that the ledger of the run names: `ledger/<object>/<chunk>/<job id>/<fact>`."""
        return {parts[3] for each in self.folder().names("ledger/") if len(parts := each.split("/")) == 5}


def dag_of(play: plays.Play) -> str:
    """The id of the DAG that loads a play."""
    return "drill_" + "".join(each if each.isalnum() else "_" for each in play.name)


def document(play: plays.Play) -> dict[str, Any]:
    """The plan file of a play: its source is told when it is triggered."""
    own = {"name": dag_of(play), "params": {"file": "none"}, "source": {"uri": "{{ params.file }}"}, "poll_seconds": 0.5}
    # Each round waits four times as long, by the real clock here: from a second on, the sixth would wait 17 minutes.
    return play.plan(Path("/none")) | own | {"round_seconds": 0.05}


@contextlib.contextmanager
def set_up(folder: Path, chosen: Sequence[plays.Play] = tuple(PLAYED.values()), **given: str) -> Iterator[Scene]:
    """Start a stack with a DAG for each play; all of it is gone afterwards but its logs."""
    plans = folder / "plans"
    plans.mkdir()
    for play in chosen:
        (plans / f"{dag_of(play)}.json").write_text(json.dumps(document(play)), "utf-8")
    loads_folder = folder / "loads"
    loads_folder.mkdir()
    settings = QUICK | {"BULKLOAD_PLANS": str(plans), "BULKLOAD_ALLOWED_ROOTS": folder.as_uri()} | given
    with running.stack(wanted.Wanted(folder / "stack", org=("--control",), given=settings, revives=True)) as stack:
        yield Scene(stack, ground.Ground(loads_folder, loads.LocalOrg(stack.org)), plans)
