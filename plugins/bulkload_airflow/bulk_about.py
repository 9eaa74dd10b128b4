"""A plan → the page that people read beside its DAG: what hangs on what, where it comes from, what is done in doubt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from include.bulkload.intake import levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from include.bulkload.intake import mapping
    from include.bulkload.intake import plan as plans

# Between scheme and host somebody may have written a password; behind `?` stand tokens.
LOGIN = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
QUERY = re.compile(r"\?.*")


def plan(checked: plans.Plan, file: str) -> str:
    """Write the page in Markdown. Nothing secret stands in it: no log-in of a URI, no text of a query."""
    return "\n".join([*_picture(checked, file), *_objects(checked), *_sources(checked), *_policies(checked)])


def _picture(checked: plans.Plan, file: str) -> Iterator[str]:
    yield f"### {checked.name}, as `{file}` says"
    yield ""
    yield "```"
    for nth, level in enumerate(levels.of(checked)):
        yield from ["   │"] * bool(nth)
        yield "   " + " · ".join(level)
    yield "```"
    yield ""


def _objects(checked: plans.Plan) -> Iterator[str]:
    yield "| object | in Salesforce | from | parents |"
    yield "|---|---|---|---|"
    for name in checked.order():
        each = checked.objects[name]
        key = f" by {each.external_id}" if each.external_id else ""
        parents = [_parent(field, link) for field, links in each.links.items() for link in links]
        source = f"{checked.source_of(name)} `{each.records}`"
        yield f"| {name} | {each.operation} {each.sobject}{key} | {source} | {', '.join(parents) or 'none'} |"
    yield ""


def _parent(field: str, link: mapping.Link) -> str:
    named = link.object or f"{link.sobject} in the org"
    return f"{field} → {named} ({link.missing} if missing)"


def _sources(checked: plans.Plan) -> Iterator[str]:
    for name, each in checked.all_sources.items():
        where = f"a query over connection `{each.conn_id}`" if each.sql else f"`{QUERY.sub('', LOGIN.sub('***@', str(each.uri)))}`"
        yield f"- **{name}**: {where}"
    yield ""


def _policies(checked: plans.Plan) -> Iterator[str]:
    org = checked.org
    where = org if isinstance(org, str) else "production" if org and org.production else "a sandbox" if org else "anything but production"
    yield f"- **Connection** `{checked.conn_id}`, org: {where}. **Nulls**: {checked.nulls}."
    for name, each in checked.objects.items():
        lost = f"up to {each.max_failed} rows may be lost" if each.max_failed else "no row may be lost"
        rest = [f"duplicates: {each.duplicates}", *(["only what changed"] if each.changed_only else [])]
        yield f"- **{name}**: {lost}; {'; '.join(rest)}."
    yield ""
    yield "The result is the XCom `return_value` of `summary`. Clear or retry whatever you like: no row is sent twice. "
    yield "A run that lost rows is sent again by `mode: replay`, one that was wrong taken back by `mode: undo`."
