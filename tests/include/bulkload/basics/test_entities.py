"""The small frozen values."""

from __future__ import annotations

import pytest

from include.bulkload.basics import entities


@pytest.mark.parametrize("state", entities.JobState)
def test_which_states_are_terminal(state: entities.JobState) -> None:
    """JobComplete, Failed and Aborted end a job (contract 2), and so does Salesforce when it knows it no more."""
    assert state.is_terminal == (state in {"JobComplete", "Failed", "Aborted", "gone"})


def test_fates_are_the_terms_of_the_sum() -> None:
    """The sum that must close names nine fates."""
    assert 9 == len(entities.Fate)
