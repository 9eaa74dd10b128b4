"""A running stack → the processes of its parts: killed like by a machine that fails, or held for a while."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scripts.stack import running


def tasks(stack: running.Stack, instances: Sequence[str]) -> int:
    """Kill the processes that run these task instances; whoever watches over them lives."""
    return _killed(_runners(stack, instances))


def workers(stack: running.Stack, instances: Sequence[str]) -> int:
    """Kill the workers of these task instances, and what runs on them: nobody is left to tell Airflow."""
    found = _runners(stack, instances)
    return _killed(_watching(stack, found) + found)


def supervisors(stack: running.Stack, instances: Sequence[str]) -> int:
    """Kill only those that watch over these task instances."""
    return _killed(_watching(stack, _runners(stack, instances)))


def scheduler(stack: running.Stack, _: Sequence[str] = ()) -> int:
    """Kill the scheduler; tasks that it has started go on without it."""
    return _killed([service(stack, "scheduler")])


def machine(stack: running.Stack, _: Sequence[str] = ()) -> int:
    """Kill the scheduler with all workers and tasks, as a container that goes."""
    found = service(stack, "scheduler")
    return _killed([found, *found.children(recursive=True)])


def triggerer(stack: running.Stack, _: Sequence[str] = ()) -> int:
    """Kill the triggerer with the process in which its triggers run."""
    found = service(stack, "triggerer")
    return _killed([found, *found.children(recursive=True)])


def api_server(stack: running.Stack, _: Sequence[str] = ()) -> int:
    """Kill the API server, which all tasks talk to."""
    return _killed([service(stack, "api-server")])


# Each is given the ids of the task instances that run, and tells how many processes it killed.
VICTIMS = {each.__name__: each for each in (tasks, workers, supervisors, scheduler, machine, triggerer, api_server)}


def service(stack: running.Stack, name: str) -> psutil.Process:
    """The process of a service; its children, and what former ones left behind, aren't."""
    for each in psutil.Process(stack.keeper).children():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            told = " ".join(each.cmdline()).replace("_", "-")
            if f"airflow {name}" in told and os.getsid(each.pid) == each.pid and each.status() != psutil.STATUS_ZOMBIE:
                return each
    raise LookupError(f"no {name} runs")


@contextlib.contextmanager
def held(process: psutil.Process, *, alone: bool = False) -> Iterator[None]:
    """Stop a process, and unless it is held alone its children, while the block lasts: as a machine does that stalls."""
    family = [process, *([] if alone else process.children(recursive=True))]
    try:
        for each in family:
            each.suspend()
        yield
    finally:
        for each in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.resume()


@contextlib.contextmanager
def second(stack: running.Stack, name: str) -> Iterator[None]:
    """Run another one of a service beside the first."""
    first = service(stack, name)
    command, own = first.cmdline(), first.environ()
    with (stack.logs / f"{name}-2.log").open("ab") as log:
        process = subprocess.Popen(command, env=own, cwd=first.cwd(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _runners(stack: running.Stack, instances: Sequence[str]) -> list[psutil.Process]:
    found = []
    for each in psutil.Process(stack.keeper).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            told = " ".join(each.cmdline())
            # As Airflow's task runner calls itself.
            found += [each for instance in instances if f"airflow worker -- {instance}" in told]
    return found


def _watching(stack: running.Stack, runners: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Who watches over these processes; nobody, once he was lost: then the keeper of the stack adopts them, which is no part of Airflow."""
    return [parent for each in runners if (parent := each.parent()) and parent.pid != stack.keeper]


def _killed(processes: Sequence[psutil.Process]) -> int:
    count = 0
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
            count += 1
    return count
