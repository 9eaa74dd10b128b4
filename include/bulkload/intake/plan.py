"""A document (config JSON, later a plan file) → one checked Plan, or a PlanError that lists every mistake.

The one model that validation, the trigger form's JSON schema and the reference page are made from.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field

from include.bulkload.basics import errors

API_NAME = r"^[A-Za-z][A-Za-z0-9_]{0,79}$"
RECORDS = r"^(\[\]|[^.\[\]]+\[\](\.[^.\[\]]+\[\]){0,5})$"
TOLERANCE = r"^(100(\.0+)?|\d{1,2}(\.\d+)?)%$"

ApiName = Annotated[str, Field(pattern=API_NAME)]
Tolerance = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=TOLERANCE)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """Where the records come from: one object in object storage."""

    uri: str = Field(min_length=1, description="URI of the payload, under one of the allowed roots.")
    format: Literal["auto", "json", "jsonl"] = Field(
        "auto", description="`json` is one document, `jsonl` one root record a line; `auto` goes by the file's name."
    )


class Link(_Strict):
    """How a lookup field gets its parent's Id."""

    object: str = Field(description="Name of the parent object in this plan.")
    by: Literal["nesting"] = Field("nesting", description="`nesting`: the record that the child stood in.")


class ObjectPlan(_Strict):
    """One object of the load: which records, to which sobject, by which operation."""

    sobject: ApiName = Field(description="API name in Salesforce.")
    records: str = Field(pattern=RECORDS, description="Path of its records, e.g. `accounts[]` or `accounts[].contacts[]`.")
    operation: Literal["insert", "upsert"] = Field(description="What the Bulk API job does with the rows.")
    external_id: ApiName | None = Field(None, description="The upsert key: an external id field of the sobject.")
    fields: dict[ApiName, str] = Field(min_length=1, description="Salesforce field → name of the source value.")
    parents: dict[ApiName, Link] = Field(default_factory=dict, description="Lookup field → where its Id comes from.")
    max_failed: Tolerance = Field(0, description="Rows that may be lost before the run turns red: `10` or `2%`.")
    duplicates_ok: str = Field("", description="Why a scheduled plan may insert the same rows again.")

    @property
    def key_field(self) -> str | None:
        """The sent column that names a row, if there is one."""
        return self.external_id

    def loss_allowed(self, source_rows: int) -> int:
        """How many of `source_rows` may be lost: a share is rounded down."""
        if isinstance(self.max_failed, int):
            return self.max_failed
        return int(source_rows * float(self.max_failed.rstrip("%")) / 100)


class Plan(_Strict):
    """One load, whole: what is read, what it becomes, and how long we wait for it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$", description="Name of the load.")
    conn_id: str = Field("salesforce_default", min_length=1, description="Airflow connection of type `salesforce`.")
    source: Source = Field(description="Where the records come from.")
    objects: dict[ApiName, ObjectPlan] = Field(min_length=1, description="Name → object; parents may stand anywhere.")
    job_bytes: int = Field(100_000_000, ge=1_000, le=150_000_000, description="Largest upload of one job, in bytes.")
    poll_seconds: float = Field(10.0, gt=0, description="First pause between two looks at a job.")
    wait_seconds: float = Field(600.0, gt=0, description="How long one try waits for a job.")

    def order(self) -> list[str]:
        """Name the objects, parents before children."""
        placed: list[str] = []
        while len(placed) < len(self.objects):
            ready = [
                name
                for name, each in self.objects.items()
                if name not in placed and all(link.object in placed for link in each.parents.values())
            ]
            if not ready:
                raise errors.PlanError("objects: they are each other's parents; a cycle can't be ordered")
            placed += ready
        return placed


def plan_from(document: Any) -> Plan:
    """Check a document against the model. Raises PlanError with one line per mistake: where, what, remedy."""
    try:
        plan = Plan.model_validate(document)
    except pydantic.ValidationError as wrong:
        raise errors.PlanError(*(_finding(each) for each in wrong.errors())) from wrong
    findings = [finding for name in plan.objects for finding in _contradictions(plan, name)]
    if findings:
        raise errors.PlanError(*findings)
    plan.order()
    return plan


def _finding(wrong: Any) -> str:
    place = ".".join(str(part) for part in wrong["loc"]) or "plan"
    remedy = "remove it, or mend its spelling" if wrong["type"] == "extra_forbidden" else "see docs/plan.md"
    return f"{place}: {wrong['msg']}; {remedy}"


def _contradictions(plan: Plan, name: str) -> list[str]:
    """What each object says against itself or the others."""
    each, place = plan.objects[name], f"objects.{name}"
    found = []
    if each.operation == "upsert" and each.external_id is None:
        found.append(f"{place}.external_id: an upsert needs the key's field; name it, or use insert")
    if each.operation == "insert" and each.external_id is not None:
        found.append(f"{place}.external_id: an insert has no key; use upsert, or leave it out")
    if each.external_id is not None and each.external_id not in each.fields:
        found.append(f"{place}.fields: {each.external_id} is the key but no source value fills it; add it")
    found += [
        f"{place}.fields.{field}: it is filled by `parents` too; keep one of the two" for field in each.parents if field in each.fields
    ]
    for field, link in each.parents.items():
        found += _link_contradictions(plan, f"{place}.parents.{field}", each, link)
    if _depth(each) > 1 and not each.parents:
        found.append(f"{place}.parents: its records stand in others' but no lookup names them; add one")
    return found


def _link_contradictions(plan: Plan, place: str, each: ObjectPlan, link: Link) -> list[str]:
    parent = plan.objects.get(link.object)
    if parent is None:
        return [f"{place}.object: no object is called {link.object}; the plan has {', '.join(plan.objects)}"]
    if parent.records != each.records.rpartition(".")[0]:
        return [f"{place}: {each.records} don't stand in {parent.records}; mend `records`, or link another object"]
    if parent.key_field is None:
        return [f"{place}: {link.object} has no key, so its Ids can't be told apart; upsert it by an external id"]
    return []


def _depth(each: ObjectPlan) -> int:
    return len(re.findall(r"\[\]", each.records))
