"""docs/plan_mode.md shows what the command really prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from include.cli import commands
from tests.running import org

if TYPE_CHECKING:
    import pytest

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "plan_mode.md").read_text("utf-8")


def test_the_table_shown_is_the_one_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The shipped plan's, in an org whose limits are the default's; calls of the day aside."""
    shown = PAGE.split("what the command prints -->\n```\n")[1].split("\n```")[0]
    command = re.search(r"python -m include\.bulkload (plan \S+)", PAGE)
    assert command is not None
    monkeypatch.chdir(PROJECT)
    monkeypatch.delenv("BULKLOAD_RUN_BASE", raising=False)
    with org.running(tmp_path) as started:
        monkeypatch.setenv(
            "BULKLOAD_CONNECTION", json.dumps({"instance_url": started["http_url"], "access_token": started["access_token"]})
        )
        assert 0 == commands.main(command[1].split())
    calls = re.compile(r"needed, 999,\d{3} left")
    assert calls.sub("needed, some left", shown) == calls.sub("needed, some left", capsys.readouterr().out.rstrip("\n"))


def test_every_option_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    """And no row is of an option that isn't there."""
    try:
        commands.main(["plan", "--help"])
    except SystemExit:
        told = capsys.readouterr().out
    assert sorted(set(re.findall(r"--\w+", told)) - {"--help"}) == sorted(re.findall(r"^\| `(--\w+)", PAGE, re.MULTILINE))
