"""A running local org → made slow, faulty or plain again, and asked what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

# Names that tests use → rules of the org's faults, for looks at single jobs.
KINDS: dict[str, dict[str, Any]] = {
    "503": {"kind": "status", "status": 503},
    "html": {"kind": "status", "status": 502, "html": True},
    "reset": {"kind": "reset_before"},
    "401": {"kind": "unauthorized"},
}
ENDED = {"JobComplete", "Failed", "Aborted"}
PLAIN: dict[str, Any] = {"job_seconds": 0, "looks": 0, "token_calls": 0, "job_ends": [], "row_faults": [], "http_faults": []}


@dataclass(frozen=True, slots=True)
class Org:
    """One local org, started with --control; `line` is its start line."""

    line: dict[str, Any]

    def __getitem__(self, key: str) -> Any:
        """Read a field of the start line."""
        return self.line[key]

    def steer(self, **settings: Any) -> None:
        """Set how it behaves from now on; what isn't named is plain again."""
        answer = requests.post(f"{self.line['http_url']}/control/settings", json=PLAIN | settings, timeout=10)
        answer.raise_for_status()

    def fault(self, kind: str, *, times: int) -> None:
        """Make the next `times` looks at single jobs go wrong."""
        rule = {"path": r"/jobs/ingest/\w+$", "method": "GET", "nth": list(range(1, times + 1))}
        self.steer(http_faults=[rule | KINDS[kind]])

    def query(self, soql: str) -> list[dict[str, Any]]:
        """Ask for records, all of them."""
        records, path = [], f"/services/data/v66.0/query?{requests.compat.urlencode({'q': soql})}"
        while path:
            page = self._get(path)
            records += page["records"]
            path = page.get("nextRecordsUrl", "")
        return records

    def job(self, job_id: str) -> dict[str, Any]:
        """Look at a job."""
        return self._get(f"/services/data/v66.0/jobs/ingest/{job_id}")

    def jobs(self) -> list[dict[str, Any]]:
        """List all jobs."""
        records: list[dict[str, Any]] = self._get("/services/data/v66.0/jobs/ingest")["records"]
        return records

    def empty(self, sobject: str) -> None:
        """Delete all records of an object."""
        for each in self.query(f"SELECT Id FROM {sobject}"):
            self._ask("DELETE", f"/services/data/v66.0/sobjects/{sobject}/{each['Id']}").raise_for_status()

    def forget(self, job_id: str) -> None:
        """Delete a job, as Salesforce does after a week, and anybody may who has the right."""
        self._ask("DELETE", f"/services/data/v66.0/jobs/ingest/{job_id}").raise_for_status()

    def until_ended(self) -> None:
        """Look at its jobs until none is at work: what it is steered to counts until then."""
        while not all(each["state"] in ENDED for each in self.jobs()):
            pass

    def calm(self) -> None:
        """Make it plain again and abort what it still works on, so that the next test's jobs begin at once."""
        self.steer()
        for each in self.jobs():
            if each["state"] not in ENDED:
                self._ask("PATCH", f"/services/data/v66.0/jobs/ingest/{each['id']}", {"state": "Aborted"})

    def _get(self, path: str) -> Any:
        answer = self._ask("GET", path)
        answer.raise_for_status()
        return answer.json()

    def _ask(self, method: str, path: str, body: Any = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.line['access_token']}"}
        return requests.request(method, self.line["http_url"] + path, headers=headers, json=body, timeout=10)
