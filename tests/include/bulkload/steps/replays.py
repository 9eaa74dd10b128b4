"""A load that lost rows → its replay, as the steps do it, task by task."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import fsspec

from include import storage
from include.bulkload.intake import plan
from include.bulkload.steps import ports, replay

if TYPE_CHECKING:
    from pathlib import Path

    from tests.include.bulkload.steps.conftest import Load

FATES = ("source", "succeeded", "failed", "unprocessed", "orphaned", "rejected", "in_doubt")


def again(load: Load, by: str = "again", *going_on: str) -> ports.Run:
    """The run's folder, as a task of another run of the DAG sees it; every run of before is over but those that go on."""
    return dataclasses.replace(load.run, name=ports.RunName("dag", by), is_over=lambda name: name.run_id not in going_on)


def home(load: Load, by: str) -> ports.RunFolder:
    """The folder of the run that replays."""
    return storage.run_folder(fsspec.filesystem("file"), str(load.root / "runs"), "dag", by)


def begun(load: Load, by: str = "again", file: Path | None = None, of: str = "run") -> dict[str, Any]:
    """The first task."""
    while True:
        found = replay.begin(again(load, by), of, file.as_uri() if file else None, load)
        if not found["waiting"]:
            return found
        load.waited(found["waiting"])


class KilledError(Exception):
    """The process that wrote an entry is gone."""


class Dying:
    """A run folder whose process dies before, or after, it writes an entry whose name ends so or holds that."""

    def __init__(self, folder: ports.RunFolder, entry: str, *, after: bool) -> None:
        self._folder, self._entry, self._after = folder, entry, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._folder, name)

    def create(self, name: str, document: dict[str, Any]) -> None:
        """Write an entry, or die."""
        if self._entry in name and not self._after:
            raise KilledError
        self._folder.create(name, document)
        if self._entry in name:
            raise KilledError


def begun_and_sent(load: Load, run: ports.Run, file: Path | None = None) -> None:
    """A replay's first tasks, in one process that may die."""
    number = replay.begin(run, "run", file.as_uri() if file else None, load)["replay"]
    for name in plan.plan_from(load.document).order():
        while (found := replay.advance(run, number, name))["waiting"]:
            load.waited(found["waiting"])


def advanced(load: Load, by: str, number: int, name: str) -> None:
    """The task of one object."""
    while True:
        found = replay.advance(again(load, by), number, name)
        if not found["waiting"] and not found["not_before"]:
            return
        load.waited(found["waiting"])
        load.clock += 3_600 if found["not_before"] else 0


def replayed(load: Load, by: str = "again", file: Path | None = None, of: str = "run") -> dict[str, Any]:
    """All tasks of a replay; what `close` returns, with what `begin` chose as `chosen`."""
    found = begun(load, by, file, of)
    for name in plan.plan_from(load.document).order():
        advanced(load, by, found["replay"], name)
    return replay.close(again(load, by), found["replay"], [], home(load, by)) | {"chosen": found["objects"]}


def account(summary: dict[str, Any], name: str) -> tuple[int, ...]:
    """An object's rows by FATES."""
    return tuple(summary["objects"][name][fate] for fate in FATES)


def whole(load: Load) -> dict[str, Any]:
    """The run's own summary as it stands now."""
    return load.run.folder.read("summary.json") or {}


def copied(load: Load, listed: list[dict[str, str]], **changed: str) -> Path:
    """An edited copy of a list: cells changed in every row."""
    path = load.root / "edited.csv"
    rows = [row | changed for row in listed]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def family(**contacts: list[str]) -> bytes:
    """Accounts by key, with the last names of their contacts."""
    accounts = [{"name": key, "sourceId": key, "contacts": [{"lastName": name} for name in names]} for key, names in contacts.items()]
    return json.dumps({"accounts": accounts}).encode()


def kin(load: Load) -> list[tuple[str, str | None]]:
    """All contacts of the org, with their account's key."""
    found = load.org.query("SELECT LastName, Account.External_Id__c FROM Contact")
    return sorted((each["LastName"], each["Account"] and each["Account"]["External_Id__c"]) for each in found)
