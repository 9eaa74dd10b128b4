"""Nights of a plan with `changed_only` whose rows can't all go at once: every link is set, and remembered once it is."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

from tests.include.bulkload.steps import test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

# Among the rows of one object: a layer below another, and a circle.
ABOVE = {"a": None, "b": "a", "c": "d", "d": "c"}
WHOLE = (False, True)


def objects(load: Load, run_name: str) -> dict[str, dict[str, Any]]:
    """Load the same source by a run of its own, which must be green; what its summary says of each object."""
    found = dataclasses.replace(load, run_name=run_name).whole()
    assert found["clean"]
    return dict(found["summary"]["objects"])


def test_every_shape_of_links_is_loaded_once(load: Load) -> None:
    """Layers and circles, cut as a whole or not, in an object and to another: all set the first night, nothing sent the second."""
    load.mapping, rows = {}, {}
    for cut in WHOLE:
        link = {"ParentId": {"object": f"A{cut}", "from": "above", "cut": cut}}
        load.mapping[f"A{cut}"] = test_waves.ACCOUNT | {"records": f"A{cut}[]", "parents": link, "changed_only": True}
    for nth, (own, other) in enumerate(itertools.product(WHOLE, WHOLE)):
        links = {"AccountId": {"object": f"A{own}", "from": "account", "cut": other}}
        links["ReportsToId"] = {"object": f"C{nth}", "from": "above", "cut": own}
        load.mapping[f"C{nth}"] = test_waves.CONTACT | {"records": f"C{nth}[]", "parents": links, "changed_only": True}
        rows[f"C{nth}"] = [row(f"C{nth}", key) | {"account": f"A{own}a"} for key in ABOVE]
    rows |= {f"A{cut}": [row(f"A{cut}", key) for key in ABOVE] for cut in WHOLE}
    load.payload = json.dumps(rows).encode()
    assert {(4, 0)} == {(each["succeeded"], each["unchanged"]) for each in objects(load, "first").values()}
    assert {(0, 4)} == {(each["succeeded"], each["unchanged"]) for each in objects(load, "second").values()}
    found = load.org.query("SELECT External_Id__c, Parent.External_Id__c FROM Account")
    assert expected("AFalse", "ATrue") == {each["External_Id__c"]: named(each["Parent"]) for each in found}
    found = load.org.query("SELECT External_Id__c, ReportsTo.External_Id__c, Account.External_Id__c FROM Contact")
    assert expected("C0", "C1", "C2", "C3") == {each["External_Id__c"]: named(each["ReportsTo"]) for each in found}
    assert {"C0": "AFalsea", "C1": "AFalsea", "C2": "ATruea", "C3": "ATruea"} == {
        each["External_Id__c"][:2]: named(each["Account"]) for each in found
    }


def row(name: str, key: str) -> dict[str, Any]:
    """One row: its key, and the key of the row that it hangs on."""
    return {"name": key, "id": f"{name}{key}", "sourceId": f"{name}{key}", "above": ABOVE[key] and f"{name}{ABOVE[key]}"}


def expected(*names: str) -> dict[str, str | None]:
    """Key → key of the record above it."""
    return {f"{name}{key}": above and f"{name}{above}" for name in names for key, above in ABOVE.items()}


def named(record: dict[str, Any] | None) -> str | None:
    """The key of a record that another one points at."""
    return record and record["External_Id__c"]
