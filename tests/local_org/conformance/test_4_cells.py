"""Sections 4 and 4.1: quotes, blanks, line endings, dates and numbers in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

PARSE = "InvalidBatch : Failed to parse CSV. "
UNESCAPED = PARSE + "Found unescaped quote. A value with quote should be within a quote"
ENDING = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is "


@pytest.mark.doc
def test_4_a_blank_beside_a_quote_is_an_error(salesforce: Salesforce) -> None:
    """`"a", "b"` can't be read."""
    job = salesforce.run('Name,Phone\n"a", "b"\n')
    assert ("Failed", 0, UNESCAPED) == (job["state"], job["numberRecordsProcessed"], job["errorMessage"])


@pytest.mark.doc
def test_4_the_parser_trims_nothing(salesforce: Salesforce) -> None:
    """A blank after a comma belongs to the value."""
    name = salesforce.key("John")
    job = salesforce.run(f"Name,Phone\n{name}, Smith\n")
    assert [" Smith"] == [row["Phone"] for row in salesforce.rows(job, "successfulResults")]


@pytest.mark.real
@pytest.mark.local
def test_4_1_newlines_within_quotes_are_fine(salesforce: Salesforce) -> None:
    """LF in a job of LF."""
    name = salesforce.key("two\nlines")
    job = salesforce.run(f'Name\n"{name}"\n')
    assert ([name], 0) == ([row["Name"] for row in salesforce.rows(job, "successfulResults")], job["numberRecordsFailed"])


@pytest.mark.inferred
@pytest.mark.parametrize(
    ("ending", "text", "end"),
    [
        ("LF", 'Name\n"a\r\nb"\n', "Failed"),
        ("LF", "Name\nx\r\n", "Failed"),
        ("CRLF", "Name\nx\r\n", "Failed"),
        ("CRLF", "Name", "JobComplete"),
        ("LF", "Name\r", "JobComplete"),
        ("CRLF", "Name\r\n", "JobComplete"),
    ],
)
def test_4_1_a_line_ending_of_the_other_kind(salesforce: Salesforce, ending: str, text: str, end: str) -> None:
    """CR LF anywhere in a job of LF; a bare LF behind the header of one of CRLF."""
    job = salesforce.run(text, lineEnding=ending)
    assert (end, None if end == "JobComplete" else ENDING + ending) == (job["state"], job.get("errorMessage"))


@pytest.mark.sfcode
def test_4_1_a_lone_cr_ends_a_record(salesforce: Salesforce) -> None:
    """Outside quotes; within them it becomes LF."""
    names = [salesforce.key(letter) for letter in "ab"]
    job = salesforce.run(f'Name,Phone\r{names[0]},1\r"{names[1]}","2\r3"\r')
    found = {(row["Name"], row["Phone"]) for row in salesforce.rows(job, "successfulResults")}
    assert {(names[0], "1"), (names[1], "2\n3")} == found


@pytest.mark.user
@pytest.mark.parametrize(
    ("text", "message"), [('\ufeff"Name"\nx\n', UNESCAPED), ("\ufeffName\nx\n", "InvalidBatch : Field name not found : \ufeffName")]
)
def test_4_1_a_byte_order_mark_is_part_of_the_header(salesforce: Salesforce, text: str, message: str) -> None:
    """Nobody strips it."""
    job = salesforce.run(text)
    assert ("Failed", 0, message) == (job["state"], job["numberRecordsProcessed"], job["errorMessage"])


@pytest.mark.user
def test_4_3_only_the_first_unknown_column_is_named(salesforce: Salesforce) -> None:
    """Others are found once it is mended."""
    assert "InvalidBatch : Field name not found : Bacon__c" == salesforce.run("Name,Bacon__c,Eggs__c\nx,1,2\n")["errorMessage"]


@pytest.mark.doc
@pytest.mark.parametrize(
    ("sobject", "header", "cell", "error"),
    [
        ("Contact", "LastName,Birthdate", "2026-02-30", "INVALID_FIELD"),
        ("Contact", "LastName,Birthdate", "2026-1-1", "INVALID_FIELD"),
        ("Contact", "LastName,Birthdate", "01/02/2026", "INVALID_FIELD"),
        ("Contact", "LastName,Birthdate", "2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("Contact", "LastName,Birthdate", "null", "INVALID_FIELD"),
        ("Contact", "LastName,DoNotCall", "yes", "INVALID_FIELD"),
        ("Account", "Name,NumberOfEmployees", "1.5", "INVALID_FIELD"),
        ("Account", "Name,NumberOfEmployees", "2147483648", "INVALID_FIELD"),
        ("Account", "Name,NumberOfEmployees", "1,000", "INVALID_FIELD"),
        ("Account", "Name,AnnualRevenue", "1,000", "INVALID_FIELD"),
        ("Account", "Name,AnnualRevenue", "$1", "INVALID_FIELD"),
        ("Account", "Name,AnnualRevenue", "NaN", "INVALID_FIELD"),
        ("Account", "Name,AnnualRevenue", "1e999", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_4_a_cell_of_the_wrong_type_refuses_its_row(salesforce: Salesforce, sobject: str, header: str, cell: str, error: str) -> None:
    """The job completes; the cell comes back as it was sent."""
    job = salesforce.run(f'{header}\nx,"{cell}"\n', sobject)
    (row,) = salesforce.rows(job, "failedResults")
    assert ("JobComplete", error, cell) == (job["state"], row["sf__Error"].partition(":")[0], row[header.partition(",")[2]])


@pytest.mark.doc
def test_4_a_moment_needs_its_zone(salesforce: Salesforce) -> None:
    """And seconds; fractions may be left out."""
    cells = ["2026-01-02T03:04:05", "2026-01-02", "2026-01-02 03:04:05Z", "2026-01-02T25:04:05Z"]
    rows = "".join(f"{salesforce.key('moment')}{n},5,{cell}\n" for n, cell in enumerate(cells))
    job = salesforce.run(f"Subject,DurationInMinutes,StartDateTime\n{rows}", "Event")
    assert (4, {"INVALID_FIELD"}) == (job["numberRecordsFailed"], {error.partition(":")[0] for error in salesforce.errors(job)})


@pytest.mark.doc
@pytest.mark.parametrize("cell", ["", "#N/A"])
def test_4_a_blank_is_not_supplied_on_insert(salesforce: Salesforce, cell: str) -> None:
    """Nor is `#N/A`: the field is empty."""
    name = salesforce.key("none")
    salesforce.run(f"Name,Phone\n{name},{cell}\n")
    assert [None] == [each["Phone"] for each in salesforce.query(f"SELECT Phone FROM Account WHERE Name = '{name}'")]


@pytest.mark.known
def test_4_4_a_required_field_cannot_be_emptied(salesforce: Salesforce) -> None:
    """By `#N/A` on update; a blank leaves it."""
    sf_id = salesforce.account("must")
    jobs = [salesforce.run(f"Id,Name\n{sf_id},{cell}\n", operation="update") for cell in ("", "#N/A")]
    said = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert [[], [said]] == [salesforce.errors(job) for job in jobs]


ROWS: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("upsert", "Account", {"externalIdFieldName": "Id"}, "Id,Name\n001000000000000AAA,x", "ENTITY_IS_DELETED:entity is deleted:--"),
    (
        "upsert",
        "Account",
        {"externalIdFieldName": "External_Id__c"},
        "Name\nx",
        "MISSING_ARGUMENT:External_Id__c not specified:--",
    ),
    (
        "insert",
        "Account",
        {},
        "Name,OwnerId\nx,035000000000001AAA",
        "FIELD_INTEGRITY_EXCEPTION:Owner ID: id value of incorrect type: 035000000000001AAA:OwnerId --",
    ),
    ("delete", "Account", {}, "Id\nx", "MALFORMED_ID:Account ID: id value of incorrect type: x:Id --"),
    ("delete", "Account", {}, 'Id\n""', "MISSING_ARGUMENT:Id not specified in a delete call:--"),
]


@pytest.mark.inferred
@pytest.mark.parametrize(("operation", "sobject", "more", "text", "error"), ROWS)
def test_4_4_more_bad_rows(salesforce: Salesforce, operation: str, sobject: str, more: dict[str, Any], text: str, error: str) -> None:
    """The job completes all the same."""
    job = salesforce.run(text + "\n", sobject, operation, **more)
    assert ("JobComplete", [error]) == (job["state"], salesforce.errors(job))
