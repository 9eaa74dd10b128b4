"""A field's describe → how texts for it are read: what is wrong with one, and how Salesforce writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import choices, moments, numerals, record_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Sql = Callable[[str], str]


def _itself(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Kind:
    """How a type's texts are read. All take an SQL expression: the text, trimmed, not blank, or its `parts`.

    `wrong(text, parts)` is an SQL text, NULL if nothing is; `sent(text, parts)` is for texts that are fine.
    `parts`, if there are any, are cut once and used by both.
    """

    wrong: Callable[[str, str], str]
    sent: Callable[[str, str], str]
    parts: Sql | None = None


def of(described: Mapping[str, Any], zone: str | None) -> Kind | None:
    """How a field's texts are read; None if any text will do. `zone`: of datetimes without one."""
    kind = described["type"]
    if kind in numerals.WHOLE:
        return _simple(lambda text: numerals.whole_wrong(text, described), numerals.whole)
    if kind in numerals.FRACTIONS:
        return _simple(lambda text: numerals.fraction_wrong(text, described))
    if kind == "datetime":
        return Kind(lambda _, cut: moments.datetime_wrong(cut, zone), lambda _, cut: moments.datetime(cut, zone), moments.parts)
    if values := choices.allowed(described):
        wrong = choices.many_wrong if kind == "multipicklist" else choices.one_wrong
        return _simple(lambda text: wrong(text, values))
    return FIXED.get(kind)


def _simple(wrong: Sql, sent: Sql = _itself) -> Kind:
    return Kind(lambda text, _: wrong(text), lambda text, _: sent(text))


def _id_wrong(text: str) -> str:
    return f"CASE WHEN {record_ids.malformed(text)} THEN '{record_ids.NO_ID}' END"


FIXED = {
    "boolean": _simple(choices.boolean_wrong, choices.boolean),
    "date": _simple(moments.date_wrong, moments.date),
    "time": Kind(lambda _, cut: moments.time_wrong(cut), lambda _, cut: moments.time(cut), moments.time_parts),
    "id": _simple(_id_wrong),
    "reference": _simple(_id_wrong),
}


def number_key(kind: Kind) -> Kind:
    """The same kind where the number is a key."""
    return Kind(lambda text, cut: f"coalesce({kind.wrong(text, cut)}, {numerals.key_wrong(text)})", kind.sent, kind.parts)


def record_type(infos: Mapping[str, str]) -> Kind:
    """Read the DeveloperName of a record type. `infos`: name → Id, see `record_types`."""
    folded = {name.lower(): sf_id for name, sf_id in infos.items()}
    known = ", ".join(tables.literal(name) for name in folded) or "''"
    cases = " ".join(f"WHEN {tables.literal(name)} THEN {tables.literal(sf_id)}" for name, sf_id in folded.items())
    wrong = "it is the name of no record type that this user may give"

    def sent(text: str) -> str:
        return f"CASE lower({text}) {cases} END" if folded else text

    return _simple(lambda text: f"CASE WHEN lower({text}) NOT IN ({known}) THEN {tables.literal(wrong)} END", sent)


def record_types(describe: Mapping[str, Any]) -> dict[str, str]:
    """List an sobject's record types that this user may give: DeveloperName → Id; the master one is none."""
    infos = describe.get("recordTypeInfos") or ()
    given = [each for each in infos if each.get("active", True) and each.get("available", True) and not each.get("master")]
    return {str(each["developerName"]): str(each["recordTypeId"]) for each in given if each.get("developerName")}
