"""Records in records, at any depth → rows under the right record, each with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.bulkload.intake import lines, nested
from tests.include.bulkload.intake import sourced

# Of lists, from the outermost down; no name is too odd for one.
LISTS = ("a", "b c", "ü/~", 'd"', "e\\", "f'*")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
PARENTS = {"ParentId": {"sobject": "Account", "from": "p"}}
POSITIONS = 1 << 40


def records(depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    """Records with a value, an object with one, and lists of further records down to six levels."""
    own = st.fixed_dictionaries({}, optional={"v": st.none() | TEXTS | st.integers(), "o": st.fixed_dictionaries({"w": TEXTS})})
    if depth == len(LISTS) - 1:
        return own
    below = st.none() | st.lists(records(depth + 1), max_size=2)
    return st.builds(lambda record, items: record | {LISTS[depth + 1]: items}, own, below)


def told(roots: list[Any], depth: int) -> list[tuple[int | None, int, list[Any], str]]:
    """In plain Python, of all records at a depth: parent's row, nth, the record and those around it, place."""
    found: list[Any] = [(None, nth, [record], f"{LISTS[0]}[{nth}]") for nth, record in enumerate(roots)]
    for name in LISTS[1 : depth + 1]:
        found = [
            (number, nth, [item, *around], f"{place}.{name}[{nth}]")
            for number, (_, _, around, place) in enumerate(found, 1)
            for nth, item in enumerate(around[0].get(name) or [])
        ]
    return found


def text(value: Any) -> str | None:
    """Write a value as raw rows have it."""
    return None if value is None else str(value)


def path(depth: int) -> str:
    """The path of the records at a depth."""
    return ".".join(f"{name}[]" for name in LISTS[: depth + 1])


@given(st.lists(records(), max_size=3), st.sets(st.integers(0, 5), min_size=1), st.integers(0, 5), st.sampled_from(["v", "v /o/w"]))
def test_six_levels_are_cut_as_plain_python_cuts_them(roots: list[Any], depths: set[int], most: int, own: str) -> None:
    """Whichever levels the plan names: parents, order, values of the record, of objects in it, of records around it; places."""
    objects = {}
    for depth in sorted(depths):
        above = "../" * min(most, depth)
        reads = [*own.split(), *([f"{above}v", f"{above}/o/w"] if above else [])]
        objects[f"O{depth}"] = {"records": path(depth), "reads": reads, "parents": PARENTS}
    found = sourced.rows(sourced.checked(objects), {"x.json": json.dumps({LISTS[0]: roots}).encode()})
    for depth in depths:
        expected, rows, up = told(roots, depth), found[f"O{depth}"], min(most, depth)
        assert [(each[0], each[1], each[3]) for each in expected] == [(row.parent_row, row.nth, row.place) for row in rows]
        for place, above in ((0, ""), (up, "../" * up)):
            around = [each[2][place] for each in expected]
            assert [text(record.get("v")) for record in around] == sourced.values(rows, f"{above}v")
            if above or own.endswith("w"):
                assert [text(record.get("o", {}).get("w")) for record in around] == sourced.values(rows, f"{above}/o/w")


KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x01"), max_size=5)


@given(st.lists(KEYS, min_size=1, max_size=3), TEXTS)
def test_any_key_can_be_named(keys: list[str], value: str) -> None:
    """As it stands where it is in the record itself, else as a JSON pointer: dots, slashes, tildes, nothing at all."""
    record: Any = value
    for key in reversed(keys):
        record = {key: record}
    pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
    reads = [pointer, *(keys if len(keys) == 1 and keys[0] and not keys[0].startswith(("/", "../")) else [])]
    found = sourced.rows(sourced.checked({"O": {"reads": reads}}), {"x.json": json.dumps([record]).encode()})["O"]
    assert [dict.fromkeys(reads, value)] == [row.values for row in found]
    within = {"O": {"records": "a[].b[]", "reads": reads[-1:], "parents": PARENTS}}
    found = sourced.rows(sourced.checked(within), {"x.json": json.dumps({"a": [{"b": [record]}]}).encode()})["O"]
    assert [value] == sourced.values(found, reads[-1])


@settings(max_examples=30)
@given(st.lists(st.from_regex(r"-?[1-9][0-9]{0,11}(\.[0-9]{1,5})?|[1-9][0-9]{18}|0\.[0-9]{1,12}", fullmatch=True), min_size=1, max_size=30))
def test_a_number_is_told_as_it_was_written(numbers: list[str]) -> None:
    """In a record and in those within, whichever way they are read."""
    listed = ", ".join(f'{{"v": {number}, "o": {{}}}}' for number in numbers).encode()
    content = b'{"a": [' + listed + b'], "b": [{"c": [' + listed + b"]}]}"
    objects = {"A": {"records": "a[]", "reads": ["v"]}, "C": {"records": "b[].c[]", "reads": ["v"], "parents": PARENTS}}
    objects["D"] = {**objects["C"], "reads": ["v", "/o/w"]}
    found = sourced.rows(sourced.checked(objects), {"x.json": content})
    assert [numbers] * 3 == [sourced.values(found[name], "v") for name in "ACD"]


def test_lists_of_one_document_go_to_their_objects() -> None:
    """In whatever order they stand; what no object names is passed over."""
    document = b'{"leads": [{"n": "L"}], "other": [{"n": 1}], "accounts": [{"n": "A", "c": [{"n": "C"}]}, {"n": "B"}]}'
    objects = {
        "Account": {"records": "accounts[]", "reads": ["n"]},
        "Contact": {"records": "accounts[].c[]", "reads": ["n"], "parents": PARENTS},
        "Lead": {"records": "leads[]", "reads": ["n"]},
    }
    found = sourced.rows(sourced.checked(objects), {"x.json": document})
    assert [["A", "B"], ["C"], ["L"]] == [sourced.values(rows, "n") for rows in found.values()]
    assert ["accounts[0].c[0]", "leads[0]"] == [found["Contact"][0].place, found["Lead"][0].place]


def test_a_document_may_be_a_list_with_lists() -> None:
    """`[]` is the document, `[].c[]` what stands in its records."""
    objects = {"A": {"records": "[]", "reads": ["n"]}, "C": {"records": "[].c[]", "reads": ["n", "../n"], "parents": PARENTS}}
    for name, content in (("x.json", b'[{"n": 1}, {"n": 2, "c": [{"n": 3}]}]'), ("x.jsonl", b'{"n": 1}\n{"n": 2, "c": [{"n": 3}]}\n')):
        found = sourced.rows(sourced.checked(objects), {name: content})
        assert (["1", "2"], [("3", "2")]) == (sourced.values(found["A"], "n"), [(*row.values.values(),)[:2] for row in found["C"]])
        assert {"x.json": "[1].c[0]", "x.jsonl": "line 2: c[0]"}[name] == found["C"][0].place


def test_files_of_a_source_are_one_list() -> None:
    """A row's id tells its file; parents are found, the place names file and line."""
    objects = {"A": {"records": "[]", "reads": ["n"]}, "C": {"records": "[].c[]", "reads": ["n", "../n"], "parents": PARENTS}}
    files = {"a.jsonl": b'{"n": 1, "c": [{"n": 2}]}\n\n', "b.jsonl": b"", "c.jsonl": b'\n{"n": 3, "c": [{"n": 4}, {"n": 5}]}'}
    found = sourced.rows(sourced.checked(objects), files)
    assert ([0, 2], ["a.jsonl, line 1", "c.jsonl, line 2"]) == (
        [row.row_id // POSITIONS for row in found["A"]],
        [row.place for row in found["A"]],
    )
    parents = {row.row_id: row.values["n"] for row in found["A"]}
    assert [("1", 0), ("3", 2), ("3", 2)] == [(parents[row.parent_row or 0], row.row_id // POSITIONS) for row in found["C"]]
    assert ["1", "3", "3"] == sourced.values(found["C"], "../n")
    assert "c.jsonl, line 2: c[1]" == found["C"][2].place


@pytest.mark.parametrize(
    ("record", "faults"),
    [
        (b'{"o": "x"}', ["bad value: Field1__c: an object is expected around it, not a single value"]),
        (b'{"o": {"w": {}}}', ["bad value: Field1__c: a single value is expected, not object"]),
        (b'{"o": {"w": 1, "w": 2}}', ["a key stands twice"]),
        (b'{"o": {"x": {"w": 1, "w": 2}}, "v": 1, "else": [[{}]]}', [None]),
        (b'{"o": null, "v": 1}', [None]),
        (b'{"o": ["x", "y"]}', [None]),
    ],
)
def test_what_is_not_as_the_plan_reads_it_is_one_rejected_row(record: bytes, faults: list[str | None]) -> None:
    """A pointer counts through a list by its places."""
    found = sourced.rows(sourced.checked({"O": {"reads": ["v", "/o/w", "/o/1"]}}), {"x.json": b"[" + record + b"]"})["O"]
    assert faults == [row.fault for row in found]
    assert ["y" if b"y" in record else None] == sourced.values(found, "/o/1")


@pytest.mark.parametrize(
    ("above", "parent", "child"),
    [
        (b'"n": [1]', None, "bad value: Field1__c: a single value is expected, not array"),
        (b'"n": 1, "n": 2', "a key stands twice", "a key stands twice"),
        (b'"m": {}', "bad value: Field0__c: a single value is expected, not object", None),
    ],
)
def test_a_record_whose_enclosing_one_cannot_be_read_is_rejected(above: bytes, parent: str | None, child: str | None) -> None:
    """If it takes a value from there; other faults of that one are its own."""
    objects = {"A": {"records": "[]", "reads": ["m"]}, "C": {"records": "[].c[]", "reads": ["k", "../n"], "parents": PARENTS}}
    found = sourced.rows(sourced.checked(objects), {"x.json": b'[{"c": [{"k": 1}], ' + above + b"}]"})
    assert (parent, child) == (found["A"][0].fault, found["C"][0].fault)


@pytest.mark.parametrize(
    ("objects", "name", "message"),
    [
        (
            {"A": {"records": "a[]", "reads": ["n"]}, "B": {"records": "b[]", "reads": ["n"]}},
            "x.jsonl",
            "JSON lines hold one kind of record",
        ),
        (
            {"A": {"records": "[]", "reads": ["n"]}, "B": {"records": "b[]", "reads": ["n"]}},
            "x.json",
            "a document is a list or holds lists",
        ),
    ],
)
def test_lists_that_cannot_be_in_one_file_are_refused(objects: Any, name: str, message: str) -> None:
    """Before anything is read."""
    with pytest.raises(errors.PlanError, match=message):
        sourced.rows(sourced.checked(objects), {name: b"{}"})


def test_a_list_that_is_missing_is_named() -> None:
    """One of two isn't enough."""
    objects = {"A": {"records": "a[]", "reads": ["n"]}, "B": {"records": "b[]", "reads": ["n"]}}
    with pytest.raises(errors.SourceError, match=r"x\.json: the document has no 'b'"):
        sourced.rows(sourced.checked(objects), {"x.json": b'{"a": []}'})


def test_files_of_several_formats_are_refused() -> None:
    """One source has one format."""
    with pytest.raises(errors.SourceError, match="several formats"):
        sourced.rows(sourced.checked({"A": {"reads": ["n"]}}), {"x.json": b"[]", "y.jsonl": b""})


def test_nulls_are_told_where_the_plan_asks() -> None:
    """Of the record, of objects in it, of records around it; what is absent or blank is none, nor is what stands in nothing."""
    objects = {"C": {"records": "[].c[]", "reads": ["v", "/o/w", "../n", "../m"], "parents": PARENTS, "nulls": "clear"}}
    document = (
        b'[{"n": null, "c": [{"v": null, "o": {"w": null}}, {"v": "", "o": null}, {"v": "x", "o": {}}]},'
        b'{"n": "", "m": null, "c": [{"v": null, "o": {"w": 1}, "v2": 1E40}]}]'
    )
    found = sourced.rows(sourced.checked(objects), {"x.json": document})["C"]
    assert [["../n", "/o/w", "v"], ["../n"], ["../n"], ["../m", "v"]] == [sorted(row.nulls or []) for row in found]
    objects["C"]["nulls"] = "leave"
    assert [None] * 4 == [row.nulls for row in sourced.rows(sourced.checked(objects), {"x.json": document})["C"]]


@given(st.lists(st.fixed_dictionaries({}, optional={"v": st.none() | TEXTS, "w": st.none() | st.integers()}), min_size=1))
def test_a_null_is_one_however_the_record_is_written(roots: list[dict[str, Any]]) -> None:
    """Also where the record has to be written anew, for a number with an exponent, say."""
    mapping = sourced.checked({"O": {"reads": ["v", "w"], "nulls": "clear"}})
    for more in ({}, {"else": 1e300}):
        found = sourced.rows(mapping, {"x.json": json.dumps([each | more for each in roots]).encode()})["O"]
        assert [[name for name in ("v", "w") if name in each and each[name] is None] for each in roots] == [
            row.nulls or [] for row in found
        ]


def test_a_field_may_ask_for_itself() -> None:
    """The others of the same object aren't looked at."""
    mapping = sourced.checked({"O": {"reads": ["v"], "fields": {"Field0__c": "v", "Field1__c": {"from": "w", "nulls": "clear"}}}})
    assert [["w"]] == [row.nulls for row in sourced.rows(mapping, {"x.json": b'[{"v": null, "w": null}]'})["O"]]


def test_a_plain_plan_does_not_pay_for_nulls() -> None:
    """The table engine isn't asked for types unless the plan asks."""
    found = lines.Lines(Path("x"), ("x",), (0,))
    plain, asking = (nested.rows(found, "[]", {"v": "V"}, asked, by_line=False).query for asked in ((), ("v",)))
    assert (False, True) == ("json_type" in plain, "json_type" in asking)


@pytest.mark.parametrize(
    ("value", "text", "fault"),
    [
        (b'["a", "b c"]', "a;b c", None),
        (b"[1, 1.10, true]", "1;1.10;true", None),
        (b"[]", "", None),
        (b'"a;b"', "a;b", None),
        (b"null", None, None),
        (b'["a", null]', None, "a list of single values is expected, not of null"),
        (b'["a", ["b"]]', None, "a list of single values is expected, not of array"),
        (b'["a", {}]', None, "a list of single values is expected, not of object"),
        (b'["a", " "]', None, "an item of its list is blank"),
        (b'["a", "b;c"]', None, "an item of its list holds ;, which stands between two"),
        (b"{}", None, "a single value is expected, not object"),
    ],
)
def test_lists_fill_multi_select_picklists(value: bytes, text: str | None, fault: str | None) -> None:
    """And no other field, whatever is in them."""
    document = {"x.json": b'[{"v": ' + value + b', "o": {"w": ' + value + b"}}]"}
    mapping = sourced.checked({"O": {"reads": ["v", "/o/w"]}})
    (found,) = sourced.rows(mapping, document, "multipicklist")["O"]
    told = f"bad value: Field0__c: {fault}" if fault else None
    assert (text, text, told) == (found.values["v"], found.values["/o/w"], found.fault)
    (plain,) = sourced.rows(mapping, document)["O"]
    assert value.startswith((b"[", b"{")) == (plain.fault is not None)
