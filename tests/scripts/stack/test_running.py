"""The whole native stack, started for real with a toy DAG; and what is left of it when its owner is killed."""

from __future__ import annotations

import contextlib
import json
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil

from scripts.stack import airflow_settings, rest, wanted
from tests.running import airflow
from tests.scripts.stack import conftest

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.stack import running

OWNER = """
import sys
from scripts.stack import running, wanted
asked = wanted.Wanted.from_json(sys.argv[1])
keeper = running.launch(asked)
for line in keeper.stdout:
    print(keeper.pid, line, flush=True)
"""


def test_a_run_goes_through_mapped_and_deferred_tasks(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """Scheduler, triggerer and tasks work together: a mapped task doubles, the sensor defers, the sum comes out."""
    played = airflow.play(toy_stack[0], "toy_chain", {"number": 21, "wait": 2})
    sums = toy_stack[0].rest().xcom("toy_chain", played.run_id, "summary")
    assert ("success", True, {"sum": 84}) == (played.state, "deferred" in played.states("wait"), sums)


def test_progress_names_each_part(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """Whoever waits for the start hears of every part that has come up."""
    expected = {"PostgreSQL answers", *(f"{name} is healthy" for name in ("metadatabase", "scheduler", "triggerer", "dag-processor"))}
    assert expected == set(toy_stack[1])


def test_only_loopback_is_listened_on(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """No service of the stack can be reached from another machine."""
    keeper = psutil.Process(toy_stack[0].keeper)
    listening = set()
    for process in keeper.children(recursive=True):
        # A process of a task may end while we look.
        with contextlib.suppress(psutil.NoSuchProcess):
            listening |= {each.laddr.ip for each in process.net_connections(kind="inet") if each.status == psutil.CONN_LISTEN}
    assert {"127.0.0.1"} == listening


def test_the_password_is_private(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """Nobody else can read the generated password, nor the state file, nor Airflow's own copy."""
    folder = toy_stack[0].password_file.parent
    files = [folder / "password", folder / "stack.json", folder / "airflow" / "passwords.json"]
    assert [0o600] * 3 == [stat.S_IMODE(file.stat().st_mode) for file in files]


def test_without_a_log_in_nothing_is_told(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """A wrong password opens nothing."""
    stranger = rest.Rest(toy_stack[0].url, toy_stack[0].user, "wrong")
    answer = stranger.session.get(f"{toy_stack[0].url}/api/v2/dags", timeout=10)
    assert 401 == answer.status_code


def test_the_pool_counts_deferred_tasks(toy_stack: tuple[running.Stack, list[str]]) -> None:
    """The pool that the settings name is there, and a waiting job takes a slot of it."""
    found = toy_stack[0].rest().ask("GET", f"pools/{airflow_settings.POOL}")
    assert (airflow_settings.POOL, True) == (found["name"], found["include_deferred"])


def test_nothing_is_left_when_the_owner_is_killed(tmp_path: Path) -> None:
    """Killed without a chance to clear up, in the middle of the start: the keeper notices and ends everything."""
    asked = wanted.Wanted(tmp_path / "stack", dags=conftest.TOY, org=None)
    owner = subprocess.Popen([sys.executable, "-c", OWNER, asked.to_json()], cwd=wanted.PROJECT, stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    pid, told = owner.stdout.readline().split(" ", 1)
    keeper = psutil.Process(int(pid))
    family = [keeper, *keeper.children(recursive=True)]
    owner.kill()
    owner.communicate()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert ({"told": "PostgreSQL answers"}, True, [], False) == (json.loads(told), len(family) > 1, alive, asked.home.exists())
