"""Jobs of an object with `changed_only` → a mark in the memory as long as one of them isn't accounted for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.steps import journal, remember, submit
from tests.include.bulkload.steps import test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def marks(load: Load) -> int:
    """How many marks stand."""
    return len(list((load.root / "runs" / "~memory").rglob("begun-*.json")))


def test_a_mark_stands_from_the_first_job_to_the_last_result(load: Load) -> None:
    """Not before anything is sent; and telling doesn't take it away while a job's results aren't there."""
    load.mapping = {"Account": test_waves.ACCOUNT | {"changed_only": True}}
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "a"}]}'
    load.stage()
    numbers, seen = load.cut("Account"), [marks(load)]
    load.waited([submit.chunk(load.run, "Account", number) for number in numbers])
    opened = journal.opened(load.run)
    remember.objects(load.run, opened)
    seen.append(marks(load))
    load.settled("Account")
    remember.objects(load.run, opened)
    assert [0, 1, 0] == [*seen, marks(load)]
