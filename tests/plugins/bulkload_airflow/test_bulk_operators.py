"""One payload through every operator in the order of the flow, against a real org, without a scheduler."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from bulkload_airflow import bulk_config, bulk_operators, bulk_rounds, bulk_sensors, settings

PAYLOAD = {
    "accounts": [
        {"name": "Acme", "sourceId": "A-1", "contacts": [{"firstName": "Ann", "lastName": "O'Neil", "email": "ann@example.com"}]},
        {"name": "Bolt", "sourceId": "A-2"},
        {"name": "No key", "contacts": [{"lastName": "Orphan"}]},
    ]
}
CONFIG = {"payload": PAYLOAD, "poll_seconds": 0.1, "max_failed": {"Account": 1, "Contact": 1}}
STATES = {
    "split": "success",
    "parent_job_0": "success",
    "wait_for_parent_0": "success",
    "settle_parent": "success",
    "id_map": "success",
    "orphan_filter": "success",
    "child_job_0": "success",
    "wait_for_child_0": "success",
    "settle_child": "success",
}
FLOW = ["split", "parent_job", "wait_for_parent", "settle_parent", "id_map", "orphan_filter", "child_job", "wait_for_child", "settle_child"]
BY_CHUNK = ["parent_job", "wait_for_parent", "child_job", "wait_for_child"]


class Flow:
    """The flow's operators, called one after the other as Airflow would."""

    def __init__(self, context: Any, config: dict[str, Any]) -> None:
        self.context = context
        self.config = config
        self.configured = bulk_config.from_form(settings.current(), "parent_child_load")

    def run(self, kind: Any, task_id: str, *, states: dict[str, str] | None = None, **given: Any) -> tuple[Any, dict[str, Any]]:
        """Execute one operator; what it returns, and what it pushed."""
        operator = kind(task_id=task_id, configured=self.configured, **given)
        made = self.context(task_id, self.config, states=states or {})
        return operator.execute(made), made["ti"].pushed

    def sent(self, label: str, place: int, numbers: list[int]) -> dict[str, int]:
        """Submit, wait, settle one object's chunks; the rows by fate."""
        for number in numbers:
            job_id, _ = self.run(bulk_operators.SubmitOperator, f"{label}_job", number=number, place=place)
            states, _ = self.run(bulk_sensors.BulkJobSensor, f"wait_for_{label}", job_ids=job_id, place=place, deferrable=False)
            assert {job_id: "JobComplete"} == states
        fates: dict[str, int] = self.run(bulk_rounds.SettleOperator, f"settle_{label}", place=place)[0]
        return fates

    def whole(self) -> dict[str, Any]:
        """Run all of it; the summary."""
        numbers, pushed = self.run(bulk_rounds.SplitOperator, "split")
        assert {"rows", "folder"} <= set(pushed)
        self.sent("parent", 0, numbers)
        self.run(bulk_operators.IdMapOperator, "id_map")
        numbers, pushed = self.run(bulk_rounds.CutOperator, "orphan_filter", place=1)
        assert (1, 1) == (pushed["ready"], pushed["orphaned"])
        self.sent("child", 1, numbers)
        return self.summary(STATES)

    def summary(self, states: dict[str, str]) -> dict[str, Any]:
        """Close the run; the summary as the XCom has it."""
        _, pushed = self.run(bulk_operators.SummaryOperator, "summary", flow=FLOW, by_chunk=BY_CHUNK, states=states)
        found: dict[str, Any] = pushed["return_value"]
        return found


@pytest.fixture
def flow(context: Any, connect: Any) -> Flow:
    """A flow over a plain connection."""
    connect()
    return Flow(context, CONFIG)


def test_a_payload_goes_through_all_operators_and_its_records_stand_in_the_org(flow: Flow, connect: Any) -> None:
    """Accounts upserted, the contact linked to its own account, the account without a key rejected, its contact an orphan."""
    summary = flow.whole()
    contacts = list(connect().client().query("SELECT LastName, Account.External_Id__c FROM Contact WHERE Email = 'ann@example.com'"))
    assert ("COMPLETED_WITH_ERRORS", 2, 1, 1) == (
        summary["status"],
        summary["parentSuccessCount"],
        summary["parentFailureCount"],
        summary["childRecordsSubmitted"],
    )
    assert [("O'Neil", "A-1")] == [(each["LastName"], each["Account"]["External_Id__c"]) for each in contacts]


def test_clearing_every_task_of_a_finished_run_sends_nothing_and_writes_the_same_summary(flow: Flow, connect: Any) -> None:
    """A second pass reads what stands."""
    first = flow.whole()
    before = len(list(connect().client().query("SELECT Id FROM Contact")))
    assert (first, before) == (flow.whole(), len(list(connect().client().query("SELECT Id FROM Contact"))))


def test_orphans_are_told_in_the_tasks_log(flow: Flow, capsys: pytest.CaptureFixture[str]) -> None:
    """At WARNING, with the counts and where they stand."""
    flow.whole()
    (told,) = [line for line in capsys.readouterr().out.splitlines() if "orphaned" in line]
    assert "[warning  ] Contact: 1 rows ready, 1 orphaned, see file://" in told


def test_a_run_beyond_its_tolerance_is_red_but_has_its_summary(context: Any, connect: Any) -> None:
    """The summary is pushed before the run fails by it."""
    connect()
    strict = Flow(context, {**CONFIG, "max_failed": {}})
    with pytest.raises(AirflowFailException, match="Account"):
        strict.whole()


def test_a_config_that_cant_be_read_still_gets_its_summary(context: Any, connect: Any) -> None:
    """The run never began: FAILED, with the mistake as its error."""
    connect()
    wrong = Flow(context, {"payload": PAYLOAD, "max_failed": {"Lead": 1}})
    with pytest.raises(AirflowFailException, match="Lead"):
        wrong.run(bulk_rounds.SplitOperator, "split")
    made = wrong.context("summary", wrong.config, states={"split": "failed"})
    operator = bulk_operators.SummaryOperator(task_id="summary", configured=wrong.configured, flow=FLOW, by_chunk=BY_CHUNK)
    with pytest.raises(AirflowFailException, match="Lead"):
        operator.execute(made)
    assert "FAILED" == made["ti"].pushed["return_value"]["status"]


def test_a_task_leaves_nothing_on_the_worker(flow: Flow, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scratch folders hold personal data; they are gone when a task ends, well or not."""
    scratch = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("BULKLOAD_SCRATCH", str(scratch))
    flow.run(bulk_rounds.SplitOperator, "split")
    with pytest.raises(AirflowFailException, match="is missing"):
        flow.run(bulk_rounds.CutOperator, "orphan_filter", place=1)
    assert [] == list(scratch.iterdir())
