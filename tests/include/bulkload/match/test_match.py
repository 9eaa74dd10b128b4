"""Parents' fates → Ids for their children; what has no parent in the org is an orphan, and nothing else."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import tables
from include.bulkload.load import fates
from include.bulkload.match import id_map, link, orphans

FATES = ["succeeded", "failed", "unprocessed", "in_doubt", "rejected", "merged", "never sent"]


def laid(folder: Path, parents: list[str], children: list[int]) -> dict[str, Any]:
    """Lay down the files of parents with the given fates and of children (each names its parent's row) and match them.

    A merged parent shares the record of row 0.
    """
    with tables.connect(tables.Limits(folder)) as con:
        own = "row_id BIGINT, parent_row BIGINT, nth INTEGER, key VARCHAR, reason VARCHAR, merged_into BIGINT, filtered BOOLEAN"
        con.execute(f"CREATE TABLE p ({own})")
        con.execute("CREATE TABLE f (row_id BIGINT, fate VARCHAR, sf_id VARCHAR, created BOOLEAN, error VARCHAR, job_id VARCHAR)")
        con.execute(
            "CREATE TABLE c (row_id BIGINT, parent_row BIGINT, nth INTEGER, key VARCHAR, Name VARCHAR, reason VARCHAR, merged_into BIGINT)"
        )
        for row, fate in enumerate(parents):
            rejected, merged = fate == "rejected", fate == "merged"
            con.execute(
                "INSERT INTO p VALUES (?, NULL, ?, ?, ?, ?, false)",
                [row, row, f"k{row}", "missing key" if rejected else None, 0 if merged else None],
            )
            if fate in FATES[:4]:
                sf_id = f"001{row:015d}" if fate == "succeeded" else None
                con.execute(
                    "INSERT INTO f VALUES (?, ?, ?, true, ?, '750')", [row, fate, sf_id, "CODE:no:--" if fate == "failed" else None]
                )
        for row, parent in enumerate(children):
            con.execute("INSERT INTO c VALUES (?, ?, 0, NULL, ?, NULL, NULL)", [row, parent, f"child {row}"])
        paths = {name: folder / f"{name}.parquet" for name in "pfcmlo"}
        for name in "pfc":
            tables.write_parquet(con, f"FROM {name} ORDER BY hash(row_id)" if name == "f" else f"FROM {name}", paths[name])
        id_map.learn(con, [fates.Wave([paths["f"]])], paths["p"], paths["m"])
        tables.write_parquet(con, link.children(paths["c"], ["Name"], [("AccountId", paths["m"])]), paths["l"])
        family = orphans.Family("Contact", paths["c"], ("Name",), "Account", paths["p"], paths["m"], [paths["f"]])
        orphans.set_aside(con, family, paths["o"], folder / "o.csv")
        return {
            "ids": con.execute(f"SELECT row_id, sf_id FROM {tables.parquet(paths['m'])}").fetchall(),
            "linked": con.execute(f'SELECT row_id, "AccountId" FROM {tables.parquet(paths["l"])}').fetchall(),
            "orphans": con.execute(f"SELECT row_id, parent_key, parent_fate, parent_error FROM {tables.parquet(paths['o'])}").fetchall(),
        }


@given(
    st.lists(st.sampled_from(FATES), min_size=1, max_size=6).flatmap(
        lambda fates: st.tuples(st.just(fates), st.lists(st.integers(0, len(fates) - 1), max_size=8))
    )
)
def test_orphans_are_exactly_the_children_of_parents_without_a_record(given_family: tuple[list[str], list[int]]) -> None:
    """Every child is linked to its own parent's Id or set aside; never both, never neither."""
    parents, children = given_family
    parents = ["failed" if fate == "merged" and row == 0 else fate for row, fate in enumerate(parents)]
    ids = {row: f"001{row:015d}" for row, fate in enumerate(parents) if fate == "succeeded"}
    ids |= {row: ids[0] for row, fate in enumerate(parents) if fate == "merged" and 0 in ids}
    with tempfile.TemporaryDirectory() as folder:
        found = laid(Path(folder), parents, children)
    assert sorted(ids.items()) == sorted(found["ids"])
    assert sorted((row, ids[parent]) for row, parent in enumerate(children) if parent in ids) == sorted(found["linked"])
    assert [row for row, parent in enumerate(children) if parent not in ids] == [row[0] for row in found["orphans"]]


def test_children_of_one_record_lie_together(tmp_path: Path) -> None:
    """Also where two equal source rows share the record, so that few jobs lock the same parent."""
    found = laid(tmp_path, ["succeeded", "succeeded", "merged"], [2, 1, 0, 1, 2])
    assert [0, 2, 4, 1, 3] == [row for row, _ in found["linked"]]


def test_an_orphan_names_its_parents_key_fate_and_error(tmp_path: Path) -> None:
    """People see why, whatever kept the parent back."""
    found = laid(tmp_path, ["failed", "rejected", "never sent"], [0, 1, 2])
    expected = [(0, "k0", "failed", "CODE:no:--"), (1, "k1", "rejected", "missing key"), (2, "k2", "unprocessed", None)]
    assert expected == found["orphans"]


def test_people_read_orphans_as_csv(tmp_path: Path) -> None:
    """Row ids as text, the child's data beside the parent's error."""
    laid(tmp_path, ["failed"], [0])
    with (tmp_path / "o.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert ("Contact-0-0", "Account-0-0", "CODE:no:--", "child 0") == (row["row_id"], row["parent_row"], row["parent_error"], row["Name"])
