"""`python -m tests.oracle [--roots N] [--levels N] [--failing SHARE]` → a large hierarchy loaded; counts per level against the oracle's.

Exit status 1 if any of them differs.
"""

from __future__ import annotations

import argparse
import collections
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.oracle import chain, conftest, judge, seen
from tests.running import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.oracle import world

Counts = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Make the hierarchy, load it, compare; print both counts of each level, seconds and memory."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--roots", type=int, default=100_000, help="rows of each level (default 100,000)")
    parser.add_argument("--levels", type=int, default=4, choices=range(1, 7), help="levels of the hierarchy (default 4)")
    parser.add_argument("--failing", type=float, default=0.03, help="share of each level's rows that the org refuses (default 0.03)")
    options = parser.parse_args(arguments)
    made = chain.failing(options.levels, options.roots, options.failing)
    expected = {kind.name: said(judge.Judge(made), kind) for kind in made.kinds}
    with tempfile.TemporaryDirectory(prefix="bulkload-oracle-") as folder, conftest.opened(Path(folder)) as court:
        began = time.monotonic()
        load, found, example = court.load(made)
        took = time.monotonic() - began
        held = {kind.name: of(load, found["summary"]["objects"][kind.name], kind, example) for kind in made.kinds}
    for name, counts in expected.items():
        print(f"{name}  oracle {counts}\n{'':{len(name)}}  loader {held[name]}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "equal" if held == expected else "THEY DIFFER"
    print(f"{options.levels * options.roots:,} rows in {took:,.0f} s, at most {peak:,.0f} MB with the oracle's own; {verdict}")
    return 0 if held == expected else 1


def said(given: judge.Judge, kind: world.Kind) -> Counts:
    """What the oracle says of a level: rows by fate, records, and orphans by how far up it began."""
    orphans = [verdict for (name, _), verdict in given.verdicts.items() if name == kind.name and verdict.causes]
    depths = collections.Counter(next(iter(each.causes)).depth for each in orphans)
    counts = given.counts(kind.name)
    return {"fates": dict(sorted(counts.items())), "records": counts.get("succeeded", 0), "depths": dict(sorted(depths.items()))}


def of(load: loads.Load, told: dict[str, Any], kind: world.Kind, example: str) -> Counts:
    """What the summary, the org and the list of orphans say of it."""
    fates = {fate: told[fate] for fate in sorted(seen.FATES) if told[fate]}
    (records,) = load.org.query(f"SELECT COUNT(Id) found FROM {kind.sobject} WHERE Name LIKE '{example} %'")
    depths = collections.Counter(int(row["depth"]) for row in loads.listed(told["files"].get("orphaned", [])))
    return {"fates": fates, "records": records["found"], "depths": dict(sorted(depths.items()))}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
