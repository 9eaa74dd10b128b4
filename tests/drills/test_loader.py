"""A process that plays a load, and the one that drills it: neither outlives the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from tests.drills import ground, plays, points

ROOT = Path(__file__).parents[2]
PATIENCE = 60


def hold(folder: str) -> None:
    """Start a load that is held at its first act, tell its process's id, and wait until this one is killed."""
    with ground.prepared(Path(folder)) as place:
        held = place.case(plays.PLAYS["upsert, keyless insert"]).started(points.Strike(1, points.BEFORE), waits=True)
        held.comes_to_its_point()
        print(held.process.pid, flush=True)
        sys.stdin.read()


def test_a_held_load_ends_with_whoever_holds_it(tmp_path: Path) -> None:
    """Who holds it is killed: nothing of it stays behind."""
    command = [sys.executable, "-c", f"from tests.drills import test_loader; test_loader.hold({str(tmp_path)!r})"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as driver:
        held = psutil.Process(int(driver.stdout.readline()) if driver.stdout else 0)
        driver.kill()
    assert ([held], []) == psutil.wait_procs([held], timeout=PATIENCE)
