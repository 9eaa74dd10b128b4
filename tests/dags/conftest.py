"""What the DAGs' tests share: one Airflow, which ends with the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scripts.stack import running

# Retries follow at once, and Airflow has the tests' own plan files beside the shipped ones; the local org may be steered.
GIVEN = {"BULKLOAD_RETRY_SECONDS": "1"}
PLANS = "include/plans,tests/dags/plans"
ORG = ("--control",)


@pytest.fixture(scope="package")
def more_plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of plan files that tests may fill while the stack runs; a file counts half a minute later."""
    return tmp_path_factory.mktemp("plans")


@pytest.fixture(scope="package")
def airflow_stack(tmp_path_factory: pytest.TempPathFactory, more_plans: Path) -> Iterator[running.Stack]:
    """A real Airflow with the project's DAGs, and a local org behind its connection: started once, on first use.

    `.rest()` is Airflow's API, `.org` the org's start line, `.run_base` the URI of the run base;
    `tests.running.airflow.play` runs a DAG to its end.
    """
    from scripts.stack import running, wanted

    given = GIVEN | {"BULKLOAD_PLANS": f"{PLANS},{more_plans}"}
    with running.stack(wanted.Wanted(tmp_path_factory.mktemp("stack"), org=ORG, given=given)) as stack:
        yield stack
