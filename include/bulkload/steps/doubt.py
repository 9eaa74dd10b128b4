"""Rows with a key and without a result → what the org says of their keys: not written, written, or still in doubt and why.

Rows with a key that we made are asked for, too, if their insert was refused as a duplicate: an aborted job may have stored them late.
Salesforce has no result for rows beyond a daily limit, and none of batches that it lost. Keyless rows can't be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, errors, tables
from include.bulkload.load import results
from include.bulkload.steps import org_keys

if TYPE_CHECKING:
    from pathlib import Path

    from include.bulkload.steps import ports

DOUBTFUL = f"fate = '{entities.Fate.IN_DOUBT}'"
REFUSED = f"fate = '{entities.Fate.FAILED}' AND error LIKE 'DUPLICATE_VALUE%'"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose rows they are: the sobject, the job's operation, what the job says of its end.

    `ours`: we made the keys, each for one row of this run (`row_key_field`): a record that has one is that row's.
    """

    sobject: str
    operation: str
    error_message: str = ""
    ours: bool = False

    @property
    def fates(self) -> set[entities.Fate]:
        """The fates of rows that may be asked for."""
        return {entities.Fate.IN_DOUBT, entities.Fate.FAILED} if self.ours else {entities.Fate.IN_DOUBT}

    @property
    def rows(self) -> str:
        """Which rows of the job are asked for, in SQL."""
        return f"({DOUBTFUL} OR {REFUSED})" if self.ours else DOUBTFUL

    def told(self, *, there: bool) -> tuple[entities.Fate, str]:
        """What follows for a row whose key the org has, or hasn't: its fate, and a sentence."""
        if self.operation in entities.DELETES:
            if there:
                return entities.Fate.UNPROCESSED, "no result, and the record is still there"
            return entities.Fate.IN_DOUBT, "no result, and the record isn't there: this job deleted it, or somebody else"
        if there:
            return entities.Fate.IN_DOUBT, "no result, and the org has a record of its key: this job wrote it, or it was there before"
        return entities.Fate.UNPROCESSED, "no result, and the org has no record of its key"


def settled(run: ports.Run, asked: Asked, sent: results.Sent, fates: Path, out: Path) -> dict[str, int]:
    """Ask the org for the keys of rows in doubt (and refused, if `ours`); write all fates anew to `out`, return rows by fate.

    Raises what `org_keys.found` raises, but for a refused question: then all stay as they were.
    """
    if sent.key is None:
        raise errors.LedgerDamaged(f"rows of {asked.sobject} have no key to ask for")
    wanted, found = out.with_name(f"{out.stem}-wanted.parquet"), out.with_name(f"{out.stem}-found.parquet")
    with tables.connect(run.limits) as con:
        text = tables.cell(sent.key.name)
        keys = f"SELECT row_id, key, {text} AS text FROM {tables.parquet(sent.ready)} WHERE {sent.chunk.condition}"
        doubtful = f"SELECT row_id FROM {tables.parquet(fates)} WHERE {asked.rows}"
        tables.write_parquet(con, f"{keys} AND row_id IN ({doubtful})", wanted)
    try:
        org_keys.found(run, asked.sobject, sent.key.name, sent.key.rule, wanted, found)
    except errors.RequestRefused as refused:
        why = tables.literal(f"no result, and the org can't be asked: {refused}")
        return _written(
            run, f"SELECT * REPLACE (CASE WHEN {DOUBTFUL} THEN {why} ELSE error END AS error) FROM {tables.parquet(fates)}", out
        )
    known = (
        f"SELECT row_id, f.key IS NOT NULL AS there, f.sf_id AS found_id, coalesce(f.twice, false) AS twice "
        f"FROM {tables.parquet(wanted)} LEFT JOIN {tables.parquet(found)} AS f USING (key)"
    )
    return _written(run, _told(asked, f"{tables.parquet(fates)} LEFT JOIN ({known}) USING (row_id)"), out)


def _told(asked: Asked, rows: str) -> str:
    """The query of all fates, those of asked rows as the org says."""
    proven, fate, error = "there AND NOT twice" if asked.ours else "false", "", ""
    for there in (True, False):
        said, sentence = asked.told(there=there)
        why = f"{asked.error_message}; {sentence}" if asked.error_message else sentence
        fate += f" WHEN {DOUBTFUL} AND there IS {there} THEN '{said}'"
        error += f" WHEN {DOUBTFUL} AND there IS {there} THEN {tables.literal(why)}"
    told = (
        f"CASE WHEN {proven} THEN '{entities.Fate.SUCCEEDED}'{fate} ELSE fate END AS fate, "
        f"CASE WHEN {proven} THEN NULL{error} ELSE error END AS error, "
        f"CASE WHEN {proven} THEN found_id ELSE sf_id END AS sf_id, CASE WHEN {proven} THEN true ELSE created END AS created"
    )
    return f"SELECT * EXCLUDE (there, found_id, twice) REPLACE ({told}) FROM {rows}"


def _written(run: ports.Run, query: str, out: Path) -> dict[str, int]:
    with tables.connect(run.limits) as con:
        tables.write_parquet(con, query, out)
        return results.tally(con, out)
