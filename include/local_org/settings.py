"""Command line, file or control endpoint → how the org behaves, every setting checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, get_args

import pydantic
from pydantic import Field

from include.local_org import planned

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


class Unfit(ValueError):
    """Settings that can't be: the message says which and why."""


class Settings(pydantic.BaseModel):
    """How the org behaves. Each setting's description is its help on the command line."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int = Field(0, description="the dice: order of batches and chunks, faults by share")
    job_seconds: float = Field(0.0, ge=0, description="how long a job takes, at least")
    rows_per_second: float = Field(0.0, ge=0, description="rows of one job a second, at most; 0: as fast as can be")
    looks: int = Field(0, ge=0, description="a job is worked on only after so many looks at it")
    abort_lag_seconds: float = Field(0.5, ge=0, description="chunks at work at an abort are committed so much later")
    echo: Literal["sent", "stored"] = Field("sent", description="results show text as sent or as stored")
    token_calls: int = Field(0, ge=0, description="a token is good for so many calls; 0: for ever")
    daily_api_requests: int = Field(1_000_000, ge=0, description="calls with a token; past them 403, until the org is started again")
    daily_batches: int = Field(15_000, ge=0, description="batches of 10,000 rows in 24 hours; a job that needs more fails")
    daily_rows: int = Field(150_000_000, ge=0, description="rows of jobs in 24 hours; a job that needs more fails")
    clock_skew_seconds: float = Field(0.0, ge=-3e9, le=3e9, description="how far the org's clock is ahead")
    lanes: int = Field(4, ge=1, description="batches of a job that are worked on at the same time")
    lock_tries: int = Field(10, ge=0, description="how often a chunk that needs a record which another one holds is tried again")
    lock_share: float = Field(1.0, ge=0, le=1, description="how many such collisions count, 0 to 1")
    lock_failures: int = Field(0, ge=0, description="a job that lost so many rows to locks ends Failed, TooManyLockFailure; 0: never")
    held_locks: list[str] = Field(default_factory=list, description="Ids of records that somebody else holds")
    hidden_fields: list[str] = Field(default_factory=list, description="fields the user can't see: Account.Phone")
    read_only_fields: list[str] = Field(default_factory=list, description="fields the user can't write: Account.Phone")
    deprecated_version: int = Field(0, ge=0, description="answers of API versions up to this one warn that they will be retired")
    sandbox: bool = Field(default=True, description="what Organization.IsSandbox says, from the next start on")
    org_number: int = Field(
        1, ge=1, le=10**11, description="the end of the org's own id, so that two orgs are told apart; for new data only"
    )
    job_ends: list[planned.JobEnd] = Field(default_factory=list)
    row_faults: list[planned.RowFault] = Field(default_factory=list)
    http_faults: list[planned.HttpFault] = Field(default_factory=list)

    @pydantic.field_validator("hidden_fields", "read_only_fields")
    @classmethod
    def _object_and_field(cls, names: list[str]) -> list[str]:
        wrong = [name for name in names if name.count(".") != 1 or not all(name.split("."))]
        if wrong:
            raise ValueError("each is Object.Field")
        return names

    def changed(self, document: Any) -> Settings:
        """Take over settings of a JSON object. Raises Unfit."""
        if not isinstance(document, dict):
            raise Unfit("settings are a JSON object")
        try:
            whole = json.dumps({**self.model_dump(mode="json"), **document})
            return Settings.model_validate_json(whole, strict=True)
        except pydantic.ValidationError as wrong:
            raise Unfit(planned.told(wrong)) from wrong

    def given(self, options: argparse.Namespace) -> Settings:
        """Take over options of the command line, which are text. Raises Unfit."""
        texts = {name: getattr(options, name) for name in simple()}
        lists = {name: text.split(",") if _is_list(name) else text for name, text in texts.items() if text is not None}
        try:
            return Settings.model_validate({**self.model_dump(), **lists})
        except pydantic.ValidationError as wrong:
            raise Unfit(planned.told(wrong)) from wrong


def simple() -> list[str]:
    """Name the settings that can be written in one word: all but the fault rules."""
    return [name for name in Settings.model_fields if name not in {"job_ends", "row_faults", "http_faults"}]


def _is_list(name: str) -> bool:
    return get_args(Settings.model_fields[name].annotation) == (str,)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add an option per simple setting; they are stronger than files."""
    group = parser.add_argument_group("settings", "also in files, and at run time with --control")
    for name in simple():
        field = Settings.model_fields[name]
        default = field.get_default(call_default_factory=True)
        said = f"{field.description} (default {default})" if default != [] else f"{field.description}, comma separated"
        group.add_argument(f"--{name.replace('_', '-')}", metavar="LIST" if _is_list(name) else "VALUE", help=said.replace("%", "%%"))


def read(path: Path | None) -> dict[str, Any]:
    """Read settings from a JSON file; none without one. Raises Unfit."""
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise Unfit(f"{path}: {wrong}") from wrong
    if not isinstance(found, dict):
        raise Unfit(f"{path}: settings are a JSON object")
    return found
