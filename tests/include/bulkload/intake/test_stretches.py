"""Blocks of JSON lines → the same lines, wherever the blocks end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.intake import records, shapes, stretches

if TYPE_CHECKING:
    from collections.abc import Iterable

SHAPE = shapes.Shape(values=frozenset({"a"}))
LINES = st.sampled_from(
    [b'{"a":"b"}', b'{"a":"c"}\r', b"", b"  ", b'{"a":', b'{"a":"~"},"~~",{"a":"d"}', b"\xff", b'{"a":"' + b"x" * 999 + b'"}']
)


def cut(blocks: Iterable[bytes]) -> list[bytes]:
    """All lines, as they are written or checked."""
    found = [each.lines.split(b"\n") if isinstance(each, records.Proven) else each for each in stretches.of_lines(blocks, SHAPE)]
    return [line for lines in found for line in lines]


@given(st.lists(LINES, max_size=200), st.integers(1, 5000), st.booleans())
def test_lines_are_those_of_the_file(lines: list[bytes], size: int, is_ended: bool) -> None:
    """None lost, none joined, none cut, in their order; a last one without a line break is one too."""
    text = b"\n".join(lines) + (b"\n" if is_ended else b"")
    expected = text.removesuffix(b"\n").split(b"\n") if text else []
    found = cut([text[start : start + size] for start in range(0, len(text), size)])
    assert [line.rstrip(b"\r") for line in expected] == [line.rstrip(b"\r ") if b"{" in line else line for line in found]


def test_good_lines_are_proven_many_at_once() -> None:
    """One odd one among them concerns those around it only."""
    good = [json.dumps({"a": str(number)}).encode() for number in range(10_000)]
    lines = [*good[:5000], b'{"a":1.10}', *good[5000:]]
    found = list(stretches.of_lines([b"\n".join(lines)], SHAPE))
    proven = sum(each.count for each in found if isinstance(each, records.Proven))
    assert len(good) - 2 * stretches.AT_ONCE / len(good[0]) < proven <= len(good)
    assert [lines] == [cut([b"\n".join(lines)])]
