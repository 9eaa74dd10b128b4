"""Planned faults and rows → which rows they strike, alike in each run."""

from __future__ import annotations

from typing import Any

import pytest

from include.local_org import faults, planned

JOB: dict[str, Any] = {"object": "Account", "operation": "insert", "nth": 1}
ERROR = "E:m:--"


def struck(rule: dict[str, Any], seed: int = 0, start: int = 0, rows: int = 200, **job: Any) -> list[int]:
    """Places in the upload that one rule strikes in a chunk of two columns."""
    chunk = [[f"n{start + row}", "x"] for row in range(rows)]
    rules = [planned.RowFault(error=ERROR, **rule)]
    found = faults.for_rows(rules, seed, JOB | job, ["Name", "phone"], chunk, start)
    assert set(found.values()) <= {ERROR}
    return [start + row for row in sorted(found)]


def test_a_share_falls_alike_for_the_same_seed_job_and_place() -> None:
    """And otherwise for another one of each."""
    first = struck({"share": 0.1})
    assert first == struck({"share": 0.1})
    assert first not in (struck({"share": 0.1}, seed=1), struck({"share": 0.1}, nth=2), struck({"share": 0.1}, object="Lead"))


def test_a_share_does_not_hang_on_chunks() -> None:
    """A row's place in the upload decides."""
    assert struck({"share": 0.3}, rows=400) == struck({"share": 0.3}) + struck({"share": 0.3}, start=200)


def test_a_share_is_about_that_share() -> None:
    """Of many rows."""
    assert 900 < len(struck({"share": 0.1}, rows=10_000)) < 1100


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        ({}, 200),
        ({"field": "name", "value": "n7"}, 1),
        ({"field": "Phone", "value": "x"}, 200),
        ({"field": "Fax", "value": "x"}, 0),
        ({"object": "account"}, 200),
        ({"object": "Contact"}, 0),
        ({"job": 1}, 200),
        ({"job": 2}, 0),
        ({"operation": "insert"}, 200),
        ({"operation": "delete"}, 0),
        ({"share": 0}, 0),
        ({"share": 0.5, "field": "Name", "value": "nobody"}, 0),
    ],
)
def test_a_rule_strikes_what_meets_all_it_says(rule: dict[str, Any], rows: int) -> None:
    """Object, job, operation, field and value, share."""
    assert rows == len(struck(rule))
