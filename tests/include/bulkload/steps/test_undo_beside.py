"""Objects that are called like what Salesforce keeps beside a record → looked at before the record is deleted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.include.bulkload.steps.conftest import Load
from tests.include.bulkload.steps.undoings import account, counts, family, undone
from tests.running import loads, org

OBJECTS = Path(__file__).parents[4] / "include" / "local_org" / "schema" / "objects"
OWN = "Medical_History__c"


def schema(into: Path) -> Path:
    """The org's objects, and one of somebody's own: a detail of Account, which goes with its master."""
    shutil.copytree(OBJECTS, into)
    line = json.loads((into / "Invoice_Line__c.json").read_text("utf-8"))
    name, master = line["fields"][:2]
    fields = [name, {**master, "name": "Account__c", "referenceTo": ["Account"], "relationshipName": "Account__r"}]
    made = {"name": OWN, "label": "History", "labelPlural": "Histories", "keyPrefix": "a09", "custom": True, "fields": fields}
    (into / f"{OWN}.json").write_text(json.dumps(made), "utf-8")
    return into


def test_a_detail_of_somebodys_own_object_keeps_its_master(tmp_path: Path) -> None:
    """Its name ends like that of Salesforce's own history, but it is a record that the run didn't create."""
    with org.running(tmp_path, "--control", "--schema", str(schema(tmp_path / "schema"))) as started:
        load = Load(tmp_path, loads.LocalOrg(started))
        family(load)
        detail = load.org.insert(OWN, {"Name": "by hand", "Account__c": account(load, "K1")})
        found = undone(load)
        assert [detail] == [each["Id"] for each in load.org.query(f"SELECT Id FROM {OWN}")]
        assert (2, 0, 0, 1, 0) == counts(found, "Account")
