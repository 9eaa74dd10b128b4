"""Plan files (include/plans, or BULKLOAD_PLANS) → a DAG each. Those with mistakes stand in Airflow's import errors instead."""

from __future__ import annotations

from bulkload_airflow import bulk_plans, settings

globals().update(bulk_plans.dags(settings.current()))
