"""A request → the fault that is planned for it, if one is; every fault that happened is counted.

A rule is a JSON object: `path` and `method` (regular expressions, default: any), `nth` (list of the matching calls
that fail, from 1) or `every` (each n-th) or `share` (0 to 1, by the seed), and `kind`:
`status` (with `status`, `html`, `headers`), `unauthorized`, `reset_before`, `reset_after`, `truncate` (share of the
body that is sent), `slow` (`seconds` before the answer). `reset_after` acts first: the answer is lost.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from typing import Any


class Faults:
    """The rules in force, and what they did."""

    def __init__(self, rules: list[dict[str, Any]], seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.replace(rules, seed)

    def replace(self, rules: list[dict[str, Any]], seed: int) -> None:
        """Put other rules in force; counts of what happened stay."""
        self._rules = [dict(rule) for rule in rules]
        self._seen: Counter[int] = Counter()
        self._dice = random.Random(seed)  # noqa: S311 - repeatable, not secret

    def for_request(self, method: str, path: str) -> dict[str, Any] | None:
        """The first rule that strikes this request; None if none does."""
        for place, rule in enumerate(self._rules):
            if not re.search(rule.get("path", ""), path) or not re.fullmatch(rule.get("method", ".*"), method):
                continue
            self._seen[place] += 1
            if self._strikes(rule, self._seen[place]):
                self.counts[rule["kind"]] += 1
                return rule
        return None

    def _strikes(self, rule: dict[str, Any], call: int) -> bool:
        if "nth" in rule:
            return call in rule["nth"]
        if "every" in rule:
            return call % int(rule["every"]) == 0
        return self._dice.random() < float(rule.get("share", 1))
