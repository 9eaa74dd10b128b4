"""`name=value` words of the command line → what a plan lets people choose; mistakes as one sentence each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from include.bulkload.intake import contradictions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from include.bulkload.intake import plan

# What a run may choose of a plan beside its own params; a dry run is what the command is for.
SWITCHES = tuple(name for name in contradictions.SWITCHES if name != "dry_run")


class Unfit(ValueError):
    """A word that nothing of the plan takes."""


def read(words: Sequence[str], checked: plan.Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read `name=value` words: params with the others' defaults, and switches of the plan. Raises Unfit."""
    params, switches = dict(checked.defaults), {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise Unfit(f"{word}: write it as name=value")
        if name in SWITCHES:
            switches[name] = _json(name, text)
        elif name in params:
            params[name] = _param(name, text, checked.params)
        else:
            raise Unfit(f"{name}: the plan lets nobody choose it; it takes {', '.join([*SWITCHES, *checked.params])}")
    return params, switches


def _param(name: str, text: str, said: Mapping[str, Any]) -> Any:
    """Read one param, of the kind that its default is; of a list one must be chosen."""
    given = said[name]
    kind = given[0] if isinstance(given, list) else given
    found = text if isinstance(kind, str) else _json(name, text)
    if isinstance(given, list) and found not in given:
        raise Unfit(f"{name}: {text} isn't one of {', '.join(map(str, given))}")
    if not isinstance(kind, str) and (isinstance(found, bool) != isinstance(kind, bool) or not isinstance(found, int | float)):
        raise Unfit(f"{name}: {text} is no {'true or false' if isinstance(kind, bool) else 'number'}")
    return found


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise Unfit(f"{name}: {text} is neither a number nor true or false") from wrong
