"""Blocks of JSON lines → records, many at once where they are proven good, cut into lines only where they aren't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.intake import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from include.bulkload.intake.shapes import Shape

# Bytes of records that are checked at once: few enough that one odd one among them costs little.
AT_ONCE = 1 << 15


def of_lines(blocks: Iterable[bytes], wanted: Shape) -> Iterator[records.Proven | list[bytes]]:
    """Yield the records in their order: those of a stretch that are proven good at once, else its lines, to be checked one by one."""
    for stretch in _stretches(blocks):
        together = stretch.replace(b"\n", records.BETWEEN)
        cuts = (len(together) - len(stretch)) // (len(records.BETWEEN) - 1)
        if records.plain(stretch, together, cuts, wanted):
            yield records.Proven(stretch.replace(b"\r", b" "), cuts + 1)
        else:
            yield stretch.split(b"\n")


def _stretches(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Cut blocks into stretches of whole lines; of a line that is too long just enough is kept to see that."""
    rest = b""
    for block in blocks:
        at = block.find(b"\n") + 1
        rest += block[: at - 1 if at else None][: records.MOST_BYTES + 1 - len(rest)]
        if not at:
            continue
        yield rest
        last = block.rfind(b"\n")
        while at <= last:
            end = block.find(b"\n", min(at + AT_ONCE, last))
            yield block[at:end]
            at = end + 1
        rest = block[at:]
    if rest:
        yield rest
