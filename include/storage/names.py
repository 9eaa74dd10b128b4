"""A DAG id, run id or any text → one path segment: readable, reversible, never a way out of its folder."""

from __future__ import annotations

from urllib.parse import quote, unquote

PLAIN = "-_:+@ "


def encoded(text: str) -> str:
    """Encode a text as one segment. A segment of dots alone, and the empty one, are encoded too."""
    segment = quote(text, safe=PLAIN.replace(" ", ""))
    return segment.replace(".", "%2E") if segment.strip(".") == "" and segment else segment or "%00"


def decoded(segment: str) -> str:
    """Read a text back from its segment."""
    return "" if segment == "%00" else unquote(segment)
