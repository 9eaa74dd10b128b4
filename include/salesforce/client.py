"""A login → one org: ingest jobs created, uploaded from files, closed, looked at; results streamed to files.

What is repeated: reading; creating a job (one whose answer is lost is Open and empty: harmless); deleting one.
An upload never is, because one job takes one PUT. Closing and aborting are settled by looking at the job.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.salesforce import bodies, calls, org, pace, query_jobs, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    import requests

    from include.salesforce import logins

Document = dict[str, Any]
OPEN, UPLOAD_COMPLETE, ABORTED = "Open", "UploadComplete", "Aborted"
CSV = "text/csv; charset=UTF-8"
TRIES = 4


class BulkClient:
    """One org over HTTP. Every call may raise LoginRefused, RequestRefused, SalesforceBusy or NetworkFault.

    :param login: hands out the token, and another one in its place.
    :param session: carries the connection's proxies and certificates; a plain one if none is given.
    :param version: API version, e.g. "66.0".
    :param pause: waits some seconds before a repeat.
    :param timeouts: seconds to connect, and to wait for an answer.
    """

    def __init__(
        self,
        login: logins.Login,
        *,
        session: requests.Session | None = None,
        version: str = wire.API_VERSION,
        pause: Callable[[float], None] = time.sleep,
        timeouts: tuple[float, float] = calls.TIMEOUTS,
    ) -> None:
        self._calls = calls.Calls(login, session or calls.session(), version, pause, timeouts)

    def org_id(self) -> str:
        """Ask which org this is: its 18-character id."""
        return org.org_id(self._calls)

    def organization(self) -> Document:
        """Ask what kind of org this is: Id (18 characters), IsSandbox, OrganizationType and, if visible, TrialExpirationDate."""
        return org.organization(self._calls)

    def describe(self, sobject: str) -> Document:
        """Fetch an sobject's describe; RequestRefused with status 404 if there is none."""
        return org.describe(self._calls, sobject)

    def limits(self) -> Document:
        """Fetch the org's limits: name → {"Max", "Remaining"} (contract 6)."""
        return org.limits(self._calls)

    def query(self, soql: str) -> Iterator[Document]:
        """Yield a query's records, all pages."""
        return org.query(self._calls, soql)

    def query_rows(self, soql: str, path: Path) -> int:
        """Run a query as a bulk job; its rows in one CSV file (header once, LF, cells quoted); how many there are.

        Waits inside, patiently. Raises RequestRefused for a query that the org refuses or gives up, ResultsIncomplete
        where the rows don't add up to the job's own number.
        """
        return query_jobs.rows(self._calls, soql, path)

    def record_count(self, sobject: str) -> int | None:
        """Ask about how many records an sobject has; None where the org doesn't tell."""
        return org.record_count(self._calls, sobject)

    def create_job(self, sobject: str, operation: str, external_id: str | None) -> str:
        """Create an ingest job (CSV, LF, COMMA); return its id."""
        body = wire.new_job(sobject, operation, external_id)
        return org.long_id(str(self._calls.repeated("POST", f"new job for {sobject}", wire.jobs_url, body).get("id", "")))

    def job(self, job_id: str) -> Document:
        """Fetch the job object (contract 2.6)."""
        return self._calls.repeated("GET", f"job {job_id}", _job(job_id))

    def upload(self, job_id: str, path: Path) -> None:
        """Send the job's one CSV, streamed from a file; never sent twice.

        Raises NetworkFault or SalesforceBusy where it can't be told whether it arrived: the job must be given up.
        """
        where = f"upload to job {job_id}"
        with path.open("rb") as file:
            session = self._calls.session()
            answer = self._put(session, job_id, file, where)
            for unused in (False, True):
                if not wire.is_expired(answer.status, answer.body):
                    break
                self._still_empty(job_id, where)
                # Where a token is good for one call only, looking at the job has used it up.
                session = self._calls.session(instead_of=session, unused=unused)
                answer = self._put(session, job_id, file, where)
        wire.answer(answer.status, answer.headers, answer.body, where)

    def _still_empty(self, job_id: str, where: str) -> None:
        """A 401 took nothing, says Salesforce. A gateway may say it too late, so before another try the job must say so as well."""
        if self._holds_data(job_id):
            raise errors.NetworkFault(
                f"{where}: refused with 401, and yet the job isn't empty; it is given up, another one takes its place"
            )

    def _put(self, at: wire.Session, job_id: str, file: BinaryIO, where: str) -> calls.Answer:
        file.seek(0)
        # Of an empty file requests would make a chunked upload.
        data = file if file.read(1) else b""
        file.seek(0)
        with self._calls.sent(
            at, "PUT", where, _job(job_id, "batches"), data=data, headers={"Content-Type": CSV}, timeout=self._calls.upload_timeouts
        ) as response:
            return calls.answered(response, where)

    def _holds_data(self, job_id: str) -> bool:
        """Whether a job was uploaded to: an Open one without data has no counters (contract 2.6)."""
        seen = self.job(job_id)
        return seen.get("state") != OPEN or "numberRecordsProcessed" in seen

    def close(self, job_id: str) -> Document:
        """Set UploadComplete; the job object, reduced or whole. Refused (INVALIDJOBSTATE) if it isn't Open."""
        return self._set(job_id, UPLOAD_COMPLETE, lambda state: state != OPEN)

    def abort(self, job_id: str) -> Document:
        """Set Aborted; the job object, reduced or whole. Refused (INVALIDJOBSTATE) if it has ended."""
        return self._set(job_id, ABORTED, lambda state: state == ABORTED)

    def _set(self, job_id: str, state: str, is_done: Callable[[str], bool]) -> Document:
        """Change a job's state; where an answer is lost, the job itself tells whether it was changed."""
        where = f"job {job_id} to {state}"
        lost: errors.BulkloadError | None = None
        for attempt in range(1, TRIES + 1):
            try:
                return self._calls.once("PATCH", where, _job(job_id), {"state": state})
            except (errors.TryAgain, errors.RequestRefused) as wrong:
                # A refusal after a lost answer may be the echo of our own, late, success.
                if lost is None and isinstance(wrong, errors.RequestRefused):
                    raise
                lost = wrong
            seen = self.job(job_id)
            # A look without a state tells nothing: to take it for an end would leave the job Open.
            if seen.get("state") and is_done(str(seen["state"])):
                return seen
            if isinstance(lost, errors.RequestRefused):
                break
            self._calls.pause(pace.repeat(attempt))
        raise lost or errors.NetworkFault(where)

    def delete(self, job_id: str) -> None:
        """Delete a finished job; one that is gone already is as good. Refused (API_ERROR) while it is Open or InProgress."""
        try:
            self._calls.repeated("DELETE", f"job {job_id}", _job(job_id))
        except errors.RequestRefused as refused:
            if refused.status != wire.NOT_FOUND:
                raise

    def jobs(self) -> Iterator[Document]:
        """List the org's ingest jobs of this API, all that this user may see (contract 2.7)."""
        return org.jobs(self._calls)

    def fetch_result(self, job_id: str, kind: str, path: Path) -> int:
        """Stream one of the three result files to `path`; return its bytes. A broken download begins anew."""
        where = f"{kind} of job {job_id}"
        answer = self._calls.patiently(lambda: self._calls.renewing(lambda at: self._saved(at, job_id, kind, path, where)))
        wire.answer(answer.status, answer.headers, answer.body, where)
        return path.stat().st_size

    def _saved(self, at: wire.Session, job_id: str, kind: str, path: Path, where: str) -> calls.Answer:
        with self._calls.sent(at, "GET", where, _job(job_id, kind), headers={"Accept": "text/csv"}) as response:
            if not wire.is_fine(response.status_code):
                return calls.answered(response, where)
            bodies.save(response, path, where)
            return calls.Answer(response.status_code, response.headers, b"")


def _job(job_id: str, part: str = "") -> Callable[[str, str], str]:
    return lambda at, version: wire.job_url(at, version, job_id, part)
