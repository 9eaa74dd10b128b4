"""README's commands for Airflow's REST API, typed as they stand."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scripts.stack import running

README = Path(__file__).parents[2] / "README.md"
PATIENCE = 120


def test_the_curl_lines_start_a_load_that_succeeds(airflow_stack: running.Stack) -> None:
    """A token, a trigger with an inline payload, and the run ends well."""
    airflow_stack.rest().await_dag("parent_child_load")
    commands = README.read_text("utf-8").split("here against `make up`:\n\n```bash\n")[1].split("```")[0]
    given = {**os.environ, "AIRFLOW": airflow_stack.url, "PASSWORD": airflow_stack.password_file.read_text("utf-8").strip()}
    said = subprocess.run(["bash", "-euc", commands], env=given, stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE)
    run_id = json.loads(said.stdout)["dag_run_id"]
    list(airflow_stack.rest().changes("parent_child_load", run_id, PATIENCE))
    assert "success" == airflow_stack.rest().state("parent_child_load", run_id)
