"""A dry run's summary → the table that people read, letter by letter."""

from __future__ import annotations

from typing import Any

from include.bulkload.report import table


def seen(rows: int, seconds: float | None, **more: Any) -> dict[str, Any]:
    """A forecast."""
    sizes = {"rows": rows, "bytes": rows * 100, "jobs": 2, "batches": 3, "queryJobs": 0, "apiCalls": 14}
    return {**sizes, "seconds": seconds, "cutLinks": 0, "dangling": [], **more}


def one(rows: int, seconds: float | None, **more: Any) -> dict[str, Any]:
    """An object of which all rows would be sent."""
    none = dict.fromkeys(("rejected", "merged", "filtered", "orphaned", "unchanged"), 0)
    return {"source": rows, **none, "unprocessed": rows, "topErrors": [], "files": {}, "forecast": seen(rows, seconds), **more}


def test_it_tells_all_that_the_summary_does() -> None:
    """A line per object and their sum, the limits, then what is behind the numbers."""
    dangling = [{"field": "AccountId", "object": "Account", "rows": 2, "example": "K9"}]
    contact: dict[str, Any] = {"rejected": 1_000, "orphaned": 2, "topErrors": [{"code": "missing key", "rows": 1_000}]}
    document = {
        "status": "COMPLETED_WITH_ERRORS",
        "warnings": ["something is odd"],
        "findings": ["Contact: too many"],
        "seconds": None,
        "limits": {
            "batches": {"need": 6, "left": 14_000, "max": 15_000, "share": 0.0004},
            "apiCalls": {"need": 28, "left": None, "max": None, "share": None},
        },
        "objects": {
            "Account": one(1_234_567, 5_400.0),
            "Contact": one(20, None, forecast=seen(20, None, dangling=dangling, cutLinks=7), **contact, files={"rejected": ["file:///r"]}),
        },
    }
    expected = """\
dry run: COMPLETED_WITH_ERRORS, nothing was written to Salesforce

object         rows  rejected  merged  filtered  orphaned  dangling  unchanged    to send  jobs  batches        bytes  API calls     time
Account   1,234,567         0       0         0         0         0          0  1,234,567     2        3  123,456,700         14    1.5 h
Contact          20     1,000       0         0         2         2          0         20     2        3        2,000         14  unknown
together  1,234,587     1,000       0         0         2         2          0  1,234,587     4        6  123,458,700         28  unknown

batches: 6 needed, 14,000 left, 0.04% of a day's 15,000
API calls: 28 needed, unknown left
Contact: 1,000 x missing key
Contact: 2 x AccountId names no row of Account, 'K9' for example
Contact: 7 links are cut and set by a second pass
Contact: rejected rows in file:///r
finding: Contact: too many
warning: something is odd"""
    assert expected == table.of(document)


def test_a_run_that_never_began_has_its_error() -> None:
    """There is nothing to count."""
    document = {"status": "FAILED", "error": "objects.X: mend it", "objects": {}}
    assert "dry run: FAILED, nothing was written to Salesforce\n\n\nerror: objects.X: mend it" == table.of(document)


def test_times_are_rough() -> None:
    """Seconds, minutes, hours."""
    lines = [table.of({"status": "", "objects": {"A": one(1, seconds)}}).splitlines()[-1] for seconds in (0.4, 59.0, 61.0, 7_200.0)]
    assert ["0 s", "59 s", "1 min", "2.0 h"] == [" ".join(line.split()[13:]) for line in lines]
