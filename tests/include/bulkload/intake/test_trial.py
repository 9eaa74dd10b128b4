"""A trial → the first roots with all that hangs on them, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.include.bulkload.intake import given

KEY = {"operation": "upsert", "external_id": "Key__c"}
FIELDS = {"Key__c": "key", "Name": "name"}
DESCRIBE = [given.key("Key__c"), given.field("Name")]


def taken(objects: dict[str, Any], rows: dict[str, given.Rows], first: int) -> dict[str, list[int]]:
    """The rows that a trial takes, by object; the others must be filtered and nothing else."""
    found = given.staged(given.checked(objects, only_first=first), dict.fromkeys(objects, DESCRIBE), rows)
    left = [row for name in found for row in found[name] if row["filtered"]]
    assert [(None, None)] * len(left) == [(row["reason"], row["merged_into"]) for row in left]
    return {name: [row["row_id"] for row in found[name] if not row["filtered"]] for name in found}


def test_every_row_is_counted_once() -> None:
    """Rejected, merged, filtered or fine: what a trial leaves out is filtered, whatever else would be said of it."""
    rows = [{"key": "a"}, {"key": "a"}, {"key": ""}, {"key": "b", "name": "#N/A"}, {"key": "c"}, {"key": "d", "name": " x"}, {"key": "d"}]
    counts = given.whole(given.checked({"A": obj("A")}, only_first=4), {"A": DESCRIBE}, {"A": rows})["A"].counts
    assert (7, 2, 1, 2) == (counts.rows, counts.rejected, counts.merged, counts.filtered)
    assert 0 == counts.changes["edgeBlanks"]


def obj(name: str, **parents: Any) -> dict[str, Any]:
    """An object that is upserted by its key."""
    return {"sobject": name, **KEY, "fields": FIELDS, "parents": parents}


def keyed(*keys: str | None, **cells: Any) -> given.Rows:
    """Rows of these keys, all with these cells."""
    return [{"key": key, **cells} for key in keys]


def test_the_first_roots_come_with_their_children() -> None:
    """Down all generations, by nesting and by key; a row whose parent isn't there isn't taken."""
    objects = {
        "A": obj("A") | {"records": "a[]"},
        "B": obj("B", A__c={"object": "A"}) | {"records": "a[].b[]"},
        "C": obj("C", B__c={"object": "B", "from": "b"}) | {"records": "a[]"},
    }
    rows = {
        "A": keyed("a1", "a2", "a3"),
        "B": [{"key": "b1", "parent": 3}, {"key": "b2", "parent": 1}, {"key": "b3", "parent": 2}],
        "C": [{"key": "c1", "b": "b1"}, {"key": "c2", "b": "B2"}, {"key": "c3", "b": "b3"}, {"key": "c4", "b": "nowhere"}],
    }
    assert {"A": [1, 2], "B": [2, 3], "C": [2, 3]} == taken(objects, rows, 2)


def test_a_junction_comes_with_both_of_its_parents() -> None:
    """A blank cell is no parent; one that hangs on nothing is a root of its own."""
    links = {"A__c": {"object": "A", "from": "a"}, "B__c": {"object": "B", "from": "b"}}
    cells = [("a1", "b1"), ("a1", "b2"), ("a2", "b1"), ("a1", ""), ("", "b2"), ("", ""), ("", "")]
    rows = {"A": keyed("a1", "a2"), "B": keyed("b1", "b2"), "J": [{"key": str(n), "a": a, "b": b} for n, (a, b) in enumerate(cells)]}
    assert {"A": [1], "B": [1], "J": [1, 4, 6]} == taken({"A": obj("A"), "B": obj("B"), "J": obj("J", **links)}, rows, 1)


def test_rows_that_name_each_other_come_down_to_the_last() -> None:
    """Whatever their order; those of a circle hang on no root."""
    cells = {"e": "d", "d": "c", "c": "r", "r": "", "s": "", "x": "y", "y": "x", "f": "s"}
    rows = {"A": [{"key": key, "up": up} for key, up in cells.items()]}
    assert {"A": [1, 2, 3, 4]} == taken({"A": obj("A", ParentId={"object": "A", "from": "up"})}, rows, 1)


def test_a_link_that_is_cut_does_not_count() -> None:
    """It is set later: accounts are the roots here, though each names its first contact."""
    objects = {
        "A": obj("A", First__c={"object": "C", "from": "first", "cut": True}),
        "C": obj("C", AccountId={"object": "A", "from": "account"}),
    }
    rows = {
        "A": [{"key": "a1", "first": "c1"}, {"key": "a2", "first": "c2"}],
        "C": [{"key": "c1", "account": "a1"}, {"key": "c2", "account": "a2"}],
    }
    assert {"A": [1], "C": [1]} == taken(objects, rows, 1)


def test_merged_rows_go_with_the_row_that_stands_for_them() -> None:
    """The third root is the third record, not the third row."""
    rows = {"A": keyed("a1", "a1", "a2", "a3", "a1", "a2")}
    assert {"A": [1, 2, 3, 5, 6]} == taken({"A": obj("A")}, rows, 2)


def test_a_rejected_root_is_one_of_the_first() -> None:
    """A trial shows what is wrong with the first rows; their children come too."""
    objects = {"A": obj("A"), "B": obj("B", A__c={"object": "A", "from": "a"})}
    rows = {"A": [{"key": "a1", "name": "#N/A"}, {"key": "a2"}], "B": [{"key": "b1", "a": "a1"}, {"key": "b2", "a": "a2"}]}
    assert {"A": [1], "B": [1]} == taken(objects, rows, 1)


@settings(max_examples=25)
@drawn(
    st.lists(st.integers(0, 12), max_size=12), st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=12), st.integers(1, 4)
)
def test_a_trial_is_closed_upwards(ups: list[int], pairs: list[tuple[int, int]], first: int) -> None:
    """No row is taken without all it hangs on, none is left whose parents are all taken; compared with plain Python."""
    objects = {
        "A": obj("A", ParentId={"object": "A", "from": "up"}),
        "B": obj("B", One__c={"object": "A", "from": "one"}, Two__c={"object": "A", "from": "two"}),
    }
    rows = {
        "A": [{"key": str(nth), "up": str(up or "")} for nth, up in enumerate(ups, 1)],
        "B": [{"key": str(nth), "one": str(one or ""), "two": str(two or "")} for nth, (one, two) in enumerate(pairs, 1)],
    }
    roots = [nth for nth, up in enumerate(ups, 1) if not up][:first]
    accounts = set(roots)
    for _ in ups:
        accounts |= {nth for nth, up in enumerate(ups, 1) if up in accounts}
    alone = [nth for nth, pair in enumerate(pairs, 1) if not any(pair)][:first]
    hanging = [nth for nth, pair in enumerate(pairs, 1) if any(pair) and {*pair} - {0} <= accounts]
    assert {"A": sorted(accounts), "B": sorted([*alone, *hanging])} == taken(objects, rows, first)
