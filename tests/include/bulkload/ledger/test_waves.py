"""An object's waves, turn by turn."""

from __future__ import annotations

from include.bulkload.ledger import waves


def planned(number: int, kind: waves.Kind, **notes: int) -> waves.Wave:
    """A wave of nothing."""
    return waves.Wave("Account", number, kind, "insert", None, (), notes=dict(notes))


def test_a_replay_opens_a_turn() -> None:
    """Layers, rounds and second passes belong to what opened theirs."""
    kinds = [waves.Kind(kind) for kind in ("first", "layer", "links", "replay", "round", "replay", "layer", "bereaved")]
    standing = [planned(number, kind) for number, kind in enumerate(kinds)]
    assert [[0, 1, 2], [3, 4], [5, 6, 7]] == [[wave.number for wave in turn] for turn in waves.turns(standing)]
    assert ([5, 6, 7], []) == ([wave.number for wave in waves.turn(standing)], waves.turn([]))


def test_a_wave_is_read_as_it_was_written() -> None:
    """Whatever it says."""
    wave = planned(3, waves.Kind.REPLAY, replay=2)
    assert (wave, 2) == (waves.read("Account", 3, wave.as_document()), wave.replay)
