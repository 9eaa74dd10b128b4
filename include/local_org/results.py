"""A job's outcomes → its three result files, piece by piece, rows in another order than the upload's (contract 3)."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from include.local_org import uploads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local_org import rows, site

KINDS = {"successfulresults": "s", "failedresults": "f", "unprocessedrecords": "u"}
EXTRA = {"s": '"sf__Id","sf__Created",', "f": '"sf__Id","sf__Error",', "u": ""}
# Lines are read so many at once; they come scattered, and alike for the same job: multiplied by a prime, modulo another.
AT_ONCE = 1000
SCATTER = "(place * 7919) % 10007, place"


def pieces(of: site.Site, job: dict[str, Any], kind: str) -> Iterator[str]:
    """Write one result file."""
    path = of.store.upload_path(job["id"])
    ending = "\r\n" if job["lineEnding"] == "CRLF" else "\n"
    if not path.exists():
        return
    header = next(uploads.as_sent(path, job["columnDelimiter"]), "").rstrip("\r\n")
    # An upload without a header has no column of its own.
    own = _own(job, kind)
    if own or header:
        yield (own if header else own[:-1]) + header + ending
    yield from _unprocessed(of, job) if kind == "u" else _finished(of, job, kind)


def of_query(job: dict[str, Any], kind: str) -> str:
    """Write the header that a query job's result file of this kind has, its columns quoted as the query's results are."""
    return _own(job, kind) + uploads.line(job["columns"], job["columnDelimiter"], job["lineEnding"])


def _own(job: dict[str, Any], kind: str) -> str:
    """Salesforce's own columns, separated as all others are."""
    return EXTRA[kind].replace(",", uploads.DELIMITERS[job["columnDelimiter"]])


def written(job: dict[str, Any], outcomes: rows.Outcomes, start: int) -> list[tuple[str, int, str]]:
    """Write the lines of a chunk's rows: the kind of result, the place in the upload, the line. `start`: the place of the first one."""
    lines: list[str] = []
    uploads.writer(lines.append, job["columnDelimiter"], job["lineEnding"]).writerows(outcomes.told())
    kinds = ["f" if row in outcomes.errors else "s" for row in range(len(lines))]
    return list(zip(kinds, range(start, start + len(lines)), lines, strict=True))


def _finished(of: site.Site, job: dict[str, Any], kind: str) -> Iterator[str]:
    found = of.store.reading().execute(f'SELECT line FROM "_results" WHERE job = ? AND kind = ? ORDER BY {SCATTER}', [job["id"], kind])
    while block := found.fetchmany(AT_ONCE):
        yield "".join([line for (line,) in block])


def _unprocessed(of: site.Site, job: dict[str, Any]) -> Iterator[str]:
    """Rows that no chunk has taken, once the job has ended, as they were sent (contract 3.11)."""
    if job["state"] not in {"Failed", "Aborted"} or job.get("beyond"):
        return
    finished = of.store.finished_rows(job["id"])
    taken = next(finished, None)
    sent = itertools.islice(uploads.as_sent(of.store.upload_path(job["id"]), job["columnDelimiter"]), 1, None)
    for place, text in enumerate(sent):
        if place == taken:
            taken = next(finished, None)
        else:
            yield text
