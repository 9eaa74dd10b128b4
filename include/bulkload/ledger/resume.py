"""The entries of a run folder, in any order → what each job has been through, and which job counts for a chunk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FACTS = ("created", "uploaded", "decision", "closed", "aborted", "cancel", "withdrawn", "ended", "collected", "matched")
PARTS_OF_A_FACT = 5


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What the ledger says of one job."""

    place: entries.JobPlace
    facts: Mapping[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def attempt(self) -> int:
        """How many jobs of this chunk were created before."""
        return int(self.facts.get("created", {}).get("attempt", 0))

    @property
    def decision(self) -> entities.Decision | None:
        """What its owner decided, if anything."""
        said = self.facts.get("decision")
        return entities.Decision(said["decision"]) if said else None

    @property
    def is_gone(self) -> bool:
        """Whether Salesforce no longer knew it when its results were to be fetched."""
        return "gone" in self.facts.get("collected", {})

    @property
    def goes_again(self) -> bool:
        """Whether it is gone and its rows may be sent once more, by another job."""
        return self.is_gone and self.facts["collected"]["gone"] == entries.AGAIN

    @property
    def counts(self) -> bool:
        """Whether rows of it may be written, and go by no other job: it was ever closed, is to be closed, or is gone for good."""
        if self.is_replaced:
            return False
        return self.is_gone or self.has("closed") or self.has("ended") or self.decision is entities.Decision.CLOSE

    @property
    def is_replaced(self) -> bool:
        """Whether its rows may go by another job: it was given up and had written nothing, or is gone and may be repeated."""
        return self.has("aborted") or self.goes_again

    @property
    def is_unclosed(self) -> bool:
        """Whether it counts as it was to be closed, and no entry says that it was: its try died in between, or is slow."""
        return self.counts and not (self.is_gone or self.has("closed") or self.has("ended"))

    @property
    def moves(self) -> int:
        """How often it was collected anew, as it wrote more after its abort."""
        return sum(fact.startswith(entries.MOVED) for fact in self.facts)

    @property
    def is_withdrawn(self) -> bool:
        """Whether we aborted it ourselves: that is only done to what is Open; what was closed after that was aborted by somebody else."""
        return self.has("withdrawn") and not self.has("closed")

    @property
    def is_unwanted(self) -> bool:
        """Whether it ended aborted, and not by us: somebody doesn't want its rows, and only people send them, by a replay."""
        return self.last.get("state") == entities.JobState.ABORTED and not self.is_withdrawn

    @property
    def is_aborted_by_others(self) -> bool:
        """The same, and not by a person's mark either, but by somebody in Salesforce."""
        return self.is_unwanted and not self.has("cancel")

    @property
    def may_move(self) -> bool:
        """Whether it was settled as aborted, and rows that it left may be written since: a chunk in flight is committed when it is."""
        if self.is_gone or not self.has("matched") or self.last.get("state") != entities.JobState.ABORTED:
            return False
        return any(self.facts["matched"]["tally"].get(fate) for fate in (entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT))

    @property
    def may_store(self) -> bool:
        """The same of one that was closed before it was aborted: what nobody closed stores nothing."""
        return self.may_move and not self.is_withdrawn

    @property
    def last(self) -> dict[str, Any]:
        """The job as it was seen last, in its own numbers: when its results were collected, else when it had ended; {}: neither."""
        for fact in ("collected", "ended"):
            if "job" in self.facts.get(fact, {}):
                return dict(self.facts[fact]["job"])
        return {}

    def has(self, fact: str) -> bool:
        """Whether this fact stands."""
        return fact in self.facts


def jobs(documents: Mapping[str, dict[str, Any]]) -> list[JobFacts]:
    """Fold entries (name → document) to one JobFacts per job, by object, chunk, attempt. Order and strangers don't matter."""
    found: dict[entries.JobPlace, dict[str, dict[str, Any]]] = {}
    for name, document in documents.items():
        place, fact = _placed(name)
        if place is not None:
            found.setdefault(place, {})[fact] = document
    folded = [JobFacts(place, _as_moved(facts)) for place, facts in found.items()]
    return sorted(folded, key=lambda each: (each.place.name, each.place.number, each.attempt, each.place.job_id))


def _as_moved(facts: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A job's facts; of one that wrote rows after it was collected, as it was collected last."""
    for fact in sorted(each for each in facts if each.startswith(entries.MOVED)):
        facts |= facts[fact]
    return facts


def is_of_a_job(name: str) -> bool:
    """Whether an entry's name is that of a job's fact."""
    return _placed(name)[0] is not None


def _placed(name: str) -> tuple[entries.JobPlace | None, str]:
    parts = name.split("/")
    if len(parts) != PARTS_OF_A_FACT or parts[0] != "ledger" or not parts[2].startswith("chunk-"):
        return None, ""
    fact = parts[4].removesuffix(".json")
    if fact not in FACTS and not fact.startswith(entries.MOVED):
        return None, ""
    return entries.JobPlace(parts[1], int(parts[2].removeprefix("chunk-")), parts[3]), fact


def counting(folded: Iterable[JobFacts]) -> dict[int, JobFacts]:
    """Name the one job that counts for each chunk (by number); chunks without one are missing.

    Raises LedgerDamaged if two jobs of one chunk count: their rows would stand twice in the account.
    """
    found: dict[int, JobFacts] = {}
    for each in sorted(folded, key=lambda one: one.is_gone):
        if not each.counts:
            continue
        if each.place.number in found:
            if each.is_gone and each.decision is entities.Decision.ABANDON:
                continue  # It was to be given up for the other one; that it wrote nothing can't be proven any more.
            first = found[each.place.number].place.job_id
            message = (
                f"chunk {each.place.number} of {each.place.name} has two closed jobs, {first} and {each.place.job_id}; "
                "compare both in Salesforce's Setup before anything is sent again"
            )
            raise errors.LedgerDamaged(message)
        found[each.place.number] = each
    return found
