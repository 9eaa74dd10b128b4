"""Texts of which only some are allowed (SQL expressions, trimmed, not blank) → Salesforce's text, or what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BETWEEN = ";"


def boolean_wrong(text: str) -> str:
    """What is wrong with a boolean, as an SQL text or NULL."""
    return f"CASE WHEN lower({text}) NOT IN ('true', 'false', '1', '0') THEN 'it is none of true, false, 1 and 0' END"


def boolean(text: str) -> str:
    """A boolean as Salesforce writes it."""
    return f"CASE WHEN lower({text}) IN ('true', '1') THEN 'true' ELSE 'false' END"


def allowed(described: Mapping[str, Any]) -> tuple[str, ...]:
    """What a restricted picklist takes, folded; none if any text may go in.

    Active values and their labels, without case: how strict the org is isn't known, and a wrong refusal is worse than none.
    """
    if not described.get("restrictedPicklist"):
        return ()
    active = [each for each in described.get("picklistValues") or () if each.get("active", True)]
    return tuple(dict.fromkeys(str(each[name]).lower() for each in active for name in ("value", "label") if each.get(name)))


def one_wrong(text: str, values: Iterable[str]) -> str:
    """What is wrong with a restricted picklist's text, as an SQL text or NULL."""
    return f"CASE WHEN lower({text}) NOT IN ({_listed(values)}) THEN 'it is no active value of the picklist' END"


def many_wrong(text: str, values: Iterable[str]) -> str:
    """What is wrong with the values of a restricted multi-select picklist, `a;b`, as an SQL text or NULL."""
    others = f"list_filter(string_split(lower({text}), '{BETWEEN}'), lambda each: trim(each) NOT IN ('', {_listed(values)}))"
    return f"CASE WHEN len({others}) > 0 THEN 'one of them is no active value of the picklist' END"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(tables.literal(each) for each in values)
