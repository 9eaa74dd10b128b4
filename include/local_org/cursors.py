"""A query's rows → kept for their next pages: few in memory, many in a file without a name (contract 7.5)."""

from __future__ import annotations

import itertools
import marshal
import secrets
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from include.local_org import answers, ids, soql

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from include.local_org import site

PAGE, LEAST_PAGE = 2000, 200
# Rows are written and read again in blocks of so many.
BLOCK = 200
# Whoever comes late for the oldest begins anew.
MOST_CURSORS = 50

Row = tuple[Any, ...]


@dataclass(slots=True)
class Kept:
    """All rows of a query. `file`: where they are, block by block, if there is more than a page of them."""

    first: list[Row]
    total: int
    file: BinaryIO | None = None
    places: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stretch(self, start: int, end: int) -> list[Row]:
        """Rows from `start` to `end`, the last one not included."""
        if self.file is None:
            return self.first[start:end]
        found: list[Row] = []
        with self._lock:
            for block in range(start // BLOCK, min(-(-end // BLOCK), len(self.places))):
                self.file.seek(self.places[block])
                found += marshal.load(self.file)  # noqa: S302 - the file has no name: nobody else wrote it
        skipped = start // BLOCK * BLOCK
        return found[start - skipped : end - skipped]


def kept(found: sqlite3.Cursor, folder: Path) -> Kept:
    """Read a cursor to its end. Memory doesn't grow with the rows."""
    first = found.fetchmany(PAGE + BLOCK)
    if len(first) <= PAGE:
        return Kept(first, len(first))
    file = cast("BinaryIO", tempfile.TemporaryFile(dir=folder))  # noqa: SIM115 - it goes with the cursor
    made = Kept([], 0, file)
    begun = (first[start : start + BLOCK] for start in range(0, len(first), BLOCK))
    for block in itertools.chain(begun, iter(lambda: found.fetchmany(BLOCK), [])):
        made.total += len(block)
        made.places.append(file.tell())
        marshal.dump(block, file)
    return made


class Cursors:
    """The last queries that have more than a page."""

    def __init__(self, of: site.Site) -> None:
        self.site = of
        self._known: OrderedDict[str, tuple[soql.Asked, Kept, int]] = OrderedDict()

    def begun(self, text: str, version: str, *, deleted: bool, page: int = PAGE) -> dict[str, Any]:
        """Run a query; its first page. Raises Refused (400)."""
        asked = soql.asked(self.site, text, deleted=deleted)
        if asked.counts_only:
            return {"totalSize": asked.count(self.site), "done": True, "records": []}
        rows = kept(asked.run(self.site), self.site.store.uploads)
        locator = ""
        if rows.total > page:
            locator = ids.new("01g", secrets.randbelow(1 << 60))
            self._known[locator] = (asked, rows, page)
            while len(self._known) > MOST_CURSORS:
                self._known.popitem(last=False)
        return self._page(asked, rows, locator, 0, page, version)

    def more(self, text: str, version: str, page: int | None = None) -> dict[str, Any]:
        """The page that a locator names; of the size that the query was begun with, if none is asked for. Raises Refused (400)."""
        name, _, start = text.rpartition("-")
        locator = ids.read(name) or name
        if locator not in self._known or not start.isdigit():
            raise answers.Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        asked, rows, size = self._known[locator]
        return self._page(asked, rows, locator, int(start), page or size, version)

    def _page(self, asked: soql.Asked, rows: Kept, locator: str, start: int, size: int, version: str) -> dict[str, Any]:
        end = start + size
        done = end >= rows.total
        url = {} if done else {"nextRecordsUrl": f"/services/data/v{version}/query/{locator}-{end}"}
        records = asked.records(self.site, rows.stretch(start, end), version)
        return {"totalSize": rows.total, "done": done, **url, "records": records}
