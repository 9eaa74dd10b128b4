"""A delete that an earlier night lost: it goes by itself only if what came since can be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from include.bulkload.steps import earlier_runs
from tests.include.bulkload.steps import replays, test_earlier_runs

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load


def test_a_delete_goes_no_more_by_itself_once_a_newer_plan_knows_the_record_by_another_field(load: Load) -> None:
    """That one may have brought it back, as tonight's did; nor does a night send it that had chosen it before and is cleared since."""
    account = load.mapping["Account"]
    gone = {"sobject": "Account", "records": "gone[]", "operation": "delete", "external_id": "Id", "fields": {"Id": "id"}}
    old = load.org.insert("Account", {"Name": "old", "External_Id__c": "K"})
    load.mapping = {"Gone": gone}
    load.org.behave(row_faults=[{"object": "Account", "operation": "delete", "share": 1.0, "error": "SOME_RULE:no:--"}])
    test_earlier_runs.night(load, "one", json.dumps({"gone": [{"id": old}]}).encode())
    load.org.behave(row_faults=[])
    stopped = earlier_runs.begin(replays.again(load, "stopped"), "one", load)
    load.mapping = {"Gone": gone, "Account": account}
    told = test_earlier_runs.night(load, "two", json.dumps({"gone": [], "accounts": [{"name": "today", "sourceId": "K"}]}).encode())
    assert (1, None, {"K": "today"}) == (stopped["objects"]["Gone"]["send"], told.get("leftovers"), test_earlier_runs.keys(load))
    load.run_name = "one"
    replays.advanced(load, "stopped", stopped["replay"], "Gone")
    assert {"K": "today"} == test_earlier_runs.keys(load)
