"""Runs that stopped before anything was sent → nothing of them goes, whoever asks; and which of two runs is the later one."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from include.bulkload.basics import errors
from include.bulkload.report import summary
from include.bulkload.steps import cut, split, summarize
from tests.include.bulkload.steps import replays
from tests.include.bulkload.steps.test_earlier_runs import keys, night

if TYPE_CHECKING:
    from tests.include.bulkload.steps.conftest import Load

REPEATED = {"accounts": [{"name": "a", "sourceId": "K1", "contacts": [{"lastName": "c"}]}]}


def accounts(**names: str | None) -> bytes:
    """A payload of accounts: key → name."""
    return json.dumps({"accounts": [{"name": name, "sourceId": key} for key, name in names.items()]}).encode()


@pytest.fixture
def halved(load: Load) -> Load:
    """A night whose source is broken: more rows are rejected than it may be."""
    load.mapping = {"Account": load.mapping["Account"] | {"max_rejected": 1}}
    load.payload = json.dumps({"accounts": [{"name": "half", "sourceId": "K1"}, {"name": "x"}, {"name": "y"}]}).encode()
    load.run_name = "one"
    with pytest.raises(errors.TooManyRejected):
        load.whole()
    summarize.close(load.run, ["split"])
    return load


@pytest.fixture
def repeated(load: Load) -> Load:
    """A run that is refused for its inserts, which an earlier one made."""
    load.payload = json.dumps(REPEATED).encode()
    load.whole()
    load.run_name = "again"
    with pytest.raises(errors.PlanError):
        load.whole()
    summarize.close(load.run, ["split"])
    load.clock += 100
    return load


def test_too_many_rejected_rows_are_not_sent_by_the_next_night(halved: Load) -> None:
    """The fine rows of a source that nobody trusts stay where they are, and the night is green."""
    told = night(halved, "two", accounts(K2="whole"))
    assert ({"K2": "whole"}, None, "COMPLETED") == (keys(halved), told.get("leftovers"), told["status"])


def test_a_refused_repeat_is_not_replayed(repeated: Load) -> None:
    """Its inserts would stand there twice: whoever asks is told why not."""
    with pytest.raises(errors.MustStop, match="refused before anything was sent"):
        replays.replayed(repeated, "by hand", of="again")
    assert 1 == len(repeated.org.query("SELECT Id FROM Contact"))


def test_a_first_task_that_is_marked_success_lets_nothing_through(repeated: Load) -> None:
    """Whatever Airflow says of it, no later task cuts a job."""
    with pytest.raises(errors.MustStop, match="refused before anything was sent"):
        cut.first(repeated.run, "Account")


@pytest.fixture
def late(load: Load) -> Load:
    """A run that could read its source only when another one had read it and lost a row: its cells are the newer ones."""
    load.mapping = {"Account": load.mapping["Account"]}
    load.run_name = "begun first"
    with pytest.raises(errors.SourceError):
        split.load(load.run, load.document, load)
    summarize.close(load.run, ["split"])
    load.clock += 1_000
    load.org.behave(row_faults=[{"object": "Account", "field": "Name", "value": "old", "error": "SOME_RULE:no:--"}])
    night(load, "read first", accounts(K1="old"))
    load.org.behave(row_faults=[])
    load.clock += 1_000
    load.run_name, load.payload, load.more = "begun first", accounts(K1="new"), {"again": True}
    load.whole()
    load.clock += 1_000
    return load


def test_runs_are_in_the_order_in_which_they_read_their_sources(late: Load) -> None:
    """A replay by hand of the run that read first leaves the newer record alone."""
    first = dataclasses.replace(late, run_name="read first")
    assert 1 == replays.replayed(first, "by hand", of="read first")["chosen"]["Account"]["superseded"]
    assert {"K1": "new"} == keys(late)


def test_nor_does_a_night_send_what_was_read_before(late: Load) -> None:
    """By itself nothing older goes either."""
    told = night(late, "three", accounts(K2="two"))
    assert ({"K1": "new", "K2": "two"}, None) == (keys(late), told.get("leftovers"))


def test_a_refused_run_advises_no_replay(halved: Load) -> None:
    """It would be refused, too. Nor does a clear help, which keeps what was read: a new run reads the mended source."""
    why = summarize.close(halved.run, ["split"])["why"]
    halved.payload = accounts(K1="whole")
    with pytest.raises(errors.TooManyRejected):
        halved.stage()
    dataclasses.replace(halved, run_name="anew").stage()
    assert f"Account: 1 rows never came into a job, {summary.REFUSED}" in why
    assert not [each for each in why if "replay" in each]
