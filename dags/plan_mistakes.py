"""Plan files with mistakes → this file's import error in Airflow, which names them all. No DAG comes from here.

A file of its own, because Airflow takes all DAGs of a file with an import error away.
"""

from __future__ import annotations

from bulkload_airflow import bulk_plans, settings

bulk_plans.check(settings.current())
