"""What the org says is left of the day, and what a load needs → what can't fit, what is close, and which share it takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]
# The second is its name until API version 48 (contract 6).
BATCHES = ("DailyBulkApiBatches", "DailyBulkApiRequests")
CALLS = ("DailyApiRequests",)
# Rows of all ingest jobs in 24 hours; no limit of the API tells what is left (contract 6).
ROWS_A_DAY = 150_000_000
# A need of more than this part of what is left is worth a word: others load too, and the org's figures lag some minutes.
NEAR = 0.8


@dataclass(frozen=True, slots=True)
class Left:
    """One daily limit: what it is a limit of, the most of a day and what is left now; None where nobody knows."""

    what: str
    most: int | None
    left: int | None


def batches(limits: Mapping[str, Any]) -> Left:
    """What is left of the batches of 10,000 rows."""
    return _left("batches", limits, BATCHES)


def calls(limits: Mapping[str, Any]) -> Left:
    """What is left of the API requests."""
    return _left("API requests", limits, CALLS)


def rows(sent: int) -> Left:
    """What is left of a day's rows when our own runs have `sent` so many; others' rows nobody counts."""
    return Left("rows", ROWS_A_DAY, max(ROWS_A_DAY - sent, 0))


def finding(each: Left, least: int) -> str | None:
    """Say what can't fit: a load that needs so much at least. None if it may."""
    if each.left is None or least <= each.left:
        return None
    return f"limits: the load needs {least:,} {each.what} at least, {each.left:,} of {each.most:,} are left today; load less, or later"


def warning(each: Left, most: int) -> str | None:
    """Say what is close to the edge, or unknown, for a load that needs so much at most. None if there is room."""
    if not most:
        return None
    if each.left is None:
        return f"limits: the org doesn't tell how many {each.what} are left today; the load needs up to {most:,}"
    if most <= each.left * NEAR:
        return None
    return f"limits: the load needs up to {most:,} {each.what}, {each.left:,} of {each.most:,} are left today"


def told(each: Left, need: int) -> Document:
    """Say a need beside the limit, for the summary; `share` is of the whole day's, null where nobody knows."""
    share = round(need / each.most, 4) if each.most else None
    return {"need": need, "left": each.left, "max": each.most, "share": share}


def _left(what: str, limits: Mapping[str, Any], names: tuple[str, ...]) -> Left:
    said: Mapping[str, Any] = next((limits[name] for name in names if isinstance(limits.get(name), dict)), {})
    most, left = said.get("Max"), said.get("Remaining")
    # An org without the limit tells 0 of 0, which refuses nothing.
    if not isinstance(most, int) or not isinstance(left, int) or most <= 0:
        return Left(what, None, None)
    return Left(what, most, max(left, 0))
