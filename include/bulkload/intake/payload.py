"""JSON files (one document each, or JSON lines) → the records of each list that is wanted, one a line, in bounded memory."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import orjson

from include.bulkload.basics import errors
from include.bulkload.intake import careful, document, files, lines, records, stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from include.bulkload.intake.shapes import Shape

UNREADABLE = careful.bad(records.NOT_JSON).removesuffix(b'"}}')
BOM = b"\xef\xbb\xbf"
OTHER_BOMS = (b"\xff\xfe", b"\xfe\xff")


def read(
    given: Sequence[files.File], roots: Mapping[str, Shape], folder: Path, checksum: files.Checksum, *, by_line: bool
) -> dict[str, lines.Lines]:
    """Write the records of the files, one a line, into `folder`.

    `roots`: path of each list that holds records, `accounts[]`, or `[]` for a document that is a list → what is read
    of a record; of JSON lines there is one. Raises SourceError naming file, place and remedy.
    """
    folder.mkdir()
    _check(roots, by_line=by_line)
    with contextlib.ExitStack() as opened:
        written = {
            path: opened.enter_context(lines.Written(folder / f"{number}.jsonl", is_one=len(given) == 1))
            for number, path in enumerate(roots)
        }
        for file in given:
            try:
                blocks = _decoded(files.blocks(file, checksum))
                for target in written.values():
                    target.begin(file.name)
                if by_line:
                    ((path, wanted),) = roots.items()
                    _write(stretches.of_lines(blocks, wanted), written[path], wanted)
                else:
                    for name, listed in document.lists(blocks, {path.removesuffix("[]"): wanted for path, wanted in roots.items()}):
                        path = f"{name}[]"
                        _write(_together(listed, roots[path]), written[path], roots[path])
            except errors.SourceError as wrong:
                raise errors.SourceError(f"{file.name}: {wrong}") from wrong
    return {path: target.lines for path, target in written.items()}


def _check(roots: Mapping[str, Shape], *, by_line: bool) -> None:
    """Raise PlanError for lists that can't all be in one file."""
    if len(roots) > 1 and by_line:
        raise errors.PlanError(f"objects: JSON lines hold one kind of record, {_listed(roots)} are several; give each a source of its own")
    if len(roots) > 1 and "[]" in roots:
        raise errors.PlanError(f"objects: a document is a list or holds lists, {_listed(roots)} want both; mend `records`")


def _listed(roots: Iterable[str]) -> str:
    return " and ".join(f"`{path}`" for path in roots)


def _decoded(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Take the mark of UTF-8 away from the start; refuse those of other encodings."""
    first = next(blocks, b"")
    if first.startswith(OTHER_BOMS):
        raise errors.SourceError("it is UTF-16; write it in UTF-8")
    yield first.removeprefix(BOM)
    yield from blocks


def _write(found: Iterable[records.Proven | Sequence[bytes]], target: lines.Written, wanted: Shape) -> None:
    """Write the records, those that aren't proven after a check. Raises SourceError if there are some but none is JSON."""
    readable, first = False, b""
    for together in found:
        if isinstance(together, records.Proven):
            readable = True
            target.add_proven(together)
            continue
        written = [records.checked(bare, wanted) if bare else lines.NONE for bare in map(bytes.strip, together)]
        told = [line for line in written if line != lines.NONE]
        readable = readable or any(not line.startswith(UNREADABLE) for line in told)
        first = first or next(iter(told), b"")
        target.add(written)
    if first and not readable:
        said = orjson.loads(first)[careful.MARK][careful.WHOLE]
        raise errors.SourceError(
            f"none of its records can be read (the first: {said}); mend it, or set the source's format (json or jsonl)"
        )


def _together(found: Iterable[bytes | records.Proven], wanted: Shape) -> Iterator[records.Proven | list[bytes]]:
    """Gather records that stand alone, to check them at once too."""
    gathered: list[bytes] = []
    size = 0
    for each in found:
        if isinstance(each, bytes):
            gathered.append(each)
            size += len(each)
        if gathered and (size > stretches.AT_ONCE or not isinstance(each, bytes)):
            yield _checked_at_once(gathered, wanted)
            gathered, size = [], 0
        if not isinstance(each, bytes):
            yield each
    if gathered:
        yield _checked_at_once(gathered, wanted)


def _checked_at_once(gathered: list[bytes], wanted: Shape) -> records.Proven | list[bytes]:
    if records.plain(b" ".join(gathered), records.BETWEEN.join(gathered), len(gathered) - 1, wanted):
        return records.Proven(b"\n".join(map(records.one_line, gathered)), len(gathered))
    return gathered
