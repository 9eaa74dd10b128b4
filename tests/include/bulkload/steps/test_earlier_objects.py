"""`changed_only` beside an object that writes the same records → its rows go again where that one wrote."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.include.bulkload.steps import test_later_objects, test_waves

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

SETTLED = ("source", "succeeded", "unchanged")


def test_a_row_goes_again_over_what_an_earlier_object_sends(load: Load) -> None:
    """Its own cells are yesterday's, the record's aren't any more; where the earlier one left the record too, it stays."""
    account = {**test_waves.ACCOUNT, "parents": {}, "changed_only": True}
    load.mapping = {"Account": account, "Detail": {**account, "records": "details[]"}}
    found = []
    for night, name in enumerate(("raw", "raw, changed")):
        accounts = [{"name": "raw", "sourceId": "K1"}, {"name": name, "sourceId": "K2"}]
        details = [{"name": "final", "sourceId": key} for key in ("K1", "K2", "K3")]
        load.run_name = f"night {night}"
        load.payload = json.dumps({"accounts": accounts, "details": details}).encode()
        objects = load.whole()["summary"]["objects"]
        found.append({each: tuple(objects[each][fate] for fate in SETTLED) for each in objects})
        load.clock += 86_400
    assert [{"Account": (2, 2, 0), "Detail": (3, 3, 0)}, {"Account": (2, 1, 1), "Detail": (3, 1, 2)}] == found
    assert [(key, "final") for key in ("K1", "K2", "K3")] == test_later_objects.stored(load)
