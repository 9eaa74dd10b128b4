"""What an undo found and did, object by object → its document, in the summary's form, and what the first run's summary says of it.

docs/undo.md explains each key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities
from include.bulkload.match import since, undoing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Document = dict[str, Any]
FAILED = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT)
LISTS = {
    "deleted": "state = 'deleted'",
    "restored": "state = 'restored'",
    "changedSince": f"state = '{since.CHANGED}'",
    "failed": "state IN ({})".format(", ".join(f"'{fate}'" for fate in FAILED)),
}
COUNTED = ("deleted", "restored", "gone", "changedSince", "failed")
DELETES = "Deleted records lie in Salesforce's recycle bin for some days; an undo can't be undone by another run."
NO_UNDO = "the run deleted these itself; a delete can't be undone here, look into Salesforce's recycle bin"


def planned(counts: Mapping[tuple[str, str], int], *, not_kept: int, deleted_by_run: int, files: Mapping[str, str]) -> Document:
    """One object of a dry run. `counts`: planned rows by act and state; `not_kept`: records changed that can't be restored."""
    said: Document = {
        "delete": counts.get((undoing.DELETE, since.DUE), 0),
        "restore": counts.get((undoing.RESTORE, since.DUE), 0),
        "changedSince": _of(counts, since.CHANGED),
        "gone": _of(counts, since.GONE),
        "asItWas": _of(counts, since.AS_IT_WAS),
        "notKept": not_kept,
        "files": dict(files),
    }
    return said | ({"deletedByRun": deleted_by_run, "note": NO_UNDO} if deleted_by_run else {})


def _of(counts: Mapping[tuple[str, str], int], *states: str) -> int:
    return sum(rows for (_, state), rows in counts.items() if state in states)


def dry(parts: Mapping[str, Document], of: str, now: str, troubles: Sequence[str]) -> Document:
    """The document of a dry run. `of`: URI of the run's folder; `troubles`: what can't be known any more."""
    return {"undoOf": of, "dryRun": True, "at": now, "objects": dict(parts)} | ({"notKnown": list(troubles)} if troubles else {})


def in_doubt(document: Document) -> list[str]:
    """Why an undo isn't whole though it did all that it could: rows that may stand as records whose Ids nobody knows."""
    return [
        f"{name}: {each['inDoubt']} rows of the run are in doubt: what they became isn't known and stays; look for it by hand"
        for name, each in document["objects"].items()
        if each.get("inDoubt")
    ]


def part(counts: Mapping[tuple[str, str], int], dry_run: Document, jobs: Sequence[Document], files: Mapping[str, str]) -> Document:
    """One object of an undo. `counts`: its rows by act and what became of them."""
    stays = sum(rows for (act, state), rows in counts.items() if act == undoing.DELETE and state not in {"deleted", since.GONE})
    told = {
        "deleted": _of(counts, "deleted"),
        "restored": _of(counts, "restored"),
        "gone": _of(counts, since.GONE),
        "changedSince": _of(counts, since.CHANGED),
        "failed": _of(counts, *FAILED),
        "stays": stays,
        "jobs": list(jobs),
        "files": dict(files),
    }
    return told | {key: dry_run[key] for key in ("notKept", "deletedByRun", "note", "notChecked", "inDoubt") if dry_run.get(key)}


def account(parts: Mapping[str, Document], of: str, began: str, now: str, not_known: Sequence[str]) -> Document:
    """The document of an undo that is over. `not_known`: as its dry run said."""
    failed = any(each["failed"] or each.get("inDoubt") for each in parts.values())
    return {
        "status": "COMPLETED_WITH_ERRORS" if failed else "COMPLETED",
        "undoOf": of,
        "submittedAt": began,
        "completedAt": now,
        **_sums(parts.values()),
        "objects": dict(parts),
    } | ({"notKnown": list(not_known)} if not_known else {})


def stored_since(document: Document, moved: Mapping[str, Sequence[str]]) -> Document:
    """The same document of a run whose aborted jobs, by object, have stored more since the dry run: that stays, so it is red."""
    said = [f"{name}: job {', '.join(ids)} was aborted and has stored rows since the dry run" for name, ids in moved.items()]
    return document | ({"status": "COMPLETED_WITH_ERRORS", "storedSince": said} if said else {})


def _sums(parts: Any) -> dict[str, int]:
    each = list(parts)
    return {key: sum(int(one[key]) for one in each) for key in COUNTED}


def left_alone(dry_run: Document, *, refused: bool) -> Document:
    """The document of an undo that touched nothing: somebody `refused` it, or nothing was left to undo."""
    return {"status": "REFUSED" if refused else "NOTHING_TO_UNDO", **dry_run}


def broke_off(troubles: Sequence[str], of: str, now: str, parts: Mapping[str, Document]) -> Document:
    """The document of an undo that isn't over: why, for people, and what it did so far, if that is known."""
    told = _sums(parts.values()) if parts else {}
    return {"status": "FAILED", "undoOf": of, "error": "; ".join(troubles), "failedAt": now, **told, "objects": dict(parts)}


def question(dry_run: Document) -> str:
    """What somebody is asked, in Markdown: how many records, and where they are listed."""
    lines = ["| object | delete | restore | changed since, stay |", "|---|---|---|---|"]
    lines += [f"| {name} | {each['delete']} | {each['restore']} | {each['changedSince']} |" for name, each in dry_run["objects"].items()]
    files = [f"- {name}, {title}: `{uri}`" for name, each in dry_run["objects"].items() for title, uri in each["files"].items()]
    more = [f"- not known: {each}" for each in (*dry_run.get("notKnown", ()), *in_doubt(dry_run))]
    notes = [f"- {name}: {each['deletedByRun']} records; {each['note']}" for name, each in dry_run["objects"].items() if each.get("note")]
    return "\n".join([*lines, "", *files, *notes, *more, "", DELETES])


def why(document: Document) -> list[str]:
    """Why an undo is red: rows that could go and didn't, or that nobody knows. What has changed since is left on purpose."""
    failed = [f"{name}: {each['failed']} records couldn't be undone" for name, each in document["objects"].items() if each["failed"]]
    later = [f"{each}; they stay: undo the run once more" for each in document.get("storedSince", ())]
    return failed + in_doubt(document) + later


def together(documents: Sequence[Document]) -> Document:
    """What the first run's summary says of all its undoings: rows, and what the last one left."""
    last = documents[-1]
    return {
        "at": last["completedAt"],
        "deleted": sum(each["deleted"] for each in documents),
        "restored": sum(each["restored"] for each in documents),
        "changedSince": last["changedSince"],
        "failed": last["failed"],
    }
