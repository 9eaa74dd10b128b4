"""Nights of a plan with `changed_only` whose rows can't all go at once: every link is set, and remembered once it is."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.steps import settle, submit, summarize, wait
from tests.include.bulkload.steps import test_waves

if TYPE_CHECKING:
    from include.bulkload.steps import ports
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
    assert {(4, 0)} == {told(each) for each in objects(load, "first").values()}
    assert {(0, 4)} == {told(each) for each in objects(load, "second").values()}
    found = load.org.query("SELECT External_Id__c, Parent.External_Id__c FROM Account")
    assert expected("AFalse", "ATrue") == {each["External_Id__c"]: named(each["Parent"]) for each in found}
    found = load.org.query("SELECT External_Id__c, ReportsTo.External_Id__c, Account.External_Id__c FROM Contact")
    assert expected("C0", "C1", "C2", "C3") == {each["External_Id__c"]: named(each["ReportsTo"]) for each in found}
    assert {"C0": "AFalsea", "C1": "AFalsea", "C2": "ATruea", "C3": "ATruea"} == {
        each["External_Id__c"][:2]: named(each["Account"]) for each in found
    }


class NoUpdates:
    """An org that takes no job of a second pass; all else goes to the real one."""

    def __init__(self, org: ports.Salesforce) -> None:
        self._org = org

    def create_job(self, sobject: str, operation: str, external_id: str | None) -> str:
        """Refuse updates, for now."""
        if operation == "update":
            raise errors.NetworkFault("no answer")
        return self._org.create_job(sobject, operation, external_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._org, name)


def test_a_second_pass_that_was_planned_and_never_sent_comes_the_next_night(load: Load) -> None:
    """Its rows aren't remembered as done, whatever the pass before did with them."""
    of(load, a="b", b="a", c=None)
    load.stage()
    jobs = [submit.chunk(load.run, "Account", number) for number in load.cut("Account")]
    load.waited(jobs)
    wait.ended(load.run, "Account", jobs)
    run = load.run
    with pytest.raises(errors.NetworkFault):
        _settle(load, dataclasses.replace(run, salesforce=NoUpdates(run.salesforce)))
    assert not summarize.close(load.run, ["settle_Account"])["clean"]
    assert (1, 2) == told(objects(load, "second")["Account"])
    assert (0, 3) == told(objects(load, "third")["Account"])
    assert {"a": "b", "b": "a", "c": None} == test_waves.parents(load)


def _settle(load: Load, run: ports.Run) -> None:
    """Settle the accounts for as long as nothing is in the way, however slow their jobs are."""
    while waiting := settle.advance(run, "Account")["waiting"]:
        load.waited(waiting)


def test_a_link_that_came_with_its_row_is_set_by_a_second_pass_once_more(load: Load) -> None:
    """Round in a circle, then below another, then round again: the pass of the first night isn't taken for that of the third."""
    for run_name, links in {"first": {"a": "b", "b": "a"}, "second": {"a": "c", "b": "c"}, "third": {"a": "b", "b": "a"}}.items():
        of(load, **links, c=None)
        objects(load, run_name)
        assert {**links, "c": None} == test_waves.parents(load)


def test_a_link_that_waits_is_still_set_when_its_row_goes_again(load: Load) -> None:
    """A row that is sent without it says nothing of it: neither that night nor the next one sends it."""
    of(load, a="b", b="a")
    objects(load, "first")
    of(load, name="new {}", a="b", b="a")
    assert (2, 0) == told(objects(load, "second")["Account"])
    assert (0, 2) == told(objects(load, "third")["Account"])
    assert {"a": "b", "b": "a"} == test_waves.parents(load)


def of(load: Load, name: str = "{}", **above: str | None) -> None:
    """Let accounts be what is loaded: key → the key of the account above; `name`: theirs, of their keys."""
    load.mapping = {"Account": test_waves.ACCOUNT | {"changed_only": True}}
    rows = [{"name": name.format(key), "sourceId": key, "parent": each} for key, each in above.items()]
    load.payload = json.dumps({"accounts": rows}).encode()


def told(part: dict[str, Any]) -> tuple[int, int]:
    """How many rows of an object went through, and how many needn't go."""
    return part["succeeded"], part["unchanged"]


def row(name: str, key: str) -> dict[str, Any]:
    """One row: its key, and the key of the row that it hangs on."""
    return {"name": key, "id": f"{name}{key}", "sourceId": f"{name}{key}", "above": ABOVE[key] and f"{name}{ABOVE[key]}"}


def expected(*names: str) -> dict[str, str | None]:
    """Key → key of the record above it."""
    return {f"{name}{key}": above and f"{name}{above}" for name in names for key, above in ABOVE.items()}


def named(record: dict[str, Any] | None) -> str | None:
    """The key of a record that another one points at."""
    return record and record["External_Id__c"]
