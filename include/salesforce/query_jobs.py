"""A SOQL query → its rows in one CSV file, by a query job (contract 5): created, watched, read page by page, deleted.

A creation whose answer is lost leaves a job that nobody reads: it costs one of the day's 10,000, and Salesforce clears it away.
"""

from __future__ import annotations

import contextlib
import csv
import shutil
from typing import TYPE_CHECKING, Any, BinaryIO

from include.bulkload.basics import errors
from include.salesforce import bodies, calls, org, pace, wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMPLETE, ENDED = "JobComplete", {"JobComplete", "Failed", "Aborted"}
# Rows of a page: a page that breaks off is fetched again, so it mustn't be too large.
PAGE_ROWS = 250_000
# Salesforce says `null` where there is no further page.
NO_MORE = "null"
# Most queries take some seconds; a look is a call of the day's.
FIRST_LOOK, FIRST_LOOK_LOCAL = 2.0, 0.05
PATIENCE = 4 * 3600.0


def rows(ask: calls.Calls, soql: str, path: Path, patience: float = PATIENCE) -> int:
    """Write a query's rows to `path`: one header, LF, every cell quoted; return how many.

    Raises RequestRefused for a query that is refused, or whose job ends Failed or Aborted; JobStillRunning after
    `patience` seconds of pauses; ResultsIncomplete where pages don't add up; else like `Calls.repeated`.
    """
    job_id = org.long_id(str(ask.repeated("POST", "new query job", wire.query_jobs_url, wire.new_query(soql)).get("id", "")))
    try:
        return _read(ask, job_id, path, _ended(ask, job_id, patience).get("numberRecordsProcessed"))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        _forgotten(ask, job_id)


def _read(ask: calls.Calls, job_id: str, path: Path, counted: int | None) -> int:
    """Write all rows. Raises ResultsIncomplete if they aren't as many as the job counted."""
    found = _pages(ask, job_id, path)
    if counted is not None and int(counted) != found:
        raise errors.ResultsIncomplete(f"query job {job_id} counts {counted} rows, its pages have {found}; the query may be run again")
    return found


def _ended(ask: calls.Calls, job_id: str, patience: float) -> dict[str, Any]:
    """Look until the job is complete, a little later each time."""
    first, waited = FIRST_LOOK_LOCAL if ask.is_local else FIRST_LOOK, 0.0
    while (seen := ask.repeated("GET", f"query job {job_id}", _job(job_id))).get("state") not in ENDED:
        if waited > patience:
            raise errors.JobStillRunning(f"query job {job_id} hasn't ended after {waited:,.0f} s; the next try runs it again")
        pause = pace.pause(first, waited)
        ask.pause(pause)
        waited += pause
    if seen["state"] != COMPLETE:
        said = seen.get("errorMessage") or "Salesforce doesn't say why"
        raise errors.RequestRefused(f"query job {job_id} ended {seen['state']}: {said}; try the query in the Developer Console")
    return seen


def _pages(ask: calls.Calls, job_id: str, path: Path) -> int:
    """Fetch all pages and join them; how many rows they have."""
    page, header, total = path.with_name(f"{path.name}.page"), b"", 0
    locator, seen = "", {""}
    try:
        with path.open("wb") as out:
            while locator != NO_MORE:
                answer, count = _page(ask, job_id, locator, page)
                header = _append(page, out, header)
                total += count
                locator = answer.headers.get("Sforce-Locator", "").strip()
                if locator in seen:
                    raise errors.ResultsIncomplete(f"query job {job_id}: its pages don't name the next one; the query may be run again")
                seen.add(locator)
    finally:
        page.unlink(missing_ok=True)
    return total


def _page(ask: calls.Calls, job_id: str, locator: str, page: Path) -> tuple[calls.Answer, int]:
    """Fetch one page, again if it isn't whole."""
    where = f"rows of query job {job_id}"
    counts = [0]

    def fetched(at: wire.Session) -> calls.Answer:
        address = lambda url, version: wire.results_url(url, version, job_id, locator, PAGE_ROWS)  # noqa: E731 - an address is a function
        with ask.sent(at, "GET", where, address, headers={"Accept": "text/csv"}) as response:
            if not wire.is_fine(response.status_code):
                return calls.answered(response, where)
            bodies.save(response, page, where)
            counts[0] = _counted(page, response.headers.get("Sforce-NumberOfRecords", ""), where)
            return calls.Answer(response.status_code, response.headers, b"")

    answer = ask.patiently(lambda: ask.renewing(fetched))
    wire.answer(answer.status, answer.headers, answer.body, where)
    return answer, counts[0]


def _counted(page: Path, announced: str, where: str) -> int:
    """Count a page's rows. Raises NetworkFault, so that it is fetched again, if they aren't as many as announced."""
    try:
        # Row by row, since a newline may stand in a cell: the reader is C, and keeps none of them.
        with page.open(encoding="utf-8", newline="") as file:
            found = max(sum(1 for _ in csv.reader(file, strict=True)) - 1, 0)
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise errors.NetworkFault(f"{where}: a page that is no CSV came; it may be tried again") from wrong
    if announced.strip().isdigit() and int(announced) != found:
        raise errors.NetworkFault(f"{where}: {found} of {announced.strip()} rows came; it may be tried again")
    return found


def _append(page: Path, out: BinaryIO, header: bytes) -> bytes:
    """Add a page's rows to the whole; its header only if it is the first. Returns the header that all pages have."""
    with page.open("rb") as file:
        own = file.readline().rstrip(b"\r\n")
        if header and own != header:
            raise errors.ResultsIncomplete("a query's pages have different columns; the query may be run again")
        if own and not header:
            out.write(own + b"\n")
        shutil.copyfileobj(file, out, bodies.BLOCK)
        if file.tell() > len(own) + 1:
            # The last line may lack its end.
            file.seek(-1, 2)
            out.write(b"" if file.read(1) == b"\n" else b"\n")
    return own


def _forgotten(ask: calls.Calls, job_id: str) -> None:
    """Delete the job and its rows, one that still runs too. What is left behind, Salesforce deletes after seven days."""
    for method, document in (("DELETE", None), ("PATCH", {"state": "Aborted"}), ("DELETE", None)):
        with contextlib.suppress(errors.BulkloadError):
            ask.once(method, f"query job {job_id}", _job(job_id), document)
            if method == "DELETE":
                return


def _job(job_id: str) -> Callable[[str, str], str]:
    return lambda at, version: wire.query_job_url(at, version, job_id)
