"""Settings on the command line, in a file, at run time → taken over, or refused with a message that says why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.local_org import settings
from tests.running import org

if TYPE_CHECKING:
    from tests.local_org.conftest import Steered

ROOT = Path(__file__).parents[2]
ROW = {"object": "Account", "field": "Name", "value": "x", "error": "E:m:--"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"looks": -1}, "looks: Input should be greater than or equal to 0 (given: -1)"),
    ({"looks": "3"}, "looks: Input should be a valid integer (given: '3')"),
    ({"looks": True}, "looks: Input should be a valid integer (given: True)"),
    ({"echo": "loud"}, "echo: Input should be 'sent' or 'stored' (given: 'loud')"),
    ({"lock_share": 1.5}, "lock_share: Input should be less than or equal to 1 (given: 1.5)"),
    ({"pace": 1}, "pace: there is no such setting"),
    ({"hidden_fields": ["Phone"]}, "hidden_fields: each is Object.Field (given: ['Phone'])"),
    ({"hidden_fields": ["Account.Nope"]}, "Account.Nope: there is no such field"),
    ({"hidden_fields": ["Account.Name"]}, "hidden_fields: Account.Name is required, everybody sees it"),
    ({"row_faults": [{**ROW, "errror": ""}]}, "row_faults.0.errror: there is no such setting"),
    ({"row_faults": [{"object": "Account"}]}, "row_faults.0: give either error, the row's sf__Error, or lock: true"),
    ({"row_faults": [{"field": "Name", "error": "E:m:--"}]}, "row_faults.0: field and value go together"),
    ({"job_ends": [{"state": "Open"}]}, "job_ends.0.state: Input should be 'Failed' or 'Aborted' (given: 'Open')"),
    ({"job_ends": [{"state": "Failed", "at": 2}]}, "job_ends.0.at: Input should be less than or equal to 1 (given: 2)"),
    ({"http_faults": [{}]}, "http_faults.0.kind: Field required"),
    ({"http_faults": [{"kind": "slow", "path": "("}]}, "http_faults.0.path: not a regular expression: "),
    ({"http_faults": [{"kind": "slow", "nth": [1], "every": 2}]}, "http_faults.0: give nth or every, not both"),
]


def started(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Try to start an org that must refuse to."""
    command = [sys.executable, "-m", "include.local_org", "--data", str(folder / "org.db"), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("document", "message"), BAD)
def test_a_bad_setting_is_refused_at_run_time(steered: Steered, document: dict[str, Any], message: str) -> None:
    """400, why, and nothing is changed, not even what was right beside it."""
    before = steered.control().json()["settings"]
    answer = steered.control("PATCH", document={"seed": 12345, **document})
    assert (400, before) == (answer.status_code, steered.control().json()["settings"])
    assert answer.json()["error"].startswith(message)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--looks", "-1"], "looks: Input should be greater than or equal to 0"),
        (["--echo", "loud"], "echo: Input should be 'sent' or 'stored'"),
        (["--rows-per-second", "fast"], "rows_per_second: Input should be a valid number"),
        (["--hidden-fields", "Account.Phone,Fax"], "hidden_fields: each is Object.Field"),
        (["--hidden-fields", "Account.Nope"], "Account.Nope: there is no such field"),
        (["--settings", "nowhere.json"], "nowhere.json"),
    ],
)
def test_a_bad_option_ends_the_start(tmp_path: Path, options: list[str], message: str) -> None:
    """Exit status 2, and why on standard error."""
    ended = started(tmp_path, *options)
    assert (2, "", True) == (ended.returncode, ended.stdout, message in ended.stderr), ended.stderr


@pytest.mark.parametrize(
    ("text", "message"), [("{", "Expecting property name"), ("[]", "settings are a JSON object"), ('{"seed": 0.5}', "seed: ")]
)
def test_a_bad_file_ends_the_start(tmp_path: Path, text: str, message: str) -> None:
    """Exit status 2 too."""
    path = tmp_path / "settings.json"
    path.write_text(text)
    ended = started(tmp_path, "--settings", str(path))
    assert (2, True) == (ended.returncode, message in ended.stderr), ended.stderr


def test_options_are_stronger_than_files(tmp_path: Path) -> None:
    """Each simple setting is an option; lists are comma separated."""
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"looks": 5, "seed": 6}))
    given = ("--settings", str(path), "--looks", "2", "--rows-per-second", "1e3", "--echo", "stored", "--sandbox", "false")
    with org.running(tmp_path, "--control", *given, "--held-locks", "a,b") as line, requests.Session() as session:
        session.trust_env = False
        found = session.get(f"{line['http_url']}/control", timeout=10).json()["settings"]
    expected = {"looks": 2, "seed": 6, "rows_per_second": 1000.0, "echo": "stored", "sandbox": False, "held_locks": ["a", "b"]}
    assert expected == {name: found[name] for name in expected}


def test_a_setting_changes_nothing_but_itself(steered: Steered) -> None:
    """What was set before stays."""
    steered.steer(looks=3, row_faults=[ROW])
    steered.steer(seed=4)
    found = steered.control().json()["settings"]
    assert (3, 4, "x") == (found["looks"], found["seed"], found["row_faults"][0]["value"])


def test_the_document_names_every_setting() -> None:
    """docs/local_org.md has a line for each, and for nothing else."""
    text = (ROOT / "docs" / "local_org.md").read_text("utf-8")
    table = text.partition("| key | meaning |")[2].partition("\n\n")[0]
    assert sorted(settings.Settings.model_fields) == sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE))


def test_rows_a_second_are_kept_to(steered: Steered) -> None:
    """Two chunks at 1,000 rows a second take two fifths of one."""
    steered.steer(rows_per_second=1000)
    job = steered.run("Name\n" + "".join(f"{n}\n" for n in range(400)))
    assert 400 <= job["totalProcessingTime"] < 5000


def test_control_shows_the_jobs_by_state(steered: Steered) -> None:
    """Beside settings, time, counts and calls."""
    steered.create()
    found = steered.control().json()
    assert {"settings", "time", "jobs", "counts", "calls"} == set(found)
    assert found["jobs"]["Open"] >= 1


def test_revoked_tokens_are_worthless(tmp_path: Path) -> None:
    """All of them."""
    with org.running(tmp_path, "--control") as line, requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {line['access_token']}"
        statuses = []
        for _ in range(2):
            statuses.append(session.get(f"{line['http_url']}/services/data/v66.0/limits", timeout=10).status_code)
            session.post(f"{line['http_url']}/control/revoke", timeout=10)
    assert [200, 401] == statuses
