"""A job's id and its org → the link to the job's page in Salesforce's Setup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def job_page(instance_url: str, job_id: str) -> str:
    """The address of a bulk job's page in Setup."""
    return f"{instance_url.rstrip('/')}/lightning/setup/AsyncApiJobStatus/page?address=%2F{job_id}"


# The attribute of a task that its link reads.
PAGE = "job_page"


class SalesforceJobLink(BaseOperatorLink):
    """Opens the job that a task submits or waits for; empty until the task knows it."""

    name = "Salesforce job"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ARG002 - Airflow's signature
        """Read the page that the task set while it ran."""
        return getattr(operator, PAGE, "")
