"""Three result files → one fate per row, or a clear stop."""

from __future__ import annotations

import csv
import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import entities, errors, tables
from include.bulkload.load import chunks, results

if TYPE_CHECKING:
    from collections.abc import Sequence

KEY = entities.KeyColumn("Key__c", entities.KeyRule.CASELESS)
COLUMNS = ("Name", "Key__c")
Row = tuple[str, str]


def write(path: Path, header: list[str], rows: list[list[str]]) -> Path:
    """Write a result file as Salesforce does."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    return path


def settle(
    folder: Path,
    sent: list[Row],
    *,
    ok: Sequence[Row] = (),
    bad: Sequence[Row] = (),
    left: Sequence[Row] = (),
    end: entities.JobEnd | None = None,
    key: entities.KeyColumn | None = KEY,
    columns: tuple[str, ...] = COLUMNS,
    types: dict[str, str] | None = None,
    closed: bool = True,
) -> list[tuple[Any, ...]]:
    """Match results to the rows `sent` (numbered from 0); (row_id, fate, sf_id, error) by row."""
    counter = itertools.count()
    files = results.ResultFiles(
        write(folder / "s.csv", ["sf__Id", "sf__Created", *columns], [[f"001{next(counter):015d}", "true", *row] for row in ok]),
        write(folder / "f.csv", ["sf__Id", "sf__Error", *columns], [["", "CODE:why:--", *row] for row in bad]),
        write(folder / "u.csv", [*columns], [list(row) for row in left]),
    )
    end = end or entities.JobEnd("750", entities.JobState.JOB_COMPLETE, len(ok) + len(bad), len(bad))
    return matched(folder, sent, files, end, key, types or {}, closed=closed)


def matched(
    folder: Path,
    sent: list[Row],
    files: results.ResultFiles,
    end: entities.JobEnd,
    key: entities.KeyColumn | None,
    types: dict[str, str],
    *,
    closed: bool = True,
) -> list[tuple[Any, ...]]:
    """Run `results.fates` over rows and files."""
    ready, out = folder / "ready.parquet", folder / "fates.parquet"
    with tables.connect(tables.Limits(folder)) as con:
        cells = ", ".join(f"{tables.cell(column)} VARCHAR" for column in COLUMNS)
        con.execute(f"CREATE TABLE given (row_id BIGINT, key VARCHAR, parent_row BIGINT, {cells})")
        for number, (name, value) in enumerate(sent):
            con.execute(f"INSERT INTO given SELECT ?, {tables.folded('?', KEY.rule)}, NULL, ?, ?", [number, value, name, value])
        (chunk,) = chunks.plan(con, "FROM given ORDER BY row_id", COLUMNS, job_bytes=10**6, out_ready=ready)
        results.fates(con, results.Sent(ready, chunk, COLUMNS, key, types), end, files, out, closed=closed)
        return con.execute(f"SELECT row_id, fate, sf_id, error FROM {tables.parquet(out)} ORDER BY row_id").fetchall()


def fates(rows: list[tuple[Any, ...]]) -> list[str]:
    """Just the fates, by row."""
    return [row[1] for row in rows]


SENT: list[Row] = [("a", "K1"), ("b", "k2"), ("c", "K3")]


def test_results_find_their_rows_by_key_in_any_order(tmp_path: Path) -> None:
    """Trimmed, without case, in another order than sent: each row has its own Id or error."""
    found = settle(tmp_path, SENT, ok=[("C", " k3 "), ("A", "K1")], bad=[("b", "K2")])
    assert [
        (0, "succeeded", "001000000000000001", None),
        (1, "failed", None, "CODE:why:--"),
        (2, "succeeded", "001000000000000000", None),
    ] == found


def test_columns_may_come_in_any_order_and_case(tmp_path: Path) -> None:
    """Results are read by column name (contract 3)."""
    files = results.ResultFiles(
        write(tmp_path / "s", ["sf__Id", "sf__Created", "KEY__C", "name"], [["001" + "0" * 15, "true", "K1", "a"]]),
        write(tmp_path / "f", ["sf__Id", "sf__Error", "key__c", "NAME"], []),
        tmp_path / "u",
    )
    files.unprocessed.touch()
    end = entities.JobEnd("750", entities.JobState.JOB_COMPLETE, 1, 0)
    assert ["succeeded"] == fates(matched(tmp_path, SENT[:1], files, end, KEY, {}))


def test_unprocessed_rows_carry_the_jobs_message(tmp_path: Path) -> None:
    """Nobody else says why they weren't processed."""
    end = entities.JobEnd("750", entities.JobState.FAILED, 1, 0, "Timeout : x")
    assert [("succeeded", None), ("unprocessed", "Timeout : x"), ("unprocessed", "Timeout : x")] == [
        (row[1], row[3]) for row in settle(tmp_path, SENT, ok=SENT[:1], left=SENT[1:], end=end)
    ]


def test_a_row_without_result_is_in_doubt(tmp_path: Path) -> None:
    """The job processed rows, but this one has no result: nobody may guess."""
    assert ["succeeded", "in_doubt", "in_doubt"] == fates(settle(tmp_path, SENT, ok=SENT[:1]))


@pytest.mark.parametrize("key", [KEY, None])
def test_a_job_that_processed_nothing_left_all_rows(tmp_path: Path, key: entities.KeyColumn | None) -> None:
    """A refused header: no results at all, and all rows are proven unwritten."""
    end = entities.JobEnd("750", entities.JobState.FAILED, 0, 0, "InvalidBatch : Field name not found : X")
    assert ["unprocessed"] * 3 == fates(settle(tmp_path, SENT, end=end, key=key))


@pytest.mark.parametrize("key", [KEY, None])
@pytest.mark.parametrize(("left", "fate"), [([], "in_doubt"), (SENT[:2], "in_doubt"), (SENT, "unprocessed")])
def test_rows_of_an_aborted_job_are_unprocessed_once_its_sums_close(
    tmp_path: Path, left: list[Row], fate: str, key: entities.KeyColumn | None
) -> None:
    """It counts no row as processed, but a chunk may be in flight: its rows are in none of the files (contract 8.10)."""
    end = entities.JobEnd("750", entities.JobState.ABORTED, 0, 0)
    assert fate == fates(settle(tmp_path, SENT, left=left, end=end, key=key))[-1]


@pytest.mark.parametrize("key", [KEY, None])
def test_a_job_that_nobody_closed_left_all_rows_when_it_was_aborted(tmp_path: Path, key: entities.KeyColumn | None) -> None:
    """Nothing of it can be in flight, whatever its files hold."""
    end = entities.JobEnd("750", entities.JobState.ABORTED, 0, 0)
    assert ["unprocessed"] * 3 == fates(settle(tmp_path, SENT, end=end, key=key, closed=False))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"ok": [SENT[0], SENT[0]]}, "2 results for the key 'k1'"),
        ({"ok": SENT[:1], "bad": SENT[:1]}, "2 results for the key 'k1'"),
        ({"ok": [("x", "K9")]}, "a succeeded result for the key 'k9', which wasn't sent"),
        ({"ok": [("x", "")]}, "a succeeded result for the key None"),
    ],
)
def test_a_result_that_fits_no_row_stops_the_run(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    """It is named, and nothing is guessed."""
    with pytest.raises(errors.ContradictingIds, match=message):
        settle(tmp_path, SENT, **given)


def test_fewer_results_than_the_job_counts_are_incomplete(tmp_path: Path) -> None:
    """A truncated download is fetched again."""
    end = entities.JobEnd("750", entities.JobState.JOB_COMPLETE, 3, 0)
    with pytest.raises(errors.ResultsIncomplete, match="counts 3 successful and 0 failed rows, its results have 2 and 0"):
        settle(tmp_path, SENT, ok=SENT[:2], end=end)


def test_a_file_cut_inside_a_cell_is_incomplete(tmp_path: Path) -> None:
    """The strict reader refuses it; no merged row gets through."""
    good = write(tmp_path / "s", ["sf__Id", "sf__Created", *COLUMNS], [["001" + "0" * 15, "true", *SENT[0]]])
    good.write_bytes(good.read_bytes()[:-4])
    empty = write(tmp_path / "e", ["sf__Id", "sf__Error", *COLUMNS], [])
    with pytest.raises(errors.ResultsIncomplete, match="fetch it again"):
        matched(
            tmp_path, SENT, results.ResultFiles(good, empty, empty), entities.JobEnd("750", entities.JobState.JOB_COMPLETE, 1, 0), KEY, {}
        )


def test_a_keyless_row_is_found_by_its_text(tmp_path: Path) -> None:
    """Exact text first; what Salesforce trimmed or wrote in lower case is found too, by the field's type."""
    sent = [(" a ", "X@Y.Z"), ("a", "x@y.z"), ("b", "1.50")]
    found = settle(tmp_path, sent, ok=[("a", "x@y.z")], bad=[("a", "x@y.z")], left=[("b", "1.50")], key=None, types={"Key__c": "email"})
    assert sorted(["failed", "succeeded", "unprocessed"]) == sorted(fates(found))
    assert "unprocessed" == found[2][1]


def test_numbers_are_matched_as_numbers(tmp_path: Path) -> None:
    """Salesforce echoes 912260031 as 9.12260031E8 (contract 3.5); text that looks like a number stays text."""
    sent = [("007", "912260031"), ("7", "912260031")]
    found = settle(tmp_path, sent, ok=[("7", "9.12260031E8")], bad=[("007", "9.12260031E8")], key=None, types={"Key__c": "double"})
    assert ["failed", "succeeded"] == fates(found)


def test_equal_keyless_rows_are_never_collapsed(tmp_path: Path) -> None:
    """Three equal rows, one refused: one failed, two succeeded, each with its own Id."""
    sent = [("a", "b")] * 3
    found = settle(tmp_path, sent, ok=sent[:2], bad=sent[:1], key=None)
    assert ["failed", "succeeded", "succeeded"] == sorted(fates(found))
    assert 2 == len({row[2] for row in found if row[2]})


def test_a_keyless_job_whose_sums_do_not_close_is_in_doubt_as_a_whole(tmp_path: Path) -> None:
    """A row is missing from all three files: none of the job's rows may go again."""
    assert ["in_doubt"] * 3 == fates(settle(tmp_path, SENT, ok=SENT[:1], bad=SENT[1:2], key=None))


def test_a_refused_row_that_fits_none_puts_the_job_in_doubt(tmp_path: Path) -> None:
    """Successes can't be told by subtraction if a failure has no row."""
    assert ["in_doubt"] * 3 == fates(settle(tmp_path, SENT, ok=SENT[:2], bad=[("else", "where")], key=None))


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from(["ok", "bad", "left"])), min_size=1, max_size=8),
    st.randoms(),
)
def test_keyless_fates_equal_a_plain_count(rows: list[tuple[str, str, str]], dice: Any) -> None:
    """For each text, as many rows meet each fate as Salesforce handed back."""
    shuffled = list(rows)
    dice.shuffle(shuffled)
    back = {kind: [(a, b) for a, b, fate in shuffled if fate == kind] for kind in ("ok", "bad", "left")}
    sent = [(a, b) for a, b, _ in rows]
    named = {"ok": "succeeded", "bad": "failed", "left": "unprocessed"}
    expected = sorted((a, b, named[fate]) for a, b, fate in rows)
    if not back["ok"] and not back["bad"]:
        expected = sorted((a, b, "unprocessed") for a, b in sent)
    with tempfile.TemporaryDirectory() as folder:
        found = settle(Path(folder), sent, ok=back["ok"], bad=back["bad"], left=back["left"], key=None)
    assert expected == sorted((*sent[row[0]], row[1]) for row in found)


STORED = {" a": "a", "a": "a", "a ": "a", "b": "b", " b": "b"}
SPELT = st.tuples(st.sampled_from(sorted(STORED)), st.just("x"), st.sampled_from(["ok", "bad", "left"]))


@given(st.lists(SPELT, min_size=1, max_size=8), st.randoms(), st.booleans(), st.booleans())
def test_the_row_that_goes_again_is_the_one_that_was_not_stored(
    rows: list[tuple[str, str, str]], dice: Any, successes_stored: bool, failures_stored: bool
) -> None:
    """Rows that are equal only as stored: a lost one is known by what was sent, wherever Salesforce gives that back.

    Where it gives stored text back for refused rows too, they can be told apart up to what the org would store of them.
    """
    dice.shuffle(rows)
    back = {kind: [(a, b) for a, b, fate in dice.sample(rows, len(rows)) if fate == kind] for kind in ("ok", "bad", "left")}
    if not back["ok"] and not back["bad"]:
        return
    for kind, stored in (("ok", successes_stored), ("bad", failures_stored)):
        back[kind] = [(STORED[a], b) for a, b in back[kind]] if stored else back[kind]
    sent = [(a, b) for a, b, _ in rows]
    with tempfile.TemporaryDirectory() as folder:
        found = settle(Path(folder), sent, ok=back["ok"], bad=back["bad"], left=back["left"], key=None)
    named = {"ok": "succeeded", "bad": "failed", "left": "unprocessed"}
    exactly = {"unprocessed"} | (set() if failures_stored else {"failed", "succeeded"})
    told = sorted((sent[row[0]][0], row[1]) for row in found)
    assert [each for each in sorted((a, named[fate]) for a, _, fate in rows) if each[1] in exactly] == [
        each for each in told if each[1] in exactly
    ]
    assert sorted((STORED[a], named[fate]) for a, _, fate in rows) == sorted((STORED[a], fate) for a, fate in told)


TRIGGERED: list[Row] = [("foo", "x"), ("Foo Inc", "x"), ("else", "x")]


def test_a_row_that_the_org_made_look_like_another_is_not_sent_for_it(tmp_path: Path) -> None:
    """A trigger wrote "foo" as "Foo Inc"; one of both was refused, and nobody can tell which."""
    found = settle(tmp_path, TRIGGERED, ok=[("Foo Inc", "x"), ("else", "x")], bad=[("Foo Inc", "x")], key=None)
    assert (["in_doubt", "in_doubt", "succeeded"], [True, True, False]) == (fates(found), [row[2] is None for row in found])


def test_no_id_goes_to_a_row_that_looks_like_another(tmp_path: Path) -> None:
    """Both were stored: that much is sure, but not whose Id is whose."""
    found = settle(tmp_path, TRIGGERED, ok=[("Foo Inc", "x"), ("else", "x"), ("Foo Inc", "x")], key=None)
    assert [("succeeded", None), ("succeeded", None), ("succeeded", "001000000000000001")] == [row[1:3] for row in found]


def test_an_unprocessed_row_is_known_even_so(tmp_path: Path) -> None:
    """It comes back as it was sent, so it is the one that goes again."""
    found = settle(tmp_path, TRIGGERED, ok=[("Foo Inc", "x"), ("else", "x")], left=[("Foo Inc", "x")], key=None)
    assert ["succeeded", "unprocessed", "succeeded"] == fates(found)
