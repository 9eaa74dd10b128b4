"""Query jobs against a server that follows a script, and against the local org: every row once, in fair and foul weather."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.salesforce import query_jobs, wire
from tests.include.salesforce.conftest import LOST, Reply, refused, said
from tests.include.salesforce.test_local_org import PLAIN, client_for
from tests.running.loads import LocalOrg

if TYPE_CHECKING:
    from pathlib import Path

    from include.salesforce import client
    from tests.include.salesforce import conftest

JOB = "750ak000009QRYLAA4"
SOQL = "SELECT Id, Name FROM Account"
CREATED = said({"id": JOB, "state": "UploadComplete"})
GONE = Reply(204, b"")
PAGE = "GET jobs/query/" + JOB + "/results?maxRecords=250000"
LOOK, DELETE, CREATE = f"GET jobs/query/{JOB}", f"DELETE jobs/query/{JOB}", "POST jobs/query"


def seen(state: str, **more: Any) -> Reply:
    """A look at the job."""
    return said({"id": JOB, "state": state, **more})


def page(body: bytes, rows: int, locator: str = "null", **how: Any) -> Reply:
    """A page of results."""
    return Reply(200, body, {"Sforce-NumberOfRecords": str(rows), "Sforce-Locator": locator}, **how)


TWO = page(b'"Id","Name"\n"1","a ""b"""\n"2","c\nd"\n', 2, "bWFyaw")
THREE = page(b'"Id","Name"\n"3",""', 1)
WHOLE = b'"Id","Name"\n"1","a ""b"""\n"2","c\nd"\n"3",""\n'


def test_all_pages_become_one_file(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """One header, every row, a last line that ends; the job is looked at until its end, and deleted."""
    server.script += [CREATED, seen("InProgress"), seen("JobComplete", numberRecordsProcessed=3), TWO, THREE, GONE]
    assert (3, WHOLE) == (scripted.query_rows(SOQL, tmp_path / "out"), (tmp_path / "out").read_bytes())
    assert [CREATE, LOOK, LOOK, PAGE, f"{PAGE}&locator=bWFyaw", DELETE] == server.lines()
    assert wire.new_query(SOQL) == json.loads(server.asked[0].body)
    assert [tmp_path / "out"] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "broken",
    [
        page(b'"Id","Name"\n"1","a ""b"""\n', 2, "bWFyaw"),
        page(b'"Id","Name"\n"1","a', 2, "bWFyaw"),
        page(TWO.body, 2, "bWFyaw", cut=20),
        LOST,
        Reply(503, b""),
        refused(401, "INVALID_SESSION_ID"),
    ],
    ids=["rows missing", "cut in a cell", "broken off", "lost", "busy", "session over"],
)
def test_a_page_that_is_not_whole_is_fetched_again(
    server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, broken: Reply
) -> None:
    """The rows that Salesforce announces are the rows that count."""
    server.script += [CREATED, seen("JobComplete", numberRecordsProcessed=3), broken, TWO, THREE, GONE]
    assert (3, WHOLE) == (scripted.query_rows(SOQL, tmp_path / "out"), (tmp_path / "out").read_bytes())


def test_a_sum_that_does_not_match_is_no_answer(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Pages that are whole, and yet fewer rows than the job counts: another try, and no file."""
    server.script += [CREATED, seen("JobComplete", numberRecordsProcessed=4), TWO, THREE, GONE]
    with pytest.raises(errors.ResultsIncomplete, match="counts 4 rows, its pages have 3"):
        scripted.query_rows(SOQL, tmp_path / "out")
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("locator", ["", "bWFyaw"], ids=["missing", "the same again"])
def test_pages_that_never_end_are_no_answer(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, locator: str) -> None:
    """Only the word `null` ends them."""
    again = page(TWO.body, 2, locator)
    server.script += [CREATED, seen("JobComplete"), TWO, again, GONE]
    with pytest.raises(errors.ResultsIncomplete, match="next one"):
        scripted.query_rows(SOQL, tmp_path / "out")


def test_columns_that_change_are_no_answer(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """Every page repeats the header."""
    server.script += [CREATED, seen("JobComplete"), TWO, page(b'"Name","Id"\n"3","x"\n', 1), GONE]
    with pytest.raises(errors.ResultsIncomplete, match="different columns"):
        scripted.query_rows(SOQL, tmp_path / "out")


@pytest.mark.parametrize(
    ("state", "more", "why"), [("Failed", {"errorMessage": "Timeout"}, "Failed: Timeout"), ("Aborted", {}, "Aborted: Salesforce doesn't")]
)
def test_a_job_that_fails_is_told(
    server: conftest.Server, scripted: client.BulkClient, tmp_path: Path, state: str, more: dict[str, Any], why: str
) -> None:
    """In Salesforce's words, if it has any; the job is deleted all the same."""
    server.script += [CREATED, seen(state, **more), GONE]
    with pytest.raises(errors.RequestRefused, match=why):
        scripted.query_rows(SOQL, tmp_path / "out")
    assert DELETE == server.lines()[-1]


def test_a_query_without_rows_has_its_header(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """And a body without even that is no rows too."""
    for body in (b'"Id","Name"\n', b""):
        server.script += [CREATED, seen("JobComplete", numberRecordsProcessed=0), page(body, 0), GONE]
        assert (0, body) == (scripted.query_rows(SOQL, tmp_path / "out"), (tmp_path / "out").read_bytes())


def test_patience_has_an_end(server: conftest.Server, scripted: client.BulkClient, pauses: list[float], tmp_path: Path) -> None:
    """Pauses grow; in the end the job is aborted and deleted, and the next try begins anew."""
    server.script += [CREATED, *[seen("InProgress")] * 25, refused(400, "API_ERROR"), said({}), GONE]
    with pytest.raises(errors.JobStillRunning, match="hasn't ended after 1 s"):
        query_jobs.rows(scripted._calls, SOQL, tmp_path / "out", patience=1.2)
    assert [LOOK, DELETE, f"PATCH jobs/query/{JOB}", DELETE] == server.lines()[-4:]
    assert (query_jobs.FIRST_LOOK_LOCAL, sorted(pauses), True) == (pauses[0], pauses, pauses[0] < pauses[-1])


def test_what_cannot_be_deleted_is_left(server: conftest.Server, scripted: client.BulkClient, tmp_path: Path) -> None:
    """The rows are there; that is what counts."""
    server.script += [CREATED, seen("JobComplete"), THREE, *[refused(400, "API_ERROR")] * 3]
    assert 1 == scripted.query_rows(SOQL, tmp_path / "out")


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8)


@given(st.lists(st.lists(st.tuples(CELLS, CELLS), max_size=4), min_size=1, max_size=4), st.booleans())
def test_rows_are_counted_and_joined_whatever_stands_in_them(
    tmp_path_factory: pytest.TempPathFactory, pages: list[list[tuple[str, str]]], ends: bool
) -> None:
    """Quotes, commas and newlines in cells: the joined file reads as the rows of all pages."""
    folder = tmp_path_factory.mktemp("pages")
    header = b""
    with (folder / "out").open("wb") as out:
        for rows in pages:
            with (folder / "page").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
                writer.writerows([("Id", "Name"), *rows])
            if not ends:
                (folder / "page").write_bytes((folder / "page").read_bytes().removesuffix(b"\n"))
            assert len(rows) == query_jobs._counted(folder / "page", str(len(rows)), "")
            header = query_jobs._append(folder / "page", out, header)
    with (folder / "out").open(encoding="utf-8", newline="") as file:
        found = [tuple(each) for each in csv.reader(file, strict=True)]
    assert [("Id", "Name"), *(row for rows in pages for row in rows)] == found


@pytest.fixture
def org(local_org: dict[str, Any]) -> LocalOrg:
    """The local org, plain again whatever an earlier test made of it."""
    found = LocalOrg(local_org)
    found.behave(**PLAIN)
    return found


@pytest.mark.parametrize("kind", [None, "reset_before", "reset_after", "truncate", "unauthorized", "status"])
def test_the_local_org_answers_every_row(org: LocalOrg, tmp_path: Path, kind: str | None) -> None:
    """Whatever happens to the calls in between."""
    faults = [{"path": "/jobs/query", "every": 2, "kind": kind, "status": 503}] if kind else []
    org.behave(http_faults=faults, looks=2)
    expected = sorted(each["Name"] for each in org.query("SELECT Name FROM RecordType"))
    assert len(expected) == client_for(org.started).query_rows("SELECT Name FROM RecordType", tmp_path / "out")
    with (tmp_path / "out").open(encoding="utf-8", newline="") as file:
        assert expected == sorted(each["Name"] for each in csv.DictReader(file))


def test_the_local_org_refuses_what_it_cannot_read(org: LocalOrg, tmp_path: Path) -> None:
    """A mistake in the query stops, with the place of it."""
    with pytest.raises(errors.RequestRefused, match="No such column 'Nope__c'"):
        client_for(org.started).query_rows("SELECT Nope__c FROM Account", tmp_path / "out")


def test_what_kind_of_org_it_is(org: LocalOrg) -> None:
    """Its id, whether a sandbox; how many records it has of an object, and of one that isn't there."""
    bulk = client_for(org.started)
    found = bulk.organization()
    assert (org.started["org_id"], True) == (found["Id"], found["IsSandbox"])
    assert {"Id", "IsSandbox", "OrganizationType", "TrialExpirationDate"} == set(found)
    assert (len(org.query("SELECT Id FROM User")), None) == (bulk.record_count("User"), bulk.record_count("Nope__c"))


def test_a_field_that_the_user_may_not_see_is_left_out(server: conftest.Server, scripted: client.BulkClient) -> None:
    """Only scratch and trial orgs have an end, and not everybody may know it."""
    row = {"Id": "00Dak00000BWKLA", "IsSandbox": False, "OrganizationType": "Team Edition"}
    server.script += [refused(400, "INVALID_FIELD"), said({"done": True, "records": [row]})]
    assert {"Id": "00Dak00000BWKLAEA5", "IsSandbox": False, "OrganizationType": "Team Edition"} == scripted.organization()
