"""One JSON document, block by block → each record of its list, as its own bytes on one line.

A document may be larger than memory; one record may not. Records are cut out, not rewritten, so that numbers
keep their text and nothing is lost that a parser would drop.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.bulkload.intake import records

if TYPE_CHECKING:
    from collections.abc import Iterator

SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()
# A record that ends this close before the end of what was read may go on in the next block.
MARGIN = 1


class _Text:
    """The document's text from the present place on, read as far as needed."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._before = 0
        self.text = ""
        self.at = 0

    @property
    def place(self) -> str:
        """Where we are, for people."""
        return f"character {self._before + self.at + 1}"

    def more(self) -> bool:
        """Read another block; False at the end."""
        block = next(self._blocks, None)
        try:
            added = self._decoder.decode(block or b"", final=block is None)
        except UnicodeDecodeError as wrong:
            raise errors.SourceError(f"the payload isn't UTF-8 after {self.place}; write it in UTF-8") from wrong
        self._before += self.at
        self.text, self.at = self.text[self.at :] + added, 0
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
            raise errors.SourceError(f"the payload isn't JSON: {expected!r} is expected at {self.place}, not {found or 'its end'!r}; mend it")
        self.at += 1

    def value(self) -> tuple[Any, str]:
        """Read one value; it and its text. Raises SourceError if it is no JSON, or larger than a record may be."""
        self.peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self.text, self.at)
            except (ValueError, RecursionError) as wrong:
                self._go_on(wrong)
                continue
            length = end - self.at
            if end < len(self.text) - MARGIN or not self.more():
                text = self.text[self.at : self.at + length]
                self.at += length
                return found, text

    def _go_on(self, wrong: Exception) -> None:
        """Read another block for a value that isn't whole yet, or give up on it."""
        if len(self.text) - self.at > records.MOST_BYTES:
            message = f"the value at {self.place} isn't JSON, or has more than {records.MOST_BYTES} characters; mend or split it"
            raise errors.SourceError(message) from wrong
        if not self.more():
            said = wrong.msg if isinstance(wrong, json.JSONDecodeError) else "nested too deep"
            raise errors.SourceError(f"the payload isn't JSON: {said} in the value at {self.place}; mend it") from wrong


def items(blocks: Iterator[bytes], records_path: str) -> Iterator[bytes]:
    """Yield each record of the document's list. `records_path`: `accounts[]`, or `[]` for the document itself.

    Raises SourceError if it isn't JSON, if the list is missing, or if it isn't a list.
    """
    text = _Text(blocks)
    wanted = records_path.partition("[]")[0]
    if not text.peek():
        raise errors.SourceError("the payload is empty; give a JSON document")
    if not wanted:
        yield from _list(text, "the payload")
    else:
        yield from _in_object(text, wanted)
    if text.peek():
        raise errors.SourceError(f"the payload isn't one JSON document: more text at {text.place}; use format jsonl for JSON lines")


def _in_object(text: _Text, wanted: str) -> Iterator[bytes]:
    """Go through the document's keys to the wanted list."""
    if text.peek() != "{":
        raise errors.SourceError(f"the payload is no object that holds {wanted!r}; use records `[]` if it is a list")
    text.take("{")
    seen = False
    while text.peek() != "}":
        key, _ = text.value()
        text.take(":")
        if key == wanted:
            if seen:
                raise errors.SourceError(f"{wanted!r} stands twice in the payload; keep one of the two")
            seen = True
            yield from _list(text, repr(wanted))
        else:
            text.value()
        _separated(text, "}")
    text.take("}")
    if not seen:
        raise errors.SourceError(f"the payload has no {wanted!r}; mend it, or the plan's `records`")


def _list(text: _Text, what: str) -> Iterator[bytes]:
    if text.peek() != "[":
        raise errors.SourceError(f"{what} isn't a list (at {text.place}); mend the payload, or the plan's `records`")
    text.take("[")
    while text.peek() != "]":
        _, record = text.value()
        yield records.checked(record.replace("\n", " ").replace("\r", " ").encode("utf-8", "surrogatepass"))
        _separated(text, "]")
    text.take("]")


def _separated(text: _Text, end: str) -> None:
    """Step over the comma between two values; none stands before the end."""
    if text.peek() == end:
        return
    text.take(",")
    if text.peek() == end:
        raise errors.SourceError(f"the payload isn't JSON: a comma stands before {end!r} at {text.place}; take it away")
