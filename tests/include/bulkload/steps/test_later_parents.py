"""A replay whose parents came by a later run: their children hang on those records, and on nothing else."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.steps import replay, submit
from tests.include.bulkload.steps import replays, undoings
from tests.include.bulkload.steps.undoings import HIERARCHY, LINES

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

B_FAILS = [{"object": "Account", "field": "Name", "value": "b", "error": "SOME_RULE:no:--"}]


def lost(load: Load, payload: bytes | None = None) -> None:
    """A night that lost the account b, and its contacts with it; the rule is mended."""
    load.payload = payload or replays.family(a=["a1"], b=["b1", "b2"])
    load.org.behave(row_faults=B_FAILS)
    load.whole()
    load.org.behave(row_faults=[])


def later(load: Load, document: dict[str, Any]) -> Load:
    """A later night, loaded."""
    night = dataclasses.replace(load, name="later.json", run_name="later", payload=json.dumps(document).encode())
    night.whole()
    load.clock = night.clock
    return night


def newer(load: Load) -> Load:
    """A later night that writes b, without contacts."""
    return later(load, {"accounts": [{"name": "newer", "sourceId": "B"}]})


def hanging(load: Load) -> list[tuple[str, str]]:
    """Contacts, with their account's name."""
    found = load.org.query("SELECT LastName, Account.Name FROM Contact")
    return sorted((each["LastName"], each["Account"]["Name"]) for each in found)


def test_children_of_a_superseded_parent_hang_on_the_newer_record(load: Load) -> None:
    """The parent is left alone; both accounts close, verifying knows the links, and a second replay has nothing to do."""
    load.more = {"verify": True}
    lost(load)
    newer(load)
    found = replays.replayed(load)
    assert [("a1", "a"), ("b1", "newer"), ("b2", "newer")] == hanging(load)
    assert (0, 1, 2) == (*(found["chosen"]["Account"][count] for count in ("send", "superseded")), found["chosen"]["Contact"]["send"])
    whole = replays.whole(load)
    assert ((2, 1, 1, 0, 0, 0, 0), (3, 3, 0, 0, 0, 0, 0)) == (replays.account(whole, "Account"), replays.account(whole, "Contact"))
    assert ((0,) * 7, (2, 2, 0, 0, 0, 0, 0)) == tuple(replays.account(found["summary"], name) for name in ("Account", "Contact"))
    assert ({"rows": 3}, True) == (whole["objects"]["Contact"]["verified"], found["clean"])
    assert 0 == replays.replayed(load, "once more")["chosen"]["Contact"]["send"]


def test_verifying_knows_which_record_they_were_to_hang_on(load: Load) -> None:
    """Another parent than the newer record is told, with the one that was meant."""
    load.more = {"verify": True}
    lost(load)
    newer(load)
    number = replays.begun(load)["replay"]
    for name in load.mapping:
        replays.advanced(load, "again", number, name)
    (child,) = load.org.query("SELECT Id FROM Contact WHERE LastName = 'b1'")
    load.org.change("Contact", child["Id"], AccountId=undoings.account(load, "a"))
    replay.close(replays.again(load), number, [], replays.home(load, "again"))
    told = replays.whole(load)["objects"]["Contact"]["verified"]
    assert [("otherParent", undoings.account(load, "B"))] == [(row["problem"], row["expected"]) for row in load.listed(told["file"])]


def test_an_undo_leaves_the_newer_record(load: Load) -> None:
    """It takes the children back; what they hung on is another run's."""
    lost(load)
    newer(load)
    replays.replayed(load)
    undoings.undone(load)
    assert ([], ["newer"]) == (hanging(load), [each["Name"] for each in load.org.query("SELECT Name FROM Account")])


def test_a_newer_record_that_is_gone_leaves_its_children_orphans(load: Load) -> None:
    """Their list says why; the parent isn't sent in its place."""
    lost(load)
    newer(load)
    load.org.remove("Account", undoings.account(load, "B"))
    replays.replayed(load)
    told = load.listed(replays.whole(load)["objects"]["Contact"]["files"]["orphaned"])
    assert [("b", "failed", "a later run wrote this key, or may have, and no record in the org has it now")] * 2 == [
        (row["parent_key"], row["parent_fate"], row["parent_error"]) for row in told
    ]
    assert [("a1", "a")] == hanging(load)


def test_a_later_job_that_nobody_collected_is_asked_of_the_org(load: Load) -> None:
    """What it wrote is there, whatever its run knows of it."""
    lost(load)
    night = dataclasses.replace(load, name="later.json", run_name="later", payload=replays.family(B=[]))
    night.stage()
    night.waited([submit.chunk(night.run, "Account", *night.cut("Account"))])
    load.clock = night.clock
    assert (1, 2) == tuple(
        replays.replayed(load)["chosen"][name][count] for name, count in (("Account", "superseded"), ("Contact", "send"))
    )
    assert [("a1", "a"), ("b1", "B"), ("b2", "B")] == hanging(load)


def test_it_goes_on_down_the_generations(load: Load) -> None:
    """A hierarchy, what hangs on it by key, and what hangs on that; a superseded row is passed over, what hangs on it isn't."""
    load.mapping = json.loads(json.dumps(HIERARCHY))
    accounts = [{"key": "b", "name": "b"}, {"key": "c", "name": "c", "parent": "b"}, {"key": "d", "name": "d", "parent": "c"}]
    invoices = [{"key": key, "name": key, "account": "b"} for key in ("i", "j")]
    lines = [{"name": f"of {key}", "quantity": 1, "invoice": key} for key in ("i", "j")]
    lost(load, json.dumps({"accounts": accounts, "invoices": invoices, "lines": lines}).encode())
    newly = {"accounts": [{"key": "b", "name": "newer"}], "invoices": [{"key": "J", "name": "newer j", "account": "b"}], "lines": []}
    later(load, newly)
    found = replays.replayed(load)["chosen"]
    assert [(2, 1), (1, 1), (2, 0)] == [(found[name]["send"], found[name]["superseded"]) for name in HIERARCHY]
    parents = {each["Name"]: each["Parent"] and each["Parent"]["Name"] for each in load.org.query("SELECT Name, Parent.Name FROM Account")}
    assert {"newer": None, "c": "newer", "d": "c"} == parents
    of = {each["Id"]: each["Name"] for each in load.org.query("SELECT Id, Name FROM Invoice__c")}
    assert [("of i", "i"), ("of j", "newer j")] == sorted((each["Name"], of[each["Invoice__c"]]) for each in load.org.query(LINES))


@pytest.mark.parametrize("cut", [False, True])
def test_a_link_that_waited_is_set_to_the_newer_record(load: Load, *, cut: bool) -> None:
    """Of a record that stands, in a circle; of one that is created now, since the run could never have sent its parent itself."""
    load.mapping = {"Account": json.loads(json.dumps(HIERARCHY["Account"]))}
    load.mapping["Account"]["parents"]["ParentId"]["cut"] = cut
    circle = [{"key": "b", "name": "b", "parent": "a"}, {"key": "a", "name": "a", "parent": "b"}]
    rejected = [{"key": "r", "name": "r", "size": "many"}, {"key": "c", "name": "c", "parent": "r"}]
    lost(load, json.dumps({"accounts": [*circle, *rejected]}).encode())
    assert (2, 1, 1) == tuple(replays.whole(load)["objects"]["Account"][fate] for fate in ("failed", "orphaned", "rejected"))
    later(load, {"accounts": [{"key": key, "name": f"newer {key}"} for key in ("b", "r")]})
    found = replays.replayed(load)["chosen"]["Account"]
    assert (1, 1, 1) == tuple(found[count] for count in ("send", "links", "superseded"))
    parents = load.org.query("SELECT Name, Parent.Name FROM Account WHERE ParentId != null")
    assert [("a", "newer b"), ("c", "newer r")] == sorted((each["Name"], each["Parent"]["Name"]) for each in parents)


def test_keyless_children_that_came_with_their_parent_stay_and_those_that_may_have(load: Load) -> None:
    """Whatever the later plan calls them and their fields, and links them by; one that a copy names goes."""
    lost(load, replays.family(a=["a1"], b=["b1", "b2"], c=["c1"]))
    night = dataclasses.replace(load, name="later.json", run_name="later", payload=replays.family(B=["b1", "edited"]))
    people = json.loads(json.dumps(load.mapping["Contact"])) | {"parents": {"AccountId": {"object": "Account", "from": "../sourceId"}}}
    people["fields"] = {field.lower(): source for field, source in people["fields"].items()}
    night.mapping = {"Account": load.mapping["Account"], "People": people}
    night.whole()
    load.clock = night.clock
    before = [("a1", "a"), ("b1", "B"), ("c1", "c"), ("edited", "B")]
    found = replays.replayed(load)
    counts = ("send", "superseded", "heldBack")
    assert ((0, 1, {"later": 1}), before) == (tuple(found["chosen"]["Contact"][count] for count in counts), hanging(load))
    told = found["summary"]["objects"]["Contact"]
    assert (False, {"orphaned": 2}, 1, {"later": 1}) == (found["clean"], *(told[count] for count in ("left", *counts[1:])))
    orphans = load.listed(replays.whole(load)["objects"]["Contact"]["files"]["orphaned"])
    copy = replays.copied(load, [row for row in orphans if row["LastName"] == "b2"])
    assert 1 == replays.replayed(load, "by hand", copy)["chosen"]["Contact"]["send"]
    assert [*before[:2], ("b2", "B"), *before[2:]] == hanging(load)


@pytest.mark.parametrize("mended", ["", "edited"])
@pytest.mark.parametrize("order", [("run", "later"), ("later", "run")])
def test_keyless_children_that_two_nights_lost_come_once(load: Load, order: tuple[str, str], *, mended: str) -> None:
    """Whichever of the two is replayed first, and whether that sends its parent as it was or from a copy: the other's stay."""
    nights = {"run": load, "later": dataclasses.replace(load, name="later.json", run_name="later")}
    for name, night in nights.items():
        lost(night, replays.family(b=["b1"], **{name: ["own"]}))
        night.clock = nights["later"].clock = night.clock + 100
    found = []
    for which, name in enumerate(order):
        night = nights[name]
        night.clock += 1_000 * (which + 1)
        lists = replays.whole(night)["objects"]["Account"]["files"]
        copy = replays.copied(night, night.listed(lists["failed"]), Name=mended) if mended and not which else None
        found.append(replays.replayed(night, f"again {name}", copy, of=name)["chosen"]["Contact"])
    assert [("b1", "b"), ("own", "later"), ("own", "run")] == replays.kin(load)
    assert [(1, 0), (0, 1)] == [(each["send"], each["superseded"]) for each in found]
