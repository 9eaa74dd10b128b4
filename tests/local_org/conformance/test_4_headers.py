"""Section 4.2: columns that name a parent by its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

TYPED = "InvalidBatch : type is not needed for non polymorphic foreign key references: Parent"


@pytest.mark.real
@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Parent.External_Id__c", None),
        ("PARENT.external_id__C", None),
        ("Account:Parent.External_Id__c", TYPED),
        ("Parent:Account.External_Id__c", "InvalidBatch : Unable to find relationship: Account"),
        ("Parent:Account:External_Id__c", "InvalidBatch : Field name not found : Parent:Account:External_Id__c"),
        ("Account:Parent:External_Id__c", "InvalidBatch : Field name not found : Account:Parent:External_Id__c"),
        (":Parent.External_Id__c", "InvalidBatch : Field name not found : :Parent.External_Id__c"),
        ("Parent.", "InvalidBatch : Field name not found : Parent."),
        (".External_Id__c", "InvalidBatch : Field name not found : .External_Id__c"),
        (" Name", "InvalidBatch : Field name not found :  Name"),
        ("", "InvalidBatch : Field name not found : "),
    ],
)
def test_4_2_the_table_of_headers(salesforce: Salesforce, header: str, message: str | None) -> None:
    """An account's parent has one target, so that a type before it is an error."""
    job = salesforce.run(f"Phone,{header}\n1,\n")
    assert message == job.get("errorMessage")
    assert ("Failed" if message else "JobComplete", 0 if message else 1) == (job["state"], job["numberRecordsProcessed"])


@pytest.mark.doc
@pytest.mark.parametrize(
    ("sobject", "required", "header", "state"),
    [
        ("Account", "Name", "Owner.Username", "JobComplete"),
        ("Account", "Name", "User:Owner.Username", "Failed"),
        ("Lead", "LastName,Company", "User:Owner.Username", "JobComplete"),
        ("Lead", "LastName,Company", "Owner.Username", "Failed"),
        ("Lead", "LastName,Company", "Owner:User.Username", "Failed"),
        ("Task", "Subject", "Contact:Who.Email", "JobComplete"),
        ("Opportunity", "StageName", "RecordType.Name", "JobComplete"),
    ],
)
def test_4_2_a_type_stands_where_there_are_several(salesforce: Salesforce, sobject: str, required: str, header: str, state: str) -> None:
    """By the number of objects that the lookup may hold, the type first. Nobody has the keys: rows are refused."""
    job = salesforce.run(f"{required},{header}\n{','.join('x' for _ in required.split(','))},{salesforce.key('nobody')}\n", sobject)
    assert (state, 1 if state == "JobComplete" else 0) == (job["state"], job["numberRecordsFailed"])


@pytest.mark.unknown
def test_4_2_a_missing_type_fails_the_job(salesforce: Salesforce) -> None:
    """Its text isn't known."""
    job = salesforce.run("Subject,Who.Email\nx,y\n", "Task")
    assert ("Failed", 0, "InvalidBatch : ") == (job["state"], job["numberRecordsProcessed"], job["errorMessage"][:15])


def parent_of(salesforce: Salesforce, name: str) -> Any:
    """The AccountId of the contact with our name."""
    (found,) = salesforce.query(f"SELECT AccountId FROM Contact WHERE LastName = '{name}'")
    return found["AccountId"]


@pytest.mark.inferred
def test_4_2_a_blank_cell_leaves_the_lookup_and_na_empties_it(salesforce: Salesforce) -> None:
    """As any other cell."""
    account, name = salesforce.account("kept"), salesforce.key("kid")
    head, key = "LastName,Account.External_Id__c", salesforce.key("kept")
    (made,) = salesforce.rows(salesforce.run(f"{head}\n{name},{key}\n", "Contact"), "successfulResults")
    held = []
    for cell in ("", "#N/A"):
        salesforce.run(f"Id,Account.External_Id__c\n{made['sf__Id']},{cell}\n", "Contact", "update")
        held.append(parent_of(salesforce, name))
    assert [account, None] == held


@pytest.mark.known
@pytest.mark.local
def test_4_2_a_key_of_two_parents_is_no_key(salesforce: Salesforce) -> None:
    """The row is refused, and says why; nobody is chosen."""
    key = salesforce.key("two")
    salesforce.run(f"Name,Loose_Key__c\n{key},{key}\n{key},{key}\n")
    (error,) = salesforce.errors(salesforce.run(f"LastName,Account.Loose_Key__c\nx,{key}\n", "Contact"))
    assert "INVALID_FIELD:More than one record found for external id field" == error.partition(": [")[0]


@pytest.mark.real
@pytest.mark.local
def test_4_4_an_upsert_key_of_two_records_is_refused(salesforce: Salesforce) -> None:
    """DUPLICATE_EXTERNAL_ID with the field's label and the Ids of both."""
    key = salesforce.key("both")
    made = salesforce.rows(salesforce.run(f"Name,Loose_Key__c\n{key},{key}\n{key},{key}\n"), "successfulResults")
    job = salesforce.run(f"Name,Loose_Key__c\n{key},{key}\n", operation="upsert", externalIdFieldName="Loose_Key__c")
    listed = ", ".join(sorted(row["sf__Id"] for row in made))
    said = f"DUPLICATE_EXTERNAL_ID:Loose Key: more than one record found for external id field: [{listed}]:Loose_Key__c --"
    assert [said] == salesforce.errors(job)


@pytest.mark.doc
def test_4_2_a_parents_key_is_trimmed_and_has_no_case(salesforce: Salesforce) -> None:
    """As the parent's own field is compared (8.3, 8.11)."""
    account, name = salesforce.account("Trimmed"), salesforce.key("kid")
    salesforce.run(f"LastName,Account.External_Id__c\n{name},  {salesforce.key('Trimmed').upper()} \n", "Contact")
    assert account == parent_of(salesforce, name)


@pytest.mark.unknown
def test_4_2_each_kind_of_parent_may_have_a_column(salesforce: Salesforce) -> None:
    """The one that is blank takes nothing away, whichever comes last."""
    person, lead, mail = salesforce.key("person"), salesforce.key("lead"), f"{salesforce.key('lead')}@example.com"
    salesforce.run(f"External_Id__c,LastName\n{person},{person}\n", "Contact", "upsert", externalIdFieldName="External_Id__c")
    salesforce.run(f"LastName,Company,Email\n{lead},x,{mail}\n", "Lead")
    columns = ["Contact:Who.External_Id__c", "Lead:Who.Email"]
    for order in (columns, columns[::-1]):
        cells = [{columns[0]: person}, {columns[1]: mail}, {}]
        lines = [",".join([salesforce.key("todo"), *(each.get(column, "") for column in order)]) for each in cells]
        salesforce.run("\n".join([",".join(["Subject", *order]), *lines]) + "\n", "Task")
    found = salesforce.query(f"SELECT Who.Name FROM Task WHERE Subject = '{salesforce.key('todo')}'")
    assert [person, lead, None] * 2 == [each["Who"] and each["Who"]["Name"] for each in found]
