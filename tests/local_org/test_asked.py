"""What the conformance suite made in somebody's org → taken away again, all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.local_org.conformance import asked
from tests.running import org

if TYPE_CHECKING:
    from pathlib import Path


def left(salesforce: asked.Salesforce) -> dict[str, int]:
    """Count what is there."""
    found = {name: len(salesforce.call("GET", f"/jobs/{name}").json()["records"]) for name in ("ingest", "query")}
    for sobject in ("Account", "Contact", "Event", "Opportunity"):
        found[sobject] = salesforce.call("GET", "/query", params={"q": f"SELECT COUNT() FROM {sobject}"}).json()["totalSize"]
    return found


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """Neither records without our keys, nor more than a page of them, nor those of single requests; nor any job."""
    with org.running(tmp_path) as line:
        salesforce = asked.Salesforce(line["http_url"], line["access_token"])
        before, part = left(salesforce), salesforce.part()
        part.run("Name\n" + "x\n" * 2500)
        part.run("Name;Phone\nx;1\n", columnDelimiter="SEMICOLON")
        part.run("Subject,DurationInMinutes,StartDateTime\nx,5,2026-01-01T00:00:00Z\n", "Event")
        part.run(f"Name,StageName,CloseDate\n{part.key('o')},New,2026-01-01\n", "Opportunity")
        part.call("POST", "/sobjects/Contact", json={"LastName": part.key("c")}).raise_for_status()
        part.call("POST", "/jobs/query", json={"operation": "query", "query": "SELECT Id FROM Account"}).raise_for_status()
        deleted = part.run(f"Name\n{part.key('deleted')}\n")["id"]
        part.call("DELETE", f"/jobs/ingest/{deleted}").raise_for_status()
        part.create()
        there = left(salesforce)
        salesforce.clean()
        made = {"ingest": 6, "query": 1, "Account": 2502, "Contact": 1, "Event": 1, "Opportunity": 1}
        assert (made, before) == (there, left(salesforce))
