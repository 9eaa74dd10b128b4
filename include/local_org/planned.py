"""JSON rules → planned faults of rows, jobs and requests, each checked: its keys, types, ranges."""

from __future__ import annotations

import re
from typing import Any, Literal

import pydantic
from pydantic import Field

OK, NO_STATUS, TOO_MANY = 200, 400, 599


class _Rule(pydantic.BaseModel):
    """What all rules can be narrowed to: an object's name, and the n-th job that was created of it; any by default."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    object: str = ""
    job: int | None = Field(None, ge=1)

    def meets(self, sobject: str, nth: int) -> bool:
        """Whether the rule is about this job."""
        return self.object.lower() in {"", sobject.lower()} and self.job in {None, nth}


class RowFault(_Rule):
    """Rows that are refused: with this value in this field, or this share of them by the seed, or both.

    `error` is the whole sf__Error; `lock` stands for UNABLE_TO_LOCK_ROW in Salesforce's words.
    """

    operation: Literal["insert", "update", "upsert", "delete", "hardDelete"] | None = None
    field: str = ""
    value: str | None = None
    share: float = Field(1.0, ge=0, le=1)
    error: str = ""
    lock: bool = False

    @pydantic.model_validator(mode="after")
    def _whole(self) -> RowFault:
        if bool(self.error) == self.lock:
            raise ValueError("give either error, the row's sf__Error, or lock: true")
        if bool(self.field) != (self.value is not None):
            raise ValueError("field and value go together")
        return self

    @property
    def text(self) -> str:
        """The row's sf__Error."""
        return self.error or "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--"


class JobEnd(_Rule):
    """A job that ends Failed or Aborted after the share `at` of its rows."""

    operation: Literal["insert", "update", "upsert", "delete", "hardDelete"] | None = None
    state: Literal["Failed", "Aborted"]
    at: float = Field(0.0, ge=0, le=1)
    message: str = ""


class HttpFault(_Rule):
    """Requests that go wrong: `path` (found anywhere) and `method` (whole) are regular expressions.

    `nth`: which of the matching calls, from 1; or `every`: each n-th; or `share` of them, by the seed. `keep`: the
    share of a truncated body that is sent; `acted`: the answer is an error though the org did what it was asked for.
    """

    kind: Literal["status", "unauthorized", "reset_before", "reset_after", "no_answer", "truncate", "slow", "drip"]
    path: str = ""
    method: str = ".*"
    nth: list[int] | None = None
    every: int | None = Field(None, ge=1)
    share: float = Field(1.0, ge=0, le=1)
    status: int = Field(503, ge=NO_STATUS, le=TOO_MANY)
    html: bool = False
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    retry_after: int | None = Field(None, ge=0)
    acted: bool = False
    keep: float = Field(0.5, ge=0, lt=1)
    seconds: float = Field(1.0, ge=0)
    bytes: int = Field(100, ge=1)

    @pydantic.field_validator("path", "method")
    @classmethod
    def _regular(cls, text: str) -> str:
        try:
            re.compile(text)
        except re.error as wrong:
            raise ValueError(f"not a regular expression: {wrong}") from wrong
        return text

    @pydantic.model_validator(mode="after")
    def _one_choice(self) -> HttpFault:
        if self.nth is not None and self.every is not None:
            raise ValueError("give nth or every, not both")
        return self


def told(wrong: pydantic.ValidationError) -> str:
    """Say what is wrong with settings, one clause each: where, what, what was given."""
    return "; ".join(_clause(each) for each in wrong.errors(include_url=False, include_context=False))


def _clause(each: Any) -> str:
    where = ".".join(str(part) for part in each["loc"])
    if each["type"] == "extra_forbidden":
        return f"{where}: there is no such setting"
    given = "" if isinstance(each["input"], dict) else f" (given: {each['input']!r})"
    return f"{where}: {each['msg'].removeprefix('Value error, ')}{given}"
