"""Sections 3.4, 3.5 and 3.1: in which order rows come back, how their values are written, and what their errors look like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce
    from tests.local_org.conftest import Steered


def echoed(salesforce: Salesforce, header: str, cells: list[str], sobject: str) -> list[str]:
    """Insert one row a cell, whose last column is the cell; what the successful ones come back as, in the upload's order."""
    named, column = header.rpartition(",")[::2]
    first = salesforce.key("echo")
    fixed = ["2026-01-01"] * (named.count(",") + 1)
    rows = "".join(",".join([f"{first}{n}", *fixed[1:], f'"{cell}"']) + "\n" for n, cell in enumerate(cells))
    job = salesforce.run(f"{header}\n{rows}", sobject)
    found = salesforce.rows(job, "successfulResults")
    return [row[column] for row in sorted(found, key=lambda row: row[header.partition(",")[0]])]


@pytest.mark.local
@pytest.mark.doc
def test_3_4_rows_come_in_another_order_than_they_were_sent(salesforce: Salesforce) -> None:
    """All of them do; who goes by position is wrong."""
    names = [salesforce.key(f"{n:03d}") for n in range(450)]
    job = salesforce.run("Name\n" + "".join(f"{name}\n" for name in names))
    found = [row["Name"] for row in salesforce.rows(job, "successfulResults")]
    assert (names, False) == (sorted(found), names == found)


@pytest.mark.doc
def test_3_5_doubles_are_scientific_from_ten_million_on(salesforce: Salesforce) -> None:
    """As Java's Double.toString has it, whatever was sent."""
    sent = ["9999999", "10000000", "1E5", "-912260031", "0", "123456789012", "+7", "1.5e1"]
    back = ["9999999.0", "1.0E7", "100000.0", "-9.12260031E8", "0.0", "1.23456789012E11", "7.0", "15.0"]
    assert back == echoed(salesforce, "Name,StageName,CloseDate,Amount", sent, "Opportunity")


@pytest.mark.inferred
def test_3_5_dates_come_back_without_a_zone(salesforce: Salesforce) -> None:
    """1940-06-07Z is a day."""
    assert ["1940-06-07", "2024-02-29"] == echoed(salesforce, "LastName,Birthdate", ["1940-06-07Z", "2024-02-29"], "Contact")


@pytest.mark.inferred
def test_3_5_moments_come_back_in_utc(salesforce: Salesforce) -> None:
    """With milliseconds and a Z."""
    sent = ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05+02:00", "2026-01-02T03:04:05.1-0100"]
    back = ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.678Z", "2026-01-02T01:04:05.000Z", "2026-01-02T04:04:05.100Z"]
    rows = "".join(f"{salesforce.key('moment')}{n},5,{cell}\n" for n, cell in enumerate(sent))
    found = salesforce.rows(salesforce.run(f"Subject,DurationInMinutes,StartDateTime\n{rows}", "Event"), "successfulResults")
    assert back == [row["StartDateTime"] for row in sorted(found, key=lambda row: row["Subject"])]


@pytest.mark.inferred
def test_3_5_booleans_come_back_as_words(salesforce: Salesforce) -> None:
    """1 and 0, too, in any case."""
    assert ["true", "true", "false", "false"] == echoed(salesforce, "LastName,DoNotCall", ["TRUE", "1", "False", "0"], "Contact")


@pytest.mark.real
def test_3_5_a_blank_comes_back_blank(salesforce: Salesforce) -> None:
    """In columns of every type."""
    assert ["", ""] == echoed(salesforce, "LastName,Birthdate", ["", ""], "Contact")
    assert [""] == echoed(salesforce, "LastName,DoNotCall", [""], "Contact")


@pytest.mark.doc
@pytest.mark.local
def test_8_11_number_keys_of_more_than_15_digits_look_alike(salesforce: Salesforce) -> None:
    """They are doubles: two keys, one echo."""
    more = {"operation": "upsert", "externalIdFieldName": "Number_Key__c"}
    keys = ("9007199254740992", "9007199254740993")
    jobs = [salesforce.run(f"Number_Key__c,Name\n{key},{salesforce.key('digits')}\n", **more) for key in keys]
    assert ["9.007199254740992E15"] * 2 == [salesforce.rows(job, "successfulResults")[0]["Number_Key__c"] for job in jobs]
    salesforce.run(f"Id\n{salesforce.rows(jobs[0], 'successfulResults')[0]['sf__Id']}\n", operation="delete")


@pytest.mark.local
@pytest.mark.unknown
@pytest.mark.parametrize(("echo", "name", "email"), [("sent", "  x  ", "Ana@Example.COM"), ("stored", "x", "ana@example.com")])
def test_8_11_text_comes_back_as_sent_or_as_stored(steered: Steered, echo: str, name: str, email: str) -> None:
    """Nobody knows which, so it can be set; numbers aren't asked."""
    steered.steer(echo=echo)
    found = steered.rows(steered.run('LastName,Email,DoNotCall\n"  x  ",Ana@Example.COM,1\n', "Contact"), "successfulResults")
    assert [(name, email, "true")] == [(row["LastName"], row["Email"], row["DoNotCall"]) for row in found]


@pytest.mark.user
def test_3_1_an_error_names_all_fields_that_are_missing(salesforce: Salesforce) -> None:
    """In brackets, and again at its end."""
    job = salesforce.run("Name,StageName,CloseDate\nx,,\n", "Opportunity")
    said = "REQUIRED_FIELD_MISSING:Required fields are missing: [StageName, CloseDate]:StageName,CloseDate --"
    assert [said] == salesforce.errors(job)


@pytest.mark.inferred
def test_3_1_a_row_has_one_error(salesforce: Salesforce) -> None:
    """The first one, whatever else is wrong with it."""
    job = salesforce.run("LastName,Email,Birthdate\nx,y,z\n", "Contact")
    assert (1, 1) == (job["numberRecordsFailed"], salesforce.errors(job)[0].count(" --"))


@pytest.mark.real
def test_3_2_a_failed_rows_cells_are_quoted_too(salesforce: Salesforce) -> None:
    """As sent, the error's own quotes doubled."""
    job = salesforce.run('Name,Phone\n,"a ""b"",\nc"\n')
    line = salesforce.text(job, "failedResults").split("\n", 1)[1].rstrip("\n")
    assert '"","REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --","","a ""b"",\nc"' == line


@pytest.mark.real
@pytest.mark.parametrize("operation", ["insert", "update", "upsert", "delete"])
def test_2_2_an_empty_upload_completes_whatever_the_operation(salesforce: Salesforce, operation: str) -> None:
    """No rows, no columns, no error."""
    more = {"externalIdFieldName": "Id"} if operation == "upsert" else {}
    job = salesforce.run("", operation=operation, **more)
    lines = [salesforce.text(job, kind).strip() for kind in ("successfulResults", "failedResults", "unprocessedrecords")]
    assert ("JobComplete", 0, 0) == (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"])
    assert ['"sf__Id","sf__Created"', '"sf__Id","sf__Error"', ""] == lines


@pytest.mark.inferred
def test_4_blank_lines_before_the_header_are_skipped(salesforce: Salesforce) -> None:
    """As anywhere else."""
    job = salesforce.run(f"\n\nName\n{salesforce.key('first')}\n")
    assert ("Name", 1, 0) == (
        salesforce.text(job, "unprocessedrecords").rstrip("\n"),
        job["numberRecordsProcessed"],
        job["numberRecordsFailed"],
    )
