"""One JSON document, block by block → its lists as they come, each record as its own bytes.

A document may be larger than memory; one record may not. Records are cut out, not rewritten, so that numbers
keep their text and nothing is lost that a parser would drop. The cutting is lenient; `records` judges each.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING

from include.bulkload.basics import errors
from include.bulkload.intake import alike, records

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from include.bulkload.intake.shapes import Shape

    Records = Iterator[bytes | records.Proven]

SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder(strict=False)
# Text that isn't UTF-8 stays recognisable, and is one bad record.
UNDECODABLE = "surrogateescape"
# A number this close to the end of what was read may go on in the next block: `1` with `.5` or `e-7`.
MARGIN = 3


class _Text:
    """The document's text from the present place on, read as far as needed."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._decoder = codecs.getincrementaldecoder("utf-8")(UNDECODABLE)
        self._line, self._column = 1, 1
        self.text = ""
        self.at = 0

    @property
    def place(self) -> str:
        """Where we are, for people."""
        self._pass_over()
        return f"line {self._line}, column {self._column}"

    def _pass_over(self) -> None:
        """Drop what lies behind us."""
        gone = self.text[: self.at]
        breaks = gone.count("\n")
        self._line += breaks
        self._column = len(gone) - gone.rfind("\n") if breaks else self._column + len(gone)
        self.text, self.at = self.text[self.at :], 0

    def more(self) -> bool:
        """Read another block; False at the end."""
        block = next(self._blocks, None)
        self._pass_over()
        self.text += self._decoder.decode(block or b"", final=block is None)
        return block is not None

    def peek(self) -> str:
        """The next character that isn't white space; "" at the end."""
        while True:
            self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]  # it matches the empty text too
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def take(self, expected: str) -> None:
        """Step over one character. Raises SourceError if another stands there."""
        found = self.peek()
        if found != expected:
            raise errors.SourceError(f"it isn't JSON: {expected!r} is expected at {self.place}, not {found or 'its end'!r}; mend it")
        self.at += 1

    def value(self) -> str:
        """Step over one value and return its text. Raises SourceError if it is no JSON, or larger than a record may be."""
        self.peek()
        while True:
            try:
                _, end = DECODER.raw_decode(self.text, self.at)
            except json.JSONDecodeError as wrong:
                self._go_on(wrong)
                continue
            except RecursionError as wrong:
                raise errors.SourceError(f"the value at {self.place} nests deeper than {records.MOST_DEPTH} levels; flatten it") from wrong
            length = end - self.at
            if end < len(self.text) - MARGIN or not self.more():
                text = self.text[self.at : self.at + length]
                self.at += length
                return text

    def _go_on(self, wrong: json.JSONDecodeError) -> None:
        """Read another block for a value that isn't whole yet, or give up on it."""
        if len(self.text) - self.at > records.MOST_BYTES:
            message = f"the value at {self.place} isn't JSON, or has more than {records.MOST_BYTES} characters; mend or split it"
            raise errors.SourceError(message) from wrong
        if not self.more():
            raise errors.SourceError(f"it isn't JSON: {wrong.msg} in the value at {self.place}; mend it") from wrong

    def key(self) -> str:
        """Step over a key and its colon; what it says."""
        if self.peek() != '"':
            raise errors.SourceError(f"it isn't JSON: a key is expected at {self.place}, not {self.peek() or 'its end'!r}; mend it")
        text = self.value()
        self.take(":")
        return str(json.loads(text, strict=False))

    def pass_value(self, depth: int = 1) -> None:
        """Step over a value of any size, piece by piece."""
        ends = {"{": "}", "[": "]"}
        kind = self.peek()
        if kind not in ends or depth > records.MOST_DEPTH:
            self.value()
            return
        self.take(kind)
        while self.peek() != ends[kind]:
            if kind == "{":
                self.key()
            self.pass_value(depth + 1)
            self.separated(ends[kind])
        self.take(ends[kind])

    def separated(self, end: str) -> None:
        """Step over the comma between two values; none stands before the end."""
        if self.peek() == end:
            return
        self.take(",")
        if self.peek() == end:
            raise errors.SourceError(f"it isn't JSON: a comma stands before {end!r} at {self.place}; take it away")


def lists(blocks: Iterator[bytes], wanted: Mapping[str, Shape]) -> Iterator[tuple[str, Records]]:
    """Yield the wanted lists of the document as they come, each with its records, to be read before the next is asked for.

    `wanted`: keys of the document, or "" alone for a document that is a list itself → what is read of a record there.
    Records come one by one, or many that are proven good already. Raises SourceError if the document isn't JSON, if
    a list is missing, or if it isn't a list.
    """
    text = _Text(blocks)
    if not text.peek():
        raise errors.SourceError("it is empty; give a JSON document")
    if "" in wanted:
        yield "", _list(text, "the document", wanted[""])
    else:
        yield from _in_object(text, wanted)
    if text.peek():
        raise errors.SourceError(f"it isn't one JSON document: more text at {text.place}; use format jsonl for JSON lines")


def _in_object(text: _Text, wanted: Mapping[str, Shape]) -> Iterator[tuple[str, Records]]:
    """Go through the document's keys to the wanted lists."""
    if text.peek() == "[":
        around = ", ".join(f"{json.dumps(key)}: …" for key in wanted)
        remedy = f"write {{{around}}} around it, use records `[]`, or write a record a line"
        raise errors.SourceError(f"the document is a list; {remedy}")
    if text.peek() != "{":
        text.value()
        told = " and ".join(map(repr, wanted))
        raise errors.SourceError(f"the document is no object that holds {told}; mend it, or the plan's `records`")
    text.take("{")
    left = dict.fromkeys(wanted)
    while text.peek() != "}":
        key = text.key()
        if key in left:
            del left[key]
            yield key, _list(text, repr(key), wanted[key])
        elif key in wanted:
            raise errors.SourceError(f"{key!r} stands twice in the document; keep one of the two")
        else:
            text.pass_value()
        text.separated("}")
    text.take("}")
    for key in left:
        hint = "use format jsonl, if each line is a record" if text.peek() else "mend it, or the plan's `records`"
        raise errors.SourceError(f"the document has no {key!r}; {hint}")


def _list(text: _Text, what: str, wanted: Shape) -> Records:
    if text.peek() != "[":
        raise errors.SourceError(f"{what} isn't a list (at {text.place}); mend the payload, or the plan's `records`")
    text.take("[")
    records_alike = alike.Alike(wanted)
    while text.peek() != "]":
        many = records_alike.taken(text.text, text.at)
        if many is not None:
            text.at = many.next_one
            yield many.proven
            continue
        record = text.value()
        records_alike.learn(record, text.text, text.at)
        yield record.encode("utf-8", UNDECODABLE)
        text.separated("]")
    text.take("]")
