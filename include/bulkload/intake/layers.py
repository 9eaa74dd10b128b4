"""An object's rows that name each other as parents → who goes before whom, and which links wait for a second pass.

Rows are peeled off layer by layer: who waits for nobody goes first. What is left after that waits for itself
(rows on cycles and all below them) or lies very deep.
"""

from __future__ import annotations

import array
import itertools
from typing import TYPE_CHECKING

from include.bulkload.basics import tables
from include.bulkload.intake import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import duckdb

# Each layer is a wave of its own: a job at least, some ten calls and, where the org is quick, ten seconds. So many take an hour and a
# half, 500 of a day's 15,000 batches and 5,000 calls; no real hierarchy is so deep, Salesforce's own role hierarchy ends there.
MOST_LAYERS = 500
# Deeper rows are walked one by one: each layer costs a few queries, however few rows it has.
MOST_PEELED = 32
BATCH = 10_000


def of(con: duckdb.DuckDBPyConnection, staged: Path, numbers: Sequence[int], out: Path) -> int:
    """Write `out` (row_id, layer, cut INTEGER[]), one row per row that may be sent; return how many layers there are.

    `numbers`: the links that name a row of the object itself by its key (`to<number>`). A row's layer, from 0, is one more
    than the highest of its parents'; `cut` are its links that have to stay blank until all rows are there. A parent that
    isn't there, or can't be sent, makes nobody wait. No cut is needless: with the link back, there would be a cycle.
    """
    fine = f"{tables.parquet(staged)} WHERE {split.FINE}"
    named = [f"SELECT row_id AS child, {n} AS link, to{n} AS key FROM {fine} AND to{n} IS NOT NULL" for n in numbers]
    waits = " UNION ALL ".join(named) or "SELECT 0 AS child, 0 AS link, '' AS key WHERE false"
    _keep(con, "waits", f"SELECT child, link, row_id AS parent FROM ({waits}) JOIN (FROM {fine}) USING (key)")
    con.execute("CREATE OR REPLACE TEMP TABLE layered (row_id BIGINT, layer INTEGER)")
    con.execute("CREATE OR REPLACE TEMP TABLE cuts (child BIGINT, parent BIGINT)")
    if _peel(con):
        _walk(con)
    cut = "SELECT child AS row_id, list(link ORDER BY link) AS cut FROM waits SEMI JOIN cuts USING (child, parent) GROUP BY child"
    query = (
        f"SELECT row_id, coalesce(layer, 0) AS layer, coalesce(cut, []) AS cut FROM (SELECT row_id FROM {fine}) "
        f"LEFT JOIN layered USING (row_id) LEFT JOIN ({cut}) USING (row_id) ORDER BY layer, row_id"
    )
    tables.write_parquet(con, query, out)
    (last,) = con.execute(f"SELECT coalesce(max(layer), -1) FROM {tables.parquet(out)}").fetchone() or (-1,)
    return int(last) + 1


def too_deep(name: str, count: int) -> str | None:
    """What to say of an object whose rows hang on each other in more layers than can be loaded one after the other; None: fine."""
    if count <= MOST_LAYERS:
        return None
    wrong = f"its rows hang on each other in {count:,} layers, each a job of its own, {MOST_LAYERS} at most"
    return f"objects.{name}.parents: {wrong}; mend the keys that name the parents, or set that link in a second pass (`cut: true`)"


def cuts(con: duckdb.DuckDBPyConnection, layered: Path) -> int:
    """Count the links that `of` cut, by the file it wrote."""
    (found,) = con.execute(f"SELECT coalesce(sum(len(cut)), 0) FROM {tables.parquet(layered)}").fetchone() or (0,)
    return int(found)


def filled(con: duckdb.DuckDBPyConnection, staged: Path, numbers: Sequence[int]) -> int:
    """Count the filled cells of some links, in rows that may be sent."""
    sums = " + ".join(f"count(to{number})" for number in numbers) or "0"
    (found,) = con.execute(f"SELECT {sums} FROM {tables.parquet(staged)} WHERE {split.FINE}").fetchone() or (0,)
    return int(found)


def _peel(con: duckdb.DuckDBPyConnection) -> int:
    """Fill `layered` for the rows of the first layers, but layer 0; return how many waits of others stay in `waiting`."""
    left = _keep(con, "waiting", "SELECT DISTINCT child, parent FROM waits")
    for layer in range(1, MOST_PEELED + 1):
        if not left:
            break
        stay = _keep(con, "stay", "FROM waiting WHERE parent IN (SELECT child FROM waiting)")
        if stay == left:
            break
        con.execute(f"INSERT INTO layered SELECT DISTINCT child, {layer} FROM waiting ANTI JOIN stay USING (child)")
        left = _keep(con, "waiting", "FROM stay")
    return left


def _walk(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `layered` and `cuts` for the rows that are left."""
    rows = "SELECT DISTINCT child AS row_id FROM waiting"
    _keep(con, "places", f"SELECT row_id, row_number() OVER (ORDER BY row_id) - 1 AS place FROM ({rows})")
    among = (
        "SELECT c.place AS child, p.place AS parent FROM waiting JOIN places AS c ON c.row_id = child JOIN places AS p ON p.row_id = parent"
    )
    _keep(con, "among", among)
    above = "SELECT child AS row_id, max(coalesce(layer, 0)) + 1 AS layer FROM waits LEFT JOIN layered ON layered.row_id = parent "
    above += "WHERE parent NOT IN (SELECT row_id FROM places) GROUP BY child"
    layers = array.array("i", _numbers(con, f"SELECT coalesce(layer, 0) FROM places LEFT JOIN ({above}) USING (row_id) ORDER BY place"))
    counts = _numbers(con, "SELECT count(parent) FROM places LEFT JOIN among ON child = place GROUP BY place ORDER BY place")
    ends = array.array("i", itertools.accumulate(counts))
    parents = array.array("i", _numbers(con, "SELECT parent FROM among ORDER BY child, parent"))
    _note(con, "INSERT INTO cuts SELECT a.row_id, b.row_id", "JOIN places AS b ON b.place = other", _backward(layers, ends, parents))
    _note(con, "INSERT INTO layered SELECT a.row_id, other", "", enumerate(layers))


def _backward(layers: array.array[int], ends: array.array[int], parents: array.array[int]) -> Iterator[tuple[int, int]]:
    """Walk from children to parents, depth first; name the steps that lead back to where we came from, and set `layers`.

    Rows are numbered from 0; the parents of row n stand in `parents` from `ends[n - 1]` to `ends[n]`. `layers` comes with
    what rows peeled before ask for. Row by row in Python, as each step hangs on the steps before it.
    """
    step = array.array("i", [0, *ends[:-1]])
    seen, done = bytearray(len(ends)), bytearray(len(ends))
    for start in range(len(ends)):
        way = [] if done[start] else [start]
        while way:
            row = way[-1]
            seen[row] = 1
            if step[row] == ends[row]:
                done[row] = 1
                way.pop()
                continue
            parent = parents[step[row]]
            if seen[parent] and not done[parent]:
                yield row, parent
            elif not done[parent]:
                way.append(parent)
                continue
            else:
                layers[row] = max(layers[row], layers[parent] + 1)
            step[row] += 1


def _keep(con: duckdb.DuckDBPyConnection, name: str, query: str) -> int:
    """Keep a query's rows as a table of the connection; return how many."""
    counted = con.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {query}").fetchone()
    return int(counted[0]) if counted else 0


def _numbers(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[int]:
    """Read one column of whole numbers."""
    found = con.execute(query)
    while batch := found.fetchmany(BATCH):
        yield from (number for (number,) in batch)


def _note(con: duckdb.DuckDBPyConnection, insert: str, join: str, pairs: Iterable[tuple[int, int]]) -> None:
    """Insert what pairs of a place and another number say."""
    left = iter(pairs)
    while batch := list(itertools.islice(left, BATCH)):
        given = "(SELECT unnest($1::BIGINT[]) AS place, unnest($2::BIGINT[]) AS other)"
        con.execute(f"{insert} FROM {given} JOIN places AS a USING (place) {join}", [list(each) for each in zip(*batch, strict=True)])
