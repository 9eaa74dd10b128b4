"""What a run sent → a small record beside all run folders; the records of an org → rows of the last day, rows a second.

How many rows a run sent stands in the record's name, so that a day's rows are counted by one listing.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.steps import journal

if TYPE_CHECKING:
    from include.bulkload.steps import ports

Document = dict[str, Any]
# No plan is called so: their names begin with a letter or digit.
ROOT = "~sent"
DAY = timedelta(hours=24)
# Records live so long; of the newest, so many tell how fast the org is.
KEPT = timedelta(days=30)
ASKED = 20
STAMP = "%Y%m%dT%H%M%S"
Speeds = dict[tuple[str, str], tuple[int, float]]


def note(run: ports.Run, opened: journal.Opened) -> None:
    """Write down what the jobs of a run that have ended took, by object; a cleared run replaces its record."""
    if run.memory is None or opened.plan.dry_run:
        return
    found = {name: ends for name in opened.plan.objects if (ends := _ends(run, name))}
    if not found:
        return
    objects = {name: _told(opened, name, ends) for name, ends in found.items()}
    at = max(datetime.fromisoformat(end["at"]) for ends in found.values() for end in ends).astimezone(UTC)
    rows = sum(each["rows"] for each in objects.values())
    folder, mark = _folder(opened.org_id), hashlib.sha256(run.folder.uri("").encode()).hexdigest()[:16]
    name = f"{folder}{at.strftime(STAMP)}-{rows}-{mark}.json"
    run.memory.write(name, {"run": run.folder.uri(""), "at": at.isoformat(timespec="seconds"), "rows": rows, "objects": objects})
    _cleared_up(run, run.memory, folder, name, mark)


def rows_of_the_day(run: ports.Run, opened: journal.Opened) -> int:
    """Count the rows that other runs from this run base sent to the org in the last 24 hours; runs that still go on don't count."""
    if run.memory is None:
        return 0
    since = run.clock() - DAY
    return sum(_rows(each) for each in run.memory.names(_folder(opened.org_id)) if _at(each) > since)


def speeds(run: ports.Run, opened: journal.Opened) -> Speeds:
    """By sobject and operation: rows that recent runs sent to the org, and the seconds that took, from first job to last."""
    found: Speeds = {}
    names = run.memory.names(_folder(opened.org_id))[-ASKED:] if run.memory else []
    for each in names:
        for said in ((run.memory.read(each) if run.memory else None) or {}).get("objects", {}).values():
            place = (said["sobject"], said["operation"])
            rows, seconds = found.get(place, (0, 0.0))
            found[place] = (rows + said["rows"], seconds + said["seconds"])
    return found


def seconds(known: Speeds, sobject: str, operation: str, rows: int) -> float | None:
    """How long so many rows will take: as fast as the same of that sobject were, else as all were; None if nothing is known."""
    same = known.get((sobject, operation)) or (sum(each[0] for each in known.values()), sum(each[1] for each in known.values()))
    return round(rows * same[1] / same[0], 1) if same[0] else None


def _told(opened: journal.Opened, name: str, ends: list[Document]) -> Document:
    """One object of a record: rows that Salesforce processed, seconds from its first job's creation to the last one's end."""
    each, jobs = opened.plan.objects[name], [end["job"] for end in ends]
    begin = min(datetime.fromisoformat(job["createdDate"]) for job in jobs)
    last = max(datetime.fromisoformat(job["systemModstamp"]) for job in jobs)
    rows = sum(int(job.get("numberRecordsProcessed", 0)) for job in jobs)
    # Salesforce tells seconds, so none is shorter than one.
    return {"sobject": each.sobject, "operation": each.operation, "rows": rows, "seconds": max((last - begin).total_seconds(), 1.0)}


def _ends(run: ports.Run, name: str) -> list[Document]:
    return [journal.demand(run, each) for each in run.folder.names(f"ledger/{name}/chunk-") if each.endswith("/ended.json")]


def _cleared_up(run: ports.Run, memory: ports.Memory, folder: str, own: str, mark: str) -> None:
    """Remove this run's earlier record, and what is too old to tell anything."""
    names = memory.names(folder)
    for each in names:
        is_earlier = each != own and each.endswith(f"-{mark}.json")
        if is_earlier or (_at(each) < run.clock() - KEPT and each not in names[-ASKED:]):
            memory.remove(each)


def _folder(org_id: str) -> str:
    return f"{ROOT}/{org_id}/"


def _at(name: str) -> datetime:
    return datetime.strptime(name.rpartition("/")[2].split("-")[0], STAMP).replace(tzinfo=UTC)


def _rows(name: str) -> int:
    return int(name.rpartition("/")[2].split("-")[1])
