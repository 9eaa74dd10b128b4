"""A Wanted on standard input → the stack, kept running until its owner is gone or says so; then nothing of it is left.

The keeper is a process of its own so that the stack ends whatever happens to the command that asked for it:
that command holds the other end of standard input. On standard output it tells JSON lines: `told` (progress),
then `ready` (the stack) or `failed` (why not).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil

from scripts.stack import airflow_settings, ending, org_program, postgres, programs, rest, services, wanted

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

    Started = dict[str, subprocess.Popen[bytes]]

LOOK_SECONDS = 0.5
PORTS_TRIED = 3


def main() -> None:
    """Keep the stack that standard input asks for."""
    asked = wanted.Wanted.from_json(sys.stdin.readline())
    programs.adopt_orphans()
    ending.listen()
    try:
        with _alone(asked):
            _live(asked)
    except BlockingIOError:
        _tell("failed", f"another stack starts or runs in {asked.folder}; end it first")


def _live(asked: wanted.Wanted) -> None:
    """Run the stack from start to end, and clear up whatever becomes of it."""
    try:
        with _stack(asked) as (ready, started, environment):
            if asked.stays:
                ending.own_ourselves()
            _tell("ready", ready)
            while dead := _dead(started):
                print(f"{'started again' if asked.revives else 'ended because of'}: {', '.join(dead)}", file=sys.stderr, flush=True)
                if not asked.revives:
                    break
                started |= {name: services.start(name, environment, asked.logs) for name in dead}
    except (postgres.PostgresDown, org_program.OrgDown, services.AirflowDown, rest.ApiRefused) as down:
        _tell("failed", str(down))
    finally:
        ending.deafen()
        programs.end_descendants()
        for each in (asked.state, asked.password_file):
            each.unlink(missing_ok=True)
        for folder in (asked.home, asked.folder / "org"):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(asked: wanted.Wanted) -> Iterator[None]:
    """Hold the folder for this stack. Raises BlockingIOError if another one does."""
    with (asked.folder / wanted.LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


@contextlib.contextmanager
def _stack(asked: wanted.Wanted) -> Iterator[tuple[dict[str, Any], Started, Mapping[str, str]]]:
    """Start everything, in the order of who needs whom: how it is described, Airflow's services, and their environment."""
    for folder in (asked.home, asked.scratch, asked.logs, asked.runs, asked.folder / "xcom"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as running:
        org = None
        if asked.org is not None:
            org = running.enter_context(org_program.running(asked.folder / "org", asked.logs / "org.log", asked.org))
            _tell("told", "the local org answers")
        database = running.enter_context(postgres.running(asked.logs / "postgres.log"))
        _tell("told", "PostgreSQL answers")
        secret = airflow_settings.Secrets()
        programs.private(asked.home / "passwords.json", json.dumps({airflow_settings.USER: secret.password}))
        programs.private(asked.password_file, secret.password + "\n")
        port, started, environment = _airflow(asked, running, database, secret, org)
        url = f"http://127.0.0.1:{port}"
        rest.Rest(url, airflow_settings.USER, secret.password).create_pool(airflow_settings.POOL)
        ready = _described(asked, url, org)
        programs.private(asked.state, json.dumps(ready))
        yield ready, started, environment


def _airflow(
    asked: wanted.Wanted,
    running: contextlib.ExitStack,
    database: postgres.Database,
    secret: airflow_settings.Secrets,
    org: Mapping[str, Any] | None,
) -> tuple[int, Started, Mapping[str, str]]:
    """Migrate and start the services; on another port if somebody takes ours meanwhile."""
    port = services.free_port(asked.port)
    for left in reversed(range(PORTS_TRIED)):
        with contextlib.ExitStack() as trial:
            environment = airflow_settings.environment(asked, database.url, port, secret, org)
            started = trial.enter_context(services.running(environment, asked.logs))
            try:
                services.await_health(f"http://127.0.0.1:{port}", started, asked.logs, lambda line: _tell("told", line))
            except services.PortTaken:
                if not left:
                    raise
                port = services.free_port()
                continue
            running.push(trial.pop_all())
            break
    return port, started, environment


def _described(asked: wanted.Wanted, url: str, org: Mapping[str, Any] | None) -> dict[str, Any]:
    """Write down what runs, and where, for those who use it and for `make down`."""
    own = psutil.Process()
    return {
        "url": url,
        "user": airflow_settings.USER,
        "password_file": str(asked.password_file),
        "run_base": asked.run_base,
        "logs": str(asked.logs),
        "org": org,
        "keeper": own.pid,
        "keeper_started": own.create_time(),
    }


def _dead(started: Mapping[str, subprocess.Popen[bytes]]) -> list[str]:
    """Wait until services have died; their names."""
    ours = {process.pid for process in started.values()}
    while all(process.poll() is None for process in started.values()):
        programs.bury_adopted(ours)
        time.sleep(LOOK_SECONDS)
    return [name for name, process in started.items() if process.poll() is not None]


def _tell(what: str, content: object) -> None:
    # Whoever asked for the stack may be gone: that is no reason to stumble while clearing up.
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps({what: content}), flush=True)


if __name__ == "__main__":
    main()
