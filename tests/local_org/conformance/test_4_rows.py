"""Sections 4 and 8: uploads, headers, rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

GONE = "001000000000000AAA"


def stored(salesforce: Salesforce, name: str, field: str) -> Any:
    """One field of the account with our key."""
    (found,) = salesforce.query(f"SELECT {field} FROM Account WHERE External_Id__c = '{salesforce.key(name)}'")
    return found[field]


@pytest.mark.real
def test_4_headers_have_no_case(salesforce: Salesforce) -> None:
    """NAME is Name."""
    assert 0 == salesforce.run(f"NAME,pHoNe\n{salesforce.key('case')},1\n")["numberRecordsFailed"]


@pytest.mark.doc
def test_4_a_blank_cell_leaves_the_value_and_na_empties_it(salesforce: Salesforce) -> None:
    """On update and upsert."""
    key = salesforce.key("blank")
    salesforce.upsert(f"External_Id__c,Name,Phone,Website\n{key},{key},1,w.example\n")
    salesforce.upsert(f"External_Id__c,Phone,Website\n{key},,#N/A\n")
    assert ("1", None) == (stored(salesforce, "blank", "Phone"), stored(salesforce, "blank", "Website"))


@pytest.mark.doc
def test_4_the_text_null_is_a_value(salesforce: Salesforce) -> None:
    """Only `#N/A` empties a field."""
    key = salesforce.key("null")
    salesforce.upsert(f"External_Id__c,Name,Phone\n{key},{key},null\n")
    assert "null" == stored(salesforce, "null", "Phone")


@pytest.mark.sfcode
def test_4_blank_lines_are_skipped(salesforce: Salesforce) -> None:
    """They are no rows."""
    assert 2 == salesforce.run(f"Name\n{salesforce.key('b1')}\n\n{salesforce.key('b2')}\n\n")["numberRecordsProcessed"]


@pytest.mark.user
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('Name\na"b\n', "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"),
        ('Name\n"a\n', "InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote"),
        ('Name\n"a"b\n', "InvalidBatch : Failed to parse CSV. Not expecting more text after end quote"),
    ],
)
def test_4_1_bad_quoting_fails_the_job(salesforce: Salesforce, text: str, message: str) -> None:
    """With the text of the public reader."""
    job = salesforce.run(text)
    assert ("Failed", 0, message) == (job["state"], job["numberRecordsProcessed"], job["errorMessage"])


@pytest.mark.user
def test_4_1_a_byte_order_mark_fails_the_job(salesforce: Salesforce) -> None:
    """UTF-8 without one."""
    assert "Failed" == salesforce.run(b"\xef\xbb\xbfName\nx\n")["state"]


@pytest.mark.user
@pytest.mark.parametrize(("ending", "text"), [("LF", "Name\r\nx\r\n"), ("CRLF", "Name\nx\n")])
def test_4_1_a_wrong_line_ending_fails_the_job(salesforce: Salesforce, ending: str, text: str) -> None:
    """ClientInputError names the setting."""
    job = salesforce.run(text, lineEnding=ending)
    said = f"ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {ending}"
    assert ("Failed", said) == (job["state"], job["errorMessage"])


@pytest.mark.real
def test_4_1_a_wrong_delimiter_is_an_unknown_column(salesforce: Salesforce) -> None:
    """Pipes in a COMMA job."""
    assert "InvalidBatch : Field name not found : NAME|TYPE" == salesforce.run("NAME|TYPE\na|b\n")["errorMessage"]


@pytest.mark.real
@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Account:Account.External_Id__c", "InvalidBatch : type is not needed for non polymorphic foreign key references: Account"),
        ("Nope.External_Id__c", "InvalidBatch : Unable to find relationship: Nope"),
        ("Account:Nope.External_Id__c", "InvalidBatch : Unable to find relationship: Nope"),
        ("Account:Account:External_Id__c", "InvalidBatch : Field name not found : Account:Account:External_Id__c"),
        ("Bacon__c", "InvalidBatch : Field name not found : Bacon__c"),
    ],
)
def test_4_2_relationship_headers_have_a_strict_grammar(salesforce: Salesforce, header: str, message: str) -> None:
    """A type only where the lookup has several targets."""
    job = salesforce.run(f"LastName,{header}\nx,y\n", "Contact")
    assert ("Failed", message) == (job["state"], job["errorMessage"])


@pytest.mark.doc
def test_4_2_a_grandparent_cannot_be_named(salesforce: Salesforce) -> None:
    """One step only."""
    assert "Failed" == salesforce.run("LastName,Account.Parent.External_Id__c\nx,y\n", "Contact")["state"]


@pytest.mark.doc
def test_4_2_the_named_field_must_be_a_key(salesforce: Salesforce) -> None:
    """External id or idLookup."""
    assert "Failed" == salesforce.run("LastName,Account.Phone\nx,y\n", "Contact")["state"]


@pytest.mark.doc
def test_4_2_a_parent_is_found_by_its_key(salesforce: Salesforce) -> None:
    """The lookup holds its Id."""
    parent, name = salesforce.account("p1"), salesforce.key("child")
    salesforce.run(f"LastName,Account.External_Id__c\n{name},{salesforce.key('p1')}\n", "Contact")
    assert [parent] == [each["AccountId"] for each in salesforce.query(f"SELECT AccountId FROM Contact WHERE LastName = '{name}'")]


@pytest.mark.doc
def test_4_2_a_row_of_the_same_file_is_no_parent_yet(salesforce: Salesforce) -> None:
    """Only what was committed before counts."""
    first, second = salesforce.key("self1"), salesforce.key("self2")
    job = salesforce.upsert(f"External_Id__c,Name,Parent.External_Id__c\n{first},{first},\n{second},{second},{first}\n")
    assert 1 == job["numberRecordsFailed"]


@pytest.mark.real
def test_4_3_a_delete_has_only_the_ids(salesforce: Salesforce) -> None:
    """Another column fails the job."""
    job = salesforce.run(f"Id,Name\n{GONE},x\n", operation="delete")
    assert ("Failed", "InvalidBatch : The 'delete' batch must contain only ids") == (job["state"], job["errorMessage"])


@pytest.mark.user
def test_4_3_an_update_needs_the_id_column(salesforce: Salesforce) -> None:
    """`Field name not found : Id`."""
    job = salesforce.run("Name\nx\n", operation="update")
    assert ("Failed", "InvalidBatch : Field name not found : Id") == (job["state"], job["errorMessage"])


ROWS = [
    ("insert", "Account", "Phone\n1", "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"),
    (
        "insert",
        "Contact",
        "LastName,FirstName,Birthdate\nx,y,6/15/19",
        "INVALID_FIELD:Failed to deserialize field at col 2. Due to, '6/15/19' is not a valid value for the type xsd:date:Birthdate --",
    ),
    (
        "insert",
        "Contact",
        "LastName,Account.External_Id__c\nx,0000031236",
        "INVALID_FIELD:Foreign key external ID: 0000031236 not found for field External_Id__c in entity Account:--",
    ),
    ("upsert", "Account", "External_Id__c,Name\n,x", "MISSING_ARGUMENT:External_Id__c not specified:--"),
    ("insert", "Account", f"Id,Name\n{GONE},x", "INVALID_FIELD_FOR_INSERT_UPDATE:cannot specify Id in an insert call:Id --"),
    ("update", "Account", "Id,Name\n,x", "MISSING_ARGUMENT:Id not specified in an update call:--"),
    (
        "update",
        "Account",
        "Id,Name\n001900K0001pPuOAAU,x",
        "MALFORMED_ID:Account ID: id value of incorrect type: 001900K0001pPuOAAU:Id --",
    ),
    ("update", "Account", f"Id,Name\n{GONE},x", "ENTITY_IS_DELETED:entity is deleted:--"),
    ("delete", "Account", f"Id\n{GONE}", "ENTITY_IS_DELETED:entity is deleted:--"),
    ("insert", "Contact", f"LastName,AccountId\nx,{GONE}", "INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--"),
    (
        "insert",
        "Contact",
        "LastName,AccountId\nx,006000000000001AAA",
        "FIELD_INTEGRITY_EXCEPTION:Account ID: id value of incorrect type: 006000000000001AAA:AccountId --",
    ),
    ("insert", "Contact", "LastName,Email\nx,y", "INVALID_EMAIL_ADDRESS:Email: invalid email address: y:Email --"),
    (
        "insert",
        "Account",
        f"Name\n{'x' * 256}",
        f"STRING_TOO_LONG:Account Name: data value too large: {'x' * 256} (max length=255):Name --",
    ),
    (
        "insert",
        "Account",
        "Name,CreatedDate\nx,2026-01-01T00:00:00Z",
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set.:CreatedDate --"
        ),
    ),
]


@pytest.mark.real
@pytest.mark.parametrize(("operation", "sobject", "text", "error"), ROWS, ids=[error.split(":")[0].lower() for *_, error in ROWS])
def test_4_4_a_bad_row_is_refused_with_this_text(salesforce: Salesforce, operation: str, sobject: str, text: str, error: str) -> None:
    """The job completes all the same."""
    more = {"externalIdFieldName": "External_Id__c"} if operation == "upsert" else {}
    job = salesforce.run(text + "\n", sobject, operation, **more)
    assert ("JobComplete", [error]) == (job["state"], salesforce.errors(job))


@pytest.mark.real
def test_4_4_two_rows_of_one_key_in_a_chunk_both_fail(salesforce: Salesforce) -> None:
    """All of them are refused, and nothing is stored."""
    key = salesforce.key("twice")
    job = salesforce.upsert(f"External_Id__c,Name\n{key},{key}1\n{key},{key}2\n")
    assert [f"DUPLICATE_VALUE:Duplicate external id specified: {key}:External_Id__c --"] * 2 == salesforce.errors(job)


@pytest.mark.real
def test_4_4_two_rows_of_one_key_in_two_chunks_write_one_record(salesforce: Salesforce) -> None:
    """The later one updates."""
    keys = [salesforce.key(f"far{n}") for n in range(200)]
    job = salesforce.upsert("External_Id__c,Name\n" + "".join(f"{key},{key}\n" for key in [*keys, keys[0]]))
    flags = [row["sf__Created"] for row in salesforce.rows(job, "successfulResults") if row["External_Id__c"] == keys[0]]
    assert (0, ["false", "true"]) == (job["numberRecordsFailed"], sorted(flags))


@pytest.mark.doc
def test_4_4_the_same_id_twice_in_a_chunk_fails_twice(salesforce: Salesforce) -> None:
    """On update."""
    sf_id = salesforce.account("idtwice")
    job = salesforce.run(f"Id,Phone\n{sf_id},1\n{sf_id},2\n", operation="update")
    assert [f"DUPLICATE_VALUE:Duplicate id specified: {sf_id}:Id --"] * 2 == salesforce.errors(job)


@pytest.mark.real
def test_4_4_a_unique_value_of_another_record_is_refused(salesforce: Salesforce) -> None:
    """The error names the record."""
    sf_id = salesforce.account("clash")
    job = salesforce.run(f"Name,External_Id__c\n{salesforce.key('other')},{salesforce.key('clash')}\n")
    said = f"DUPLICATE_VALUE:duplicate value found: External_Id__c duplicates value on record with id: {sf_id}:--"
    assert [said] == salesforce.errors(job)


@pytest.mark.doc
def test_8_3_a_case_insensitive_key_is_found_in_any_case(salesforce: Salesforce) -> None:
    """Unique, not case-sensitive: one record."""
    key = salesforce.key("CaSe")
    salesforce.upsert(f"External_Id__c,Name\n{key},{key}\n")
    job = salesforce.upsert(f"External_Id__c,Name\n{key.upper()},{key}\n")
    assert ["false"] == [row["sf__Created"] for row in salesforce.rows(job, "successfulResults")]


@pytest.mark.real
@pytest.mark.parametrize("header", ["Name", "Id,Name"])
def test_8_6_upsert_by_id_without_an_id_inserts(salesforce: Salesforce, header: str) -> None:
    """The column absent, or the cell blank."""
    row = salesforce.key("byid") if header == "Name" else f",{salesforce.key('byid')}"
    job = salesforce.run(f"{header}\n{row}\n", operation="upsert", externalIdFieldName="Id")
    assert ["true"] == [each["sf__Created"] for each in salesforce.rows(job, "successfulResults")]


@pytest.mark.known
def test_8_7_ids_of_15_characters_will_do(salesforce: Salesforce) -> None:
    """The result has 18."""
    sf_id = salesforce.account("short")
    job = salesforce.run(f"Id,Phone\n{sf_id[:15]},15\n", operation="update")
    assert [sf_id] == [row["sf__Id"] for row in salesforce.rows(job, "successfulResults")]


@pytest.mark.doc
def test_8_11_text_is_stored_without_blanks_at_its_ends(salesforce: Salesforce) -> None:
    """Keys too, so that they are found."""
    key = salesforce.key("trim")
    salesforce.upsert(f'External_Id__c,Name,Phone\n" {key} ",{key}," 1 2 "\n')
    assert "1 2" == stored(salesforce, "trim", "Phone")


@pytest.mark.user
def test_8_11_email_is_stored_in_lower_case(salesforce: Salesforce) -> None:
    """Whatever was sent."""
    name = salesforce.key("mail")
    salesforce.run(f"LastName,Email\n{name},Ana@Example.COM\n", "Contact")
    assert ["ana@example.com"] == [each["Email"] for each in salesforce.query(f"SELECT Email FROM Contact WHERE LastName = '{name}'")]
