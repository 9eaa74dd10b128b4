"""`python -m tests.bench [--accounts N] [--tuned]` → CPU seconds, their ratio and peak memory: the table engine against plain pandas.

Each part runs in a process of its own, as its task does, so that its peak is its own; both sides from compiled files.
Aims: less than a third of pandas' CPU for JSON lines, less than 60 % for one document, every part of ours under 1,000 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
# Libraries are compiled when they are installed, so our own files may be kept compiled too, whatever this shell says.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
# What is compared: its name, the functions of our side, those of pandas' side.
PARTS = (
    ("split + parent CSV", ("read", "parents_csv"), ("read",)),
    ("id map", ("ids",), ("ids",)),
    ("orphan filter + child CSV", ("without_parent", "children_csv"), ("children",)),
)
AIMS = {"jsonl": 1 / 3, "json": 0.6}
Figures = dict[str, float]


def main(arguments: Sequence[str]) -> int:
    """Make the payloads, run both sides on each, print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000, help="accounts, each with three contacts (default 1,000,000)")
    parser.add_argument("--only", choices=sorted(AIMS), help="JSON lines or one document alone")
    parser.add_argument("--tuned", action="store_true", help="pandas without json_normalize, which is quicker than with it")
    options = parser.parse_args(arguments)
    subprocess.run([sys.executable, "-c", "import tests.bench.ours, tests.bench.plain"], cwd=ROOT, env=ENVIRONMENT, check=True)
    for suffix in [options.only] if options.only else sorted(AIMS, reverse=True):
        with tempfile.TemporaryDirectory(prefix="bulkload-bench-") as folder:
            compare(options.accounts, suffix, Path(folder), {"read": "read_tuned"} if options.tuned else {})
    return 0


def compare(accounts: int, suffix: str, folder: Path, instead: Mapping[str, str]) -> None:
    """Print the figures of one form of the payload. `instead`: other steps of pandas' side, by name."""
    payload = folder / f"accounts.{suffix}"
    made = [sys.executable, "-m", "include.samples", "--accounts", str(accounts), "--out", str(payload)]
    subprocess.run([*made, "--lines"] if suffix == "jsonl" else made, cwd=ROOT, check=True)
    kind = "JSON lines" if suffix == "jsonl" else "one JSON document"
    print(f"\n{accounts:,} accounts, {3 * accounts:,} contacts, {kind}, {payload.stat().st_size / 1e6:,.0f} MB")
    print(f"{'':<28}{'pandas CPU':>12}{'peak':>10}{'ours CPU':>12}{'peak':>10}{'ours/pandas':>13}")
    total = {"pandas": 0.0, "ours": 0.0}
    for name, our_steps, their_steps in PARTS:
        ours = part("ours", our_steps, payload, folder)
        if "parents_csv" in our_steps:
            part("ours", ["answers"], payload, folder)
        theirs = part("plain", [instead.get(each, each) for each in their_steps], payload, folder)
        total["pandas"] += theirs["cpu"]
        total["ours"] += ours["cpu"]
        _row(name, theirs, ours)
    seconds = f"{total['pandas']:>10.1f} s{'':>10}{total['ours']:>10.1f} s{'':>10}"
    print(f"{'all':<28}{seconds}{total['ours'] / total['pandas']:>12.1%}  (aim: < {AIMS[suffix]:.1%})")


def _row(name: str, theirs: Figures, ours: Figures) -> None:
    cells = f"{theirs['cpu']:>10.1f} s{theirs['megabytes']:>7,.0f} MB{ours['cpu']:>10.1f} s{ours['megabytes']:>7,.0f} MB"
    print(f"{name:<28}{cells}{ours['cpu'] / theirs['cpu']:>12.0%}", flush=True)


def part(side: str, functions: Sequence[str], payload: Path, folder: Path) -> Figures:
    """Run the functions of one part in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.measured", side, ",".join(functions), str(payload), str(folder)]
    ended = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(ended.stdout))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
