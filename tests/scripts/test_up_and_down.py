"""`make up` and `make down`, in a folder of their own."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import psutil

from scripts import down, up

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_it_stays_up_until_it_is_told_to_go_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Up once, told to be up already the second time, logged in with the password from the file, down, and nothing is left."""
    folder = tmp_path / "up"
    assert (0, 0) == (up.main(folder, port=0), up.main(folder, port=0))
    told = capsys.readouterr().out
    stack = up.found(folder)
    assert stack
    family = [psutil.Process(stack.keeper), *psutil.Process(stack.keeper).children(recursive=True)]
    pools = [pool["name"] for pool in stack.rest().ask("GET", "pools")["pools"]]
    assert (2, True, True) == (told.count(f"Airflow        {stack.url}"), "It is up already." in told, "salesforce_jobs" in pools)
    assert 0 == down.main(folder)
    _, alive = psutil.wait_procs(family, timeout=5)
    assert ([], None, False) == (alive, up.found(folder), stack.password_file.exists())


def test_down_without_up_touches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to stop, and that is no failure."""
    assert (0, "Nothing is up.\n") == (down.main(tmp_path), capsys.readouterr().out)


def test_a_stranger_with_the_same_id_is_left_alone(tmp_path: Path) -> None:
    """What a dead stack left behind names a process id that somebody else has by now: that one isn't ours."""
    state = dict.fromkeys(("url", "user", "password_file", "run_base", "logs", "org"), "")
    (tmp_path / "stack.json").write_text(json.dumps({**state, "keeper": os.getpid(), "keeper_started": 1.0}))
    assert None is up.found(tmp_path)
