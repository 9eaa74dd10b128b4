"""What a run may choose → forms that hold what they say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from bulkload_airflow import bulk_config, bulk_forms, settings
from include.bulkload.basics import errors
from include.bulkload.intake import plan
from tests.plugins.bulkload_airflow import planned

DEPLOYED = settings.current({"BULKLOAD_RUN_BASE": "file:///tmp/runs"})
PLAIN = planned.one("once")


def adhoc(document: dict[str, Any], **environment: str) -> bulk_config.Config:
    """Read a config of `adhoc_load`, after Airflow's own look at it."""
    deployed = settings.current({"BULKLOAD_RUN_BASE": "file:///tmp/runs"} | environment)
    params = {
        name: param.resolve(document[name]) if name in document else param.resolve() for name, param in bulk_forms.adhoc(deployed).items()
    }
    context: Any = {"params": params | document, "dag_run": SimpleNamespace(conf=document)}
    return bulk_config.adhoc(deployed)(context)


def test_every_default_of_every_form_is_one_that_the_form_takes() -> None:
    """Whoever changes one field must be able to trigger."""
    for form in (bulk_forms.adhoc(DEPLOYED), bulk_forms.parent_child(DEPLOYED), bulk_forms.switches()):
        assert {name: param.value for name, param in form.items()} == {name: param.resolve() for name, param in form.items()}


def test_the_form_of_adhoc_load_has_every_key_of_a_plan() -> None:
    """One model: keys, help, types."""
    form = bulk_forms.adhoc(DEPLOYED)
    assert [(name, field.description) for name, field in plan.Plan.model_fields.items()] == [
        (name, form[name].description) for name in plan.Plan.model_fields
    ]


def test_a_form_holds_no_more_of_the_model_than_it_refers_to() -> None:
    """Airflow stores each form with its DAG."""
    form = bulk_forms.adhoc(DEPLOYED)
    assert ({"OrgKind"}, None) == (set(form["org"].schema["$defs"]), form["again"].schema.get("$defs"))
    assert len(json.dumps({name: param.schema for name, param in form.items()})) < 50_000


def test_a_plan_in_the_config_is_that_plan() -> None:
    """The same document that a file holds."""
    assert plan.plan_from(PLAIN) == adhoc(PLAIN).plan


def test_the_form_of_adhoc_load_alone_is_a_plan_but_for_its_source() -> None:
    """The defaults of the form's fields are those of the plan."""
    found = adhoc({"source": {"uri": "file:///tmp/runs/a.json"}}).plan
    assert ("adhoc_load", ["Account", "Contact"], "salesforce_default") == (found.name, found.order(), found.conn_id)


@pytest.mark.parametrize("wrong", [{"nulls": "drop"}, {"objects": {}}, {"poll_seconds": 0}, {"objects": {"A": {}}}, {"conn_id": "other"}])
def test_the_form_refuses_what_no_run_could_use(wrong: dict[str, Any]) -> None:
    """Before a run exists."""
    with pytest.raises(ParamValidationError):
        adhoc(PLAIN | wrong)


def test_an_unknown_key_is_named() -> None:
    """A misspelt key must not be ignored."""
    with pytest.raises(errors.PlanError, match="sorces"):
        _ = adhoc(PLAIN | {"sorces": {}}).plan


QUERY = {"source": {"sql": "SELECT 1", "conn_id": "crm"}}
TRANSFORM = {"objects": {"Account": PLAIN["objects"]["Account"] | {"transform": {"function": "tidy"}}}}


@pytest.mark.parametrize(
    ("more", "place", "switch"),
    [(QUERY, "source.sql", "BULKLOAD_ADHOC_SQL"), (TRANSFORM, "objects.Account.transform", "BULKLOAD_ADHOC_TRANSFORMS")],
)
def test_queries_and_transforms_are_for_plan_files_unless_the_deployment_lets_it(more: dict[str, Any], place: str, switch: str) -> None:
    """Whoever may trigger a DAG must not thereby read databases or run code."""
    with pytest.raises(errors.PlanError, match=f"^{place}: .*{switch}"):
        adhoc(PLAIN | more)
    adhoc(PLAIN | more, **{switch: "true"})


@pytest.mark.parametrize("uri", ["s3://b/{{ ds }}.json", "s3://b/{% raw %}"])
def test_braces_in_a_config_are_no_template(uri: str) -> None:
    """A plan file's document that isn't filled in is told apart from a missing file."""
    with pytest.raises(errors.PlanError, match=r"^source: .*template"):
        adhoc(PLAIN | {"source": {"uri": uri}})


def test_a_plan_deeper_than_the_dag_is_refused() -> None:
    """Six levels are laid out; the seventh would never be sent."""
    account = PLAIN["objects"]["Account"]
    objects = {f"A{n}": account | {"parents": {"ParentId": {"object": f"A{n - 1}", "from": "up"}} if n else {}} for n in range(7)}
    adhoc(PLAIN | {"objects": dict(list(objects.items())[:6])})
    with pytest.raises(errors.PlanError, match="7 levels"):
        adhoc(PLAIN | {"objects": objects})
