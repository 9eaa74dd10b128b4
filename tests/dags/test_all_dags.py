"""Every DAG file → read as the dag-processor reads it: no errors, quick, nothing but wiring."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from tests.plugins.bulkload_airflow import planned

DAGS = Path(__file__).parents[2] / "dags"
FILES = sorted(DAGS.glob("*.py"))
AFTER = ["replay.choose", "replay.send", "undo.dry_run", "undo.approve", "undo.act"]
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of plan files with one good one."""
    (tmp_path / "roles.yaml").write_text(planned.text(planned.ROLES), "utf-8")
    monkeypatch.setenv("BULKLOAD_PLANS", str(tmp_path))
    return tmp_path


def bag() -> DagBag:
    """Read the DAGs as the dag-processor does."""
    return DagBag(dag_folder=str(DAGS))


def test_no_dag_has_an_import_error() -> None:
    """Every file of the folder can be read, with the plans that are shipped."""
    assert {} == bag().import_errors


def test_a_broken_plan_is_an_import_error_of_its_own(plans: Path) -> None:
    """It names file, path, what and remedy; the other plans' DAGs, and the file they come from, know nothing of it."""
    (plans / "wrong.yaml").write_text(planned.text({**planned.one("wrong"), "nmae": "x", "nulls": "drop"}), "utf-8")
    found = bag()
    assert (True, False) == ({"parent_child_load", "adhoc_load", "roles"} <= set(found.dags), "wrong" in found.dags)
    ((file, told),) = found.import_errors.items()
    assert ("plan_mistakes.py", True, True) == (
        Path(file).name,
        f"{plans}/wrong.yaml: nmae: Extra inputs are not permitted; remove it, or mend its spelling" in told,
        f"{plans}/wrong.yaml: nulls: " in told,
    )
    (plans / "wrong.yaml").unlink()
    assert {} == bag().import_errors


def test_every_dag_survives_its_way_to_the_scheduler(plans: Path) -> None:
    """What can't be serialized would be found out only when deployed; it is small, since each version of it is stored."""
    for dag in bag().dags.values():
        told = DagSerialization.to_dict(dag)
        assert len(json.dumps(told)) < 100_000
        again = DagSerialization.from_dict(told)
        assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == {
            name: task.downstream_task_ids for name, task in again.task_dict.items()
        }


def test_no_config_value_is_rendered_as_a_template(plans: Path) -> None:
    """A payload with braces is data."""
    assert {()} == {tuple(task.template_fields) for dag in bag().dags.values() for task in dag.tasks}


def test_every_load_is_dressed(plans: Path) -> None:
    """Tags, owner, a page, one run at a time, no catching up, retries with growing pauses, a summary that decides the colour."""
    for dag in [each for each in bag().dags.values() if "load" in each.tags]:
        summary = dag.get_task("summary")
        assert (True, "bulkload", True, 1, False, None, {(3, 2)}, True, True) == (
            "salesforce" in dag.tags,
            dag.owner,
            len(dag.doc_md or "") > 100,
            dag.max_active_runs,
            dag.catchup,
            dag.dagrun_timeout,
            {(task.retries, task.retry_exponential_backoff) for task in dag.tasks},
            summary.is_teardown,
            summary.on_failure_fail_dagrun,
        )


def test_reading_them_is_quick_and_spares_the_table_engine(plans: Path) -> None:
    """Under a second of work of ours for each file, in a fresh process; Airflow's own imports aren't counted."""
    code = """
import runpy, sys, time
import airflow.sdk, airflow.dag_processing.dagbag
from airflow.sdk.execution_time import task_runner
for path in sys.argv[1:]:
    before = time.process_time()
    runpy.run_path(path)
    print(path, time.process_time() - before)
print(*sorted({"duckdb", "pandas"} & sys.modules.keys()))
"""
    environment = os.environ | {"PYTHONPATH": f"{DAGS.parent}{os.pathsep}{DAGS.parent / 'plugins'}"}
    told = subprocess.run([sys.executable, "-c", code, *FILES], capture_output=True, text=True, check=True, env=environment)
    *seconds, engines = told.stdout.splitlines()
    assert ([], "") == ([each for each in seconds if float(each.rpartition(" ")[2]) >= 1], engines)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_only_wires(path: Path) -> None:
    """No more than 120 lines, no functions of its own, nothing that is tried or waited for."""
    text = path.read_text("utf-8")
    work = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.While, ast.Try, ast.Lambda))]
    assert (True, []) == (len(text.splitlines()) <= 120, work)


def test_the_shape_of_adhoc_load_never_depends_on_its_plan() -> None:
    """Six levels of four tasks between the reading and the summary, one after the other."""
    dag = bag().dags["adhoc_load"]
    order = [task.task_id for task in dag.topological_sort()]
    levels = [shape.format(f"level_{level}") for level in range(6) for shape in ("chunks_{}", "{}_job", "wait_for_{}", "settle_{}")]
    assert ["mode", "split", *levels, *AFTER, "summary"] == order
    assert {"replay", "undo", *(f"level_{level}" for level in range(6))} == {
        group for group in dag.task_group.get_task_group_dict() if group
    }
