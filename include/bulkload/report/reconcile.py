"""One object's files → how many rows met which fate, and by how much the sum doesn't close.

A row may have been in several waves: its last attempt counts, and an Id once given stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables
from include.bulkload.intake import split
from include.bulkload.load import fates, recovery

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import duckdb

TOP_ERRORS = 10
THEN = " | then: "
NEVER_LINKED = "no second pass: the record is stored, the pass that sets its link never came"
LOST = (entities.Fate.FAILED, entities.Fate.UNPROCESSED, entities.Fate.IN_DOUBT, entities.Fate.ORPHANED, entities.Fate.REJECTED)
# Fates that a row has before it is sent: staging says so.
STAGED = {entities.Fate.REJECTED: "reason IS NOT NULL", entities.Fate.FILTERED: "reason IS NULL AND filtered"}
MERGED = "reason IS NULL AND NOT filtered AND merged_into IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of one chunk: those of `ready` that its condition names; `job_id` of its job, or ""; `why` they have no results, or "".

    `void`: no task sends the chunk any more; `inserts`: its wave's jobs insert.
    """

    wave: int
    ready: Path
    chunk: entities.Chunk
    job_id: str = ""
    why: str = ""
    void: bool = False
    inserts: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of an object, the run's own or a replay's: the rows that it was to send, why it was stopped, whose link was never set.

    `rows`: the query of its rows (row_id), "": all that can be sent; `stopped`: "" if nothing stopped it; `unlinked`: the query of
    rows whose link waited for a second pass and that none has looked at, "": none.
    """

    rows: str = ""
    stopped: str = ""
    unlinked: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """What stands of one object. `source_rows`: how many rows the split counted while it read.

    `met`: what became of the rows, wave by wave. `running`: closed jobs without results. `unsent`:
    chunks in no closed job. `complete`: every row should be in a wave; if not, those in none are unprocessed.
    `only_staged`: `staged` holds some of the object's rows, and the account is of these alone. `turns`: in order; the last that was
    to send a row answers for it. A row of none was left alone on purpose.
    """

    name: str
    source_rows: int
    staged: Path
    met: Sequence[fates.Wave] = ()
    running: Sequence[Range] = ()
    unsent: Sequence[Range] = ()
    complete: bool = False
    only_staged: bool = False
    turns: Sequence[Turn] = (Turn(),)


@dataclass(frozen=True, slots=True)
class Account:
    """An object's rows by fate (every Fate is a key), what its successes did, and its most frequent errors.

    `unsent` and `unlinked`: rows among them that no job ever carried, or whose second pass never came, though nothing stopped the
    turn that was to send them: some task never did its work, whatever Airflow says of it. `void`: those of `unsent` that no task will
    send, but a replay. `stored_twice`: rows of which two jobs made a record each. `uncollected`: rows in doubt only as long as their
    job isn't collected.
    """

    source: int
    fates: dict[str, int]
    created: int = 0
    updated: int = 0
    top_errors: list[dict[str, int | str]] = field(default_factory=list)
    doubled: int = 0
    unsent: int = 0
    unlinked: int = 0
    stored_twice: int = 0
    void: int = 0
    uncollected: int = 0

    @property
    def gap(self) -> int:
        """Rows of the source that have no fate; negative if there are more fates than rows. 0: the sums close."""
        return self.source - sum(self.fates.values()) - self.doubled

    @property
    def is_stored(self) -> bool:
        """Whether any row is, or may be, in the org because of this run."""
        return bool(self.created or self.updated or self.fates[entities.Fate.SUCCEEDED] or self.fates[entities.Fate.IN_DOUBT])

    @property
    def lost(self) -> int:
        """Rows that `max_failed` counts."""
        return sum(self.fates[fate] for fate in LOST)


def account(con: duckdb.DuckDBPyConnection, files: Files) -> Account:
    """Make the tables `final` (row_id, fate, sf_id, created, error, job_id; one row per row that was in a wave) and `twice`, and count.

    Staging's own fates are counted from the staged file, so that a row lost between two files shows as a gap.
    """
    doubled = _final(con, files)
    unlinked, twice = _unlinked(con, files), _twice(con, files)
    staged = tables.parquet(files.staged)
    counted = dict.fromkeys((str(fate) for fate in entities.Fate), 0)
    for fate, condition in {**STAGED, entities.Fate.MERGED: MERGED}.items():
        counted[fate] += count(con, f"{staged} WHERE {condition}")
    for fate, rows in con.execute("SELECT fate, count(*) FROM final GROUP BY fate").fetchall():
        counted[fate] += rows
    succeeded = f"final WHERE fate = '{entities.Fate.SUCCEEDED}'"
    created, updated = count(con, f"{succeeded} AND created"), count(con, f"{succeeded} AND NOT coalesce(created, false)")
    unsent = f"(SELECT row_id FROM final WHERE fate = '{entities.Fate.UNPROCESSED}' AND job_id IS NULL)"
    unexplained = f"({_answering(files)}) SEMI JOIN {unsent} USING (row_id)"
    queries = [f"{unexplained} WHERE stopped IS NULL", f"{unexplained} SEMI JOIN ({_void(files)}) USING (row_id) WHERE stopped IS NULL"]
    missing, void = (count(con, each) if counted[entities.Fate.UNPROCESSED] else 0 for each in queries)
    still = ", ".join(tables.literal(each.job_id) for each in files.running) or "NULL"
    return Account(
        files.source_rows,
        counted,
        created,
        updated,
        _top_errors(con, files),
        doubled,
        unsent=missing,
        unlinked=unlinked,
        stored_twice=twice,
        void=void,
        uncollected=count(con, f"final WHERE fate = '{entities.Fate.IN_DOUBT}' AND job_id IN ({still})"),
    )


def _final(con: duckdb.DuckDBPyConnection, files: Files) -> int:
    """Fold all attempts; how many rows were twice in one wave."""
    attempts = fates.attempts(files.met)
    attempts += [_range(each, entities.Fate.IN_DOUBT, each.why) for each in files.running]
    attempts += [_range(each, entities.Fate.UNPROCESSED, each.why) for each in files.unsent]
    union = " UNION ALL BY NAME ".join(attempts) or f"SELECT {tables.NO_FATES}, 0 AS wave, false AS inserts WHERE false"
    doubled = 0
    if len(files.met) > 1:
        con.execute(f"CREATE OR REPLACE TEMP TABLE attempts AS {union}")
        doubled = count(con, "attempts") - count(con, "(SELECT DISTINCT row_id, wave FROM attempts)")
        # A row that never made it tells the error of each attempt.
        union = fates.one_per_row("attempts", f"string_agg(error, {tables.literal(THEN)} ORDER BY wave)")
    con.execute(f"CREATE OR REPLACE TEMP TABLE final AS SELECT {fates.COLUMNS} FROM ({union})")
    if not files.complete:
        fine = f"SELECT row_id FROM {tables.parquet(files.staged)} WHERE {split.FINE}"
        con.execute(
            f"INSERT INTO final SELECT row_id, '{entities.Fate.UNPROCESSED}', NULL, NULL, stopped, NULL "
            f"FROM ({fine}) ANTI JOIN final USING (row_id) LEFT JOIN ({_answering(files)}) USING (row_id)"
        )
    if files.only_staged:
        con.execute(f"DELETE FROM final WHERE row_id NOT IN (SELECT row_id FROM {tables.parquet(files.staged)})")
    return doubled


def _unlinked(con: duckdb.DuckDBPyConnection, files: Files) -> int:
    """Make rows of `final` failed whose record stands while no second pass looked at its link; how many though nothing stopped it."""
    stored, unexplained = f"sf_id IS NOT NULL AND fate IN ('{entities.Fate.SUCCEEDED}', '{entities.Fate.UNCHANGED}')", 0
    for nth, turn in enumerate(files.turns):
        if not turn.unlinked:
            continue
        own = f"SELECT row_id FROM ({turn.unlinked}) SEMI JOIN (FROM ({_answering(files)}) WHERE turn = {nth}) USING (row_id)"
        why = f"concat_ws({tables.literal(THEN)}, error, {tables.literal(': '.join(filter(None, [NEVER_LINKED, turn.stopped])))})"
        changed = f"UPDATE final SET fate = '{entities.Fate.FAILED}', error = {why} WHERE {stored} AND row_id IN ({own})"
        (found,) = con.execute(changed).fetchone() or (0,)
        unexplained += 0 if turn.stopped else int(found)
    return unexplained


def _twice(con: duckdb.DuckDBPyConnection, files: Files) -> int:
    """Make the table `twice` (row_id, sf_id, job_id): each record of rows that have several, made by different jobs; how many rows.

    An aborted job may commit a chunk after another one has taken its rows over: nothing but a key can keep it from that.
    """
    each = [f"SELECT row_id, sf_id, job_id FROM ({fates.of_wave(wave)}) WHERE created" for wave in files.met]
    made = " UNION ALL ".join(each) if len(each) > 1 else "SELECT row_id, sf_id, job_id FROM final WHERE false"
    own = f" SEMI JOIN {tables.parquet(files.staged)} USING (row_id)" if files.only_staged else ""
    several = f"SELECT row_id FROM ({made}) GROUP BY row_id HAVING min(left(sf_id, 15)) != max(left(sf_id, 15))"
    con.execute(f"CREATE OR REPLACE TEMP TABLE twice AS SELECT DISTINCT * FROM ({made}) SEMI JOIN ({several}) USING (row_id){own}")
    return count(con, "(SELECT DISTINCT row_id FROM twice)")


def _void(files: Files) -> str:
    """The query of the rows (row_id) whose last chunk no task sends any more."""
    each = [
        f"SELECT row_id, {rows.wave} AS wave, {rows.void} AS void FROM ({_range(rows, entities.Fate.UNPROCESSED, '')})"
        for rows in files.unsent
    ]
    met = " UNION ALL ".join(["SELECT NULL::BIGINT AS row_id, 0 AS wave, false AS void WHERE false", *each])
    return f"SELECT row_id FROM ({met}) GROUP BY row_id HAVING arg_max(void, wave)"


def stopped(files: Files) -> str:
    """The query of the rows (row_id) of which the last turn that was to send them was stopped."""
    return f"SELECT row_id FROM ({_answering(files)}) WHERE stopped IS NOT NULL"


def _answering(files: Files) -> str:
    """The query of row_id, turn, stopped: for each row the last turn that was to send it, by its place, and why it was stopped, or NULL."""
    told = [(turn.rows or f"FROM {tables.parquet(files.staged)} WHERE {split.FINE}", turn.stopped) for turn in files.turns]
    each = [
        f"SELECT row_id, {nth} AS turn, {tables.literal(stopped) if stopped else 'NULL::VARCHAR'} AS stopped FROM ({rows})"
        for nth, (rows, stopped) in enumerate(told)
    ]
    if len(each) == 1:
        return each[0]
    return f"SELECT row_id, max(turn) AS turn, arg_max_null(stopped, turn) AS stopped FROM ({' UNION ALL '.join(each)}) GROUP BY row_id"


def _range(each: Range, fate: entities.Fate, why: str) -> str:
    """The attempts of a chunk whose rows have no results."""
    error, job_id = (tables.literal(text) if text else "NULL::VARCHAR" for text in (why, each.job_id))
    return (
        f"SELECT row_id, '{fate}' AS fate, NULL::VARCHAR AS sf_id, NULL::BOOLEAN AS created, {error} AS error, {job_id} AS job_id, "
        f"{each.wave} AS wave, {each.inserts} AS inserts FROM {tables.parquet(each.ready)} WHERE {each.chunk.condition}"
    )


def count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    """Count the rows of a table expression."""
    found = con.execute(f"SELECT count(*) FROM {rows}").fetchone()
    return int(found[0]) if found else 0


def not_through(con: duckdb.DuckDBPyConnection, broken: Mapping[str, Path], transient: Iterable[str] = ()) -> dict[str, int]:
    """Count, by job, the rows of `final` that it didn't get through: those that it was the last for.

    `broken`: the fates of jobs that ended Failed or Aborted. Of these the rows count that they left behind, by no fault of the rows'
    own, and that nothing got through since, whichever job was their last. `transient`: the plan's own codes of passing errors.
    """
    lost = ", ".join(f"'{fate}'" for fate in LOST)
    found = con.execute(f"SELECT job_id, count(*) FROM final WHERE fate IN ({lost}) AND job_id IS NOT NULL GROUP BY job_id").fetchall()
    counted = {str(job_id): int(rows) for job_id, rows in found}
    left = f"fate != '{entities.Fate.FAILED}' OR {recovery.is_transient('error', transient)}"
    still = f"(SELECT row_id FROM final WHERE fate IN ({lost}))"
    for job_id, path in broken.items():
        counted[job_id] = count(
            con, f"(FROM {tables.parquet(path)} WHERE fate != '{entities.Fate.SUCCEEDED}' AND ({left})) SEMI JOIN {still} USING (row_id)"
        )
    return counted


def _top_errors(con: duckdb.DuckDBPyConnection, files: Files) -> list[dict[str, int | str]]:
    """Count errors by their code: up to the first colon (contract 3.1); rejections by their reason's first part."""
    refused = f"SELECT error FROM final WHERE fate IN ('{entities.Fate.FAILED}', '{entities.Fate.REJECTED}')"
    rejected = f"SELECT reason FROM {tables.parquet(files.staged)} WHERE reason IS NOT NULL"
    counted = f"SELECT split_part(error, ':', 1) AS code, count(*) AS rows FROM ({refused} UNION ALL {rejected}) GROUP BY code"
    found = con.execute(f"{counted} ORDER BY rows DESC, code LIMIT {TOP_ERRORS}").fetchall()
    return [{"code": code, "rows": rows} for code, rows in found]
