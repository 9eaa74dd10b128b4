"""A number → its double, through a mapped task and a deferral: a DAG to try the stack with."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync
from airflow.sdk import dag, get_current_context, task


@dag(start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None, params={"number": 1, "wait": 0})
def toy_chain() -> None:
    """Double a number, wait deferred, sum up."""

    @task
    def numbers() -> list[int]:
        return [get_current_context()["params"]["number"]] * 2

    @task
    def double(number: int) -> int:
        return 2 * number

    wait = DateTimeSensorAsync(task_id="wait", target_time="{{ (dag_run.run_after + macros.timedelta(seconds=params.wait)).isoformat() }}")

    @task
    def summary(found: list[int]) -> dict[str, int]:
        return {"sum": sum(found)}

    doubled = double.expand(number=numbers())
    doubled >> wait >> summary(doubled)


toy_chain()
