"""Dice → a plan: objects that hang on each other in some shape, several of one sobject, with or without keys, and how each is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from pathlib import Path

Document = dict[str, Any]
KEY, NAME, MARK = "External_Id__c", "Name", "Mark__c"
KEYED, KEYLESS, ROW_KEY, DELETED = "keyed", "keyless", "row key", "deleted"
# Whose rows have no key that another run could know them by.
UNKNOWN = (KEYLESS, ROW_KEY)
MISSING = ("quarantine", "quarantine", "look_in_org", "blank")
# The smallest job that a plan may ask for, and keys so long that a few rows fill it.
SMALL_JOB, LARGE_JOB = 1_000, 1_000_000
LONG = 100


@dataclass(frozen=True, slots=True)
class Tie:
    """A lookup of a kind: the kind it points at, what is done where nobody is there, whether its rows stand in that one's."""

    target: str
    missing: str = "quarantine"
    cut: bool = False
    nested: bool = False

    def planned(self, column: str) -> Document:
        """The link of the plan."""
        by = {"by": "nesting"} if self.nested else {"by": "key", "from": column}
        return {"object": self.target, "missing": self.missing, **by, **({"cut": True} if self.cut else {})}


@dataclass(frozen=True, slots=True)
class Kind:
    """An object of the plan. `text`: the field that its rows fill; `more`: further keys of the plan."""

    name: str
    sobject: str
    known_by: str = KEYED
    text: str = NAME
    ties: dict[str, Tie] = field(default_factory=dict)
    more: Document = field(default_factory=dict)

    @property
    def inside(self) -> str:
        """The kind in whose rows its own stand; "" if they stand alone."""
        return next((tie.target for tie in self.ties.values() if tie.nested), "")

    def planned(self) -> Document:
        """The object of the plan."""
        records = f"{self.inside}[].{self.name}[]" if self.inside else f"{self.name}[]"
        parents = {lookup: tie.planned(lookup) for lookup, tie in self.ties.items()}
        said = {"sobject": self.sobject, "records": records, "parents": parents, "stop_if_failing": "100%", **self.more}
        if self.known_by == DELETED:
            return said | {"operation": "delete", "external_id": KEY, "fields": {KEY: "id"}}
        if self.known_by == KEYED:
            return said | {"operation": "upsert", "external_id": KEY, "fields": {self.text: "text", KEY: "id"}}
        row_key = {"row_key_field": KEY} if self.known_by == ROW_KEY else {}
        return said | {"operation": "insert", "fields": {self.text: "text"}, **row_key}


@dataclass(frozen=True, slots=True)
class Plan:
    """A drawn plan. `padding`: what makes its keys long; `more`: further keys of its document."""

    kinds: tuple[Kind, ...]
    padding: str
    more: Document

    def kind(self, name: str) -> Kind:
        """Find a kind."""
        return next(each for each in self.kinds if each.name == name)

    def order(self) -> list[str]:
        """The kinds as they are loaded: again and again the first whose parents have been."""
        found: list[str] = []
        while left := [each for each in self.kinds if each.name not in found]:
            above = {each.name: {tie.target for tie in each.ties.values() if not tie.cut} - {each.name} for each in left}
            found.append(next(each.name for each in left if above[each.name] <= {*found}))
        return found

    def is_shared(self, kind: Kind) -> bool:
        """Whether another kind writes the same text of the same records, or deletes them: then each row is an edit, as none stays."""
        others = [each for each in self.kinds if each.sobject == kind.sobject and each is not kind]
        return any(each.text == kind.text or each.known_by == DELETED for each in others)

    def document(self, source: Path) -> Document:
        """The plan's document."""
        objects = {each.name: each.planned() for each in self.kinds}
        return {"name": "nights", "source": {"uri": source.as_uri()}, "round_seconds": 1, "again": True, "objects": objects, **self.more}


def plan(dice: random.Random) -> Plan:
    """Draw a plan: heads, branches of heads, leaves of either; at times twins that write the same records, and deletes of some."""
    kinds = [_head(dice), _branch(dice), *([_leaf(dice)] if dice.random() < 0.6 else [])]
    keyed = [each for each in kinds if each.known_by == KEYED]
    if dice.random() < 0.3:
        # Twins that fill another text make no records, so that these must be there first: those of heads are.
        of = dice.choice([None, *keyed])
        more = {"canary_rows": 0} if of else {"canary_rows": 0, "update_only": True}
        kinds.append(Kind("Twin", (of or kinds[0]).sobject, text=NAME if of else MARK, more=more))
    if dice.random() < 0.3:
        kinds.append(Kind("Gone", dice.choice(keyed).sobject, DELETED, more={"canary_rows": 0}))
    more = {"job_bytes": dice.choice([SMALL_JOB, LARGE_JOB]), "replay_leftovers": dice.random() < 0.6}
    return Plan(tuple(kinds), "." * dice.choice([0, LONG]), more)


def _head(dice: random.Random) -> Kind:
    ties = {"Self__c": _tie(dice, "Head", circle=True)} if dice.random() < 0.4 else {}
    if dice.random() < 0.25:
        ties["To1__c"] = Tie("Branch", cut=True)
    return Kind("Head", "Level0__c", ties=ties, more=_keyed(dice))


def _branch(dice: random.Random) -> Kind:
    ties = {"To0__c": _tie(dice, "Head")} if dice.random() < 0.85 else {}
    if dice.random() < 0.3:
        ties["Self__c"] = _tie(dice, "Branch", circle=True)
    return Kind("Branch", "Level1__c", ties=ties, more=_keyed(dice))


def _leaf(dice: random.Random) -> Kind:
    known_by = dice.choice([KEYED, KEYLESS, KEYLESS, ROW_KEY])
    ties = {"To1__c": Tie("Branch", nested=True) if dice.random() < 0.4 else _tie(dice, "Branch")}
    if dice.random() < 0.3:
        ties["To0__c"] = _tie(dice, "Head")
    return Kind("Leaf", "Level2__c", known_by, ties=ties, more=_keyed(dice) if known_by == KEYED else {"canary_rows": 0})


def _tie(dice: random.Random, target: str, *, circle: bool = False) -> Tie:
    cut = circle and dice.random() < 0.4
    return Tie(target, "quarantine" if circle else dice.choice(MISSING), cut)


def _keyed(dice: random.Random) -> Document:
    """What a plan may say of rows with a key."""
    return {"changed_only": dice.random() < 0.5, "keep_before": dice.random() < 0.4, "canary_rows": dice.choice([0, 0, 2])}
