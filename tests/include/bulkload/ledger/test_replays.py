"""Which replays a run has seen, by the names of their entries."""

from __future__ import annotations

from include.bulkload.ledger import replays


def test_each_fact_has_a_name_that_tells_the_replay() -> None:
    """Names of one replay's facts aren't those of another's, nor of another fact."""
    own = replays.Replay(12, "manual__1", "file:///edited.csv")
    entries = [own.begun("now"), own.chosen({"objects": {}}), own.closed("now")]
    names = ["ledger/replays/001.json", *(entry.name for entry in entries)]
    assert ([1, 12], [12], [12]) == tuple(replays.numbers(names, fact) for fact in (replays.BEGUN, replays.CHOSEN, replays.CLOSED))
    assert own == replays.read(12, entries[0].document)
