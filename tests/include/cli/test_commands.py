"""Words of the command line → what is printed and the exit status, against a local org over HTTP."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib import parse

import jsonschema
import pytest

from tests.running import loads

if TYPE_CHECKING:
    from tests.include.cli.conftest import Desk

ROOT = Path(__file__).parents[3]


def test_a_clean_plan_is_told_as_a_table(desk: Desk) -> None:
    """Status 0, and the org is as it was."""
    found = desk.type("plan", desk.file())
    assert (0, "") == (found.status, found.err)
    first, _, heads, line, *_ = found.out.splitlines()
    assert "dry run: COMPLETED, nothing was written to Salesforce" == first
    assert ["object", "rows"] == heads.split()[:2]
    assert ["Account", "2", "0", "0", "0", "0", "0", "0", "2", "1", "1", "46", "7", "unknown"] == line.split()
    assert [] == desk.org.jobs()


def test_findings_have_a_status_of_their_own(desk: Desk) -> None:
    """A rejected row that the plan doesn't bear, told by reason."""
    desk.rows = "id,name\n,One\nK2,Two\n"
    found = desk.type("plan", desk.file())
    assert (1, True) == (found.status, "Account: 1 x missing key\nfinding: Account: 1 of 2 rows are lost, max_failed allows 0" in found.out)


def test_a_program_reads_the_summary(desk: Desk) -> None:
    """One JSON document that fits the summary's schema."""
    found = desk.type("plan", desk.file(), "--json")
    jsonschema.validate(found.document, json.loads((ROOT / "docs" / "summary.schema.json").read_text("utf-8")))
    assert (0, True, 2, {}) == (
        found.status,
        found.document["dryRun"],
        found.document["objects"]["Account"]["unprocessed"],
        found.document["objects"]["Account"]["files"],
    )


def test_offline_tells_all_mistakes_of_the_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is needed; each mistake is a line with file, place and remedy."""
    monkeypatch.delenv("BULKLOAD_CONNECTION")
    assert (0, True) == ((found := desk.type("plan", desk.file(), "--offline")).status, found.out.endswith("plan.json: fine\n"))
    desk.plan["objects"] = {"Account": {"sobject": "Account", "operation": "upsert", "fields": {"Name": {"constant": "x", "from": "y"}}}}
    found = desk.type("plan", desk.file(), "--offline")
    assert (1, 2) == (found.status, len(found.out.splitlines()))
    assert all(line.startswith(f"{desk.folder / 'plan.json'}: objects.Account") for line in found.out.splitlines())
    assert 2 == len(desk.type("plan", desk.file(), "--offline", "--json").document["findings"])


def test_mistakes_that_only_the_org_knows_are_findings(desk: Desk) -> None:
    """Each with its place."""
    desk.plan["objects"]["Account"] |= {"fields": {"Nmae": "name", "External_Id__c": "id"}}
    found = desk.type("plan", desk.file())
    assert (1, True) == (found.status, "objects.Account.fields.Nmae: Account has no field Nmae; did you mean Name?" in found.out)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plan"], "the following arguments are required: file"),
        (["plan", "FILE", "--params", "night=1"], "night: the plan lets nobody choose it; it takes only_first, again"),
        (
            ["plan", "FILE", "--connection", "nowhere.json"],
            "nowhere.json: it can't be read (FileNotFoundError); name a file of connections",
        ),
        (["size", "-1", "5"], "invalid _count value: '-1'"),
        (["size", "1", "200", "--job-bytes", "100"], "a row of 200 bytes doesn't fit into a job of 100"),
    ],
)
def test_what_cannot_be_tried_is_told_on_standard_error(desk: Desk, words: list[str], told: str) -> None:
    """Status 2, nothing on standard output."""
    file = desk.file()
    found = desk.type(*(file if word == "FILE" else word for word in words))
    assert (2, "", True) == (found.status, found.out, told in found.err)


def test_without_a_connection_nothing_is_tried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the ways to give one."""
    monkeypatch.delenv("BULKLOAD_CONNECTION")
    found = desk.type("plan", desk.file())
    assert (2, True) == (found.status, "set BULKLOAD_CONNECTION, or name a file by --connection" in found.err)


def test_a_log_in_that_is_refused_is_no_finding(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says nothing of the plan; the secret isn't told."""
    url = desk.org.started["http_url"].replace("http://", "http://somebody:hush@")
    monkeypatch.setenv("BULKLOAD_CONNECTION", url)
    found = desk.type("plan", desk.file())
    assert (2, True, False) == (found.status, "Salesforce refused the log-in" in found.err, "hush" in found.err)


def test_an_org_logs_in_by_client_credentials(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a URI, or in a file of connections with the names that Airflow gives them."""
    said, file = desk.org.started, desk.folder / "connections.json"
    client_id, secret = (parse.quote(said[name], safe="") for name in ("client_id", "client_secret"))
    monkeypatch.setenv("BULKLOAD_CONNECTION", said["http_url"].replace("http://", f"http://{client_id}:{secret}@"))
    assert 0 == desk.type("plan", desk.file()).status
    extra = {"instance_url": said["http_url"], "consumer_key": said["client_id"], "consumer_secret": said["client_secret"]}
    file.write_text(json.dumps({"salesforce_default": {"conn_type": "salesforce", "extra": json.dumps(extra)}}))
    monkeypatch.delenv("BULKLOAD_CONNECTION")
    assert 0 == desk.type("plan", desk.file(), "--connection", str(file)).status


def test_queries_go_where_a_url_says(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a variable of the environment, or in the file of connections; params are filled in."""
    with sqlite3.connect(desk.folder / "crm.db") as con:
        con.executescript(
            "CREATE TABLE rows (id TEXT, name TEXT, city TEXT); INSERT INTO rows VALUES ('K1', 'a', 'Bonn'), ('K2', 'b', 'Ulm')"
        )
    desk.plan |= {"source": {"sql": "SELECT id, name FROM rows WHERE city = {{ params.city | quoted }}", "conn_id": "crm-db"}}
    desk.plan |= {"params": {"city": "Bonn", "least": 1}}
    url = f"sqlite:///{desk.folder / 'crm.db'}"
    monkeypatch.setenv("BULKLOAD_SQL_CRM_DB", url)
    found = desk.type("plan", desk.file(), "--json", "--params", "city=Ulm", "least=2", "only_first=5")
    assert (0, 1, 5) == (found.status, found.document["objects"]["Account"]["source"], found.document["trial"])
    monkeypatch.delenv("BULKLOAD_SQL_CRM_DB")
    found = desk.type("plan", desk.file())
    assert (1, True) == (
        found.status,
        "connection crm-db: nothing says where it leads; set BULKLOAD_SQL_CRM_DB to a SQLAlchemy URL" in found.out,
    )
    file = desk.folder / "connections.json"
    file.write_text(json.dumps({"salesforce_default": desk.connection, "crm-db": url}))
    assert 0 == desk.type("plan", desk.file(), "--connection", str(file)).status


def test_files_are_kept_where_somebody_wants_them(desk: Desk) -> None:
    """Lists of rejected rows with their reason; a folder that isn't empty is left alone."""
    desk.rows = "id,name\n,One\n"
    kept = desk.folder / "kept"
    found = desk.type("plan", desk.file(), "--json", "--keep", str(kept))
    (row,) = loads.listed(found.document["objects"]["Account"]["files"]["rejected"])
    assert ("missing key", "One") == (row["error"], row["Name"])
    assert (2, True) == ((again := desk.type("plan", desk.file(), "--keep", str(kept))).status, "it isn't empty" in again.err)


def test_what_real_runs_remember_counts(desk: Desk) -> None:
    """With their run base, rows that are loaded already are left out, and the time is foreseen."""
    desk.plan["objects"]["Account"]["changed_only"] = True
    file = desk.file()
    real = desk.plan | {"source": {"uri": (desk.folder / "rows.csv").as_uri()}}
    assert loads.Load(desk.folder, desk.org, real).whole()["clean"]
    desk.rows += "K3,Three\n"
    base = (desk.folder / "runs").as_uri()
    seen = desk.type("plan", desk.file(), "--json", "--runs", base).document
    assert (2, 1, True) == (*(seen["objects"]["Account"][fate] for fate in ("unchanged", "unprocessed")), seen["seconds"] > 0)
    seen = desk.type("plan", file, "--json").document
    assert (0, 3, None) == (*(seen["objects"]["Account"][fate] for fate in ("unchanged", "unprocessed")), seen["seconds"])


def test_sizes_are_calculated_alone(desk: Desk) -> None:
    """Rows and bytes: jobs, batches, calls, shares of a day."""
    expected = (
        "4,000,000 rows, 480,000,000 bytes: 5 jobs, 403 batches, 35 API calls or more\n"
        "batches: 2.69% of a day's 15,000\nrows: 2.67% of a day's 150,000,000\n"
    )
    found = desk.type("size", "4,000,000", "120")
    assert (0, expected) == (found.status, found.out)


def test_it_is_a_command(desk: Desk) -> None:
    """`python -m include.bulkload`, from the project's folder, in a process of its own."""
    words = [sys.executable, "-m", "include.bulkload", "plan", desk.file()]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert (0, "", "dry run: COMPLETED, nothing was written to Salesforce") == (
        found.returncode,
        found.stderr,
        found.stdout.splitlines()[0],
    )
