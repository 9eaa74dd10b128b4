"""A payload → uploads and orphans by pandas, as one writes it down at first: whole frames in memory, CSV between the steps.

`read` is the way of pandas' own guide, `json_normalize`; `read_tuned` builds the children's frame from a list
comprehension instead, which takes about two thirds of its time.
It does less than ours: no row ids, no duplicates or bad records set aside, no fate per row, uploads of any size,
no error text beside an orphan. All columns are text, else it would send `7` for `007`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

from tests.bench import family

if TYPE_CHECKING:
    from pathlib import Path

PARENT_KEY = "parent"


def read(payload: Path, folder: Path) -> None:
    """Split and CSV: the payload → the parents' upload, and the children with their parent's key."""
    records = _records(payload)
    # It stops at a record without the list.
    children = pd.json_normalize([each for each in records if "contacts" in each], "contacts", ["sourceId"])
    _split(records, children.rename(columns={"sourceId": PARENT_KEY}), folder)


def read_tuned(payload: Path, folder: Path) -> None:
    """Do the same without json_normalize."""
    records = _records(payload)
    children = pd.DataFrame([{**child, PARENT_KEY: each["sourceId"]} for each in records for child in each.get("contacts", [])])
    _split(records, children, folder)


def _records(payload: Path) -> list[dict[str, Any]]:
    with payload.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file] if payload.suffix == ".jsonl" else json.load(file)["accounts"]


def _split(records: list[dict[str, Any]], children: pd.DataFrame, folder: Path) -> None:
    parents = pd.DataFrame(records, columns=list(family.PARENT)).rename(columns=family.PARENT)
    _write(parents, folder / "parents.csv")
    _write(children.rename(columns=family.CHILD), folder / "children.csv")


def ids(_: Path, folder: Path) -> None:
    """Id map: successful results → key and Id."""
    results = pd.concat([_read(path) for path in sorted(folder.glob("successful-*.csv"))])
    _write(results[["External_Id__c", "sf__Id"]], folder / "ids.csv")


def children(_: Path, folder: Path) -> None:
    """Orphan filter and child CSV: children and Ids → orphans, and the children's upload."""
    known = _read(folder / "ids.csv").set_index("External_Id__c")["sf__Id"]
    found = _read(folder / "children.csv")
    found[family.LOOKUP] = found[PARENT_KEY].map(known)
    lost = found[family.LOOKUP].isna()
    _write(found[lost].drop(columns=family.LOOKUP), folder / "orphans.csv")
    _write(found[~lost].drop(columns=PARENT_KEY), folder / "children-upload.csv")


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _write(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, lineterminator="\n")
