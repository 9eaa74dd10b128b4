"""A payload (the shipped sample, or another file) → a real run against an empty local org; its summary as JSON, last on standard output.

Exit status 0 only if the run succeeded. `.run/demo/<time>` keeps the run's files and all logs; nothing else is left.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from scripts import progress
from scripts.stack import rest, running, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

DAG = "parent_child_load"
SAMPLES = wanted.PROJECT / "include" / "samples"
SAMPLE = SAMPLES / "sample.json"
FAULTS = SAMPLES / "faults.json"
DEMOS = wanted.PROJECT / ".run" / "demo"
KEPT = 3
# Waits of ten seconds suit Salesforce; the local org answers at once.
POLL_SECONDS = 1
# As many rows as include/samples/README.md says are planted to fail or be orphaned. Another payload must load whole.
PLANTED = {"Account": 2, "Contact": 4}
PATIENCE = 24 * 3600.0
# The org finishes a job only after somebody looked at it a few times, so that its sensor is seen to defer.
LOOKS = {"looks": 3}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: Airflow's state of it, and its summary (None if it never got that far)."""

    state: str
    summary: Any


def main(arguments: Sequence[str]) -> int:
    """Run the demo; returns the exit status."""
    _end_on_signals()
    options = argparse.ArgumentParser(prog="make demo", description=__doc__)
    options.add_argument("--payload", type=Path, help="another payload: JSON, or JSON lines (.jsonl), gzip by suffix")
    options.add_argument("--demos", type=Path, default=DEMOS, help="folder that keeps the last demos; default: .run/demo")
    given = options.parse_args(arguments)
    if given.payload is not None and not given.payload.is_file():
        print(f"{given.payload}: no such file; PAYLOAD takes the path of a JSON document or of JSON lines", file=sys.stderr)
        return 2
    try:
        outcome = show(folder(given.demos.absolute()), given.payload)
    except (running.StackDown, rest.ApiRefused, rest.RunStuck) as failed:
        print(f"The demo failed: {failed}", file=sys.stderr)
        return 1
    if outcome.summary is not None:
        print(json.dumps(outcome.summary, indent=2, ensure_ascii=False), flush=True)
    return 0 if outcome.state == "success" else 1


def folder(demos: Path) -> Path:
    """Name a new folder for this demo, and remove all but the last few; one that still runs is left alone."""
    old = sorted(each for each in demos.glob("*") if each.is_dir())
    for each in old[: max(0, len(old) - KEPT + 1)]:
        if not running.is_kept(each):
            shutil.rmtree(each, ignore_errors=True)
    return demos / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")


def show(where: Path, payload: Path | None) -> Outcome:
    """Start everything, run the DAG once and tell of it, end everything."""
    begun = time.monotonic()
    tell = progress.teller(begun)
    tell(f"Starting the local org, PostgreSQL and Airflow (logs: {where / 'logs'})")
    org = org_options(where, payload)
    with running.stack(wanted.Wanted(where, org=org, given={"BULKLOAD_RETRY_SECONDS": "2"}), tell) as stack:
        tell(f"Airflow runs on {stack.url} until the demo ends")
        outcome = run(stack, conf(where, payload), tell, begun)
        tell(f"The run ended: {outcome.state}. Stopping Airflow, PostgreSQL and the local org")
    tell("Stopped")
    return outcome


def org_options(where: Path, payload: Path | None) -> tuple[str, ...]:
    """Write the local org's settings; the planted faults name keys of the sample, so only the sample meets them."""
    where.mkdir(parents=True)
    settings = where / "org.json"
    settings.write_text(json.dumps(LOOKS))
    planted = () if payload else ("--faults", str(FAULTS))
    return ("--settings", str(settings), *planted)


def conf(where: Path, payload: Path | None) -> dict[str, Any]:
    """Write the run's config; the payload is copied into the run base."""
    source = payload or SAMPLE
    copy = where / "runs" / "payload" / source.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, copy)
    return {"payload_uri": copy.as_uri(), "max_failed": {} if payload else PLANTED, "poll_seconds": POLL_SECONDS}


def run(stack: running.Stack, config: dict[str, Any], tell: Callable[[str], None], begun: float) -> Outcome:
    """Trigger the DAG, show each change of a task's state, read the summary."""
    airflow = stack.rest()
    airflow.await_dag(DAG)
    run_id = airflow.trigger(DAG, config)
    tell(f"Run {run_id}: {config['payload_uri']}")
    with progress.bar(begun, airflow.ask("GET", f"dags/{DAG}/tasks")["total_entries"]) as shown:
        state = rest.follow(airflow, DAG, run_id, shown, PATIENCE)
    if state != "success":
        _explain(airflow, run_id)
    try:
        return Outcome(state, in_order(airflow.xcom(DAG, run_id, "summary"), stack.runs))
    except rest.ApiRefused:
        return Outcome(state, None)


def in_order(summary: Any, runs: Path) -> Any:
    """Return the summary as the run wrote it: the same, but Airflow's database sorts its keys by their length."""
    written = [json.loads(file.read_text()) for file in runs.rglob("summary.json")]
    return next((each for each in written if each == summary), summary)


def _explain(airflow: rest.Rest, run_id: str) -> None:
    """Show the end of each failed task's log."""
    for each in airflow.tasks(DAG, run_id):
        if each.state == "failed":
            end = airflow.log(DAG, run_id, each).splitlines()[-15:]
            print("\n".join([f"--- {each.name} failed; the end of its log:", *end]), file=sys.stderr)


def _end_on_signals() -> None:
    """Let SIGTERM and SIGHUP end us as Ctrl-C does, so that everything is cleared up."""
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, _interrupted)


def _interrupted(number: int, _frame: FrameType | None) -> NoReturn:
    for each in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    print("\nInterrupted: stopping Airflow, PostgreSQL and the local org", file=sys.stderr)
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
