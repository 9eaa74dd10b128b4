"""A plan in a run's config → its objects in Salesforce, up to six levels of them. Runs by hand or by REST API only."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import DAG

from bulkload_airflow import bulk_config, bulk_dags, bulk_forms, settings

ABOUT = """
### Any plan, once

The config of a run is a plan (docs/plan.md): the same document that a file in `include/plans` holds. The form has a
field for each key of it; by REST API, send the document as `conf`.

```
   split            sources read, rows staged
     │
   level 0 … 5      the objects without parents, then those below them: up to six levels
     │                chunks_level_0   jobs of all objects of the level, cut
     │                level_0_job      one per chunk, whichever object's
     │                wait_for_level_0 deferred, then its results
     │                settle_level_0   what must go once more
   summary          every row accounted for; it decides the run's colour
```

Texts in braces are no templates here. Queries and transforms are for plan files, unless the deployment allows them
(`BULKLOAD_ADHOC_SQL`, `BULKLOAD_ADHOC_TRANSFORMS`). The rest is as in every load: clear or retry whatever you like,
no row is sent twice. *Mode* replays or undoes an earlier run (docs/replay.md, docs/undo.md).
"""

_deployed = settings.current()

with DAG(
    dag_id="adhoc_load",
    description="A plan in the config, its objects in Salesforce.",
    doc_md=ABOUT,
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["salesforce", "bulk-api-2", "load"],
    params=bulk_forms.adhoc(_deployed),
    default_args=bulk_dags.default_args(_deployed),
) as dag:
    bulk_dags.Flow(bulk_config.adhoc(_deployed)).leveled(bulk_config.LEVELS)
