"""`changed_only` beside an object that writes the same records → rows go again where another one wrote, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.include.bulkload.steps import test_later_objects, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SETTLED = ("source", "succeeded", "unchanged")


def test_a_row_goes_again_where_another_object_wrote(load: Load) -> None:
    """Each night ends as if all rows went, in the plan's order; a record that one object alone writes stays where it is the same.

    The later one sends by Id: it remembers its records by another key.
    """
    account = {**test_waves.ACCOUNT, "parents": {}, "changed_only": True}
    load.mapping = {"Account": account, "Detail": {**account, "update_only": True, "records": "details[]"}}
    load.org.insert("Account", {"Name": "old", "External_Id__c": "K3"})
    nights = [
        ({"K1": "raw", "K2": "raw"}, ("K1", "K2", "K3")),
        ({"K1": "raw", "K2": "changed"}, ("K1", "K2", "K3")),
        ({"K1": "raw", "K2": "changed"}, ("K3",)),
        ({"K1": "raw", "K2": "changed"}, ("K1", "K3")),
    ]
    found, names = [], []
    for number, (accounts, details) in enumerate(nights):
        load.run_name = f"night {number}"
        rows = {"accounts": [{"name": name, "sourceId": key} for key, name in accounts.items()]}
        load.payload = json.dumps(rows | {"details": [{"name": "final", "sourceId": key} for key in details]}).encode()
        objects = load.whole()["summary"]["objects"]
        found.append([tuple(objects[each][fate] for fate in SETTLED) for each in ("Account", "Detail")])
        names.append([name for _, name in test_later_objects.stored(load)])
        load.clock += 86_400
    assert [[(2, 2, 0), (3, 3, 0)], [(2, 2, 0), (3, 2, 1)], [(2, 2, 0), (1, 0, 1)], [(2, 0, 2), (2, 1, 1)]] == found
    assert [["final"] * 3, ["final"] * 3, ["raw", "changed", "final"], ["final", "changed", "final"]] == names
