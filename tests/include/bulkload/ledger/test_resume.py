"""Entries in any order → one job's facts; the one job that counts for a chunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import entities, errors
from include.bulkload.ledger import entries, resume

FIRST = entries.JobPlace("Account", 0, "750000000000001AAA")
SECOND = entries.JobPlace("Account", 0, "750000000000002AAA")


def written(*noted: entries.Entry) -> dict[str, dict[str, object]]:
    """Lay entries down as a run folder holds them."""
    return {each.name: each.document for each in noted}


LIFE = written(
    FIRST.created(0, "t0"),
    FIRST.decided(entities.Decision.ABANDON, "t1"),
    FIRST.aborted("t2"),
    SECOND.created(1, "t3"),
    SECOND.uploaded("ab", 12),
    SECOND.decided(entities.Decision.CLOSE, "t4"),
    SECOND.closed("t5"),
    SECOND.ended({"id": SECOND.job_id, "state": "JobComplete"}, "t6"),
)


@given(st.permutations(sorted(LIFE)))
def test_order_of_entries_does_not_matter(names: list[str]) -> None:
    """A fold of the same entries in another order says the same."""
    assert resume.jobs(LIFE) == resume.jobs({name: LIFE[name] for name in names})


@given(st.dictionaries(st.text(max_size=40), st.just({"job": 1}), max_size=5))
def test_strange_names_do_not_matter(strange: dict[str, dict[str, object]]) -> None:
    """Objects in the folder that are no entries of a job change nothing."""
    assert resume.jobs(LIFE) == resume.jobs({**strange, **LIFE})


def test_jobs_come_in_the_order_of_their_attempts() -> None:
    """The first try's job stands before the second's."""
    assert [FIRST, SECOND] == [each.place for each in resume.jobs(LIFE)]


def test_the_closed_job_counts_for_its_chunk() -> None:
    """Of a job that was given up and one that was closed, the closed one counts."""
    assert {0: SECOND} == {number: each.place for number, each in resume.counting(resume.jobs(LIFE)).items()}


def test_a_job_whose_close_was_decided_counts() -> None:
    """A kill between decision and close leaves a job that may have been closed: it counts."""
    decided = written(FIRST.created(0, "t0"), FIRST.decided(entities.Decision.CLOSE, "t1"))
    assert [True] == [each.counts for each in resume.jobs(decided)]


def test_a_created_job_does_not_count() -> None:
    """Nobody decided over it: nothing of it can have been written."""
    assert [False] == [each.counts for each in resume.jobs(written(FIRST.created(0, "t0")))]


def test_an_abandoned_job_that_ran_all_the_same_counts() -> None:
    """Somebody closed it by hand: its results tell, whatever was decided."""
    closed = written(FIRST.created(0, "t0"), FIRST.decided(entities.Decision.ABANDON, "t1"), FIRST.closed("t2"))
    assert [True] == [each.counts for each in resume.jobs(closed)]


def test_two_closed_jobs_of_one_chunk_stop_the_run() -> None:
    """Rows of both would stand twice: a person must look."""
    both = written(FIRST.created(0, "t0"), FIRST.closed("t1"), SECOND.created(1, "t2"), SECOND.closed("t3"))
    with pytest.raises(errors.LedgerDamaged, match="two closed jobs"):
        resume.counting(resume.jobs(both))


@pytest.mark.parametrize(("again", "counts"), [(True, False), (False, True)])
def test_a_job_that_is_gone_counts_unless_its_rows_may_go_again(again: bool, counts: bool) -> None:
    """Also one that was never closed, as far as anybody knows."""
    (found,) = resume.jobs(written(FIRST.created(0, "t0"), FIRST.gone("t1", again=again)))
    assert (True, again, counts) == (found.is_gone, found.goes_again, found.counts)


def test_results_that_were_collected_stand_against_a_loss() -> None:
    """Both stand under one name, so that only who came first is heard."""
    assert FIRST.collected({}, {}).name == FIRST.gone("t", again=True).name


def test_a_job_given_up_for_another_one_does_not_stand_against_it() -> None:
    """It is gone before it was proven empty: the other one carries the chunk."""
    lost = written(FIRST.created(0, "t0"), FIRST.decided(entities.Decision.ABANDON, "t1"), FIRST.gone("t2", again=False))
    closed = written(SECOND.created(1, "t3"), SECOND.closed("t4"))
    assert {0: SECOND} == {number: each.place for number, each in resume.counting(resume.jobs(lost | closed)).items()}


def test_a_job_is_told_in_the_numbers_that_were_seen_last() -> None:
    """Those that its results add up to, else those that it ended with."""
    ended, moved = {"id": "1", "numberRecordsProcessed": 1}, {"id": "1", "numberRecordsProcessed": 2}
    life = [written(FIRST.created(0, "t")), written(FIRST.ended(ended, "t")), written(FIRST.collected({}, moved))]
    stages = [life[0], life[0] | life[1], life[0] | life[1] | life[2]]
    assert [{}, ended, moved] == [resume.jobs(stage)[0].last for stage in stages]


@pytest.mark.parametrize(
    ("noted", "by_others"),
    [
        ([], True),
        ([FIRST.withdrawn("t2")], False),
        ([FIRST.cancelled("t2")], False),
        ([FIRST.withdrawn("t2"), FIRST.closed("t3")], True),
    ],
    ids=["nothing", "withdrawn", "cancel", "withdrawn in vain, closed after that"],
)
def test_whose_abort_it_was(noted: list[entries.Entry], *, by_others: bool) -> None:
    """Ours, a person's by a mark, or somebody's in Salesforce: a job that was closed after all was none of ours to abort."""
    aborted = FIRST.ended({"id": FIRST.job_id, "state": "Aborted"}, "t4")
    (facts,) = resume.jobs(written(FIRST.created(0, "t0"), FIRST.uploaded("ab", 12), *noted, aborted))
    assert by_others is facts.is_aborted_by_others


@pytest.mark.parametrize(
    ("noted", "state", "fate", "stores"),
    [
        ([FIRST.closed("t3")], "Aborted", "unprocessed", True),
        ([FIRST.closed("t3"), FIRST.cancelled("t4")], "Aborted", "unprocessed", True),
        ([FIRST.withdrawn("t3")], "Aborted", "unprocessed", False),
        ([FIRST.closed("t3")], "Aborted", "failed", False),
        ([FIRST.closed("t3")], "Failed", "unprocessed", False),
    ],
)
def test_what_a_closed_job_left_when_it_was_aborted_may_be_stored_later(
    noted: list[entries.Entry], state: str, fate: str, stores: bool
) -> None:
    """One that was never closed has nothing in flight, and rows that were refused don't come."""
    numbers = {"id": FIRST.job_id, "state": state}
    (facts,) = resume.jobs(
        written(FIRST.created(0, "t0"), *noted, FIRST.ended(numbers, "t5"), FIRST.collected({}, numbers), FIRST.matched({}, {fate: 3}))
    )
    assert stores is facts.may_store
