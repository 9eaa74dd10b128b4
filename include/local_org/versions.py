"""API versions: which there are, which are gone, what each of them has (contract 1)."""

from __future__ import annotations

import re
from typing import Any

from include.local_org import answers

FIRST, LAST = 31, 67
SEASONS = ("Spring", "Summer", "Winter")
# v31 was Summer '14; three releases a year.
FIRST_RELEASE = 14 * 3 + 1
# From which version on the resources are there (contract 1).
SINCE = ((re.compile(r"jobs/ingest(/.*)?"), 41), (re.compile(r"jobs/query(/.*)?"), 47), (re.compile(r"jobs/query/[^/]+/resultPages"), 58))
RESOURCES = ("sobjects", "query", "queryAll", "limits", "composite", "jobs")


def listed() -> list[dict[str, str]]:
    """All versions, oldest first."""
    return [{"label": _label(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"} for number in range(FIRST, LAST + 1)]


def _label(number: int) -> str:
    release = FIRST_RELEASE + number - FIRST
    year, season = divmod(release, 3)
    # Winter comes first by its number, though it is released the year before.
    return f"{SEASONS[season]} '{year + (season == 2):02d}"  # noqa: PLR2004 - Winter


def root(version: str) -> dict[str, str]:
    """What a version has, by name."""
    return {name: f"/services/data/v{version}/{name}" for name in RESOURCES}


def check(path: str) -> None:
    """Refuse a path of a version that there isn't (404), isn't any more (410), or that hasn't the resource yet (404)."""
    found = re.match(r"/services/data/([^/]+)(?:/(.*))?$", path)
    if found is None:
        return
    number = re.fullmatch(r"v(\d{1,3})\.0", found[1])
    if number is None or int(number[1]) > LAST or int(number[1]) < 20:  # noqa: PLR2004 - REST's first version
        raise answers.not_found()
    if int(number[1]) < FIRST:
        raise answers.Refused(410, "GONE", f"API version {found[1][1:]} is retired")
    for pattern, since in SINCE:
        if pattern.fullmatch(found[2] or "") and int(number[1]) < since:
            raise answers.not_found()


def deprecated(path: str, up_to: int) -> dict[str, Any]:
    """The header of answers of a version that will be retired; none of another."""
    found = re.match(r"/services/data/v(\d{1,3})\.0", path)
    if found is None or int(found[1]) > up_to:
        return {}
    return {"Warning": '299 - "This API is deprecated and will be removed in a future release"'}
