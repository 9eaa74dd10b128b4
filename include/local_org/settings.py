"""Command line, file or control endpoint → how the org behaves."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """How the org behaves.

    `job_seconds`: how long it works on a job, at least. `looks`: a job is worked on only after this many GETs.
    `job_ends`: rules {"object", "state", "at", "message", "job": n-th job of the object or absent}: a job ends
    Failed or Aborted after the share `at` of its rows. `row_faults`: rules {"object", "field", "value", "error"}.
    `http_faults`: rules, see `faults`. `token_calls`: a token is good for this many calls; 0: for ever.
    `daily_api_requests`: calls with a token; those past it are refused with 403, until the org is started again.
    `lanes`: batches of a job that are worked on at the same time. `lock_tries`: how often a chunk that needs a record
    which another one holds is tried. `lock_share`: how many such collisions count (0 to 1). `held_locks`: ids of
    records that somebody else holds.
    `echo`: results show text as `sent` or as `stored`. `sandbox`: what Organization.IsSandbox says.
    """

    seed: int = 0
    job_seconds: float = 0.0
    looks: int = 0
    echo: str = "sent"
    token_calls: int = 0
    daily_api_requests: int = 1_000_000
    lanes: int = 4
    lock_tries: int = 10
    lock_share: float = 1.0
    held_locks: list[str] = field(default_factory=list)
    sandbox: bool = True
    job_ends: list[dict[str, Any]] = field(default_factory=list)
    row_faults: list[dict[str, Any]] = field(default_factory=list)
    http_faults: list[dict[str, Any]] = field(default_factory=list)

    def changed(self, document: dict[str, Any]) -> Settings:
        """Take over the given settings. Raises ValueError for one that isn't known."""
        unknown = sorted(set(document) - {each.name for each in fields(self)})
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(unknown)}")
        return replace(self, **document)


def read(path: Path | None) -> dict[str, Any]:
    """Read settings from a JSON file; none without one."""
    return dict(json.loads(path.read_text("utf-8"))) if path else {}
