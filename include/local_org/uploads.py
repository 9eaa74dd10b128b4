"""A job's uploaded CSV → its header and rows, or the job's error; nothing is looked at before UploadComplete (contract 4)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from include.local_org import schema

MOST_CELL = 131_072
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
BLOCK = 1 << 20
csv.field_size_limit(1 << 27)


class Unreadable(Exception):
    """The job fails; its text is the errorMessage."""


def header(path: Path, delimiter: str) -> list[str]:
    """Read the first row; none of an empty file."""
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file, delimiter=DELIMITERS[delimiter]), [])


def check(path: Path, job: dict[str, str], sobject: schema.SObject) -> list[str]:
    """Check line endings and header of an upload; its columns. Raises Unreadable (contract 4.1, 4.3)."""
    _line_endings(path, job["lineEnding"])
    try:
        found = header(path, job["columnDelimiter"])
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. {wrong}") from wrong
    if found and found[0].startswith("\ufeff"):
        quoted = found[0].startswith('\ufeff"')
        raise Unreadable(
            "InvalidBatch : Failed to parse CSV. Found unescaped quote" if quoted else f"InvalidBatch : Field name not found : {found[0]}"
        )
    if job["operation"] in {"delete", "hardDelete"} and [name.lower() for name in found] != ["id"]:
        raise Unreadable(f"InvalidBatch : The '{job['operation']}' batch must contain only ids")
    for name in found:
        _column(name, sobject)
    return found


def _column(name: str, sobject: schema.SObject) -> None:
    if sobject.field(name) is not None:
        return
    relation, dot, key = name.rpartition(".")
    owners = [field for field in sobject.fields.values() if field.relationship_name and field.relationship_name.lower() == relation.lower()]
    if not dot or not key:
        raise Unreadable(f"InvalidBatch : Field name not found : {name}")
    if ":" in relation:
        raise Unreadable(f"InvalidBatch : type is not needed for non polymorphic foreign key references: {relation.rpartition(':')[2]}")
    if not owners:
        raise Unreadable(f"InvalidBatch : Unable to find relationship: {relation}")


def _line_endings(path: Path, ending: str) -> None:
    with path.open("rb") as file:
        before = b""
        while block := file.read(BLOCK):
            if ending == "LF" and b"\r\n" in before + block:
                raise Unreadable("ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF")
            before = block[-1:]
    if ending == "CRLF":
        with path.open("rb") as file:
            first = file.readline()
        if first.endswith(b"\n") and not first.endswith(b"\r\n"):
            raise Unreadable("ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF")


def rows(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Read the data rows; blank lines are skipped. Raises Unreadable for quoting that can't be read."""
    returns = _has_returns(path)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=DELIMITERS[delimiter], strict=True)
        try:
            next(reader, None)
            if not returns:
                yield from filter(None, reader)
                return
            for row in reader:
                if row:
                    yield [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row]
        except (csv.Error, UnicodeDecodeError) as wrong:
            raise Unreadable(f"InvalidBatch : Failed to parse CSV. {wrong}") from wrong


def _has_returns(path: Path) -> bool:
    """Whether there is a carriage return anywhere, so that cells must be looked at for one."""
    with path.open("rb") as file:
        return any(b"\r" in block for block in iter(lambda: file.read(BLOCK), b""))


def line(cells: list[str], delimiter: str, ending: str) -> str:
    """Write a result's row: every cell quoted, quotes doubled (contract 3.2)."""
    out = io.StringIO()
    csv.writer(out, delimiter=DELIMITERS[delimiter], quoting=csv.QUOTE_ALL, lineterminator="\r\n" if ending == "CRLF" else "\n").writerow(
        cells
    )
    return out.getvalue()
