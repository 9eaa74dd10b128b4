"""Section 3: the three result files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

KINDS = ("successfulResults", "failedResults", "unprocessedrecords")


@pytest.mark.real
@pytest.mark.parametrize("header", ["Name,Phone", '"Name","Phone"', 'NAME,"phone"'])
def test_3_1_the_header_is_the_uploads_own(salesforce: Salesforce, header: str) -> None:
    """Our two columns quoted, then the header as it was uploaded, quotes and case included."""
    job = salesforce.run(f"{header}\n{salesforce.key('h')},1\n")
    first = [salesforce.text(job, kind).split("\n")[0] for kind in KINDS]
    assert [f'"sf__Id","sf__Created",{header}', f'"sf__Id","sf__Error",{header}', header] == first


@pytest.mark.real
def test_3_2_every_cell_is_quoted(salesforce: Salesforce) -> None:
    """Blanks too; quotes inside are doubled, newlines kept."""
    name = salesforce.key('a "b"\nc, d')
    quoted = name.replace('"', '""')
    job = salesforce.run(f'Name,Phone,Website\n"{quoted}",,x.example\n')
    (row,) = salesforce.rows(job, "successfulResults")
    assert salesforce.text(job, "successfulResults").split("\n", 1)[1].rstrip("\n") == f'"{row["sf__Id"]}","true","{quoted}","","x.example"'


@pytest.mark.real
def test_3_3_columns_stand_as_uploaded(salesforce: Salesforce) -> None:
    """Not by the alphabet."""
    job = salesforce.run(f"Website,Name,Phone\nw.example,{salesforce.key('o')},1\n")
    assert ["sf__Id", "sf__Created", "Website", "Name", "Phone"] == list(salesforce.rows(job, "successfulResults")[0])


@pytest.mark.doc
def test_3_5_numbers_come_back_as_java_prints_them(salesforce: Salesforce) -> None:
    """912260031 in a currency field is 9.12260031E8; whole-number fields stay whole."""
    job = salesforce.run(f"Name,AnnualRevenue,NumberOfEmployees\n{salesforce.key('n')},912260031,2676\n{salesforce.key('m')},1000,7\n")
    found = {(row["AnnualRevenue"], row["NumberOfEmployees"]) for row in salesforce.rows(job, "successfulResults")}
    assert {("9.12260031E8", "2676"), ("1000.0", "7")} == found


@pytest.mark.real
def test_3_5_what_cannot_be_read_comes_back_as_sent(salesforce: Salesforce) -> None:
    """In failedResults."""
    job = salesforce.run(f"LastName,Birthdate\n{salesforce.key('b')},6/15/19\n", "Contact")
    assert ["6/15/19"] == [row["Birthdate"] for row in salesforce.rows(job, "failedResults")]


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "mark"), [("BACKQUOTE", "`"), ("CARET", "^"), ("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")]
)
def test_3_6_results_have_the_jobs_delimiter(salesforce: Salesforce, name: str, mark: str) -> None:
    """Header and rows."""
    job = salesforce.run(f"Name{mark}Phone\n{salesforce.key('d')}{mark}1\n", columnDelimiter=name)
    header, row = salesforce.text(job, "successfulResults").rstrip("\n").split("\n")
    assert (f'"sf__Id"{mark}"sf__Created"{mark}Name{mark}Phone', 3) == (header, row.count(f'"{mark}"'))


@pytest.mark.user
def test_3_6_results_have_the_jobs_line_ending(salesforce: Salesforce) -> None:
    """A CRLF job answers with CRLF."""
    job = salesforce.run(f"Name\r\n{salesforce.key('crlf')}\r\n", lineEnding="CRLF")
    text = salesforce.text(job, "successfulResults")
    assert text.count("\n") == text.count("\r\n") > 0


@pytest.mark.real
def test_3_7_created_tells_new_records_from_known_ones(salesforce: Salesforce) -> None:
    """Upsert: true, then false; delete: false."""
    text = f"External_Id__c,Name\n{salesforce.key('c')},{salesforce.key('c')}\n"
    jobs = [salesforce.upsert(text), salesforce.upsert(text)]
    (row,) = salesforce.rows(jobs[1], "successfulResults")
    jobs.append(salesforce.run(f"Id\n{row['sf__Id']}\n", operation="delete"))
    assert ["true", "false", "false"] == [salesforce.rows(job, "successfulResults")[0]["sf__Created"] for job in jobs]


@pytest.mark.real
def test_3_8_ids_have_18_characters(salesforce: Salesforce) -> None:
    """And the object's prefix; failed creates have none."""
    job = salesforce.run(f"Name,NumberOfEmployees\n{salesforce.key('i')},1\n{salesforce.key('j')},x\n")
    (good,), (bad,) = salesforce.rows(job, "successfulResults"), salesforce.rows(job, "failedResults")
    assert (18, "001", "") == (len(good["sf__Id"]), good["sf__Id"][:3], bad["sf__Id"])


@pytest.mark.real
def test_3_9_a_delete_jobs_columns(salesforce: Salesforce) -> None:
    """sf__Id, sf__Created, Id."""
    job = salesforce.run(f"Id\n{salesforce.account('del')}\n", operation="delete")
    assert ["sf__Id", "sf__Created", "Id"] == list(salesforce.rows(job, "successfulResults")[0])


@pytest.mark.real
def test_3_10_without_rows_there_is_a_header_line(salesforce: Salesforce) -> None:
    """Exactly one line each."""
    job = salesforce.run(f"Name,Phone\n{salesforce.key('t')},1\n")
    assert ['"sf__Id","sf__Error",Name,Phone', "Name,Phone"] == [salesforce.text(job, kind).rstrip("\n") for kind in KINDS[1:]]


@pytest.mark.user
def test_3_12_a_relationship_column_comes_back_as_sent(salesforce: Salesforce) -> None:
    """The parent's key, not its Id."""
    salesforce.account("parent")
    key = salesforce.key("parent")
    job = salesforce.run(f"LastName,Account.External_Id__c\n{salesforce.key('kid')},{key}\n", "Contact")
    assert [key] == [row["Account.External_Id__c"] for row in salesforce.rows(job, "successfulResults")]


@pytest.mark.real
def test_3_14_a_row_with_extra_cells_fails_alone(salesforce: Salesforce) -> None:
    """The job completes; failedResults stays rectangular."""
    job = salesforce.run(f"Name,Phone\n,x,A,B,C\n{salesforce.key('fine')},1\n")
    (row,) = salesforce.rows(job, "failedResults")
    assert ("JobComplete", 1, ["sf__Id", "sf__Error", "Name", "Phone"]) == (job["state"], job["numberRecordsFailed"], list(row))


@pytest.mark.unknown
def test_3_15_a_job_refused_by_its_header_hands_all_rows_back(salesforce: Salesforce) -> None:
    """Nothing successful, nothing failed, all unprocessed."""
    job = salesforce.run("Bacon__c\nx\ny\n")
    assert [[], [], ["x", "y"]] == [[row["Bacon__c"] for row in salesforce.rows(job, kind)] for kind in KINDS]


@pytest.mark.user
def test_3_11_unprocessed_rows_come_as_they_were_sent(salesforce: Salesforce) -> None:
    """Quotes only where they were."""
    sent = 'Bacon__c,Phone\nx,"1"\n\n"a ""b"",\nc",\n  y  ,2'
    job = salesforce.run(sent)
    assert sent.replace("\n\n", "\n") == salesforce.text(job, "unprocessedrecords").rstrip("\n")


@pytest.mark.sfcode
def test_3_11_what_cannot_be_read_comes_back_unread(salesforce: Salesforce) -> None:
    """Unprocessed rows are as good CSV as the upload was."""
    job = salesforce.run('Name\nfine\nnot "fine\nafter\n')
    assert ("Failed", 'Name\nfine\nnot "fine\nafter\n') == (job["state"], salesforce.text(job, "unprocessedrecords"))


@pytest.mark.inferred
def test_3_17_each_uploaded_row_has_one_result(salesforce: Salesforce) -> None:
    """Successful, failed and unprocessed together are what was uploaded."""
    names = [salesforce.key(f"r{n}") for n in range(450)]
    job = salesforce.run("Name,NumberOfEmployees\n" + "".join(f"{name},{'x' if n % 7 == 0 else n}\n" for n, name in enumerate(names)))
    assert sorted(names) == sorted(row["Name"] for kind in KINDS for row in salesforce.rows(job, kind))
