"""Configs → plans, or every mistake at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from bulkload_airflow import bulk_config, bulk_forms, settings
from include.bulkload.basics import errors

DEPLOYED = settings.current({"BULKLOAD_RUN_BASE": "file:///tmp/runs"})


def resolved(given: dict[str, Any], deployed: settings.Settings = DEPLOYED) -> bulk_config.Config:
    """Fill a config with the form's defaults, as Airflow does, and read it."""
    params = {
        name: param.resolve(given[name]) if name in given else param.resolve() for name, param in bulk_forms.parent_child(deployed).items()
    }
    return bulk_config.config(params, given, deployed, "parent_child_load")


def test_a_payload_uri_is_all_that_a_run_must_name() -> None:
    """The default mapping, connection and limits make a plan."""
    found = resolved({"payload_uri": "file:///tmp/runs/a.json"}).plan
    assert ("file:///tmp/runs/a.json", ["Account", "Contact"], 600.0) == (found.source.uri, found.order(), found.wait_seconds)


def test_an_inline_payload_is_kept_apart_from_the_plan() -> None:
    """The plan's copy in the run folder doesn't hold the records."""
    found = resolved({"payload": {"accounts": []}})
    assert ({"accounts": []}, "inline", "json") == (found.payload, found.plan.source.uri, found.plan.source.format)


def test_a_run_that_names_nothing_to_load_says_so() -> None:
    """Neither payload nor URI is one clear error."""
    with pytest.raises(errors.PlanError, match="payload_uri"):
        resolved({})


def test_two_sources_are_one_too_many() -> None:
    """A payload beside a URI isn't guessed about."""
    with pytest.raises(errors.PlanError, match="keep one"):
        resolved({"payload": {"accounts": []}, "payload_uri": "s3://b/a.json"})


def test_a_payload_beats_the_deployments_own_uri() -> None:
    """The form sends the deployment's URI along; a trial payload still counts."""
    deployed = settings.current({"BULKLOAD_SOURCE_URI": "s3://b/nightly.jsonl"})
    assert {"accounts": []} == resolved({"payload": {"accounts": []}, "payload_uri": "s3://b/nightly.jsonl"}, deployed).payload


def test_an_inline_payload_has_a_limit() -> None:
    """256 KB is for trials; more belongs into object storage."""
    with pytest.raises(errors.PlanError, match="object storage"):
        resolved({"payload": {"accounts": ["x" * bulk_config.INLINE_BYTES]}})


def test_an_unknown_key_is_named_with_its_neighbour() -> None:
    """A misspelt key must not be ignored."""
    with pytest.raises(errors.PlanError, match="did you mean payload_uri"):
        resolved({"payload_url": "s3://b/a.json"})


def test_max_failed_goes_to_its_object() -> None:
    """The tolerance that the form asks for lands in the plan."""
    found = resolved({"payload_uri": "s3://b/a", "max_failed": {"Contact": "2%"}}).plan
    assert (0, "2%") == (found.objects["Account"].max_failed, found.objects["Contact"].max_failed)


def test_max_failed_of_a_stranger_is_an_error() -> None:
    """A tolerance for an object that isn't loaded is a mistake."""
    with pytest.raises(errors.PlanError, match=r"max_failed\.Lead"):
        resolved({"payload_uri": "s3://b/a", "max_failed": {"Lead": 1}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"payload": "text"},
        {"payload_format": "xml"},
        {"conn_id": "somebody_elses"},
        {"job_bytes": 200_000_000},
        {"poll_seconds": 0},
        {"wait_seconds": "soon"},
        {"max_failed": {"Account": "two"}},
        {"max_failed": 3},
        {"objects": {}},
        {"objects": {"Account": {"sobject": "Account"}, "Contact": {}}},
    ],
)
def test_the_form_refuses_what_no_run_could_use(wrong: dict[str, Any]) -> None:
    """Airflow validates before a run exists, in the UI and by REST alike."""
    with pytest.raises(ParamValidationError):
        resolved(wrong)


def test_the_form_refuses_an_unknown_key_in_the_mapping() -> None:
    """The mapping's schema is closed, as the plan's model is."""
    objects = json.loads(json.dumps(bulk_config.ACCOUNTS_WITH_CONTACTS))
    objects["Account"]["externalid"] = "External_Id__c"
    with pytest.raises(ParamValidationError):
        resolved({"objects": objects})


def test_objects_that_are_no_parent_and_child_are_refused() -> None:
    """The flow has no tasks for two parents: said before the first of them is sent."""
    objects = json.loads(json.dumps(bulk_config.ACCOUNTS_WITH_CONTACTS))
    objects["Contact"] |= {"records": "contacts[]", "parents": {}}
    with pytest.raises(errors.PlanError, match="link just one of them"):
        resolved({"payload_uri": "s3://b/a", "objects": objects})


def test_text_that_looks_like_a_template_stays_text() -> None:
    """Config values are never rendered."""
    assert "s3://b/{{ conn.x.password }}" == resolved({"payload_uri": "s3://b/{{ conn.x.password }}"}).plan.source.uri


def test_a_schedule_of_keyless_inserts_is_refused_when_it_is_deployed() -> None:
    """Every scheduled run would insert the same contacts again."""
    with pytest.raises(errors.PlanError, match="BULKLOAD_DUPLICATES_OK"):
        bulk_config.check_schedule(settings.current({"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_SOURCE_URI": "s3://b/a"}))


def test_a_schedule_without_a_source_is_refused() -> None:
    """A scheduled run can't ask anybody for its payload."""
    with pytest.raises(errors.PlanError, match="BULKLOAD_SOURCE_URI"):
        bulk_config.check_schedule(settings.current({"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_DUPLICATES_OK": "truncated before"}))


def test_a_reason_lets_keyless_inserts_be_scheduled_and_stands_in_the_plan() -> None:
    """Somebody said why; the plan carries the reason for the object without a key."""
    environment = {"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_SOURCE_URI": "s3://b/a", "BULKLOAD_DUPLICATES_OK": "the org is emptied nightly"}
    deployed = settings.current(environment)
    bulk_config.check_schedule(deployed)
    found = resolved({}, deployed).plan
    assert ("", "the org is emptied nightly") == (found.objects["Account"].duplicates_ok, found.objects["Contact"].duplicates_ok)


def test_keyed_objects_need_no_reason() -> None:
    """A mapping by external ids may be scheduled as it is."""
    objects = json.loads(json.dumps(bulk_config.ACCOUNTS_WITH_CONTACTS))
    objects["Contact"] |= {"operation": "upsert", "external_id": "External_Id__c"}
    objects["Contact"]["fields"]["External_Id__c"] = "id"
    environment = {"BULKLOAD_SCHEDULE": "@daily", "BULKLOAD_SOURCE_URI": "s3://b/a", "BULKLOAD_OBJECTS": json.dumps(objects)}
    bulk_config.check_schedule(settings.current(environment))
    assert "upsert" == resolved({}, settings.current(environment)).plan.objects["Contact"].operation
