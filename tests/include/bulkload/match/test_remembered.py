"""Whatever a run sent and whatever became of it: the memory holds what is proven, and nothing else."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.match import changes, remembered

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pytest

KEYS = ["a", "b", "c", "d"]
FATES = st.sampled_from(["succeeded", "failed", "unprocessed", "in_doubt", "orphaned"])
# Key → the digest in the memory; key → the cells sent, and the fates of its attempts (none: nobody knows).
KNOWN = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["1", "2"]), max_size=4)
SENT = st.dictionaries(st.sampled_from(KEYS), st.tuples(st.sampled_from(["1", "2", "3"]), st.lists(FATES, max_size=3)), max_size=4)

MEMORY = "key VARCHAR, sf_id VARCHAR, cells VARCHAR, links VARCHAR, edited BOOLEAN"
FATE = "row_id BIGINT, fate VARCHAR, sf_id VARCHAR"


def own(key: str) -> str:
    """The Id of a key's record."""
    return f"001{key * 12}AAA"


def written(con: duckdb.DuckDBPyConnection, path: Path, columns: str, rows: list[tuple[Any, ...]]) -> Path:
    """Write rows to a Parquet file."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE w ({columns})")
    for row in rows:
        con.execute(f"INSERT INTO w VALUES ({', '.join('?' * len(row))})", list(row))
    tables.write_parquet(con, "FROM w", path)
    return path


@settings(max_examples=60)
@given(KNOWN, SENT, st.sets(st.sampled_from(KEYS)), st.booleans())
def test_only_what_is_proven_is_remembered(
    tmp_path_factory: pytest.TempPathFactory, known: dict[str, str], sent: dict[str, tuple[str, list[str]]], gone: set[str], newest: bool
) -> None:
    """Rows whose last attempt succeeded, with the cells of this run; rows that weren't sent, as they were; no record that is gone."""
    folder = tmp_path_factory.mktemp("remembered")
    with tables.connect(tables.Limits(folder)) as con:
        base = written(con, folder / "base", MEMORY, [(key, own(key), digest, None, False) for key, digest in known.items()])
        rows = [(KEYS.index(key), key, cells) for key, (cells, _) in sent.items()]
        ready = written(con, folder / "ready", "row_id BIGINT, key VARCHAR, digest VARCHAR", rows)
        attempts = []
        for nth in range(3):
            fates = [(KEYS.index(key), all_[nth], own(key)) for key, (_, all_) in sent.items() if nth < len(all_)]
            attempts.append(written(con, folder / f"fates{nth}", FATE, fates))
        lost = written(con, folder / "gone", "sf_id VARCHAR", [(own(key),) for key in gone])
        waves = [remembered.Wave(ready, "digest", fates=attempts[:1]), *(remembered.Wave(fates=[each]) for each in attempts[1:])]
        account = remembered.Account(waves, [lost])
        count = remembered.write(con, base, account, newest=newest, out=folder / "out")
        found = con.execute(f"SELECT key, sf_id, cells FROM {tables.parquet(folder / 'out')}").fetchall()
    kept = {key: digest for key, digest in known.items() if key not in sent}
    proven = {key: cells for key, (cells, all_) in sent.items() if all_ and all_[-1] == "succeeded"} if newest else {}
    expected = [(key, own(key), digest) for key, digest in sorted((kept | proven).items()) if key not in gone]
    assert (expected, len(expected)) == (found, count)


def test_a_second_pass_speaks_for_its_rows(tmp_path: Path) -> None:
    """A row that it was to link is remembered only if it says so, whatever the first pass said; of others it says nothing."""
    passes = {"a": "succeeded", "b": None, "c": "failed"}
    with tables.connect(tables.Limits(tmp_path)) as con:
        waves = [_wave(con, tmp_path, "first", [(key, "succeeded") for key in KEYS])]
        waves.append(_wave(con, tmp_path, "links", list(passes.items()), links=True))
        base = written(con, tmp_path / "base", MEMORY, [(key, own(key), "old", "old", False) for key in KEYS])
        remembered.write(con, base, remembered.Account(waves), newest=True, out=tmp_path / "out")
        found = con.execute(f"SELECT key, cells, links FROM {tables.parquet(tmp_path / 'out')}").fetchall()
    assert [("a", "first a", "links a"), ("d", "first d", "old")] == found


def test_of_what_others_write_over_no_cells_are_remembered(tmp_path: Path) -> None:
    """Known by key or by Id, sent or not: the record is, so that an edit of it is still seen."""
    with tables.connect(tables.Limits(tmp_path)) as con:
        wave = _wave(con, tmp_path, "first", [("a", "succeeded"), ("d", "succeeded")])
        base = written(con, tmp_path / "base", MEMORY, [(key, own(key), "old", "old", key == "c") for key in KEYS])
        others = ["SELECT 'a', NULL", f"SELECT NULL, '{own('c')[:15]}'"]
        remembered.write(con, base, remembered.Account([wave], shared=others), newest=True, out=tmp_path / "out")
        found = con.execute(f"SELECT key, cells, links, edited FROM {tables.parquet(tmp_path / 'out')}").fetchall()
    assert [("a", None, None, False), ("b", "old", "old", False), ("c", None, None, True), ("d", "first d", "old", False)] == found


def test_a_link_that_a_whole_row_told_is_no_second_pass_any_more(tmp_path: Path) -> None:
    """So the pass is due again once the row tells none; a row without a link of its own leaves what the last pass set."""
    with tables.connect(tables.Limits(tmp_path)) as con:
        wave = _wave(con, tmp_path, "first", [(key, "succeeded") for key in "ab"])
        wave = dataclasses.replace(wave, tells="key = 'a'")
        base = written(con, tmp_path / "base", MEMORY, [(key, own(key), "old", "old", False) for key in "ab"])
        remembered.write(con, base, remembered.Account([wave]), newest=True, out=tmp_path / "out")
        found = con.execute(f"SELECT key, links FROM {tables.parquet(tmp_path / 'out')}").fetchall()
    assert [("a", None), ("b", "old")] == found


def _wave(
    con: duckdb.DuckDBPyConnection, folder: Path, name: str, rows: list[tuple[str, str | None]], *, links: bool = False
) -> remembered.Wave:
    """A wave of rows (key, fate; None: no result); a row's digest is the wave's name and its key."""
    cells = [(KEYS.index(key), None if links else key, own(key), f"{name} {key}") for key, _ in rows]
    ready = written(con, folder / f"{name}-ready", 'row_id BIGINT, key VARCHAR, ".Id" VARCHAR, digest VARCHAR', cells)
    fates = [(KEYS.index(key), fate, own(key)) for key, fate in rows if fate]
    return remembered.Wave(ready, "digest", links=links, fates=[written(con, folder / f"{name}-fates", FATE, fates)])


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4) | st.none()


@settings(max_examples=60)
@given(st.lists(st.tuples(CELL, CELL), min_size=2, max_size=2))
def test_a_digest_tells_cells_apart(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str | None, str | None]]) -> None:
    """Equal exactly where all cells are equal as they are sent: nothing and empty text are one, and no cell runs into the next."""
    with tables.connect(tables.Limits(tmp_path_factory.mktemp("digest"))) as con:
        con.execute('CREATE TABLE r (".a" VARCHAR, ".b" VARCHAR)')
        for row in rows:
            con.execute("INSERT INTO r VALUES (?, ?)", list(row))
        (count,) = con.execute(f"SELECT count(DISTINCT {changes.digest(['a', 'b'], 'seed')}) FROM r").fetchone() or (0,)
    assert len({tuple(cell or "" for cell in row) for row in rows}) == count
