"""A nested payload → two linked objects in Salesforce, and an account of every row."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from bulkload_airflow import bulk_config, bulk_dags, bulk_forms, settings

DAG_ID = "parent_child_load"

ABOUT = """
### Accounts with their contacts, from one nested payload into Salesforce

```
            payload (JSON, JSON lines)
                      │
                    split            tables, counted; bad records set aside with their place
                      │
   ┌─ parent_job ─ parent_job ─ …    one Bulk API 2.0 job per chunk
   └─ wait_for_parent ─ …            deferred: no worker is held while Salesforce works; then its results
                      │
               settle_parent         one fate per row; what must go once more is sent
                      │
                   id_map            source row → Salesforce Id
                      │
               orphan_filter         children of parents that weren't written are set aside
                      │
   ┌─ child_job ─ child_job ─ …      AccountId filled in
   └─ wait_for_child ─ …
                      │
                settle_child
                      │
                  summary            runs always: the sums must close, and it decides the run's colour
```

**Start it** with *Trigger*, by REST API, or on a schedule (`BULKLOAD_SCHEDULE`, `BULKLOAD_SOURCE_URI`).
Every field of the form tells what it takes; the mapping is a plan (docs/plan.md).

**The result** is the XCom `return_value` of `summary`, and `summary.json` in the run folder beside
the failed, rejected and orphaned rows. Green means: every row is accounted for, and no more are lost than
`max_failed` allows.

**Clear or retry** whatever you like: a task looks at what the run has done before, and asks Salesforce.
No row is sent twice. Mark a waiting task *failed* and its job is aborted; mark it *success* and nobody
waits any more, but the next task fails if the job hasn't ended. A wait that timed out leaves its job
running; clear it to look again.

**Afterwards** *Mode* `replay` sends again what a run lost, `undo` takes back what it wrote: docs/replay.md, docs/undo.md.
"""

_deployed = settings.current()
bulk_config.check_schedule(_deployed)

with DAG(
    dag_id=DAG_ID,
    description="One nested payload in, two linked objects in Salesforce.",
    doc_md=ABOUT,
    schedule=_deployed.schedule,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["salesforce", "bulk-api-2", "load"],
    params=bulk_forms.parent_child(_deployed),
    default_args=bulk_dags.default_args(_deployed),
    # No time-out of the run: it would skip even the summary. Each wait has its own limit.
) as dag:
    _flow = bulk_dags.Flow(bulk_config.from_form(_deployed, DAG_ID))
    _flow.parents("parent")
    _flow.children("child")
    _flow.summary()
