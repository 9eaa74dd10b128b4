"""A run's config → the plan as a document.

Values of the config are never rendered as templates: they are read from the context as they came.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.intake import contradictions, levels, modes, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow.sdk import Context

    from bulkload_airflow import settings

INLINE_BYTES = 256 * 1024
INLINE_URI = "inline"
# So many levels of objects `adhoc_load` has.
LEVELS = 6
TEMPLATE = re.compile(r"\{\{|\{%")

ACCOUNTS_WITH_CONTACTS: dict[str, Any] = {
    "Account": {
        "sobject": "Account",
        "records": "accounts[]",
        "operation": "upsert",
        "external_id": "External_Id__c",
        "fields": {"Name": "name", "Industry": "industry", "BillingCity": "billingCity", "External_Id__c": "sourceId"},
    },
    "Contact": {
        "sobject": "Contact",
        "records": "accounts[].contacts[]",
        "operation": "insert",
        "fields": {"FirstName": "firstName", "LastName": "lastName", "Email": "email"},
        "parents": {"AccountId": {"object": "Account", "by": "nesting"}},
    },
}


@dataclass(frozen=True, slots=True)
class Config:
    """One run's load: the plan's document, and the payload if it came inline (`source.uri` is then to be filled)."""

    document: dict[str, Any]
    payload: Any = None

    @property
    def plan(self) -> plan.Plan:
        """The checked plan. Raises PlanError with every finding."""
        return plan.plan_from(self.document)


def objects(deployed: settings.Settings) -> dict[str, Any]:
    """The mapping of runs that name none: the deployment's, else accounts with contacts, allowed to repeat as deployed."""
    found = json.loads(json.dumps(deployed.objects or ACCOUNTS_WITH_CONTACTS))
    for each in found.values():
        if _keyless(each) and deployed.duplicates_ok and not each.get("duplicates_ok"):
            each["duplicates_ok"] = deployed.duplicates_ok
    return dict(found)


def check_schedule(deployed: settings.Settings) -> None:
    """Refuse a schedule that has nothing to read, or that would insert the same rows every time. Raises PlanError.

    Raised while the DAG is read, so that it shows as an import error when it is deployed, not at night.
    """
    if deployed.schedule is None:
        return
    findings = []
    if deployed.source_uri is None:
        findings.append("BULKLOAD_SCHEDULE: a scheduled run has nothing to read; set BULKLOAD_SOURCE_URI too")
    findings += [
        f"BULKLOAD_SCHEDULE: {name} has no key, so every run would insert its rows again; give it an external id in BULKLOAD_OBJECTS, "
        "or say in BULKLOAD_DUPLICATES_OK why that is right"
        for name, each in objects(deployed).items()
        if _keyless(each) and not each.get("duplicates_ok")
    ]
    if findings:
        raise errors.PlanError(*findings)


def _keyless(each: Mapping[str, Any]) -> bool:
    return each.get("operation") == entities.Operation.INSERT


def from_form(deployed: settings.Settings, name: str) -> Callable[[Context], Config]:
    """Make the reader of a run's config, which operators call with their context."""

    def read(context: Context) -> Config:
        run = context.get("dag_run")
        given = getattr(run, "conf", None) or {}
        return config(dict(context["params"]), given, deployed, name)

    return read


def config(params: Mapping[str, Any], given: Mapping[str, Any], deployed: settings.Settings, name: str) -> Config:
    """Read a run's params (and `given`, what was really sent) as a plan. Raises PlanError with what is wrong."""
    unknown = [_unknown(key, params) for key in given if key not in KEYS]
    if unknown:
        raise errors.PlanError(*unknown)
    uri, payload = _source(params, deployed)
    found = json.loads(json.dumps(params["objects"]))
    for each, tolerance in params["max_failed"].items():
        if each not in found:
            raise errors.PlanError(f"max_failed.{each}: no object is called so; the mapping has {', '.join(found)}")
        found[each]["max_failed"] = tolerance
    _one_family(found)
    document = {
        "name": name,
        "source": {"uri": uri, "format": "json" if payload is not None else params["payload_format"]},
        "objects": found,
        **{key: params[key] for key in OWN},
    }
    return Config(document, payload)


def _one_family(found: Mapping[str, Any]) -> None:
    """Refuse objects that aren't one parent and one child: the DAG has no tasks for others. Raises PlanError."""
    if sum(bool(each.get("parents")) for each in found.values()) != 1:
        message = f"objects: one parent and one child are loaded, {', '.join(found)} aren't; link just one of them by `parents`"
        raise errors.PlanError(message)


def _source(params: Mapping[str, Any], deployed: settings.Settings) -> tuple[str, Any]:
    """Find the one source: a payload beats the deployment's URI, but not one that the run names."""
    uri, payload = params["payload_uri"], params["payload"]
    if payload is None:
        if not uri:
            raise errors.PlanError("payload_uri: the run names no payload; give payload_uri, or payload for a trial")
        return str(uri), None
    if uri and uri != deployed.source_uri:
        raise errors.PlanError("payload: payload_uri is given too; keep one of the two")
    size = len(json.dumps(payload, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > INLINE_BYTES:
        raise errors.PlanError(f"payload: {size} bytes inline, at most {INLINE_BYTES} may be; put it into object storage, give payload_uri")
    return INLINE_URI, payload


# Keys of the form that are keys of the plan.
OWN = ("org", "conn_id", "job_bytes", "poll_seconds", "wait_seconds", *contradictions.SWITCHES)
KEYS = ("payload_uri", "payload", "payload_format", "objects", "max_failed", *OWN, *modes.KEYS)


def _unknown(key: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(key, KEYS, n=1)
    return f"{key}: the config has no such key; " + (f"did you mean {near[0]}?" if near else f"it takes {', '.join(sorted(known))}")


def adhoc(deployed: settings.Settings) -> Callable[[Context], Config]:
    """Make the reader of runs whose config is a whole plan. Raises PlanError for what the deployment doesn't let anybody do so."""

    def read(context: Context) -> Config:
        document = {**context["params"], **(context["dag_run"].conf or {})}
        found = Config({key: value for key, value in document.items() if key not in modes.KEYS})
        wrong = [*_not_adhoc(found.plan, deployed)]
        if wrong:
            raise errors.PlanError(*wrong)
        return found

    return read


def _not_adhoc(checked: plan.Plan, deployed: settings.Settings) -> Iterator[str]:
    for name, each in checked.all_sources.items():
        place = name if checked.source else f"sources.{name}"
        if each.sql and not deployed.adhoc_sql:
            yield f"{place}.sql: queries are for plan files; make it one, or let BULKLOAD_ADHOC_SQL allow them here"
        if TEMPLATE.search(f"{each.uri or ''}{each.sql or ''}"):
            yield f"{place}: a run's config is no template, only plan files are; write out what stands in braces"
    for name, loaded in checked.objects.items():
        if loaded.transform and not deployed.adhoc_transforms:
            yield f"objects.{name}.transform: transforms are for plan files; make it one, or let BULKLOAD_ADHOC_TRANSFORMS allow them here"
    if checked.replay_leftovers:
        yield "replay_leftovers: it is for plan files; here replay a run by its id"
    if len(levels.of(checked)) > LEVELS:
        yield f"objects: they hang on each other {len(levels.of(checked))} levels deep, this DAG has {LEVELS}; make it a plan file"
