"""A real Airflow that loses its parts, and people who click: the load ends like an undisturbed one. `make drills` has all events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drills import kills, moments, scene

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[scene.Scene]:
    """A stack of this file's own: it revives what is killed, and notices a loss within seconds."""
    # No plan changes here, so its file needn't be read again and again.
    calm = {"AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60"}
    with scene.set_up(tmp_path_factory.mktemp("scene"), [scene.FAMILY], **calm) as found:
        yield found


def test_a_load_that_loses_all_parts_in_turn_ends_like_an_undisturbed_one(airflow: scene.Scene) -> None:
    """Nobody waits for its small first job, then task, triggerer and scheduler are killed; cleared at the end, it sends nothing more."""
    expected, load = airflow.ground.undisturbed(scene.FAMILY), airflow.begun(scene.FAMILY, looks=1_000_000)
    load.run.until_reads("chunks_Account", "deferred")
    load.run.mark("chunks_Account", "success")
    counts = (load.run.ended(), load.run.summary()["status"], *(load.counts("Account")[fate] for fate in ("in_doubt", "unprocessed")))
    assert ("failed", "FAILED", 2, 3) == counts
    airflow.ground.org.behave(looks=2)
    load.run.clear("chunks_Account")
    load.loses("tasks", moments.Moment("during an upload"))
    load.loses("triggerer", moments.Moment("at a look"))
    load.loses("machine", moments.Moment("before a job is closed"))
    assert "success" == load.run.ended()
    sent = len(airflow.ground.org.jobs())
    assert ("success", sent) == (load.run.cleared("Contact_job"), len(airflow.ground.org.jobs()))
    figures = kills.Figures()
    figures.judge("all parts in turn", load.end(), expected)
    assert ([], 0, 0) == (figures.wrong, figures.lost, figures.doubled)
