"""A plan file's URIs and SQL with `{{ }}` → the same with a run's dates, id and params; nothing else can be named.

Only whole expressions of names that stand here: no attributes, calls, conditions, loops. So every mistake is found
when the plan is read, and neither a connection nor a variable can come out. What a person may choose goes into SQL
as a number or through `quoted`.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import nodes, sandbox

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

URI, SQL = "uri", "sql"
DATES = ("ds", "ds_nodash", "ts", "logical_date", "data_interval_start", "data_interval_end")
NAMES = (*DATES, "run_id")
PARAMS = "params"
REMEDY = f"use {', '.join(NAMES)} or params.<name>"
# Outside of them a backslash may escape the closing quote (MySQL), and a control character may end a statement.
UNQUOTABLE = "\\"
TRIAL = datetime(2026, 1, 31, 2, 3, 4, tzinfo=UTC)


class Foreign(str):
    """Text that somebody chose when the run was triggered."""

    __slots__ = ()


def known(run_id: str, logical: datetime, start: datetime, end: datetime, params: Mapping[str, Any]) -> dict[str, Any]:
    """Say what templates may name, all as text in UTC; `params` as they were given."""
    return {
        "ds": f"{logical.astimezone(UTC):%Y-%m-%d}",
        "ds_nodash": f"{logical.astimezone(UTC):%Y%m%d}",
        "ts": logical.astimezone(UTC).isoformat(),
        "logical_date": logical.astimezone(UTC).isoformat(),
        "data_interval_start": start.astimezone(UTC).isoformat(),
        "data_interval_end": end.astimezone(UTC).isoformat(),
        "run_id": Foreign(run_id),
        PARAMS: {name: Foreign(value) if isinstance(value, str) else value for name, value in params.items()},
    }


def findings(document: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """List the mistakes in a document's templates, tried with the params' defaults: place, what, remedy."""
    found: list[str] = []
    for place, key, source in _places(document):
        try:
            _filled(place, source[key], key, known("manual__2026", TRIAL, TRIAL, TRIAL, params))
        except errors.PlanError as wrong:
            found += wrong.findings
    return found


def filled(document: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a document with its templates filled in. Raises PlanError with every finding."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    wrong: list[str] = []
    for place, key, source in _places(copy):
        try:
            source[key] = _filled(place, source[key], key, names)
        except errors.PlanError as found:
            wrong += found.findings
    if wrong:
        raise errors.PlanError(*wrong)
    return copy


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every text that may hold a template: its place, its key, the source it stands in."""
    sources = {"source": document.get("source")} | {f"sources.{name}": each for name, each in (document.get("sources") or {}).items()}
    for place, source in sources.items():
        for key in (URI, SQL):
            if isinstance(source, dict) and isinstance(source.get(key), str):
                yield f"{place}.{key}", key, source


def _filled(place: str, text: str, key: str, names: Mapping[str, Any]) -> str:
    """Fill in one text. Raises PlanError."""
    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    environment = _environment(place, key)
    try:
        wrong = [f"{place}: {each}" for each in _looked_at(environment.parse(text), names[PARAMS])]
        if wrong:
            raise errors.PlanError(*wrong)
        return environment.from_string(text).render(names)
    except jinja2.TemplateError as mistake:
        raise errors.PlanError(f"{place}: its template can't be read ({mistake}); mend its braces") from mistake


def _environment(place: str, key: str) -> sandbox.ImmutableSandboxedEnvironment:
    """A Jinja2 without anything of its own: two filters of ours, no tests, no globals."""
    made = sandbox.ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True, finalize=lambda value: _written(place, key, value)
    )
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters |= {"date": lambda value, shape: _date(place, value, shape), "quoted": lambda value: _quoted(place, value)}
    return made


def _looked_at(template: nodes.Template, params: Mapping[str, Any]) -> Iterator[str]:
    """Find whatever isn't text, a name, a param, or one of them through our filters."""
    for output in template.body:
        if not isinstance(output, nodes.Output):
            yield f"a template can't say {{% {type(output).__name__.lower()} %}}; {REMEDY}"
            continue
        for each in output.nodes:
            if not isinstance(each, nodes.TemplateData):
                yield from _expression(each, params)


def _expression(node: nodes.Node | None, params: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(node, nodes.Filter) and node.name in {"date", "quoted"} and not (node.kwargs or node.dyn_args or node.dyn_kwargs):
        wanted = 1 if node.name == "date" else 0
        if len(node.args) != wanted or not all(isinstance(each, nodes.Const) and isinstance(each.value, str) for each in node.args):
            yield 'filters are `date("%Y/%m")` and `quoted`; mend it'
        yield from _expression(node.node, params)
    elif isinstance(node, nodes.Name):
        if node.name not in NAMES:
            yield f"{node.name} can't be named in a template; {REMEDY}"
    elif (name := _param(node)) is not None:
        if name not in params:
            yield f"params.{name}: the plan has no such param; add it to `params`" + (f" beside {', '.join(params)}" if params else "")
    else:
        yield f"a template holds only names, not {type(node).__name__.lower()} expressions; {REMEDY}"


def _param(node: nodes.Node | None) -> str | None:
    """Read `params.name` or `params["name"]`."""
    if not isinstance(node, nodes.Getattr | nodes.Getitem) or not (isinstance(node.node, nodes.Name) and node.node.name == PARAMS):
        return None
    if isinstance(node, nodes.Getattr):
        return node.attr
    return str(node.arg.value) if isinstance(node.arg, nodes.Const) else None


def _written(place: str, key: str, value: Any) -> str:
    """Say a value in a URI, or in SQL, where chosen text must have been quoted."""
    if value is None or isinstance(value, bool | list | dict):
        raise errors.PlanError(f"{place}: {value!r} can't stand in a text; give the param a text or a number")
    if key == SQL and isinstance(value, Foreign):
        raise errors.PlanError(
            f"{place}: text that is chosen at trigger time must be quoted in SQL; write {{{{ params.<name> | quoted }}}}"
        )
    return str(value)


def _quoted(place: str, value: Any) -> str:
    """Say a value as an SQL literal. Raises PlanError for text that some databases could read as the literal's end."""
    text = "" if value is None else str(value)
    if value is None or UNQUOTABLE in text or not text.isprintable():
        raise errors.PlanError(f"{place}: {text!r} can't be quoted for every database; leave out backslashes and line ends")
    return "'" + text.replace("'", "''") + "'"


def _date(place: str, value: Any, shape: str) -> str:
    """Say an ISO date or time in another shape."""
    try:
        return datetime.fromisoformat(str(value)).strftime(shape)
    except ValueError as wrong:
        raise errors.PlanError(f"{place}: {str(value)!r} is no ISO date ({wrong}); give `date` one of {', '.join(DATES)}") from wrong
