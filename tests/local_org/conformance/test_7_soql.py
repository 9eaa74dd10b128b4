"""Section 7.5: queries that answer at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.local_org.conformance.asked import Salesforce

NUMBERS = {"a": "10", "b": "20", "c": "", "d": "40"}


@pytest.fixture(scope="module")
def family(whole: Salesforce) -> str:
    """Four accounts of the same name, their employees 10, 20, none and 40; the two first have a contact each. The name."""
    salesforce = whole.part()
    name = salesforce.key("family")
    rows = "".join(f"{salesforce.key('soql-' + key)},{name},{count},{'Vienna' if key in 'ab' else ''}\n" for key, count in NUMBERS.items())
    salesforce.upsert("External_Id__c,Name,NumberOfEmployees,BillingCity\n" + rows)
    children = "".join(f"{salesforce.key('child-' + key)},{salesforce.key('soql-' + key)}\n" for key in "ab")
    salesforce.run("LastName,Account.External_Id__c\n" + children, "Contact")
    return name


def found(salesforce: Salesforce, family: str, rest: str) -> list[str]:
    """The last letters of the keys of the family's accounts that a condition finds."""
    records = salesforce.query(f"SELECT External_Id__c FROM Account WHERE Name = '{family}' {rest}")
    return [each["External_Id__c"][-1] for each in records]


@pytest.mark.known
@pytest.mark.parametrize(
    ("rest", "letters"),
    [
        ("AND NumberOfEmployees > 10 ORDER BY NumberOfEmployees", "bd"),
        ("AND (NumberOfEmployees = 10 OR NumberOfEmployees = 40) ORDER BY NumberOfEmployees DESC", "da"),
        ("AND NumberOfEmployees = null", "c"),
        ("AND NumberOfEmployees != null ORDER BY NumberOfEmployees ASC NULLS LAST LIMIT 2", "ab"),
        ("ORDER BY NumberOfEmployees NULLS FIRST LIMIT 2 OFFSET 1", "ab"),
        ("ORDER BY NumberOfEmployees NULLS LAST", "abdc"),
        ("AND NOT (BillingCity = 'Vienna') AND NumberOfEmployees > 1", "d"),
        ("AND BillingCity IN ('vienna', 'Graz') ORDER BY External_Id__c", "ab"),
        ("AND BillingCity NOT IN ('vienna') ORDER BY External_Id__c", "cd"),
        ("AND BillingCity LIKE 'VIEN_A' ORDER BY External_Id__c DESC", "ba"),
        ("AND Id IN (SELECT AccountId FROM Contact) ORDER BY External_Id__c", "ab"),
        ("AND Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId != null) ORDER BY External_Id__c", "cd"),
        ("AND CreatedDate = TODAY AND CreatedDate > 2020-01-01T00:00:00Z AND CreatedDate < LAST_N_DAYS:0", ""),
        ("AND CreatedDate >= LAST_N_DAYS:3 ORDER BY External_Id__c LIMIT 1", "a"),
        ("AND CreatedDate = THIS_QUARTER AND CreatedDate = LAST_90_DAYS AND CreatedDate > LAST_N_MONTHS:2 ORDER BY External_Id__c", "abcd"),
        (
            "AND CreatedDate > N_DAYS_AGO:2 AND CreatedDate = THIS_FISCAL_YEAR AND CreatedDate < NEXT_N_WEEKS:1 ORDER BY External_Id__c",
            "abcd",
        ),
        ("AND CALENDAR_YEAR(CreatedDate) > 2020 AND DAY_IN_WEEK(CreatedDate) < 8 ORDER BY External_Id__c", "abcd"),
    ],
)
def test_7_5_conditions(salesforce: Salesforce, family: str, rest: str, letters: str) -> None:
    """Joined, negated, compared with nulls, lists, patterns, moments and other queries."""
    assert list(letters) == found(salesforce, family, rest)


@pytest.mark.known
def test_7_5_a_parents_values_stand_in_a_record_of_their_own(salesforce: Salesforce, family: str) -> None:
    """Any spelling of the path; attributes at each level; null without a parent."""
    query = f"SELECT lastname, account.Name, ACCOUNT.owner.Username, ReportsTo.LastName FROM contact c WHERE c.Account.Name = '{family}'"
    (first, _) = sorted(salesforce.query(query), key=lambda each: each["LastName"])
    assert (family, None) == (first["Account"]["Name"], first["ReportsTo"])
    assert ("Contact", "Account", "User") == (
        first["attributes"]["type"],
        first["Account"]["attributes"]["type"],
        first["Account"]["Owner"]["attributes"]["type"],
    )
    assert first["Account"]["attributes"]["url"].endswith(tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


@pytest.mark.known
def test_7_5_aggregates(salesforce: Salesforce, family: str) -> None:
    """COUNT() has no records; the others are AggregateResults, with alias or expr0."""
    counted: dict[str, Any] = salesforce.call("GET", "/query", params={"q": f"SELECT COUNT() FROM Account WHERE Name = '{family}'"}).json()
    assert (4, []) == (counted["totalSize"], counted["records"])
    query = (
        "SELECT BillingCity, COUNT(Id) many, MAX(NumberOfEmployees) FROM Account "
        f"WHERE Name = '{family}' GROUP BY BillingCity ORDER BY BillingCity NULLS LAST"
    )
    told = [(each["BillingCity"], each["many"], each["expr0"], each["attributes"]["type"]) for each in salesforce.query(query)]
    assert [("Vienna", 2, 20, "AggregateResult"), (None, 2, 40, "AggregateResult")] == told


@pytest.mark.known
def test_7_5_groups_of_which_some_are_kept(salesforce: Salesforce, family: str) -> None:
    """HAVING finds keys that come twice; groups can be of parts of dates."""
    query = f"SELECT BillingCity FROM Account WHERE Name = '{family}' GROUP BY BillingCity HAVING COUNT(Id) > 1 AND BillingCity != null"
    assert ["Vienna"] == [each["BillingCity"] for each in salesforce.query(query)]
    year = "CALENDAR_YEAR(CreatedDate)"
    query = f"SELECT {year} y, SUM(NumberOfEmployees) FROM Account WHERE Name = '{family}' GROUP BY {year}"
    assert [70] == [each["expr0"] for each in salesforce.query(query)]


@pytest.mark.known
def test_7_5_records_below_others(salesforce: Salesforce, family: str) -> None:
    """By the relationship's name, each with its own attributes; null where there are none."""
    inner = "SELECT LastName, Account.Name FROM Contacts ORDER BY LastName LIMIT 1"
    query = f"SELECT Id, ({inner}) FROM Account WHERE Name = '{family}' ORDER BY External_Id__c"
    found = [each["Contacts"] for each in salesforce.query(query)]
    assert [None, None] == found[2:]
    (first,) = found[0]["records"]
    assert (1, True, "Contact", family) == (found[0]["totalSize"], found[0]["done"], first["attributes"]["type"], first["Account"]["Name"])


@pytest.mark.known
@pytest.mark.parametrize("rest", ["USING SCOPE everything", "WITH SECURITY_ENFORCED", "FOR VIEW", "FOR REFERENCE"])
def test_7_5_clauses_that_change_nothing(salesforce: Salesforce, rest: str) -> None:
    """They are taken."""
    assert 200 == salesforce.call("GET", "/query", params={"q": f"SELECT Id, toLabel(Industry) FROM Account {rest}"}).status_code


@pytest.mark.real
@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        ("SELEKT Id FROM Account", "MALFORMED_QUERY", "unexpected token: SELEKT"),
        ("SELECT Bacon__c FROM Account LIMIT 2", "INVALID_FIELD", "No such column 'Bacon__c' on entity 'Account'."),
        ("SELECT Id FROM Bacon", "INVALID_TYPE", "sObject type 'Bacon' is not supported."),
        ("SELECT Bacon.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Bacon' in field path."),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'", "MALFORMED_QUERY", "unexpected token: 'OR'"),
        ("SELECT Id FROM Account WHERE NumberOfEmployees = '5'", "INVALID_FIELD", "should not be enclosed in quotes"),
        ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY", "unexpected token"),
        ("", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE Id = 'xyz'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: xyz"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"),
        ("SELECT Id FROM Account LIMIT 99999999999999999999", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-13-45T00:00:00Z", "MALFORMED_QUERY", "2026-13-45"),
        ("SELECT Id FROM Account WHERE CreatedDate > LAST_N_YEARS:99999", "MALFORMED_QUERY", "LAST_N_YEARS:99999"),
        ("SELECT Id FROM Account WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "aggregated"),
        ("SELECT Id FROM Account WHERE " + "NOT " * 3000 + "Name = 'a'", "MALFORMED_QUERY", "too deep"),
        ("SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account", "MALFORMED_QUERY", "5 levels"),
        ("SELECT Id, (SELECT Id FROM Bacons) FROM Account", "INVALID_TYPE", "Didn't understand relationship 'Bacons'"),
    ],
)
def test_7_5_what_cant_be_read_is_refused(salesforce: Salesforce, query: str, code: str, said: str) -> None:
    """400, with Salesforce's code and words."""
    answer = salesforce.call("GET", "/query", params={"q": query})
    assert (400, code) == (answer.status_code, answer.json()[0]["errorCode"])
    assert said in answer.json()[0]["message"]


@pytest.mark.known
def test_7_5_pages_of_2000(salesforce: Salesforce) -> None:
    """The next page's address only while there is one; the total on each."""
    name = salesforce.key("many")
    salesforce.run("Name\n" + f"{name}\n" * 2001)
    first = salesforce.call("GET", "/query/", params={"q": f"SELECT Id FROM Account WHERE Name = '{name}'"}).json()
    second = salesforce.call("GET", first["nextRecordsUrl"]).json()
    assert (2001, False, 2000) == (first["totalSize"], first["done"], len(first["records"]))
    assert (2001, True, 1, False) == (second["totalSize"], second["done"], len(second["records"]), "nextRecordsUrl" in second)


@pytest.mark.known
def test_7_5_pages_are_as_large_as_the_client_wants(salesforce: Salesforce) -> None:
    """Between 200 and 2000 records, by the header Sforce-Query-Options; the next pages too."""
    name = salesforce.key("sized")
    salesforce.run("Name\n" + f"{name}\n" * 450)
    params, headers = {"q": f"SELECT Id FROM Account WHERE Name = '{name}'"}, {"Sforce-Query-Options": "batchSize=1"}
    page = salesforce.call("GET", "/query/", params=params, headers=headers).json()
    found = [page["records"]]
    while not page["done"]:
        page = salesforce.call("GET", page["nextRecordsUrl"]).json()
        found.append(page["records"])
    assert ([200, 200, 50], 450) == ([len(each) for each in found], len({each["Id"] for records in found for each in records}))


@pytest.mark.known
def test_7_5_too_long_a_query(salesforce: Salesforce) -> None:
    """16,384 characters of address, 414 without JSON past them; 100,000 characters of SOQL in a job."""
    listed = ", ".join(f"'{salesforce.key(str(n))}'" for n in range(5000))
    query = f"SELECT Id FROM Account WHERE External_Id__c IN ({listed})"
    assert 414 == salesforce.call("GET", "/query", params={"q": query}).status_code
    assert 200 == salesforce.call("GET", "/query", params={"q": query[:12_000].rpartition(",")[0] + ")"}).status_code
    refused = salesforce.call("POST", "/jobs/query", json={"operation": "query", "query": query + " " * 100_000})
    assert (400, "MALFORMED_QUERY") == (refused.status_code, refused.json()[0]["errorCode"])


@pytest.mark.known
def test_7_5_awkward_text_is_found_again(salesforce: Salesforce) -> None:
    """Quotes, backslashes, newlines and the signs of patterns, escaped as SOQL has it."""
    texts = ["it's", 'say "x"', "back\\slash", "100%_sure", "two\nlines", "Ünïcode 🚀"]
    names = [salesforce.key(text) for text in texts]
    salesforce.run("Name\n" + "".join('"' + name.replace('"', '""') + '"\n' for name in names))
    escaped = [name.replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"').replace("\n", "\\n") for name in names]
    listed = ", ".join(f"'{text}'" for text in escaped)
    assert sorted(names) == sorted(each["Name"] for each in salesforce.query(f"SELECT Name FROM Account WHERE Name IN ({listed})"))
    pattern = escaped[3].replace("%", "\\%").replace("_", "\\_")
    assert [names[3]] == [each["Name"] for each in salesforce.query(f"SELECT Name FROM Account WHERE Name LIKE '{pattern}'")]


@pytest.mark.known
def test_7_5_deleted_records_are_seen_by_query_all_only(salesforce: Salesforce) -> None:
    """IsDeleted says so; their key is free again."""
    sf_id = salesforce.account("gone")
    salesforce.run(f"Id\n{sf_id}\n", "Account", "delete")
    query = f"SELECT Id, IsDeleted FROM Account WHERE Id = '{sf_id}'"
    assert [] == salesforce.query(query)
    told = salesforce.call("GET", "/queryAll", params={"q": query}).json()["records"]
    assert [(sf_id, True)] == [(each["Id"], each["IsDeleted"]) for each in told]
    assert [True] == [each["IsDeleted"] for each in salesforce.query(f"{query} ALL ROWS")]
    by_key = f"SELECT Id FROM Account WHERE External_Id__c = '{salesforce.key('gone').upper()}'"
    assert [sf_id] == [each["Id"] for each in salesforce.call("GET", "/queryAll", params={"q": by_key}).json()["records"]]
    assert [] == salesforce.query(by_key)
    assert sf_id != salesforce.account("gone")


@pytest.mark.known
def test_7_5_children_of_a_deleted_account_go_too(salesforce: Salesforce) -> None:
    """Contacts with their account; a child account only loses the lookup."""
    parent, name = salesforce.account("parent"), salesforce.key("left")
    salesforce.run(f"LastName,AccountId\n{name},{parent}\n", "Contact")
    salesforce.run(f"Name,ParentId\n{name},{parent}\n")
    salesforce.run(f"Id\n{parent}\n", "Account", "delete")
    assert [] == salesforce.query(f"SELECT Id FROM Contact WHERE LastName = '{name}'")
    assert [None] == [each["ParentId"] for each in salesforce.query(f"SELECT ParentId FROM Account WHERE Name = '{name}'")]


@pytest.mark.known
@pytest.mark.parametrize("condition", ["= {}", "IN ({}, 1.5)", ">= {}"])
def test_7_5_a_number_key_is_compared_as_a_number(salesforce: Salesforce, condition: str) -> None:
    """However it is asked for."""
    number, key = salesforce.number(), salesforce.key("number")
    salesforce.run(f"Number_Key__c,Name\n{number},{key}\n", operation="upsert", externalIdFieldName="Number_Key__c")
    rest = condition.format(number)
    assert [key] == [each["Name"] for each in salesforce.query(f"SELECT Name FROM Account WHERE Name = '{key}' AND Number_Key__c {rest}")]
