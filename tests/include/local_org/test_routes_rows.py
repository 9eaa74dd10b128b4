"""Single records over REST (contract 7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib import parse

import pytest
import requests

from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Call = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def call(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Call]:
    """A call below the version's root of an org of this file's own."""
    with org.running(tmp_path_factory.mktemp("org")) as started:
        session = requests.Session()
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {started['access_token']}"
        yield lambda method, path, body=None: session.request(
            method, f"{started['http_url']}/services/data/v66.0{path}", json=body, timeout=10
        )


def made(call: Call, **fields: Any) -> str:
    """Make an account; its Id."""
    return str(call("POST", "/sobjects/Account", fields).json()["id"])


def test_a_record_is_made_read_changed_and_deleted(call: Call) -> None:
    """201 with its place, 200, 204, 204, then 404."""
    created = call("POST", "/sobjects/Account", {"Name": "Nordwind", "NumberOfEmployees": 7})
    path = f"/sobjects/Account/{created.json()['id']}"
    assert (201, True, []) == (created.status_code, created.json()["success"], created.json()["errors"])
    assert created.headers["Location"].endswith(path)
    assert 204 == call("PATCH", path, {"Name": "Südwind", "NumberOfEmployees": None}).status_code
    found = call("GET", path).json()
    assert ("Südwind", None) == (found["Name"], found["NumberOfEmployees"])
    assert (204, 404) == (call("DELETE", path).status_code, call("GET", path).status_code)


def test_a_key_makes_a_record_and_then_changes_it(call: Call) -> None:
    """201 created, 200 not; it is found by its key, in any case."""
    path = "/sobjects/Account/External_Id__c/Key-1"
    first, second = call("PATCH", path, {"Name": "a"}), call("PATCH", path.replace("Key", "KEY"), {"Name": "b"})
    assert [(201, True), (200, False)] == [(each.status_code, each.json()["created"]) for each in (first, second)]
    assert ("b", first.json()["id"]) == (call("GET", path).json()["Name"], second.json()["id"])


def test_a_key_with_awkward_signs_is_the_same_key_again(call: Call) -> None:
    """Encoded in the address: slashes, percent signs, blanks, quotes, letters of all kinds."""
    path = "/sobjects/Account/External_Id__c/" + parse.quote("a/b%2F 'ü?#🚀", safe="")
    made = call("PATCH", path, {"Name": "awkward"})
    assert (201, "a/b%2F 'ü?#🚀") == (made.status_code, call("GET", path).json()["External_Id__c"])


def test_a_key_of_several_records_is_300(call: Call) -> None:
    """With the path of each."""
    ids = {made(call, Name="x", Loose_Key__c="L1") for _ in range(2)}
    answer = call("PATCH", "/sobjects/Account/Loose_Key__c/L1", {"Name": "y"})
    assert (300, ids) == (answer.status_code, {path.rpartition("/")[2] for path in answer.json()})


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/sobjects/Account", {"FavoritePet__c": "cat"}, 400, "INVALID_FIELD"),
        ("POST", "/sobjects/Account", {"Phone": "1"}, 400, "REQUIRED_FIELD_MISSING"),
        ("POST", "/sobjects/Nope__c", {"Name": "x"}, 404, "NOT_FOUND"),
        ("PATCH", "/sobjects/Account/001000000000000AAA", {"Name": "x"}, 404, "ENTITY_IS_DELETED"),
        ("PATCH", "/sobjects/Account/Phone/1", {"Name": "x"}, 404, "NOT_FOUND"),
        ("GET", "/sobjects/Account/Namez/1", None, 404, "NOT_FOUND"),
    ],
)
def test_what_is_wrong_is_an_array_with_a_code(call: Call, method: str, path: str, body: Any, status: int, code: str) -> None:
    """One element; a record's error names its fields."""
    answer = call(method, path, body)
    (error,) = answer.json()
    assert (status, code) == (answer.status_code, error["errorCode"])


def test_a_refused_record_names_its_fields(call: Call) -> None:
    """As REST does, beside code and message."""
    (error,) = call("POST", "/sobjects/Account", {"Phone": "1"}).json()
    assert {"message": "Required fields are missing: [Name]", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Name"]} == error


def test_records_are_counted(call: Call) -> None:
    """Per object that is asked for."""
    made(call, Name="counted")
    told = {each["name"]: each["count"] for each in call("GET", "/limits/recordCount?sObjects=Account,Contact").json()["sObjects"]}
    assert ({"Account", "Contact"}, 0, True) == (set(told), told["Contact"], told["Account"] > 0)
