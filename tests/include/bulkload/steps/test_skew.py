"""A parent with very many children → named in the summary."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def test_a_parent_with_more_than_ten_thousand_children_is_named(load: Load) -> None:
    """Its lookup, its Id, how many there are; others aren't, nor are objects without."""
    people = [{"lastName": f"c{number}"} for number in range(10_001)]
    accounts = [{"name": "big", "sourceId": "K1", "contacts": people}, {"name": "small", "sourceId": "K2", "contacts": people[:9]}]
    load.payload = json.dumps({"accounts": accounts}).encode()
    objects = load.whole()["summary"]["objects"]
    (big,) = load.org.query("SELECT Id FROM Account WHERE Name = 'big'")
    assert [{"field": "AccountId", "parent": big["Id"], "children": 10_001}] == objects["Contact"]["skew"]
    assert "skew" not in objects["Account"]
