"""What a run may choose → Airflow's form: Params with types, help, sections and validation, from the plan's model."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

import pydantic
from airflow.sdk import Param

from bulkload_airflow import bulk_config
from include.bulkload.intake import contradictions, mapping, modes
from include.bulkload.intake import plan as plans

if TYPE_CHECKING:
    from bulkload_airflow import settings

REFERENCE = re.compile(r"#/\$defs/(\w+)")
WHAT, HOW, WHERE, TRIAL, OWN = "What to load", "How it maps", "Where and how fast", "Trial and repetition", "The plan's own"
AFTER = "After a run: replay it, or undo it"
# As the load that this DAG replaces had it; plan files wait longer unless they say otherwise.
WAIT_SECONDS = 600.0
KINDS = {bool: "boolean", str: "string", float: "number", int: "integer"}
SECTIONS = {
    **dict.fromkeys(("source", "sources"), WHAT),
    **dict.fromkeys(("name", "objects", "nulls", "time_zone", "params", "schedule", "tags"), HOW),
    **dict.fromkeys(contradictions.SWITCHES, TRIAL),
}


def parent_child(deployed: settings.Settings) -> dict[str, Param]:
    """The form of `parent_child_load`: types, help, sections, validation."""
    return _what(deployed) | _how(deployed) | _where(deployed) | {"org": of_model("org")} | switches() | after()


def _what(deployed: settings.Settings) -> dict[str, Param]:
    return {
        "payload_uri": Param(
            deployed.source_uri,
            type=["string", "null"],
            title="Payload URI",
            section=WHAT,
            description="JSON document or JSON lines in object storage, gzip by suffix, under one of the allowed roots.",
        ),
        "payload": Param(
            None,
            type=["object", "null"],
            title="Payload, inline",
            section=WHAT,
            description="For trials, up to 256 KB, instead of a URI. It stays in Airflow's database, for all who may see the run.",
        ),
        "payload_format": Param(
            "auto",
            type="string",
            enum=["auto", "json", "jsonl"],
            title="Payload format",
            section=WHAT,
            description="json: one document. jsonl: one root record a line. auto: by the file's name.",
        ),
    }


def _how(deployed: settings.Settings) -> dict[str, Param]:
    shape = pydantic.TypeAdapter(dict[mapping.ApiName, mapping.ObjectPlan]).json_schema()
    return {
        "objects": Param(
            bulk_config.objects(deployed),
            **{**shape, "minProperties": 2, "maxProperties": 2},
            title="Mapping",
            section=HOW,
            description="One parent and one child: which records go where. docs/plan.md tells every key.",
        ),
        "max_failed": Param(
            {},
            type="object",
            additionalProperties=pydantic.TypeAdapter(mapping.Tolerance).json_schema(),
            title="Rows that may be lost",
            section=HOW,
            description='Before the run turns red, per object: {"Account": 10, "Contact": "2%"}. Default: none.',
        ),
    }


def _where(deployed: settings.Settings) -> dict[str, Param]:
    defaults = plans.Plan.model_fields
    seconds: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0, "section": WHERE}
    return {
        "conn_id": Param(
            deployed.connections[0],
            type="string",
            enum=list(deployed.connections),
            title="Connection",
            section=WHERE,
            description="Airflow connection of type salesforce.",
        ),
        "job_bytes": Param(
            defaults["job_bytes"].default,
            type="integer",
            minimum=1_000,
            maximum=150_000_000,
            title="Largest upload of one job, bytes",
            section=WHERE,
            description="Salesforce recommends 100 MB.",
        ),
        "poll_seconds": Param(
            defaults["poll_seconds"].default,
            title="First pause between two looks at a job, seconds",
            description="Never below 10 unless the connection says local_org.",
            **seconds,
        ),
        "wait_seconds": Param(
            WAIT_SECONDS,
            title="How long one try waits for a job, seconds",
            description="Later the job goes on; the next try looks again.",
            **seconds,
        ),
    }


def switches(**defaults: Any) -> dict[str, Param]:
    """What every run may choose: a trial, a repetition, a dry run."""
    return {name: of_model(name, defaults.get(name)) for name in contradictions.SWITCHES}


def plan(checked: plans.Plan) -> dict[str, Param]:
    """The form of a plan's DAG: the switches as the plan sets them, and its own params."""
    return (
        switches(**{name: getattr(checked, name) for name in contradictions.SWITCHES})
        | {name: _own(given, checked.defaults[name]) for name, given in checked.params.items()}
        | after()
    )


def _own(given: Any, default: Any) -> Param:
    """A param of a plan: of the type of its default, or one of a list."""
    more: dict[str, Any] = {"enum": given} if isinstance(given, list) else {"type": KINDS[type(given)]}
    return Param(default, section=OWN, **more)


def adhoc(deployed: settings.Settings) -> dict[str, Param]:
    """The form of `adhoc_load`: every key of a plan."""
    asked = {name: of_model(name) for name in plans.Plan.model_fields}
    asked["name"] = of_model("name", "adhoc_load")
    asked["objects"] = of_model("objects", bulk_config.objects(deployed))
    asked["conn_id"] = Param(
        deployed.connections[0], type="string", enum=list(deployed.connections), section=WHERE, description=asked["conn_id"].description
    )
    return asked | after()


def after() -> dict[str, Param]:
    """What every run may do instead of loading: send again what another run lost, or undo it."""
    text: dict[str, Any] = {"type": ["string", "null"], "section": AFTER}
    return {
        "mode": Param(
            str(modes.Mode.LOAD),
            type="string",
            enum=[str(each) for each in modes.Mode],
            title="Mode",
            section=AFTER,
            description="load: what the DAG is for. replay: send again what a run lost. undo: take back what a run wrote.",
        ),
        "replay_of": Param(
            None, **text, title="Replay of", description="Run id of the run of this DAG that lost rows. They go by that run's own plan."
        ),
        "replay_file": Param(
            None,
            **text,
            title="Edited copy",
            description="URI of an edited copy of one of that run's lists, CSV, under an allowed root: only its rows go. "
            "Empty: all that is left, as it was.",
        ),
        "undo_of": Param(
            None, **text, title="Undo of", description="Run id of the run of this DAG. First comes a dry run, then somebody is asked."
        ),
        "undo_confirmed": Param(
            False,
            type="boolean",
            title="Undo without asking",
            section=AFTER,
            description="Go on after the dry run without an approval. Records are deleted.",
        ),
    }


def of_model(name: str, default: Any = None) -> Param:
    """Make a Param of one key of the plan's model: its schema, its description, its default unless another is given."""
    key = plans.Plan.model_fields[name]
    schema = {word: said for word, said in _schema()["properties"][name].items() if word not in {"default", "description"}}
    parts = _parts(schema)
    more: dict[str, Any] = _typed(schema) | ({"$defs": parts} if parts else {})
    if default is None and not key.is_required():
        default = key.get_default(call_default_factory=True)
    return Param(
        list(default) if isinstance(default, tuple) else default, description=key.description, section=SECTIONS.get(name, WHERE), **more
    )


def _parts(schema: Any) -> dict[str, Any]:
    """The parts of the model that a schema refers to, and no others: Airflow stores each form."""
    found: dict[str, Any] = {}
    fresh = {*REFERENCE.findall(json.dumps(schema))}
    while fresh:
        found |= {name: _schema()["$defs"][name] for name in fresh}
        fresh = {*REFERENCE.findall(json.dumps(found))} - found.keys()
    return {name: found[name] for name in sorted(found)}


def _typed(schema: dict[str, Any]) -> dict[str, Any]:
    """Name the types of a choice at its top, where Airflow's form looks for them; one of plain types needs no choice at all."""
    if "anyOf" not in schema:
        return schema
    choices = schema["anyOf"]
    types = list(dict.fromkeys(each.get("type", "object") for each in choices))
    if any("$ref" in each for each in choices):
        return {**schema, "type": types}
    merged = {key: value for each in choices for key, value in each.items()}
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **merged, "type": types}


@functools.cache
def _schema() -> dict[str, Any]:
    return plans.Plan.model_json_schema(by_alias=True)
