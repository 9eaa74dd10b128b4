"""A document (config JSON or a plan file) → one checked Plan, or a PlanError that lists every mistake.

The one model that validation, the trigger form's JSON schema and the reference page are made from.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any

import pydantic
from pydantic import Field, field_validator

from include.bulkload.basics import errors
from include.bulkload.intake import contradictions, mapping

ORG_ID = r"^00D[A-Za-z0-9]{12}([A-Za-z0-9]{3})?$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
PARAM = r"^[a-z][a-z0-9_]{0,63}$"
Choice = str | int | float | bool
SOURCE = "source"


class OrgKind(mapping.Strict):
    """Which kind of org it may be."""

    sandbox: bool = Field(False, description="Any sandbox or scratch org.")
    production: bool = Field(False, description="Production, spelled out.")


class AssetSchedule(mapping.Strict):
    """Runs when an asset is updated."""

    asset: str = Field(min_length=1, description="URI of the Airflow asset.")


class Plan(mapping.Strict):
    """One load, whole: what is read, what it becomes, and how long we wait for it."""

    name: str = Field(pattern=NAME, description="Name of the load.")
    org: Annotated[str, Field(pattern=ORG_ID)] | OrgKind | None = Field(
        None, description="The org it may go to: its id, `sandbox: true`, or `production: true`. Default: anything but production."
    )
    schedule: str | AssetSchedule | None = Field(None, description="Cron expression or preset, an asset, or none.")
    conn_id: str = Field("salesforce_default", min_length=1, description="Airflow connection of type `salesforce`.")
    source: mapping.Source | None = Field(None, description="Where the records come from.")
    sources: dict[str, mapping.Source] = Field(default_factory=dict, description="Or several sources, by name.")
    objects: dict[mapping.ApiName, mapping.ObjectPlan] = Field(min_length=1, description="Name → object; parents may stand anywhere.")
    nulls: mapping.Nulls = Field("leave", description="For nulls of the source: `leave` the field, or `clear` it.")
    time_zone: str | None = Field(None, description="For datetimes without one, e.g. `Europe/Berlin`.")
    job_bytes: int = Field(100_000_000, ge=1_000, le=150_000_000, description="Largest upload of one job, in bytes.")
    poll_seconds: float = Field(10.0, gt=0, description="First pause between two looks at a job.")
    wait_seconds: float = Field(43_200.0, gt=0, description="How long one try waits for a job.")
    round_seconds: float = Field(60.0, ge=0, description="Pause before the first round of rows that go again; each is four times as long.")
    keep_days: int = Field(30, ge=7, description="How long files with rows of a run are kept, in days; the daily sweep removes them.")
    keep_ledger_days: int = Field(400, ge=7, description="How long its ledger and summary are kept, in days; not less than `keep_days`.")
    only_first: int | None = Field(None, ge=1, description="A trial: the first roots with all that hangs on them.")
    again: bool = Field(False, description="Insert a payload of which an earlier run of this plan inserted rows already.")
    forget: bool = Field(False, description="Ignore what earlier runs remember of `changed_only` objects, and remember anew.")
    dry_run: bool = Field(False, description="Check and count; write nothing to Salesforce.")
    verify: bool = Field(False, description="Ask the org after the load whether each row that succeeded is there once, as it was meant.")
    replay_leftovers: bool = Field(
        False, description="After its load, send again what earlier runs lost and no later source has, rows with a key only."
    )
    params: dict[Annotated[str, Field(pattern=PARAM)], Choice | Annotated[list[Choice], Field(min_length=1)]] = Field(
        default_factory=dict,
        description="What may be chosen when a run is triggered, as `params.<name>` of the templates: name → default, or a list of which "
        "one is chosen, the first by default.",
    )
    tags: tuple[str, ...] = Field((), description="Tags of its DAG.")

    @field_validator("schedule", mode="before")
    @classmethod
    def _none_is_none(cls, given: Any) -> Any:
        return None if given == "none" else given

    @field_validator("objects")
    @classmethod
    def _at_most_as_many(cls, given: dict[str, mapping.ObjectPlan]) -> dict[str, mapping.ObjectPlan]:
        if len({name.lower() for name in given}) < len(given):
            raise ValueError("two names differ by case only; rename one")
        return given

    @property
    def all_sources(self) -> dict[str, mapping.Source]:
        """Every source by its name; a single one is called `source`."""
        return ({SOURCE: self.source} if self.source else {}) | self.sources

    @property
    def defaults(self) -> dict[str, Choice]:
        """Each param with what counts where nobody chose."""
        return {name: given[0] if isinstance(given, list) else given for name, given in self.params.items()}

    def source_of(self, name: str) -> str:
        """Name the source of an object: its own, or the plan's only one."""
        return self.objects[name].source or next(iter(self.all_sources), "")

    def nulls_of(self, name: str, field: str) -> mapping.Nulls:
        """What a null of the source means for a field: the field's word, the object's, the plan's."""
        each = self.objects[name]
        return each.values[field].nulls or each.nulls or self.nulls

    def order(self) -> list[str]:
        """Name the objects, parents before children; where they are each other's parents, some links are cut for that."""
        return list(self._ordered[0])

    def is_cut(self, name: str, field: str, nth: int) -> bool:
        """Whether a link is set in a second pass: its parents are loaded later, or it is cut by hand."""
        return (name, field, nth) in self._ordered[1]

    def links_within(self, name: str) -> list[int]:
        """The numbers of an object's links to its own rows, but for those that wait in every row."""
        links = self.objects[name].numbered_links
        return [number for number, field, nth, one in links if one.object == name and not self.is_cut(name, field, nth)]

    def last_pass_in(self, name: str) -> str:
        """Name the object whose settling sets an object's cut links: the last of those they point at."""
        order = self.order()
        cut = [str(link.object) for field, nth, link in self._inner(name) if self.is_cut(name, field, nth)]
        return max([name, *cut], key=order.index)

    def _inner(self, name: str) -> list[tuple[str, int, mapping.Link]]:
        """The links of an object to others of this plan: field, which of its links, the link itself."""
        links = [(field, nth, link) for field, each in self.objects[name].links.items() for nth, link in enumerate(each)]
        return [(field, nth, link) for field, nth, link in links if link.object not in {None, name}]

    @functools.cached_property
    def _ordered(self) -> tuple[tuple[str, ...], frozenset[tuple[str, str, int]]]:
        """The order, and the links that are cut for it."""
        links = [(name, place) for name, each in self.objects.items() for place in each.numbered_links]
        cut = {(name, field, nth) for name, (_, field, nth, link) in links if link.cut and link.object is not None}
        placed: list[str] = []
        while left := [name for name in self.objects if name not in placed]:
            above = {name: {link.object for field, nth, link in self._inner(name) if (name, field, nth) not in cut} for name in left}
            # One at a time: of two that may stand in either order the file's counts, as both may write the same records.
            if ready := next((name for name in left if above[name] <= {*placed}), None):
                placed.append(ready)
            else:
                cut |= self._opened(left, above)
        return tuple(placed), frozenset(cut)

    def _opened(self, left: list[str], above: dict[str, set[str | None]]) -> set[tuple[str, str, int]]:
        """Choose links to cut: those of the first object of a cycle that keep it waiting. Raises PlanError if it stands in its parents."""
        name = next(each for each in left if each in _reached(above, each))
        waiting = [(field, nth, link) for field, nth, link in self._inner(name) if link.object in left]
        chosen = {(name, field, nth) for field, nth, link in waiting if link.by != "nesting"}
        if not chosen:
            raise errors.PlanError(f"objects.{name}: it stands in records that need its Ids first; cut the link of one of those")
        return chosen


def _reached(above: dict[str, set[str | None]], start: str) -> set[str]:
    """The objects that an object waits for, directly or through others."""
    found: set[str] = set()
    fresh = {start}
    while fresh:
        fresh = {parent for name in fresh for parent in above.get(name, set()) if parent in above} - found
        found |= fresh
    return found


def plan_from(document: Any) -> Plan:
    """Check a document against the model. Raises PlanError with one line per mistake: where, what, remedy."""
    try:
        plan = Plan.model_validate(document)
    except pydantic.ValidationError as wrong:
        raise errors.PlanError(*(_finding(each) for each in wrong.errors())) from wrong
    findings = contradictions.of(plan)
    if findings:
        raise errors.PlanError(*findings)
    plan.order()
    return plan


def _finding(wrong: Any) -> str:
    place = ".".join(str(part) for part in wrong["loc"]) or "plan"
    remedy = "remove it, or mend its spelling" if wrong["type"] == "extra_forbidden" else "see docs/plan.md"
    return f"{place}: {wrong['msg']}; {remedy}"
