"""A job's uploaded CSV → its header and rows, or the job's error; nothing is looked at before UploadComplete (contract 4)."""

from __future__ import annotations

import csv
import itertools
import mmap
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from include.local_org import schema

MOST_HEADER, MOST_COLUMNS = 32_000, 5_000
MOST_CELL, MOST_RECORD = 131_072, 400_000
DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
BLOCK = 1 << 20
# Rows that are looked at together; the longest ones still fit in memory. Cells that are matched at a stretch: other threads wait.
FEW, STRETCH = 100, 20_000
TOO_MANY_COLUMNS = f"Exceeded max number of columns per record : {MOST_COLUMNS}"
QUOTED = re.compile(b'"[^"]*+(?:""[^"]*+)*+"')
csv.field_size_limit(MOST_CELL)


class Unreadable(Exception):
    """The job fails; its text is the errorMessage."""


def header(path: Path, delimiter: str) -> list[str]:
    """Read the first row that isn't blank; none of an empty file. Raises Unreadable for one that is too long."""
    with path.open(encoding="utf-8", newline="") as file:
        found = next(filter(None, csv.reader(file, delimiter=DELIMITERS[delimiter])), [])
    if _length(found) > MOST_HEADER:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. Exceeded max length for the header row : {MOST_HEADER}")
    if len(found) > MOST_COLUMNS:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. {TOO_MANY_COLUMNS}")
    return found


def check(path: Path, job: dict[str, str], sobject: schema.SObject, objects: Mapping[str, schema.SObject]) -> list[str]:
    """Check line endings, quoting and header of an upload; its columns. Raises Unreadable (contract 4.1, 4.3)."""
    _line_endings(path, job["lineEnding"])
    _quoting(path, DELIMITERS[job["columnDelimiter"]])
    try:
        found = header(path, job["columnDelimiter"])
    except (csv.Error, UnicodeDecodeError) as wrong:
        raise _unreadable(wrong) from wrong
    if found and found[0].startswith("\ufeff"):
        quoted = found[0].startswith('\ufeff"')
        raise Unreadable(
            "InvalidBatch : Failed to parse CSV. Found unescaped quote" if quoted else f"InvalidBatch : Field name not found : {found[0]}"
        )
    if job["operation"] in {"delete", "hardDelete"} and found and [name.lower() for name in found] != ["id"]:
        raise Unreadable(f"InvalidBatch : The '{job['operation']}' batch must contain only ids")
    if job["operation"] == "update" and found and "id" not in [name.lower() for name in found]:
        raise Unreadable("InvalidBatch : Field name not found : Id")
    seen: set[str] = set()
    for name in found:
        _column(name, sobject, objects)
        if name.lower() in seen:
            # What Salesforce does isn't known (contract 10); which of the two would count would be a guess.
            raise Unreadable(f"InvalidBatch : Duplicate field name found : {name}")
        seen.add(name.lower())
    return found


def _quoting(path: Path, delimiter: str) -> None:
    """Refuse quotes where they mean nothing, in the words of Salesforce's public reader (contract 4.1)."""
    if not path.stat().st_size:
        return
    mark = re.escape(delimiter.encode())
    cells = re.compile(b'(?:(?:"[^"]*+(?:""[^"]*+)*+"|[^"\r\n' + mark + b"]*+)(?:" + mark + rb"|\r?\n|\r|\Z)){0,%d}+" % STRETCH)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        end, before = 0, -1
        while before < end < len(whole):
            found = cells.match(whole, end)
            end, before = found.end() if found else end, end
        if end == len(whole):
            return
        if whole[end : end + 1] != b'"':
            said = "Found unescaped quote. A value with quote should be within a quote"
        elif QUOTED.match(whole, end):
            said = "Not expecting more text after end quote"
        else:
            said = "EOF reached before closing an opened quote"
    raise Unreadable(f"InvalidBatch : Failed to parse CSV. {said}")


def _column(name: str, sobject: schema.SObject, objects: Mapping[str, schema.SObject]) -> None:
    """Check one header: a field, or `[Type:]Relation.Key` (contract 4.2)."""
    if sobject.field(name) is not None:
        return
    relation, dot, key = name.rpartition(".")
    kind, colon, relation = relation.rpartition(":")
    if not dot or not key or "." in relation or ":" in kind or (colon and not kind) or not relation:
        raise Unreadable(f"InvalidBatch : Field name not found : {name}")
    owner = next((field for field in sobject.fields.values() if (field.relationship_name or "").lower() == relation.lower()), None)
    if owner is None:
        raise Unreadable(f"InvalidBatch : Unable to find relationship: {relation}")
    several = len(owner.reference_to) > 1
    if kind and not several:
        raise Unreadable(f"InvalidBatch : type is not needed for non polymorphic foreign key references: {relation}")
    wanted = kind or owner.reference_to[0]
    target = objects.get(wanted.lower()) if wanted.lower() in {each.lower() for each in owner.reference_to} else None
    field = target.field(key) if target and bool(kind) == several else None
    if field is None or not (field.external_id or field.id_lookup or field.name == "Id"):
        raise Unreadable(f"InvalidBatch : Field name not found : {name}")


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
            next(filter(None, reader), None)
            if not returns:
                yield from filter(None, reader)
                return
            for row in reader:
                if row:
                    yield [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row]
        except (csv.Error, UnicodeDecodeError) as wrong:
            raise _unreadable(wrong) from wrong


def as_sent(path: Path, delimiter: str) -> Iterator[str]:
    """Header and rows letter by letter, each with its line ending, blank lines left out; from where they can't be read on, lines."""
    seen: list[str] = []
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        reader = csv.reader(_remembered(file, seen), delimiter=DELIMITERS[delimiter], strict=True)
        try:
            for row in reader:
                if row:
                    yield "".join(seen)
                seen.clear()
        except csv.Error:
            yield from seen
            yield from file


def _remembered(lines: Iterable[str], seen: list[str]) -> Iterator[str]:
    for line in lines:
        seen.append(line)
        yield line


def _unreadable(wrong: Exception) -> Unreadable:
    """Put it in the words of Salesforce's public reader where it has some."""
    told = str(wrong)
    if isinstance(wrong, UnicodeDecodeError):
        told = "The data is not UTF-8"
    elif "field larger than field limit" in told:
        told = f"Exceeded max field size: {MOST_CELL}"
    return Unreadable(f"InvalidBatch : Failed to parse CSV. {told}")


def count(path: Path, delimiter: str) -> int:
    """Count the data rows. Raises Unreadable for quoting that can't be read, and for rows that are too long."""
    total, found = 0, rows(path, delimiter)
    while block := list(itertools.islice(found, FEW)):
        total += len(block)
        if max(map(len, block)) > MOST_COLUMNS or max(map(len, map("".join, block))) > MOST_RECORD - MOST_COLUMNS:
            # One of them is too long, or nearly.
            for row in block:
                _check_length(row)
    return total


def _check_length(row: list[str]) -> None:
    if len(row) > MOST_COLUMNS:
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. {TOO_MANY_COLUMNS}")
    if (length := _length(row)) > MOST_RECORD:
        said = f"Exceeded max length for one record: {length}. Max length for one record should be less than or equal to {MOST_RECORD}"
        raise Unreadable(f"InvalidBatch : Failed to parse CSV. {said}")


def _length(row: list[str]) -> int:
    """Count a row's characters, delimiters too."""
    return sum(map(len, row)) + max(len(row) - 1, 0)


def _has_returns(path: Path) -> bool:
    """Whether there is a carriage return anywhere, so that cells must be looked at for one."""
    with path.open("rb") as file:
        return any(b"\r" in block for block in iter(lambda: file.read(BLOCK), b""))


def line(cells: list[str], delimiter: str, ending: str) -> str:
    """Write a result's row."""
    out: list[str] = []
    writer(out.append, delimiter, ending).writerow(cells)
    return out[0]


def writer(write: Callable[[str], Any], delimiter: str, ending: str) -> Any:
    """Write results' rows, each by one call of `write`: every cell quoted, quotes doubled (contract 3.2)."""
    out = SimpleNamespace(write=write)
    return csv.writer(out, delimiter=DELIMITERS[delimiter], quoting=csv.QUOTE_ALL, lineterminator="\r\n" if ending == "CRLF" else "\n")
