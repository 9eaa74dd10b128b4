"""Queries go to the connections that the deployment allows, by the hook of their type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bulkload_airflow import bulk_inlets
from include.bulkload.basics import errors
from scripts.stack import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Database]:
    """A PostgreSQL of this file's own."""
    with postgres.running(tmp_path_factory.mktemp("postgres") / "log") as found:
        yield found


@pytest.fixture
def crm(database: postgres.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connection `crm`, which queries may go to, and `other`, which they may not."""
    where = {"conn_type": "postgres", "host": str(database.socket_folder), "login": postgres.USER, "schema": postgres.DATABASE}
    for name in ("CRM", "OTHER"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name}", json.dumps({**where, "password": database.password}))
    monkeypatch.setenv("AIRFLOW_CONN_WRONG", json.dumps({**where, "password": "hidden"}))
    monkeypatch.setenv("AIRFLOW_CONN_STORE", json.dumps({"conn_type": "aws"}))
    monkeypatch.setenv("BULKLOAD_SQL_CONNECTIONS", "crm, store, wrong, missing")


@pytest.mark.usefixtures("crm")
def test_rows_of_an_allowed_connection_come() -> None:
    """Dates, numbers, nulls as the driver gives them."""
    found = list(bulk_inlets.Inlet().batches("SELECT n, 1.10 AS d FROM generate_series(1, 12000) AS n", "crm"))
    assert (["n", "d"], 12_000, "1.10") == (found[0].columns, sum(len(each.rows) for each in found), str(found[-1].rows[-1][1]))


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize(
    ("conn_id", "message"),
    [
        ("other", "connection other: it isn't one that queries may go to; add it to BULKLOAD_SQL_CONNECTIONS"),
        ("missing", "connection missing: Airflow has no such connection"),
        ("store", "connection store: its type is no SQL database's"),
    ],
)
def test_other_connections_are_refused(conn_id: str, message: str) -> None:
    """Nothing is asked there."""
    with pytest.raises(errors.SourceError, match=message):
        bulk_inlets.Inlet().batches("SELECT 1", conn_id)


@pytest.mark.usefixtures("crm")
def test_a_database_out_of_reach_is_told_without_its_password() -> None:
    """It may be there next time."""
    with pytest.raises(errors.NetworkFault, match="connection wrong: the database can't be reached") as wrong:
        bulk_inlets.Inlet().batches("SELECT 1", "wrong")
    assert "hidden" not in str(wrong.value)


def test_nothing_is_allowed_unless_somebody_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not even the connection that loads go to."""
    monkeypatch.delenv("BULKLOAD_SQL_CONNECTIONS", raising=False)
    with pytest.raises(errors.SourceError, match="BULKLOAD_SQL_CONNECTIONS"):
        bulk_inlets.Inlet().batches("SELECT 1", "salesforce_default")
    assert [] == list(tmp_path.iterdir())
