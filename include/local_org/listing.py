"""All jobs, a filter and a place → one page of the list, and where the next one begins (contract 2.7)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from include.local_org import answers, ids, jobs, queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.local_org import org

PAGE = 1000
# A locator's Id says which jobs it goes on with.
KINDS = {ids.new("01g", number): kind for number, kind in enumerate(("", "v2ingest", "v2query", "classic", "bigobjectingest"), 1)}
LOCATOR = re.compile(r"(01g[0-9A-Za-z]{15})-([0-9]{1,9})")


def page(of: org.Org, version: str, asked: Mapping[str, str], kind: str = "") -> dict[str, Any]:
    """List up to 1,000 jobs, oldest first. `kind`: their jobType if none is asked for. Raises Refused (400) for a wrong locator."""
    kind, start = _place(asked["queryLocator"]) if "queryLocator" in asked else (asked.get("jobType", kind).lower(), 0)
    found = _found(of, kind, asked)
    done = start + PAGE >= len(found)
    return {
        "done": done,
        "records": found[start : start + PAGE],
        # Pages of query jobs go on there, too.
        "nextRecordsUrl": None if done else f"/services/data/v{version}/jobs/ingest?queryLocator={_locator(kind)}-{start + PAGE}",
    }


def _found(of: org.Org, kind: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    # No job of Bulk API 2.0 has PK chunking that somebody asked for, all are worked on in parallel.
    if asked.get("isPkChunkingEnabled", "false").lower() == "true" or asked.get("concurrencyMode", "parallel").lower() != "parallel":
        return []
    ingest = [jobs.shown(job, jobs.LISTED) for job in of.jobs.all()] if kind in {"", "v2ingest"} else []
    return ingest + ([of.queries.shown(job, queries.LISTED) for job in of.queries.all()] if kind in {"", "v2query"} else [])


def _locator(kind: str) -> str:
    return next(locator for locator, each in KINDS.items() if each == kind)


def _place(locator: str) -> tuple[str, int]:
    found = LOCATOR.fullmatch(locator)
    if found is None or found[1] not in KINDS:
        raise answers.Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return KINDS[found[1]], int(found[2])
