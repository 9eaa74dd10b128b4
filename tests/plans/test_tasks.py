"""include/plans/tasks.yaml, run: each task points at its contact or its lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.plans import conftest

if TYPE_CHECKING:
    from tests.plans.conftest import Shipped

CONTACTS = {"C-1": ("Chloé", "Okafor"), "C-2": (None, "Silva")}
LEADS = {"L-1": ("Kim", "Fjord, Fell and Co"), "L-2": ("Łukasz", 'Café "Milagro"')}
TASKS = {
    "T-1": ("Call back", "2026-09-01", "High", "Contact", "Chloé Okafor"),
    "T-2": ("Send the offer", "2026-09-02", "Normal", "Lead", "Kim"),
    "T-3": ("Send the contract", "2026-09-03", "Normal", "Contact", "Silva"),
    "T-4": ("Ask for the budget", None, "Normal", "Lead", "Łukasz"),
    "T-5": ("Water the plants", "2026-09-05", "Normal", None, None),
    "T-6": ("Second call", "2026-09-06", "Normal", "Contact", "Chloé Okafor"),
}


def check(shipped: Shipped, *left_out: str) -> None:
    """Look at every record; those whose keys are left out must be missing, and nothing else."""
    tasks = shipped.records("Task", "Subject", "ActivityDate", "Priority", "Who.Type", "Who.Name")
    found = [shipped.records("Contact", "FirstName", "LastName"), shipped.records("Lead", "LastName", "Company"), tasks]
    assert [{key: row for key, row in each.items() if key not in left_out} for each in (CONTACTS, LEADS, TASKS)] == found


def test_every_task_points_at_its_contact_or_lead(shipped: Shipped) -> None:
    """One lookup, two kinds of parents, a task of nobody."""
    found = shipped.load("tasks").whole()
    check(shipped)
    assert ("COMPLETED", True) == (found["summary"]["status"], found["clean"])
    assert [{"succeeded": 2}, {"succeeded": 2}, {"succeeded": 6}] == [conftest.tally(found, name) for name in ("Contact", "Lead", "Task")]


@pytest.mark.parametrize("carry", ["id", "relationship"])
def test_one_kind_of_parents_may_be_carried_by_its_key(shipped: Shipped, carry: str) -> None:
    """The lookup may point at several objects, the plan names contacts alone; the choice changes the upload, never the rows."""
    load = shipped.load("tasks")
    parents = load.plan["objects"]["Task"]["parents"]
    parents["WhoId"] = {**parents["WhoId"][0], "carry": carry}
    found = load.whole()
    names = {key: name for key, (*_, kind, name) in TASKS.items() if kind == "Contact"}
    assert names == {key: row[1] for key, row in shipped.records("Task", "Who.Type", "Who.Name").items() if row[0]}
    assert {"succeeded": 6} == conftest.tally(found, "Task")


def test_tasks_of_a_refused_contact_or_lead_are_set_aside(shipped: Shipped) -> None:
    """Each names its own."""
    shipped.org.behave(
        row_faults=[
            {"object": "Contact", "field": "External_Id__c", "value": "C-1", "error": "NO:contact:--"},
            {"object": "Lead", "field": "External_Id__c", "value": "L-2", "error": "NO:lead:--"},
        ]
    )
    found = shipped.load("tasks").whole()
    check(shipped, "C-1", "L-2", "T-1", "T-4", "T-6")
    assert {"succeeded": 3, "orphaned": 3} == conftest.tally(found, "Task")
    told = {(row[conftest.KEY], row["parent_object"], row["parent_error"]) for row in conftest.lost(found, "Task", "orphaned")}
    assert {("T-1", "Contact", "NO:contact:--"), ("T-4", "Lead", "NO:lead:--"), ("T-6", "Contact", "NO:contact:--")} == told
