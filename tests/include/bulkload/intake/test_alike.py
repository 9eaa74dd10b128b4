"""One JSON document → the records that a plain parser finds in it, cut at once where they are alike."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.intake import document, records, shapes

SHAPE = shapes.Shape(values=frozenset({"a"}), lists={"l": shapes.Shape(values=frozenset({"a"}))})
TEXTS = st.sampled_from(["b", "]},{", '"},{"', "},\n{", "~~", ',"~~",', "ü", "\u2028", "{[:"])
INNER = st.fixed_dictionaries({"a": TEXTS})
RECORDS = st.fixed_dictionaries({"a": TEXTS}, optional={"l": st.lists(INNER, max_size=2), "n": st.integers(0, 9)})


def cut(text: bytes, size: int = 1 << 20) -> list[bytes | records.Proven]:
    """What a document that is a list is cut into, from blocks of a size."""
    blocks = (text[start : start + size] for start in range(0, len(text), size))
    ((_, found),) = ((name, list(listed)) for name, listed in document.lists(blocks, {"": SHAPE}))
    return found


def lines(found: list[bytes | records.Proven]) -> list[bytes]:
    """All records, each by itself."""
    return [line for each in found for line in (each.lines.split(b"\n") if isinstance(each, records.Proven) else [each])]


@given(st.lists(RECORDS, max_size=30), st.sampled_from([None, 0, 2]), st.booleans(), st.sampled_from([7, 100, 1 << 20]))
def test_records_are_those_that_a_parser_finds(given_records: list[Any], indent: int | None, is_tight: bool, size: int) -> None:
    """Whatever their texts hold, however it is indented, wherever blocks end; each its own bytes but for line breaks."""
    separators = (",", ":") if is_tight else None
    text = json.dumps(given_records, indent=indent, separators=separators, ensure_ascii=False)
    found = lines(cut(text.encode(), size))
    assert given_records == [json.loads(line) for line in found]
    own = [json.dumps(each, indent=indent, separators=separators, ensure_ascii=False) for each in given_records]
    assert ["".join(each.split()) for each in own] == ["".join(line.decode().split()) for line in found]


def test_records_that_are_alike_are_cut_at_once() -> None:
    """All but the first two of a block, and those that stand where it ends."""
    given_records = [{"a": str(number), "l": [{"a": "x"}, {"a": "y"}]} for number in range(2000)]
    for indent in (None, 1):
        text = json.dumps(given_records, indent=indent).encode()
        alone = [each for each in cut(text) if isinstance(each, bytes)]
        assert (given_records, len(alone) < 5) == ([json.loads(line) for line in lines(cut(text))], True)


def test_a_line_break_within_a_text_is_not_taken_out() -> None:
    """JSON has none there: such a record isn't proven, so that it is judged by itself."""
    good, bad = b'{"a":"b","l":[]}', b'{"a":"b\nc","l":[]}'
    found = cut(b"[" + b",".join([good] * 50 + [bad] + [good] * 50) + b"]")
    assert (bad in found, [good] * 50 + [bad] + [good] * 50) == (True, lines(found))
