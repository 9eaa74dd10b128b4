"""Records that chunks touch at the same time → which chunk goes on and which must wait (contract 8.2, 8.4).

Chunks of one round count as simultaneous, whatever batch or job they are of. The first one that touches a record
holds it for the round; another one that needs it is put back and tried again in later rounds.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class Contended(Exception):
    """A chunk that can't be saved in this round; nothing of it was written."""


class Locks:
    """Who holds which record in the present round, and what somebody outside holds."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._held: dict[str, object] = {}
        self.share = 1.0
        self.outside: frozenset[str] = frozenset()

    def new_round(self, share: float, outside: Iterable[str]) -> None:
        """Let go of all records. `share`: how many collisions count; `outside`: ids held by somebody else."""
        self._held.clear()
        self.share, self.outside = share, frozenset(outside)

    def take(self, owner: object, sf_ids: set[str]) -> set[str]:
        """Hold records for a chunk; the ones that it can't have. If there are any, it holds none."""
        lost = {sf_id for sf_id in sf_ids if self._held.get(sf_id, owner) is not owner}
        if lost and self._dice.random() >= self.share:
            lost = set()
        lost |= self.outside & sf_ids
        if not lost:
            self._held.update(dict.fromkeys(sf_ids, owner))
        return lost

    def shuffled(self, found: Iterable[Any]) -> list[Any]:
        """The same things in an order of this round's."""
        mixed = list(found)
        self._dice.shuffle(mixed)
        return mixed
