"""Records → staged rows: nothing lost, nothing invented, one bad record is one rejected row with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import tables
from tests.include.bulkload.intake import conftest

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS
PEOPLE = st.fixed_dictionaries({}, optional={"lastName": SCALARS, "email": SCALARS, "else": SCALARS})
BAD = st.sampled_from([7, "text", None, [], True])
ACCOUNTS = st.fixed_dictionaries(
    {"sourceId": TEXTS}, optional={"name": SCALARS, "billingCity": SCALARS, "contacts": st.lists(PEOPLE | BAD, max_size=3) | st.none()}
)
PAYLOADS = st.lists(ACCOUNTS | BAD, max_size=6)


def shown(value: Any) -> str | None:
    """Write a scalar as it is to arrive, in plain Python; absent, null, empty and blank are alike."""
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value).replace("\r\n", "\n").replace("\r", "\n")
    return text if text.strip(tables.BLANKS) else None


def payload(accounts: list[Any]) -> bytes:
    """Write a document."""
    return json.dumps({"accounts": accounts}).encode()


def rows(accounts: list[Any]) -> bytes:
    """Write JSON lines."""
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in accounts)


@given(PAYLOADS)
def test_a_split_loses_and_invents_nothing(accounts: list[Any]) -> None:
    """Every record is a row, with its cells, under its parent, in its order; compared with plain Python."""
    found = conftest.staged(payload(accounts))
    expected = [each if isinstance(each, dict) else {} for each in accounts]
    assert [shown(each.get("name")) for each in expected] == found.cells("Account", "Name")
    assert [shown(each.get("sourceId")) for each in expected] == found.cells("Account", "External_Id__c")
    assert list(range(1, len(accounts) + 1)) == found.cells("Account", "row_id")
    children = [(place + 1, nth, child) for place, each in enumerate(expected) for nth, child in enumerate(each.get("contacts") or [])]
    told = [(place, nth, shown(child.get("lastName")) if isinstance(child, dict) else None) for place, nth, child in children]
    assert told == [(row["parent_row"], row["nth"], row["LastName"]) for row in found.rows["Contact"]]
    assert [isinstance(child, dict) for _, _, child in children] == [reason != "not an object" for reason in found.reasons("Contact")]


@given(PAYLOADS)
def test_lines_and_document_give_the_same_rows(accounts: list[Any]) -> None:
    """The form of the payload makes no difference to its rows."""
    assert conftest.staged(payload(accounts)).rows == conftest.staged(rows(accounts), "jsonl").rows


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"7", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b'{"sourceId": "K", "name": {"a": 1}}', "bad value: Name: a single value is expected, not object"),
        (b'{"sourceId": "K", "name": [1]}', "bad value: Name: a single value is expected, not array"),
        (b'{"sourceId": "K", "name": "#N/A"}', "bad value: Name: the text #N/A would empty the field"),
        (b'{"sourceId": "K", "name": "a\\u0000b"}', "bad value: Name: it holds a NUL character"),
        (b'{"sourceId": "K", "name": 0.1234567890123456789}', "bad value: Name: a number of more than 17 digits"),
        (b'{"sourceId": "K", "name": "a", "name": "b"}', "a key stands twice"),
        (b'{"sourceId": "K", "contacts": {"a": 1}}', "contacts: a list is expected, not object"),
        (b'{"sourceId": "K", "contacts": "none"}', "contacts: a list is expected, not a single value"),
        (b'{"sourceId": " \\t "}', "missing key"),
        (b"{}", "missing key"),
    ],
)
def test_one_bad_record_is_one_rejected_row(record: bytes, reason: str) -> None:
    """It says what is wrong and where; its neighbours go on."""
    found = conftest.staged(b'{"accounts": [{"sourceId": "A"}, ' + record + b', {"sourceId": "Z"}]}')
    assert [None, reason, None] == found.reasons("Account")
    assert f'"Account-0-2","accounts[1]","{reason}"' in found.rejected["Account"]


def test_too_long_a_value_rejects_its_row() -> None:
    """Salesforce takes 131,072 characters of a field (contract 4)."""
    found = conftest.staged(payload([{"sourceId": "A", "name": "x" * 131_072}, {"sourceId": "B", "name": "x" * 131_073}]))
    assert [None, "bad value: Name: more than 131072 characters"] == found.reasons("Account")


def test_half_a_surrogate_rejects_its_row() -> None:
    """It is no text that UTF-8 can carry."""
    found = conftest.staged(b'{"accounts": [{"sourceId": "A", "name": "\\ud800"}, {"sourceId": "B"}]}')
    assert [False, True] == [reason is None for reason in found.reasons("Account")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a":', "not JSON"),
        (b'{"sourceId": NaN}', "not JSON"),
        (b'{"sourceId": "\xff"}', "not UTF-8"),
        (b"[" * 70 + b"]" * 70, "deeper than 64"),
    ],
)
def test_a_line_that_cannot_be_read_is_one_rejected_row(line: bytes, reason: str) -> None:
    """Its place is its line; blank lines and CRLF don't shift it."""
    found = conftest.staged(b'{"sourceId": "A"}\r\n\n  \n' + line + b'\n{"sourceId": "Z"}', "jsonl")
    assert [True, False, True] == [each is None for each in found.reasons("Account")]
    assert reason in str(found.reasons("Account")[1])
    assert '"line 4"' in found.rejected["Account"]


def test_a_bad_child_is_found_by_its_place() -> None:
    """Its parent and its siblings go on."""
    found = conftest.staged(payload([{"sourceId": "A", "contacts": [{"lastName": "x"}, None, {"lastName": [1]}]}]))
    assert [None, "not an object", "bad value: LastName: a single value is expected, not array"] == found.reasons("Contact")
    assert '"Contact-0-2","accounts[0].contacts[1]"' in found.rejected["Contact"]
    assert [None] == found.reasons("Account")


@pytest.mark.parametrize(
    ("number", "text"),
    [("1.10", "1.10"), ("1E5", "1E5"), ("123456789012345678901", "123456789012345678901"), ("-0.5", "-0.5")],
)
def test_numbers_arrive_as_they_were_written(number: str, text: str | None) -> None:
    """No digit changes on the way; what is no JSON number is refused with its record."""
    line = b'{"sourceId": "A", "name": ' + number.encode() + b"}"
    assert [text] == conftest.staged(line, "jsonl").cells("Account", "Name")


def test_equal_records_of_one_key_are_merged() -> None:
    """Sent once; the others point at the row that is sent, and the children of both stay."""
    one = {"sourceId": "A", "name": "x", "contacts": [{"lastName": "c"}]}
    found = conftest.staged(payload([one, one, one]))
    assert ([None, 1, 1], [None] * 3, 2) == (
        found.cells("Account", "merged_into"),
        found.reasons("Account"),
        found.staged["Account"].merged,
    )
    assert [1, 2, 3] == found.cells("Contact", "parent_row")


def test_different_records_of_one_key_are_all_rejected() -> None:
    """Nobody can say which one is right, also where two of them are equal."""
    found = conftest.staged(payload([{"sourceId": "A", "name": name} for name in "xyx"]))
    assert ["conflicting duplicate"] * 3 == found.reasons("Account")


@pytest.mark.parametrize(
    ("key", "same"),
    [({}, True), ({"caseSensitive": True}, False), ({"unique": False}, False)],
)
def test_keys_compare_as_the_org_compares_them(key: dict[str, Any], same: bool) -> None:
    """Without case only where the field is unique and says so (contract 2.1.2); trimmed always."""
    found = conftest.staged(payload([{"sourceId": "ab"}, {"sourceId": " AB"}]), **key)
    assert same == (found.reasons("Account") == ["conflicting duplicate"] * 2)


def test_rejected_rows_do_not_make_others_duplicates() -> None:
    """A row that isn't sent can't contradict one that is."""
    found = conftest.staged(payload([{"sourceId": "A", "name": "#N/A"}, {"sourceId": "A", "name": "x"}]))
    assert found.reasons("Account")[1] is None


def test_keyless_children_are_never_merged() -> None:
    """Two equal contacts are two contacts."""
    found = conftest.staged(payload([{"sourceId": "A", "contacts": [{"lastName": "x"}] * 2}]))
    assert [None, None] == found.cells("Contact", "merged_into")


def test_what_changes_on_the_way_is_counted() -> None:
    """Line endings by us; blanks at the edges and capitals in e-mail addresses by Salesforce."""
    accounts = [
        {"sourceId": " A", "name": "a\r\nb\rc"},
        {"sourceId": "B", "name": "plain", "contacts": [{"lastName": "x ", "email": "A@b.c"}]},
    ]
    found = conftest.staged(payload(accounts))
    assert {"lineEndings": 1, "edgeBlanks": 1, "emailCase": 0} == found.staged["Account"].changes
    assert {"lineEndings": 0, "edgeBlanks": 1, "emailCase": 1} == found.staged["Contact"].changes
    assert "a\nb\nc" == found.cells("Account", "Name")[0]


@pytest.mark.parametrize(("form", "fmt"), [(payload, "json"), (rows, "jsonl")])
def test_texts_are_judged_alike_whether_json_escapes_them_or_not(form: Any, fmt: str) -> None:
    """Line ends, blanks at the edges, NUL, the null mark; quotes and backslashes are escaped too and mean nothing."""
    texts = ["a", " a", "a ", "a\tb", "a\t", "a\rb", "a\r\n", "a\x00", 'a"', "a\\", "#N/A", "#N/A\t", "", "  ", "\t", "é ", "a\u2028"]
    found = conftest.staged(form([{"sourceId": str(number), "name": text} for number, text in enumerate(texts)]), fmt)
    refused = [text.strip() == "#N/A" or "\0" in text for text in texts]
    blank = [bool(text) and (text[0] <= " " or text[-1] <= " ") for text in texts]
    assert [shown(text) for text in texts] == found.cells("Account", "Name")
    assert refused == [reason is not None for reason in found.reasons("Account")]
    assert ["\r" in text for text in texts] == [bool(count) for count in found.cells("Account", "lineEndings")]
    assert blank == [bool(count) for count in found.cells("Account", "edgeBlanks")]
