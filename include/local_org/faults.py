"""Planned faults → which rows, jobs and requests they strike; every one that happened is counted.

Requests are counted per rule, rows chosen by a number made of seed, job and place: both are alike in each run.
"""

from __future__ import annotations

import hashlib
import random
import re
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from include.local_org import planned

MOST = 1 << 32


class Faults:
    """The rules in force for requests, and what all faults did."""

    def __init__(self, rules: Sequence[planned.HttpFault], seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._counting = threading.Lock()
        self.replace(rules, seed)

    def replace(self, rules: Sequence[planned.HttpFault], seed: int) -> None:
        """Put other rules in force; counts of what happened stay."""
        self._rules = list(rules)
        self._seen: Counter[int] = Counter()
        self._dice = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def happened(self, kind: str, times: int = 1) -> None:
        """Count faults; they come from several threads."""
        if times:
            with self._counting:
                self.counts[kind] += times

    def for_request(self, method: str, path: str, about: Callable[[], tuple[str, int]]) -> planned.HttpFault | None:
        """The first rule that strikes this request; None if none does. `about`: the object and job that it names."""
        for place, rule in enumerate(self._rules):
            if not re.search(rule.path, path) or not re.fullmatch(rule.method, method):
                continue
            if (rule.object or rule.job) and not rule.meets(*about()):
                continue
            self._seen[place] += 1
            if self._strikes(rule, self._seen[place]):
                self.happened(rule.kind)
                return rule
        return None

    def _strikes(self, rule: planned.HttpFault, call: int) -> bool:
        if rule.nth is not None:
            return call in rule.nth
        if rule.every is not None:
            return call % rule.every == 0
        return self._dice.random() < rule.share


def job_end(rules: Sequence[planned.JobEnd], job: dict[str, Any]) -> planned.JobEnd | None:
    """The rule that lets a job end Failed or Aborted; None if there is none."""
    return next((rule for rule in rules if rule.meets(job["object"], job["nth"]) and rule.operation in {None, job["operation"]}), None)


def for_rows(
    rules: Sequence[planned.RowFault], seed: int, job: dict[str, Any], columns: Sequence[str], chunk: Sequence[Sequence[str]], start: int
) -> dict[int, str]:
    """Errors of a chunk's rows that are to be refused, by row; `start`: the first row's place in the upload."""
    errors: dict[int, str] = {}
    names = [name.lower() for name in columns]
    for number, rule in enumerate(rules):
        if not rule.meets(job["object"], job["nth"]) or rule.operation not in {None, job["operation"]}:
            continue
        if rule.field and rule.field.lower() not in names:
            continue
        place = names.index(rule.field.lower()) if rule.field else None
        for row, cells in enumerate(chunk):
            if place is not None and (place >= len(cells) or cells[place].strip() != rule.value):
                continue
            if rule.share >= 1 or _number(f"{seed} {number} {job['object']} {job['nth']} {start + row}") < rule.share * MOST:
                errors.setdefault(row, rule.text)
    return errors


def _number(text: str) -> int:
    """Roll dice that fall the same for the same text."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
