"""The fates of an object's rows → its id map: which source row became which record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import entries
from include.bulkload.match import id_map
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports


def learn(run: ports.Run, name: str) -> dict[str, Any]:
    """Learn an object's Ids from its settled jobs, once until another is settled. Returns {"ids": rows, "uri": of the stored id map}."""
    journal.opened(run)
    standing = _standing(run, name)
    return {"ids": standing["ids"], "uri": run.folder.uri(standing["id_map"]["name"])}


def known(run: ports.Run, name: str) -> Path:
    """Bring the id map of an object. Raises LedgerDamaged if what was sent of it isn't all collected."""
    return journal.bring(run, stored(run, name))


def stored(run: ports.Run, name: str) -> dict[str, Any]:
    """The same as the document of a stored file."""
    return dict(_standing(run, name)["id_map"])


def learnt(run: ports.Run, name: str) -> dict[str, Any] | None:
    """The stored id map of what stands settled of an object now; None: nobody has learnt it yet."""
    standing = run.folder.read(entries.learned_name(name, outcome.of(run, name).of_records().mark))
    return standing["id_map"] if standing else None


def _standing(run: ports.Run, name: str) -> dict[str, Any]:
    found = outcome.of(run, name)
    journal.demand(run, entries.settled_name(name, found.sent))
    records = found.of_records()
    standing = run.folder.read(entries.learned_name(name, records.mark))
    return standing or journal.note(run, _learned(run, name, records))


def _learned(run: ports.Run, name: str, found: outcome.Standing) -> entries.Entry:
    staged = journal.bring(run, journal.staged(run, name)["file"])
    out = run.scratch / f"{name}-id_map.parquet"
    with tables.connect(run.limits) as con:
        rows = id_map.learn(con, outcome.met(run, found), staged, out)
    return entries.learned(name, found.mark, journal.keep(run, out, f"{name}/id_map.parquet"), rows)
