"""Section 7.4: what records have beside what they are given, and the org's own records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce


def made(salesforce: Salesforce, sobject: str, **fields: Any) -> str:
    """Make a record; its Id."""
    answer = salesforce.call("POST", f"/sobjects/{sobject}", json=fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def read(salesforce: Salesforce, sobject: str, sf_id: str, fields: str) -> list[Any]:
    """Some fields of a record."""
    (found,) = salesforce.query(f"SELECT {fields} FROM {sobject} WHERE Id = '{sf_id}'")
    return [value for name, value in found.items() if name != "attributes"]


@pytest.mark.local
@pytest.mark.known
def test_7_4_a_persons_name_is_made_of_its_parts(salesforce: Salesforce) -> None:
    """In records, conditions and paths; it can't be written."""
    sf_id = made(salesforce, "Contact", FirstName="Ada", LastName=salesforce.key("Lovelace"))
    whole = f"Ada {salesforce.key('Lovelace')}"
    assert [whole] == read(salesforce, "Contact", sf_id, "Name")
    assert [sf_id] == [each["Id"] for each in salesforce.query(f"SELECT Id FROM Contact WHERE Name = '{whole.upper()}'")]
    assert 400 == salesforce.call("PATCH", f"/sobjects/Contact/{sf_id}", json={"Name": "x"}).status_code


@pytest.mark.local
@pytest.mark.known
def test_7_4_new_records_have_their_defaults(salesforce: Salesforce) -> None:
    """Pre-selected picklist values, false, the owner; numbers that the org counts up."""
    lead = made(salesforce, "Lead", LastName=salesforce.key("lead"), Company="x")
    assert ["Open - Not Contacted", False] == read(salesforce, "Lead", lead, "Status, IsConverted")
    numbers = [read(salesforce, "Case", made(salesforce, "Case", Subject=salesforce.key("case")), "CaseNumber")[0] for _ in range(2)]
    assert [8, 1] == [len(numbers[0]), int(numbers[1]) - int(numbers[0])]


@pytest.mark.local
@pytest.mark.known
def test_7_4_some_values_follow_from_others(salesforce: Salesforce) -> None:
    """An opportunity is won by its stage; a line's total is quantity by price."""
    opportunity = made(salesforce, "Opportunity", Name=salesforce.key("o"), StageName="Closed Won", CloseDate="2026-01-01")
    assert [True, True] == read(salesforce, "Opportunity", opportunity, "IsClosed, IsWon")
    (book,) = salesforce.query("SELECT Id FROM Pricebook2 WHERE IsStandard = TRUE")
    product = made(salesforce, "Product2", Name=salesforce.key("p"), ProductCode="P-1")
    entry = made(salesforce, "PricebookEntry", Pricebook2Id=book["Id"], Product2Id=product, UnitPrice=10, IsActive=True)
    assert [salesforce.key("p"), "P-1"] == read(salesforce, "PricebookEntry", entry, "Name, ProductCode")
    line = made(salesforce, "OpportunityLineItem", OpportunityId=opportunity, PricebookEntryId=entry, Quantity=3, UnitPrice=9.5)
    assert [28.5] == read(salesforce, "OpportunityLineItem", line, "TotalPrice")


@pytest.mark.local
@pytest.mark.known
def test_7_5_a_polymorphic_lookup_says_what_it_points_at(salesforce: Salesforce) -> None:
    """Who.Type, What.Type; null without one; the name in any case."""
    lead = made(salesforce, "Lead", FirstName="L", LastName=salesforce.key("who"), Company="x")
    task = made(salesforce, "Task", Subject=salesforce.key("who"), WhoId=lead, WhatId=salesforce.account("what"))
    (found,) = salesforce.query(f"SELECT Who.Type, Who.Name, What.Type, Owner.Type FROM Task WHERE Id = '{task}'")
    named = f"L {salesforce.key('who')}"
    assert ("Lead", named, "Account", "User") == (
        found["Who"]["Type"],
        found["Who"]["Name"],
        found["What"]["Type"],
        found["Owner"]["Type"],
    )
    query = f"SELECT Id FROM Task WHERE Who.Type = 'Contact' AND Subject = '{salesforce.key('who')}'"
    assert [] == salesforce.query(query)


@pytest.mark.known
@pytest.mark.parametrize(
    "query",
    [
        "SELECT Id, Name, IsSandbox, OrganizationType, InstanceName, NamespacePrefix, TrialExpirationDate, CreatedDate FROM Organization",
        "SELECT Id, Name, PrimaryContact, Division, Country, LanguageLocaleKey FROM Organization LIMIT 1",
        "SELECT Id, Username, Email, FirstName, LastName, Profile.Name, IsActive, UserType, TimeZoneSidKey FROM User LIMIT 1",
        "SELECT Id FROM Profile WHERE Name = 'System Administrator'",
        "SELECT QualifiedApiName, Label, KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Account'",
        "SELECT Id, Name FROM Pricebook2 WHERE IsStandard = TRUE",
    ],
)
def test_7_5_what_clients_ask_for_before_their_first_job(salesforce: Salesforce, query: str) -> None:
    """The org tells of itself: one record each."""
    assert 1 == len(salesforce.query(query))


@pytest.mark.local
@pytest.mark.real
def test_7_4_describe_says_which_children_go_and_which_keep_their_parent(salesforce: Salesforce) -> None:
    """By relationship: its name, whether the child goes too, whether the parent stays because of it."""
    told = salesforce.call("GET", "/sobjects/Account/describe").json()["childRelationships"]
    found = {each["childSObject"]: (each["relationshipName"], each["cascadeDelete"], each["restrictedDelete"]) for each in told}
    assert {
        "Account": ("ChildAccounts", False, False),
        "Case": ("Cases", False, True),
        "Contact": ("Contacts", True, False),
        "Opportunity": ("Opportunities", True, False),
        "Task": ("Tasks", True, False),
    } == {name: found[name] for name in ("Account", "Case", "Contact", "Opportunity", "Task")}


@pytest.mark.local
@pytest.mark.known
def test_7_6_a_record_with_children_that_keep_it_cant_be_deleted(salesforce: Salesforce) -> None:
    """DELETE_FAILED, by job and by REST, until they are gone; others of the job go."""
    kept, gone = salesforce.account("kept"), salesforce.account("not-kept")
    case = made(salesforce, "Case", Subject="x", AccountId=kept)
    job = salesforce.run(f"Id\n{kept}\n{gone}\n", "Account", "delete")
    (error,) = salesforce.errors(job)
    said = f"DELETE_FAILED:Your attempt to delete {salesforce.key('kept')} could not be completed because it is associated with"
    assert error.startswith(said)
    assert (2, 1) == (job["numberRecordsProcessed"], job["numberRecordsFailed"])
    refused = salesforce.call("DELETE", f"/sobjects/Account/{kept}")
    assert (400, "DELETE_FAILED") == (refused.status_code, refused.json()[0]["errorCode"])
    assert [204, 204] == [salesforce.call("DELETE", f"/sobjects/{path}").status_code for path in (f"Case/{case}", f"Account/{kept}")]


@pytest.mark.local
@pytest.mark.real
def test_7_6_tasks_go_with_what_they_are_about(salesforce: Salesforce) -> None:
    """With the contact or lead, and with the record beside it."""
    lead = made(salesforce, "Lead", LastName=salesforce.key("with"), Company="x")
    tasks = [made(salesforce, "Task", WhoId=lead), made(salesforce, "Task", WhatId=salesforce.account("with"))]
    for path in (f"Lead/{lead}", f"Account/External_Id__c/{salesforce.key('with')}"):
        assert 204 == salesforce.call("DELETE", f"/sobjects/{path}").status_code
    assert [404, 404] == [salesforce.call("GET", f"/sobjects/Task/{task}").status_code for task in tasks]


@pytest.mark.local
@pytest.mark.real
@pytest.mark.parametrize(
    ("rest", "done"),
    [("WHERE Description = 'x'", "filtered"), ("ORDER BY Description", "sorted"), ("GROUP BY Description", "grouped")],
)
def test_7_5_long_text_is_for_reading_only(salesforce: Salesforce, rest: str, done: str) -> None:
    """As describe says of it."""
    (field,) = [each for each in salesforce.call("GET", "/sobjects/Account/describe").json()["fields"] if each["name"] == "Description"]
    assert {False} == {field[name] for name in ("filterable", "sortable", "groupable", "aggregatable")}
    answer = salesforce.call("GET", "/query", params={"q": f"SELECT {'COUNT(Id)' if done == 'grouped' else 'Id'} FROM Account {rest}"})
    assert (400, f"field 'Description' can not be {done} in a query call") == (answer.status_code, answer.json()[0]["message"])
