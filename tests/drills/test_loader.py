"""A process that plays a load, and the one that drills it: neither outlives the other."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.drills import ground, plays, points
from tests.running import loads

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
PATIENCE = 60


def hold(folder: str) -> None:
    """Start a load that is held at its first act, tell its process's id, and wait until this one is killed."""
    case = ground.Case(ground.Ground(Path(folder), loads.LocalOrg({})), plays.PLAYS["update"], Path(folder), "tag")
    held = case.started(points.Strike(1, points.BEFORE), waits=True)
    held.comes_to_its_point()
    print(held.process.pid, flush=True)
    sys.stdin.read()


def main(arguments: Sequence[str]) -> None:
    """Run as a program of its own."""
    multiprocessing.freeze_support()
    hold(arguments[0])


def test_a_held_load_ends_with_whoever_holds_it(tmp_path: Path) -> None:
    """Who holds it is killed: nothing of it stays behind."""
    command = [sys.executable, "-c", f"from tests.drills import test_loader; test_loader.main([{str(tmp_path)!r}])"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        held = psutil.Process(int(driver.stdout.readline()) if driver.stdout else 0)
        driver.kill()
    assert ([held], []) == psutil.wait_procs([held], timeout=PATIENCE)
