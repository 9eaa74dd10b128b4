"""Keys to look up → the SOQL that asks for them, and what came back → key, Id, and whether two records have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.bulkload.basics import entities, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import duckdb

ID = "Id"
# A statement has 100,000 characters at most; of them a list may have this many.
LIST_CHARACTERS = 80_000
# No key field is longer, so no record has a longer key.
MOST_CHARACTERS = 255
# What one list costs, in records read: a query job takes five calls and some seconds, in which the org reads so many.
RECORDS_A_LIST = 100_000
# As many lists are asked where nobody knows how large the object is.
LISTS_IN_THE_DARK = 20
_ESCAPED = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_IDS = "[A-Za-z0-9]{15}([A-Za-z0-9]{3})?"


def by_lists(lists: int, records: int | None) -> bool:
    """Whether so many lists of keys are less work than reading all keys of an object of about `records` records."""
    if records is None:
        return lists <= LISTS_IN_THE_DARK
    return lists <= 1 or lists * RECORDS_A_LIST < records


def whole(sobject: str, field: str, more: Sequence[str] = ()) -> str:
    """The query of all keys of an object, with `more` fields of their records."""
    return f"SELECT {', '.join(columns(field, more))} FROM {sobject}" + ("" if field.lower() == ID.lower() else f" WHERE {field} != null")


def columns(field: str, more: Sequence[str] = ()) -> list[str]:
    """What a question names: the Id, the key, `more`; each once, since Salesforce refuses a field that is named twice."""
    return list({each.lower(): each for each in reversed([ID, field, *more])}.values())[::-1]


def cut(con: duckdb.DuckDBPyConnection, keys: Path, rule: entities.KeyRule) -> int:
    """Fill the temporary table `lists` (number, keys as SOQL) with the distinct keys of a file (key, text); how many lists.

    What can't be the key of any record is left out: too long, no number, no Id.
    """
    wanted = (
        f"SELECT literal, length(literal) + 1 AS size FROM (SELECT DISTINCT {_literal(rule)} AS literal FROM {tables.parquet(keys)} "
        f"WHERE length(key) <= {MOST_CHARACTERS} AND {_possible(rule)}) WHERE literal IS NOT NULL"
    )
    # The longest is counted off, so that a list is never over the limit whatever stands at its end.
    room = f"({LIST_CHARACTERS} - (SELECT max(size) FROM wanted))"
    con.execute(f"CREATE OR REPLACE TEMP TABLE wanted AS {wanted}")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE lists AS SELECT number, string_agg(literal, ',') AS keys FROM "
        f"(SELECT literal, ((sum(size) OVER (ORDER BY literal ROWS UNBOUNDED PRECEDING)) // {room})::BIGINT AS number FROM wanted) "
        "GROUP BY number"
    )
    con.execute("DROP TABLE wanted")
    (found,) = con.execute("SELECT count(*) FROM lists").fetchone() or (0,)
    return int(found)


def listed(con: duckdb.DuckDBPyConnection, sobject: str, field: str, more: Sequence[str] = ()) -> Iterator[str]:
    """Yield the queries of the lists that `cut` made, one at a time, with `more` fields of the records."""
    numbers = con.execute("SELECT number FROM lists ORDER BY number").fetchall()
    for (number,) in numbers:
        (keys,) = con.execute("SELECT keys FROM lists WHERE number = ?", [number]).fetchone() or ("",)
        yield f"SELECT {', '.join(columns(field, more))} FROM {sobject} WHERE {field} IN ({keys})"


def _literal(rule: entities.KeyRule) -> str:
    """A key as SOQL writes it."""
    if rule is entities.KeyRule.NUMBER:
        # Plain digits: whether SOQL reads 1e5 isn't told anywhere.
        return "rtrim(rtrim(TRY_CAST(key AS DECIMAL(38, 15))::VARCHAR, '0'), '.')"
    escaped = "key"
    for letter, written in _ESCAPED.items():
        escaped = f"replace({escaped}, chr({ord(letter)}), {tables.literal(written)})"
    return f"concat('''', {escaped}, '''')"


def _possible(rule: entities.KeyRule) -> str:
    """Whether a key can be one: the whole query is refused for one Id that is none."""
    if rule is entities.KeyRule.RECORD_ID:
        return f"regexp_full_match({tables.trimmed('text')}, '{_IDS}')"
    return "key IS NOT NULL"


def begin(con: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `answers` (key, sf_id) anew."""
    con.execute("CREATE OR REPLACE TEMP TABLE answers (key VARCHAR, sf_id VARCHAR)")


def read(con: duckdb.DuckDBPyConnection, answer: Path, keys: Path, rule: entities.KeyRule) -> None:
    """Add the wanted rows of one answer (CSV: Id, key) to `answers`: SOQL compares text without case, the field perhaps doesn't."""
    header = tables.header_of(answer)
    if not header:
        return
    key = tables.folded(tables.quoted(header[-1]), rule)
    con.execute(
        f"INSERT INTO answers SELECT key, sf_id FROM (SELECT {key} AS key, {tables.quoted(header[0])} AS sf_id "
        f"FROM {tables.strict_csv(answer, header)}) SEMI JOIN {tables.parquet(keys)} USING (key)"
    )


def all_of(con: duckdb.DuckDBPyConnection, keys: Path, found: Path, out: Path) -> None:
    """Write all keys that were asked for (key, sf_id, twice), those that no record has without an Id; `found`: from `write`."""
    query = "SELECT k.key, f.sf_id, coalesce(f.twice, false) AS twice FROM {} AS k LEFT JOIN {} AS f USING (key) ORDER BY key"
    tables.write_parquet(con, query.format(tables.parquet(keys), tables.parquet(found)), out)


def write(con: duckdb.DuckDBPyConnection, out: Path) -> int:
    """Write `answers` to a file: key, sf_id, twice (more than one record has the key); how many keys were found."""
    grouped = "SELECT key, min(sf_id) AS sf_id, count(DISTINCT sf_id) > 1 AS twice FROM answers GROUP BY key ORDER BY key"
    return tables.write_parquet(con, grouped, out)
