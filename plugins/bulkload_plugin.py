"""Airflow's plugin scanner → the one file that it executes; whatever needs registering is named here, imported when asked."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class BulkloadPlugin(AirflowPlugin):
    """Operators, sensor and trigger need no registering: DAGs and the triggerer import them by name.

    A page is to come in as a property, so that no Airflow process imports it unasked.
    """

    name = "bulkload"
