"""Environment variables → settings, or one clear error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bulkload_airflow import settings
from include.bulkload.basics import errors


def test_nothing_set_means_a_run_base_at_home_and_one_connection() -> None:
    """A deployment that sets nothing gets usable settings."""
    found = settings.current({"AIRFLOW_HOME": "/srv/airflow"})
    assert ("file:///srv/airflow/bulkload-runs", ("salesforce_default",)) == (found.run_base, found.connections)


def test_the_run_base_is_always_an_allowed_root() -> None:
    """Inline payloads are kept in the run base, so naming other roots doesn't shut it out."""
    found = settings.current({"BULKLOAD_RUN_BASE": "s3://b/runs", "BULKLOAD_ALLOWED_ROOTS": "s3://b/in, s3://c"})
    assert ("s3://b/runs", "s3://b/in", "s3://c") == found.allowed_roots


def test_samples_and_plans_are_allowed_unless_roots_are_named() -> None:
    """The shipped samples load without any setting."""
    found = settings.current({"BULKLOAD_RUN_BASE": "s3://b/runs"})
    assert ["runs", "samples", "plans"] == [Path(root).name for root in found.allowed_roots]


@pytest.mark.parametrize("name", ["BULKLOAD_THREADS", "BULKLOAD_RETRIES", "BULKLOAD_RETRY_SECONDS"])
def test_a_number_that_is_none_is_named(name: str) -> None:
    """A wrong setting's error says which variable it is."""
    with pytest.raises(errors.PlanError, match=name):
        settings.current({name: "many"})


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_mapping_that_is_no_object_is_named(text: str) -> None:
    """BULKLOAD_OBJECTS must be a JSON object."""
    with pytest.raises(errors.PlanError, match="BULKLOAD_OBJECTS"):
        settings.current({"BULKLOAD_OBJECTS": text})


def test_every_variable_that_is_read_is_documented() -> None:
    """The list on top of the file is whole, and names nothing that isn't read."""
    source = Path(settings.__file__).read_text("utf-8")
    documented = set(re.findall(r"^(BULKLOAD_\w+)", source, re.MULTILINE))
    assert documented == set(re.findall(r'"(BULKLOAD_\w+)"', source))


def test_folders_of_plans_are_named_from_the_project_on() -> None:
    """Airflow's services begin in folders of their own."""
    found = settings.current({"BULKLOAD_PLANS": "include/plans, /srv/plans"}).plans
    assert (settings.PROJECT / "include" / "plans", Path("/srv/plans")) == found


def test_a_switch_is_true_or_false() -> None:
    """A misspelt one must not open a door, nor seem to."""
    assert [True, False, False] == [settings.current({"BULKLOAD_ADHOC_SQL": word}).adhoc_sql for word in ("True", "false", "")]
    with pytest.raises(errors.PlanError, match="BULKLOAD_ADHOC_SQL"):
        settings.current({"BULKLOAD_ADHOC_SQL": "yes"})
