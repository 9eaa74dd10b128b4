"""The words of the command line → what is printed, and the exit status: 0 clean, 1 findings, 2 it couldn't be tried."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import plan_file
from include.bulkload.load import allowances, sizes
from include.bulkload.report import table
from include.cli import chosen, connections

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CLEAN, FINDINGS, USAGE = 0, 1, 2
BATCHES_A_DAY = 15_000
ENDS = "exit status: 0 clean, 1 findings, 2 it couldn't be tried"


def main(words: Sequence[str]) -> int:
    """Do what was typed; the exit status."""
    given = _parser().parse_args(words)
    # The table that a task's log has is printed anyhow.
    logging.getLogger("include").setLevel(logging.WARNING)
    try:
        return int(given.act(given))
    except (chosen.Unfit, errors.LoginRefused, errors.TryAgain) as wrong:
        print(wrong, file=sys.stderr)
        return USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m include.bulkload", description="Loads into Salesforce, looked at beforehand.", epilog=ENDS
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    plan = commands.add_parser("plan", help="check a plan and count what it will take; nothing is written to Salesforce", epilog=ENDS)
    plan.add_argument("file", type=Path, help="plan file, YAML or JSON")
    plan.add_argument("--params", nargs="+", default=[], metavar="NAME=VALUE", help="the plan's params; only_first and again too")
    plan.add_argument("--connection", type=Path, metavar="FILE", help=f"JSON file of connections; default: {connections.ORG}")
    plan.add_argument("--runs", default=os.environ.get("BULKLOAD_RUN_BASE"), metavar="URI", help="run base whose memory counts")
    plan.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the dry run's files, such as lists of rejected rows")
    plan.add_argument("--json", action="store_true", help="print the summary instead of the table")
    plan.add_argument("--offline", action="store_true", help="look at the file alone: no org, no source")
    plan.set_defaults(act=_plan)
    size = commands.add_parser("size", help="rows and bytes to jobs, batches and API calls; no org, no file")
    size.add_argument("rows", type=_count)
    size.add_argument("row_bytes", type=_count, help="of one CSV line")
    size.add_argument("--job-bytes", type=_count, default=sizes.JOB_BYTES, help="largest upload of one job")
    size.set_defaults(act=_size)
    return parser


def _count(text: str) -> int:
    found = int(text.replace(",", "").replace("_", ""))
    if found < 0:
        raise ValueError(text)
    return found


def _plan(given: argparse.Namespace) -> int:
    """Check a plan file, and unless told otherwise, run it dry."""
    try:
        document, checked = plan_file.read(given.file)
    except errors.PlanError as wrong:
        return _wrong(wrong, given)
    if given.offline:
        print("{}" if given.json else f"{given.file}: fine")
        return CLEAN
    params, switches = chosen.read(given.params, checked)
    known = connections.known(given.connection)
    from include.cli import rehearsals

    with _folder(given.keep) as folder:
        try:
            found = rehearsals.whole({**document, **switches}, params, known, folder, given.runs)
        except errors.PlanError as wrong:
            return _wrong(wrong, given)
    _printed(found["summary"] if given.keep else _without_files(found["summary"]), given)
    return CLEAN if found["clean"] else FINDINGS


def _wrong(wrong: errors.PlanError, given: argparse.Namespace) -> int:
    """Tell all mistakes of a plan."""
    print(json.dumps({"findings": list(wrong.findings)}, ensure_ascii=False, indent=2) if given.json else wrong)
    return FINDINGS


def _printed(document: dict[str, Any], given: argparse.Namespace) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2) if given.json else table.of(document))


def _without_files(document: dict[str, Any]) -> dict[str, Any]:
    """The summary without the names of files that are gone by now."""
    return document | {"objects": {name: {**each, "files": {}} for name, each in document["objects"].items()}}


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    """A folder for the dry run's files: the one that was named, or one that goes afterwards. Raises Unfit if it isn't empty."""
    if kept is None:
        with tempfile.TemporaryDirectory(prefix="bulkload-") as made:
            yield Path(made)
        return
    if kept.exists() and any(kept.iterdir()):
        raise chosen.Unfit(f"{kept}: it isn't empty; name a new folder")
    kept.mkdir(parents=True, exist_ok=True)
    yield kept.resolve()


def _size(given: argparse.Namespace) -> int:
    """Calculate the size of equal rows."""
    try:
        found = sizes.estimated(given.rows, given.row_bytes, job_bytes=given.job_bytes)
    except ValueError as wrong:
        raise chosen.Unfit(str(wrong)) from wrong
    shares = {"batches": (found.batches, BATCHES_A_DAY), "rows": (found.rows, allowances.ROWS_A_DAY)}
    print(f"{found.rows:,} rows, {found.bytes:,} bytes: {found.jobs:,} jobs, {found.batches:,} batches, {found.calls:,} API calls or more")
    for what, (need, most) in shares.items():
        print(f"{what}: {need / most:.2%} of a day's {most:,}")
    return CLEAN
