"""Rows through a function of people's own → the same rows with its texts; whatever it breaks stops the run."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from include import transforms
from include.bulkload.basics import errors
from include.bulkload.intake import preflight, transformed
from tests.include.bulkload.intake import given

NAME = [given.field("Name"), given.field("Note__c")]
SEEN: list[int] = []


@transforms.transform
def upper_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Work on a column, and on one that it isn't sent for."""
    SEEN.append(len(frame))
    return frame.assign(name=frame["name"].str.upper() + frame["suffix"].fillna(""))


@transforms.transform
def only_named(frame: pd.DataFrame) -> pd.DataFrame:
    """Drop rows, in another order."""
    return frame.dropna(subset=["name"]).iloc[::-1]


@transforms.transform
def breaking(frame: pd.DataFrame) -> pd.DataFrame:
    """Do what the first row's text says."""
    return {
        "raise": lambda: frame["nowhere"],
        "none": lambda: None,
        "twice": lambda: pd.concat([frame, frame]),
        "new": lambda: frame.reset_index(drop=True),
        "numbers": lambda: frame.assign(name=frame["name"].str.len()),
        "mixed": lambda: frame.assign(name=pd.Series([1, "x"], index=frame.index, dtype="object")),
        "column": lambda: frame.drop(columns="name"),
    }[frame["name"].iloc[0]]()


def staged(function: str, rows: given.Rows, **own: Any) -> given.Rows:
    """Stage rows that pass a function."""
    fields = {"Name": "name", "Note__c": {"from": "note", "nulls": "clear"}}
    each = {"sobject": "Any__c", "operation": "insert", "fields": fields, "transform": {"function": function, "reads": ["suffix"]}, **own}
    return given.staged(given.checked({"Any__c": each}), {"Any__c": NAME}, {"Any__c": rows})["Any__c"]


def test_a_function_changes_texts() -> None:
    """Other columns, nulls and rows that can't be read go by untouched."""
    rows = [{"name": "a", "suffix": "!"}, {"name": "b", "note": None}, {"name": "c", "fault": "not JSON"}, {"note": "é\n"}]
    found = staged("upper_names", rows)
    assert ["A!", "B", "c", None] == given.column(found, "Name")
    assert [None, "#N/A", None, "é\n"] == given.column(found, "Note__c")
    assert [None, None, "not JSON", None] == given.column(found, "reason")


def test_a_row_that_it_drops_is_filtered() -> None:
    """It has no reason, whatever is wrong with it, and the others keep their order."""
    found = staged("only_named", [{"name": "a"}, {"note": "#N/A"}, {"name": "b"}, {"name": "#N/A"}])
    assert [(1, False), (2, True), (3, False), (4, False)] == [(row["row_id"], row["filtered"]) for row in found]
    assert [True, True, True, False] == [reason is None for reason in given.column(found, "reason")]


def test_rows_pass_batch_by_batch() -> None:
    """No frame holds more rows than fit, none is left out."""
    SEEN.clear()
    most, rows = transformed.VECTORS * 2048, 100_000
    transform = {"function": "upper_names", "reads": ["suffix"]}
    mapping = given.checked({"Many__c": {"sobject": "Many__c", "operation": "insert", "fields": {"Name": "name"}, "transform": transform}})
    with given.engine() as (con, folder):
        source = given.raw_of(con, "Many__c", mapping.objects["Many__c"].reads, [])
        con.execute(f"INSERT INTO given_Many__c SELECT i + 1, NULL, i, [i::VARCHAR, NULL], NULL, NULL, false FROM range({rows}) AS t(i)")
        found = transformed.rows(con, source, mapping, "Many__c", folder)
        told = con.execute(f"SELECT count(DISTINCT row_id), sum(raw[1]::BIGINT), count_if(filtered) FROM ({found.query})").fetchone()
    assert ((rows, sum(range(rows)), 0), [most, most, rows - 2 * most]) == (told, SEEN)


@pytest.mark.parametrize(
    ("what", "wrong"),
    [
        ("raise", "it raises KeyError: 'nowhere'; its traceback is in the log"),
        ("none", "it returns NoneType, a DataFrame is expected"),
        ("twice", "it returns row 1 of the index twice"),
        ("new", "it returns rows that it wasn't given (0 in the index); it must keep the frame's index"),
        ("numbers", "the column name isn't all text but integer"),
        ("mixed", "the column name isn't all text but mixed-integer"),
        ("column", "it returns 0 columns called name"),
    ],
)
def test_what_it_breaks_stops_the_run(what: str, wrong: str) -> None:
    """The message names function, batch and what is wrong."""
    with pytest.raises(errors.TransformFailed) as failed:
        staged("breaking", [{"name": what}, {"name": "x"}])
    assert f"the transform breaking, batch 1: {wrong}; mend the function in include/transforms" == str(failed.value)


def test_an_unknown_function_is_a_mistake_of_the_plan() -> None:
    """It is found before anything is read, with those that there are."""
    each = {"sobject": "Any__c", "operation": "insert", "fields": {"Name": "name"}, "transform": {"function": "nobody"}}
    with pytest.raises(errors.PlanError) as wrong:
        preflight.check(given.checked({"Any__c": each}), {"Any__c": {"fields": NAME}})
    assert str(wrong.value).startswith("objects.Any__c.transform.function: no transform is called nobody; include/transforms has ")
    assert "split_full_name" in str(wrong.value)
