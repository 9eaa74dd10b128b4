"""A document → a checked plan, or every mistake at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import plan

GOOD: dict[str, Any] = {
    "name": "accounts_and_contacts",
    "source": {"uri": "file:///data/payload.json"},
    "objects": {
        "Contact": {
            "sobject": "Contact",
            "records": "accounts[].contacts[]",
            "operation": "insert",
            "fields": {"LastName": "lastName"},
            "parents": {"AccountId": {"object": "Account"}},
        },
        "Account": {
            "sobject": "Account",
            "records": "accounts[]",
            "operation": "upsert",
            "external_id": "External_Id__c",
            "fields": {"Name": "name", "External_Id__c": "sourceId"},
            "max_failed": "2%",
        },
    },
}


def with_change(path: str, value: Any) -> dict[str, Any]:
    """Change one place of the good plan, `a.b.c`; None takes it away."""
    document = copy.deepcopy(GOOD)
    *way, last = path.split("/")
    place = document
    for part in way:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return document


def test_parents_come_first_whatever_the_document_says() -> None:
    """The plan may name its objects in any order."""
    assert ["Account", "Contact"] == plan.plan_from(GOOD).order()


def test_of_two_that_may_stand_in_either_order_the_documents_counts() -> None:
    """Both may write the same records, and the later one's values are to stay: a parent above the first changes nothing."""
    top, detail = ({**GOOD["objects"]["Account"], "records": f"{name}[]"} for name in ("tops", "details"))
    below = {**detail, "records": "accounts[]", "parents": {"ParentId": {"object": "Top", "from": "parent"}}}
    assert ["Top", "Account", "Detail"] == plan.plan_from({**GOOD, "objects": {"Top": top, "Account": below, "Detail": detail}}).order()


@pytest.mark.parametrize(
    ("path", "value", "finding"),
    [
        (
            "objects/Contact",
            {**GOOD["objects"]["Contact"], "changed_only": True, "parents": {"AccountId": {"object": "Account", "carry": "relationship"}}},
            "objects.Contact.changed_only: a parent that was loaded anew keeps its key",
        ),
        ("objects/Account/external_id", None, "objects.Account.external_id: an upsert needs the key's field"),
        ("objects/Account/fields", {"Name": "name"}, "objects.Account.fields: External_Id__c is the key but no source value fills it"),
        ("objects/Contact/external_id", "External_Id__c", "objects.Contact.external_id: an insert has no key"),
        ("objects/Contact/parents", {"AccountId": {"object": "Acount"}}, "no object is called Acount; the plan has Contact, Account"),
        ("objects/Contact/records", "people[]", "people[] don't stand in accounts[]"),
        ("objects/Contact/parents", None, "its records stand in others' but no lookup names them"),
        ("objects/Contact/fields", {"AccountId": "x", "LastName": "l"}, "objects.Contact.fields.AccountId: it is filled by `parents` too"),
        (
            "objects/Contact/parents",
            {"ReportsToId": [{"sobject": "Contact", "from": "boss"}, {"sobject": "Lead", "from": "boss"}]},
            "objects.Contact.parents.ReportsToId: several parents are told apart by their `from`; give each a source value of its own",
        ),
        (
            "objects/Contact/parents",
            {
                "ReportsToId": [
                    {"sobject": "Contact", "by": "external_id", "external_id": "K__c", "from": "boss", "carry": "relationship"},
                    {"sobject": "Lead", "by": "external_id", "external_id": "K__c", "from": "chief"},
                ]
            },
            "objects.Contact.parents.ReportsToId: several columns would fill it, blank ones beside the filled",
        ),
        (
            "objects/Account/fields",
            {"Name": "name", "External_Id__c": "sourceId", "name": "title"},
            "objects.Account.fields.name: it is Name once more, names have no case; keep one of the two",
        ),
        ("objects/Account/opration", "upsert", "objects.Account.opration: Extra inputs are not permitted"),
        ("objects/Account/max_failed", "200%", "objects.Account.max_failed"),
        ("objects/Account/records", "accounts", "objects.Account.records"),
        ("objects/Contact/fields", {"LastName": "../../x"}, "objects.Contact: ../../x leads out of accounts[].contacts[]"),
        ("source", None, "source: the plan names nothing to read"),
        ("job_bytes", 200_000_000, "job_bytes"),
        ("keep_ledger_days", 29, "keep_ledger_days: files need their ledger as long as they are kept; say at least 30"),
    ],
)
def test_a_mistake_is_named_by_its_place(path: str, value: Any, finding: str) -> None:
    """What is wrong, where, and what to do."""
    with pytest.raises(errors.PlanError) as wrong:
        plan.plan_from(with_change(path, value))
    assert finding in str(wrong.value)


def test_all_mistakes_come_at_once() -> None:
    """Nobody wants to mend a plan mistake by mistake."""
    document = with_change("objects/Account/operation", "upsrt")
    document["objects"]["Contact"]["operation"] = "insrt"
    document["poll_seconds"] = -1
    with pytest.raises(errors.PlanError) as wrong:
        plan.plan_from(document)
    assert 3 == len(wrong.value.findings)


@pytest.mark.parametrize("document", [None, [], "plan", 7, {}])
def test_rubbish_is_a_plan_error(document: Any) -> None:
    """Whatever the config holds, the answer is a list of mistakes."""
    with pytest.raises(errors.PlanError):
        plan.plan_from(document)


@pytest.mark.parametrize(("allowed", "rows", "lost"), [(0, 10, 0), (3, 10, 3), ("2%", 149, 2), ("0.57%", 10_000, 57), ("100%", 7, 7)])
def test_a_share_of_the_rows_may_be_lost(allowed: Any, rows: int, lost: int) -> None:
    """A share is rounded down: 2 % of 149 rows are 2."""
    assert lost == plan.plan_from(with_change("objects/Account/max_failed", allowed)).objects["Account"].loss_allowed(rows)


def test_a_plan_round_trips() -> None:
    """The run's copy is the plan."""
    checked = plan.plan_from(GOOD)
    assert checked == plan.plan_from(checked.model_dump(mode="json"))


def test_params_have_a_default_each() -> None:
    """A list is what may be chosen, its first what counts where nobody chose."""
    found = plan.plan_from({**GOOD, "params": {"region": ["EMEA", "AMER"], "top": 5, "sure": True}})
    assert {"region": "EMEA", "top": 5, "sure": True} == found.defaults


def test_a_param_cant_be_called_like_a_switch_of_the_form() -> None:
    """The form has one field of each name."""
    with pytest.raises(errors.PlanError, match=r"params\.again"):
        plan.plan_from({**GOOD, "params": {"again": True}})


def test_a_schedule_of_none_is_none() -> None:
    """YAML's word for it is `null`, people's is `none`."""
    assert plan.plan_from({**GOOD, "schedule": "none"}).schedule is None
