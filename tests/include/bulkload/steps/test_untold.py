"""Jobs of a sobject → a mark in the memory of each of its objects with `changed_only` as long as one isn't accounted for."""

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
    """Not before anything is sent; and telling doesn't take it away while a job's results aren't there.

    One for itself, and one for an object of the same sobject that is still to come.
    """
    account = test_waves.ACCOUNT | {"parents": {}, "changed_only": True}
    load.mapping = {"Account": account, "Later": account | {"fields": {"BillingCity": "city", "External_Id__c": "sourceId"}}}
    load.payload = b'{"accounts": [{"name": "a", "sourceId": "a"}]}'
    load.stage()
    numbers, seen = load.cut("Account"), [marks(load)]
    load.waited([submit.chunk(load.run, "Account", number) for number in numbers])
    opened = journal.opened(load.run)
    remember.objects(load.run, opened)
    seen.append(marks(load))
    load.settled("Account")
    remember.objects(load.run, opened)
    assert [0, 2, 0] == [*seen, marks(load)]
