"""The fates of an object's rows → its id map: which source row became which record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.ledger import entries
from include.bulkload.load import fates
from include.bulkload.match import id_map
from include.bulkload.steps import journal, settle

if TYPE_CHECKING:
    from include.bulkload.steps import ports


def learn(run: ports.Run, name: str) -> dict[str, Any]:
    """Learn an object's Ids from its settled jobs, once. Returns {"ids": rows, "uri": of the stored id map}."""
    journal.opened(run)
    standing = run.folder.read(entries.learned_name(name)) or journal.note(run, _learned(run, name))
    return {"ids": standing["ids"], "uri": run.folder.uri(standing["id_map"]["name"])}


def _learned(run: ports.Run, name: str) -> entries.Entry:
    staged = journal.bring(run, journal.demand(run, entries.STAGED)["objects"][name]["file"])
    out = run.scratch / f"{name}-id_map.parquet"
    with tables.connect(run.limits) as con:
        ids = id_map.learn(con, [fates.Wave(settle.fates(run, name))], staged, out)
    return entries.learned(name, journal.keep(run, out, f"{name}/id_map.parquet"), ids)
