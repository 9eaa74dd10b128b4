"""docs/plan.schema.json → what the model says, and what editors make of plan files."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from scripts import plan_schema

GOOD: dict[str, Any] = {
    "name": "nightly",
    "org": {"sandbox": True},
    "schedule": "@daily",
    "source": {"uri": "s3://b/{{ ds }}/"},
    "params": {"region": ["EMEA", "AMER"]},
    "objects": {
        "Account": {
            "sobject": "Account",
            "operation": "upsert",
            "external_id": "External_Id__c",
            "fields": {"Name": "name", "External_Id__c": {"from": "id"}},
            "parents": {"ParentId": {"object": "Account", "from": "parent"}},
        }
    },
}


def test_the_file_is_what_the_model_says() -> None:
    """`python -m scripts.plan_schema` writes it."""
    assert plan_schema.text() == plan_schema.FILE.read_text("utf-8")


def test_a_good_plan_passes() -> None:
    """Editors have nothing to complain about."""
    jsonschema.Draft202012Validator.check_schema(json.loads(plan_schema.text()))
    jsonschema.validate(GOOD, json.loads(plan_schema.text()))


@pytest.mark.parametrize("wrong", [{"nmae": "x"}, {"objects": {}}, {"nulls": "delete"}, {"org": "00D"}, {"params": {"x": []}}])
def test_a_wrong_plan_is_underlined(wrong: dict[str, Any]) -> None:
    """Misspelt keys, empty mappings, words that aren't on the list."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | wrong, json.loads(plan_schema.text()))
