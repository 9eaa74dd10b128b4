"""The summary of a dry run → a table for people: a line per object, the day's limits, what would stop the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Document = dict[str, Any]
HEADS = (
    "object", "rows", "rejected", "merged", "filtered", "orphaned", "dangling", "unchanged", "to send", "jobs", "batches", "bytes",
    "API calls", "time",
)  # fmt: skip
LOSSES = (entities.Fate.REJECTED, entities.Fate.MERGED, entities.Fate.FILTERED, entities.Fate.ORPHANED)
UNKNOWN = "unknown"
LIMITS = {"batches": "batches", "apiCalls": "API calls", "rows": "rows, by our own runs"}
MINUTE, HOUR = 60, 3600


def of(document: Document) -> str:
    """Write the table of a dry run's summary; lines without the last line's end."""
    objects = document["objects"]
    rows = [_line(name, each) for name, each in objects.items() if "forecast" in each]
    total = [_total(rows, document)] if len(rows) > 1 else []
    lines = [f"dry run: {document['status']}, nothing was written to Salesforce", ""]
    lines += _aligned([HEADS, *([_shown(each) for each in (*rows, *total)])]) if rows else []
    notes = [*_limits(document), *(note for name, each in objects.items() for note in _notes(name, each))]
    notes += [f"finding: {each}" for each in document.get("findings", [])] or (
        [f"error: {document['error']}"] if "error" in document else []
    )
    notes += [f"warning: {each}" for each in document.get("warnings", [])]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _line(name: str, each: Document) -> list[Any]:
    """One object, in the order of HEADS."""
    seen = each["forecast"]
    dangling = sum(link["rows"] for link in seen["dangling"])
    fates = [each[fate] for fate in LOSSES]
    ahead = [each[entities.Fate.UNPROCESSED], seen["jobs"], seen["batches"], seen["bytes"], seen["apiCalls"], _time(seen["seconds"])]
    return [name, each["source"], *fates, dangling, each[entities.Fate.UNCHANGED], *ahead]


def _total(rows: Sequence[Sequence[Any]], document: Document) -> list[Any]:
    sums = [sum(column) for column in list(zip(*rows, strict=True))[1:-1]]
    return ["together", *sums, _time(document.get("seconds"))]


def _shown(cells: Sequence[Any]) -> list[str]:
    return [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in cells]


def _time(seconds: float | None) -> str:
    """Say a time roughly."""
    if seconds is None:
        return UNKNOWN
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min" if seconds < HOUR else f"{seconds / HOUR:.1f} h"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Names to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _limits(document: Document) -> Iterator[str]:
    for what, each in document.get("limits", {}).items():
        left = UNKNOWN if each["left"] is None else f"{each['left']:,}"
        share = "" if each["share"] is None else f", {each['share']:.2%} of a day's {each['max']:,}"
        yield f"{LIMITS[what]}: {each['need']:,} needed, {left} left{share}"


def _notes(name: str, each: Document) -> Iterator[str]:
    """What is behind an object's numbers."""
    for wrong in each["topErrors"]:
        yield f"{name}: {wrong['rows']:,} x {wrong['code']}"
    seen = each.get("forecast", {"dangling": [], "cutLinks": 0})
    for link in seen["dangling"]:
        yield f"{name}: {link['rows']:,} x {link['field']} names no row of {link['object']}, {link['example']!r} for example"
    if seen["cutLinks"]:
        yield f"{name}: {seen['cutLinks']:,} links are cut and set by a second pass"
    for fate, uris in each["files"].items():
        yield from (f"{name}: {fate} rows in {uri}" for uri in ([uris] if isinstance(uris, str) else uris))
