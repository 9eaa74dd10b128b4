"""A job's outcomes → its three result files, piece by piece, rows in another order than the upload's (contract 3)."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from include.local_org import uploads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.local_org import site

KINDS = {"successfulresults": "s", "failedresults": "f", "unprocessedrecords": "u"}
EXTRA = {"s": '"sf__Id","sf__Created",', "f": '"sf__Id","sf__Error",', "u": ""}
# Rows come scattered, and alike for the same job: multiplied by a prime, modulo another.
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


def _finished(of: site.Site, job: dict[str, Any], kind: str) -> Iterator[str]:
    query = f'SELECT sf_id, created, error, cells FROM "_outcomes" WHERE job = ? AND kind = ? ORDER BY {SCATTER}'
    for row in of.store.reading().execute(query, [job["id"], kind]):
        told = [row["sf_id"], row["created"]] if kind == "s" else ["", row["error"]]
        yield uploads.line([*told, *json.loads(row["cells"])], job["columnDelimiter"], job["lineEnding"])


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
