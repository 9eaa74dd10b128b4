"""Plan files → DAGs, and the mistakes of the others."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import ParamValidationError

from bulkload_airflow import bulk_plans, settings
from include.bulkload.basics import errors
from tests.plugins.bulkload_airflow import planned

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def shelf(folder: Path, **files: Any) -> bulk_plans.Shelf:
    """Read a folder of plan files, `name=document or text`; findings without the folder."""
    for name, document in files.items():
        (folder / f"{name}.yaml").write_text(document if isinstance(document, str) else planned.text(document), "utf-8")
    found = bulk_plans.shelf(settings.current({"BULKLOAD_PLANS": str(folder), "BULKLOAD_POOL": "salesforce_jobs"}))
    return bulk_plans.Shelf(found.dags, [each.replace(f"{folder}/", "") for each in found.findings])


def places(found: bulk_plans.Shelf) -> list[str]:
    """File and place of each finding."""
    return [each.split(": it isn't")[0] if "it isn't YAML" in each else ": ".join(each.split(": ")[:2]) for each in found.findings]


AFTER = {
    "mode > split",
    "mode > replay.choose",
    "mode > undo.dry_run",
    "replay.choose > replay.send",
    "undo.dry_run > undo.approve",
    "undo.approve > undo.act",
}


def edges(dag: DAG) -> set[str]:
    """All dependencies of a DAG, but those of the summary."""
    return {f"{task.task_id} > {after}" for task in dag.tasks for after in task.downstream_task_ids if after != "summary"}


def test_a_plan_is_a_dag_called_like_it(tmp_path: Path) -> None:
    """Its schedule, its tags, the deployment's pool, one run at a time, and no catching up."""
    dag = shelf(tmp_path, any_file=planned.one("nightly", schedule="15 2 * * *", tags=["crm"])).dags["nightly"]
    assert ("15 2 * * *", True, {"salesforce_jobs"}, 1, False, None) == (
        dag.timetable.expression,  # type: ignore[attr-defined]
        {"crm", "salesforce"} <= dag.tags,
        {task.pool for task in dag.tasks},
        dag.max_active_runs,
        dag.catchup,
        dag.dagrun_timeout,
    )


@pytest.mark.parametrize(
    ("schedule", "summary"),
    [(None, "None"), ("none", "None"), ("@daily", "0 0 * * *"), ({"asset": "s3://in/day"}, "Asset"), ("@continuous", "@continuous")],
)
def test_all_kinds_of_schedules(tmp_path: Path, schedule: Any, summary: str) -> None:
    """Cron, preset, asset, none."""
    timetable: Any = shelf(tmp_path, a=planned.one("a", schedule=schedule)).dags["a"].timetable
    assert summary in str(
        getattr(timetable, "expression", "") or type(timetable).__name__.replace("Null", "None").replace("Continuous", "@continuous")
    )


def test_the_tasks_of_a_hierarchy(tmp_path: Path) -> None:
    """A group per object; who has parents waits for their Ids, siblings for nobody."""
    dag = shelf(tmp_path, roles=planned.ROLES).dags["roles"]
    per_object = ["chunks_{0} > {0}_job", "{0}_job > wait_for_{0}", "wait_for_{0} > settle_{0}", "chunks_{0} > settle_{0}"]
    inner = {each.format(name) for name in ("Account", "Contact", "Opportunity", "Role") for each in per_object}
    ids = {f"settle_{name} > id_map_{name}" for name in ("Account", "Contact", "Opportunity")}
    between = {
        "split > chunks_Account",
        "id_map_Account > chunks_Contact",
        "id_map_Account > chunks_Opportunity",
        "id_map_Contact > chunks_Role",
        "id_map_Opportunity > chunks_Role",
    }
    assert inner | ids | between | AFTER == edges(dag)
    groups = {group for group in dag.task_group.get_task_group_dict() if group}
    assert ({*planned.ROLES["objects"], "replay", "undo"}, {"summary"}) == (
        groups,
        {task.task_id for task in dag.tasks if task.is_teardown},
    )


def test_the_summary_follows_all_leaves_and_every_mapped_task(tmp_path: Path) -> None:
    """One failed chunk must not close the account while another still uploads."""
    dag = shelf(tmp_path, roles=planned.ROLES).dags["roles"]
    mapped = {task.task_id for task in dag.tasks if task.is_mapped}
    assert mapped | {"settle_Role", "replay.send", "undo.act"} == dag.get_task("summary").upstream_task_ids
    assert 8 == len(mapped)


def test_a_second_pass_waits_for_the_ids_of_both_objects(tmp_path: Path) -> None:
    """Account names a contact, the contact its account: settling the last one sets the lookup that was cut."""
    document = planned.one("cycle")
    account = {**document["objects"]["Account"], "parents": {"Main__c": {"object": "Contact", "from": "main"}}}
    dag = shelf(tmp_path, cycle={**document, "objects": {"Account": account, "Contact": planned.ROLES["objects"]["Contact"]}}).dags["cycle"]
    assert {"id_map_Account > chunks_Contact", "id_map_Account > settle_Contact", "settle_Contact > id_map_Contact"} <= edges(dag)


def test_a_broken_file_leaves_the_others_alone_and_is_told_whole(tmp_path: Path) -> None:
    """File, path, what, remedy; of all files at once."""
    wrong = planned.one("wrong")
    wrong["objects"] = {"Account": {**wrong["objects"]["Account"], "operation": "insertt", "colour": "red"}}
    found = shelf(tmp_path, good=planned.one("good"), wrong=wrong, worse="name: [")
    assert ["good"] == list(found.dags)
    assert ["worse.yaml:1", "wrong.yaml: objects.Account.colour", "wrong.yaml: objects.Account.operation"] == sorted(places(found))


def test_what_airflow_refuses_is_a_finding_of_that_file(tmp_path: Path) -> None:
    """A cron expression that is none, the name of another plan or of a DAG of ours, names of tasks that clash."""
    objects = {"Account": planned.ROLES["objects"]["Account"], "chunks_Account": planned.ROLES["objects"]["Contact"]}
    found = shelf(
        tmp_path,
        a=planned.one("twice"),
        b=planned.one("twice"),
        c=planned.one("parent_child_load"),
        d=planned.one("cron", schedule="61 * * * *"),
        e=planned.one("split", objects=objects),
    )
    assert ["twice"] == list(found.dags)
    assert [
        "b.yaml: name",
        "c.yaml: name",
        "d.yaml: schedule",
        "e.yaml: objects.Account",
        "e.yaml: objects.chunks_Account",
    ] == places(found)


def test_a_scheduled_insert_without_a_reason_is_a_mistake(tmp_path: Path) -> None:
    """Every night would load the same rows again."""
    document = {**planned.ROLES, "schedule": "@daily"}
    assert ["roles.yaml: objects.Role.duplicates_ok"] == [
        ": ".join(each.split(": ")[:2]) for each in shelf(tmp_path, roles=document).findings
    ]


def test_mistakes_are_raised_and_no_mistake_is_not(tmp_path: Path) -> None:
    """What `dags/plan_mistakes.py` does."""
    shelf(tmp_path, good=planned.one("good"))
    deployed = settings.current({"BULKLOAD_PLANS": str(tmp_path)})
    bulk_plans.check(deployed)
    shelf(tmp_path, bad="name: a")
    with pytest.raises(errors.PlanError, match=r"1 mistakes.*\n.*bad\.yaml: objects"):
        bulk_plans.check(deployed)


def test_only_the_dag_that_is_asked_for_is_made(tmp_path: Path) -> None:
    """A worker that runs one task needn't make all DAGs."""
    shelf(tmp_path, a=planned.one("a"), b=planned.one("b"))
    assert ["b"] == list(bulk_plans.shelf(settings.current({"BULKLOAD_PLANS": str(tmp_path)}), "b").dags)


def read(document: dict[str, Any], folder: Path, conf: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """Read the plan that a run has chosen, as its operators do."""
    dag = shelf(folder, p=document).dags[document["name"]]
    conf = conf or {}
    params = {name: dag.params.get_param(name).resolve(conf[name]) if name in conf else dag.params[name] for name in dag.params} | conf
    moments = {"logical_date": NIGHT, "data_interval_start": NIGHT, "data_interval_end": NIGHT, "run_after": NIGHT} | run
    configured: Any = dag.get_task("split").configured  # type: ignore[union-attr]
    return dict(configured({"params": params, "dag_run": SimpleNamespace(run_id="r", conf=conf, **moments)}).document)


def test_dates_are_filled_in_when_it_runs(tmp_path: Path) -> None:
    """The DAG keeps the template, the run's plan has the date."""
    assert "file:///runs/in/2026-11-23/" == read(planned.ROLES, tmp_path)["source"]["uri"]


def test_a_run_without_a_logical_date_takes_the_moment_it_was_to_run_after(tmp_path: Path) -> None:
    """By hand, or by an asset."""
    none = dict.fromkeys(("logical_date", "data_interval_start", "data_interval_end"))
    assert (
        "file:///runs/in/2026-12-24/"
        == read(planned.ROLES, tmp_path, run_after=datetime(2026, 12, 24, tzinfo=UTC), **none)["source"]["uri"]
    )


def test_a_person_may_choose_what_the_plan_lets_him(tmp_path: Path) -> None:
    """A trial, a repetition, a dry run, and the plan's own params; the plan's word is the default."""
    document = planned.one("p", params={"region": ["EMEA", "AMER"]}, again=True)
    document["source"] = {"uri": "file:///runs/{{ params.region }}.json"}
    first = read(document, tmp_path)
    second = read(document, tmp_path, {"region": "AMER", "only_first": 20, "dry_run": True, "again": False})
    assert [("file:///runs/EMEA.json", None, False, True), ("file:///runs/AMER.json", 20, True, False)] == [
        (each["source"]["uri"], each["only_first"], each["dry_run"], each["again"]) for each in (first, second)
    ]


def test_nothing_else_can_be_chosen(tmp_path: Path) -> None:
    """A misspelt key isn't ignored, another connection can't be had."""
    with pytest.raises(errors.PlanError, match=r"only_frist.*did you mean only_first"):
        read(planned.ROLES, tmp_path, {"only_frist": 3})
    with pytest.raises(errors.PlanError, match="conn_id"):
        read(planned.ROLES, tmp_path, {"conn_id": "other"})


@pytest.mark.parametrize("wrong", [{"only_first": 0}, {"only_first": "all"}, {"again": "yes"}, {"region": "MOON"}, {"top": "five"}])
def test_the_form_refuses_what_no_run_could_use(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Before a run exists."""
    with pytest.raises(ParamValidationError):
        read(planned.one("p", params={"region": ["EMEA", "AMER"], "top": 5}), tmp_path, wrong)


def test_the_page_of_a_dag_shows_the_objects_and_hides_log_ins(tmp_path: Path) -> None:
    """A picture, the links, where it comes from; no password of a URI, no text of a query."""
    document = {**planned.ROLES, "source": {"uri": "s3://key:secret@bucket/in/?token=secret"}}
    page = shelf(tmp_path, roles=document).dags["roles"].doc_md or ""
    assert ("   Account\n   │\n   Contact · Opportunity\n   │\n   Role\n" in page, "s3://***@bucket/in/" in page, "secret" in page) == (
        True,
        True,
        False,
    )
    assert "| Role | insert OpportunityContactRole | source `[]` | OpportunityId → Opportunity (quarantine if missing)" in page


def test_objects_of_the_same_records_follow_each_other(tmp_path: Path) -> None:
    """What is deleted goes before what is written after it in the plan, rounds and all; who shares no field waits for nobody."""
    document = planned.one("pairs")
    account = document["objects"]["Account"]
    gone = {**account, "operation": "delete", "fields": {"External_Id__c": "id"}, "parents": {}}
    phone = {**account, "fields": {"Phone": "phone", "External_Id__c": "id"}, "parents": {}}
    dag = shelf(tmp_path, pairs={**document, "objects": {"Gone": gone, "Account": account}}).dags["pairs"]
    apart = shelf(tmp_path, apart={**document, "name": "apart", "objects": {"Phone": phone, "Account": account}}).dags["apart"]
    between = [{each for each in edges(one) if each.endswith("> chunks_Account")} for one in (dag, apart)]
    assert [{"settle_Gone > chunks_Account"}, {"split > chunks_Account"}] == between
