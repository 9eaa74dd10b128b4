"""The verdict over a rehearsed load, and what it would take → the summary of a dry run: rows that would be sent, nothing that was.

The keys are those of any summary; a row that would be sent is unprocessed, since no run has sent it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities
from include.bulkload.report import summary

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a load would take: a forecast per object, shares of the day's limits, and what would stop it, one sentence each."""

    objects: Mapping[str, Document]
    limits: Document
    findings: Sequence[str] = ()

    @property
    def seconds(self) -> float | None:
        """How long its jobs will take, one object after the other; None where nobody knows."""
        known = [each["seconds"] for each in self.objects.values()]
        return None if None in known else round(sum(known), 1)


def told(verdict: summary.Verdict, outlook: Outlook) -> summary.Verdict:
    """Make the summary of a dry run from the verdict over its rehearsal, in which Salesforce took every row."""
    findings = (*verdict.why, *outlook.findings)
    document = {"status": verdict.document["status"], "dryRun": True, **verdict.document}
    if document["status"] == summary.FAILED:
        document["error"] = "; ".join(findings)
    elif findings:
        document["status"] = summary.WITH_ERRORS
    if "parentSuccessCount" in document:
        document["parentSuccessCount"] = 0
    del document["objects"]
    document |= {"findings": list(findings), "limits": outlook.limits, "seconds": outlook.seconds}
    document["objects"] = {
        name: _unsent(each) | {"forecast": outlook.objects[name]}
        for name, each in verdict.document["objects"].items()
        if name in outlook.objects
    }
    return summary.Verdict(document, clean=not findings, why=findings)


def _unsent(each: Document) -> Document:
    """One object, without what only was rehearsed."""
    waiting = each[entities.Fate.UNPROCESSED] + each[entities.Fate.SUCCEEDED]
    return {**each, str(entities.Fate.SUCCEEDED): 0, str(entities.Fate.UNPROCESSED): waiting, "created": 0, "updated": 0, "submitted": 0}
