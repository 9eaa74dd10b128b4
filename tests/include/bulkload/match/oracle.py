"""Made-up objects → what must become of each row, reckoned row by row in plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.include.bulkload.match import worlds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Details = dict[str, Any]


@dataclass(frozen=True)
class End:
    """What becomes of a row in its first wave: its fate, the cells sent, the Id, why it is set aside."""

    fate: str
    cells: Mapping[str, str | None]
    sf_id: str | None = None
    error: str | None = None
    details: Mapping[str, Any] | None = None


class Oracle:
    """Every row's end; `cuts`: object → row → links that wait."""

    def __init__(self, things: Sequence[worlds.Thing], cuts: Mapping[str, Mapping[int, Sequence[int]]]) -> None:
        self.things = {thing.name: thing for thing in things}
        self.cuts = cuts
        self.known: dict[tuple[str, int], End] = {}

    def end(self, name: str, row: int) -> End:
        """What becomes of a row in its first wave."""
        if (name, row) not in self.known:
            self.known[name, row] = self._end(self.things[name], row)
        return self.known[name, row]

    def _end(self, thing: worlds.Thing, row: int) -> End:
        own = thing.rows[row]
        if own.reason or own.filtered:
            return End("rejected" if own.reason else "filtered", {}, error=own.reason)
        if own.merged_into is not None:
            return self.end(thing.name, own.merged_into)
        taken = self.taken(thing, row)
        for field in dict.fromkeys(each.field for each in thing.links if each.required):
            if field not in {each.field for _, each in taken}:
                return End("rejected", {}, error=f"missing parent: {field}", details={"field": field})
        now = [(n, each) for n, each in taken if n not in self.cuts.get(thing.name, {}).get(row, ())]
        return self._sent_or_not(thing, row, now)

    def _sent_or_not(self, thing: worlds.Thing, row: int, now: list[tuple[int, worlds.Link]]) -> End:
        cells = {}
        for n, each in now:
            sf_id, key = self.parent(thing, row, n)
            if sf_id is None and (each.missing != "blank" or each.required):
                details = self.why(thing, row, n)
                return End("orphaned", {}, details=details, error=said(details))
            cells[worlds.column(each)] = None if sf_id is None else key if each.carries_key else sf_id
        fate = thing.rows[row].fate
        through = fate == "succeeded"
        return End(fate, cells, worlds.record(thing.name, row) if through else None, None if through else f"CODE:{thing.name} {row}")

    def taken(self, thing: worlds.Thing, row: int) -> list[tuple[int, worlds.Link]]:
        """The links that a row follows: of each field the first that is filled."""
        fields: dict[str, tuple[int, worlds.Link]] = {}
        for n, each in enumerate(thing.links):
            if each.nested or thing.rows[row].cells[n] is not None:
                fields.setdefault(each.field, (n, each))
        return list(fields.values())

    def parent(self, thing: worlds.Thing, row: int, n: int) -> tuple[str | None, str | None]:
        """The Id that a link leads to, if it does, and the key as it is sent."""
        each, own = thing.links[n], thing.rows[row]
        if not each.parent and each.org is None:
            return str(own.cells[n]).upper(), str(own.cells[n]).upper()
        at = self.at(thing, row, n)
        sf_id = self.end(each.parent, at).sf_id if at is not None else None
        key = self.things[each.parent].rows[own.stands_in or 0].key if each.nested else own.cells[n]
        return sf_id or (each.org or {}).get(str(key)) or None, str(key).upper()

    def at(self, thing: worlds.Thing, row: int, n: int) -> int | None:
        """The row that a link names."""
        each, own = thing.links[n], thing.rows[row]
        if each.nested:
            return own.stands_in
        named = [
            (not parent.fine, at)
            for at, parent in enumerate(self.things[each.parent].rows if each.parent else ())
            if parent.key == own.cells[n]
        ]
        return min(named)[1] if named else None

    def why(self, thing: worlds.Thing, row: int, n: int) -> Details:
        """Why a link leads nowhere."""
        each, at = thing.links[n], self.at(thing, row, n)
        cell = thing.rows[row].cells[n] if not each.nested else None
        key = self.things[each.parent].rows[at].key if at is not None else cell
        twice = each.org is not None and key in each.org and each.org[str(key)] is None
        gone = each.org is not None and each.org.get(str(key)) == "" and bool(each.parent)
        told: Details = {"field": each.field, "parent_object": each.parent or each.field, "parent_row": at}
        told["parent_key"] = (cell or key or "").upper() or None
        if at is None or twice:
            absent = f"no row of {each.parent} has this key" + (", nor has a record in the org" if each.org is not None else "")
            absent = absent if each.parent else "no record in the org has this key"
            told |= {
                "parent_fate": "ambiguous" if twice else "absent",
                "parent_error": "two records in the org have this key" if twice else absent,
            }
        else:
            end = self.end(each.parent, at)
            told |= {"parent_fate": end.fate, "parent_error": end.error}
            if end.fate == "orphaned" and end.details and not gone:
                above = {name: end.details[name] for name in ("ancestor_object", "ancestor_row", "ancestor_key", "ancestor_error")}
                return told | above | {"depth": end.details["depth"] + 1}
        told |= {"parent_error": "a later run wrote this key, or may have, and no record in the org has it now"} if gone else {}
        kept = None if at is None else self.things[each.parent].rows[at].merged_into
        own = {
            "ancestor_object": told["parent_object"],
            "ancestor_row": at if kept is None else kept,
            "ancestor_error": told["parent_error"],
        }
        return told | own | {"ancestor_key": str(key).upper() if at is not None else told["parent_key"], "depth": 1}


def said(details: Details) -> str:
    """The error of a row that a link led nowhere."""
    parent = " ".join(str(details[name]) for name in ("parent_object", "parent_key", "parent_fate") if details[name] is not None)
    return ": ".join(["no parent", details["field"], parent, *([details["parent_error"]] if details["parent_error"] else [])])
