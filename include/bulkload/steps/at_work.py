"""A run that is over, as a lease names it → ids of its jobs that Salesforce still works on: they write, whatever anybody else does.

A wait that timed out leaves such jobs; so does a run whose tasks were lost with nobody to close it.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from include.bulkload.basics import entities
from include.bulkload.ledger import replays, resume
from include.bulkload.steps import ports, wait

if TYPE_CHECKING:
    from collections.abc import Sequence

# Facts after which a job writes nothing more; what its entries say needn't be read.
ENDED = ("ended", "aborted", "collected", "matched")


def of(run: ports.Run, memory: ports.Memory, name: ports.RunName, within: str) -> list[str]:
    """Name the jobs at work of another run: in the folder of run `within`, where it writes, and of runs that it replayed by itself.

    Costs a listing of each such ledger, and a question for each job whose end isn't noted; one that is gone or Open writes
    nothing. The run's own folder isn't looked at: whoever works there knows its jobs. Raises NetworkFault and what `wait.look` raises.
    """
    if not name.run_id:
        return []
    own = memory.run_folder(name)
    earlier = own.read(replays.EARLIER) or {"runs": [], "told": {}}
    left = [each for each in earlier["runs"] if each not in earlier["told"]]
    folders = [memory.run_folder(dataclasses.replace(name, run_id=each)) for each in dict.fromkeys([within, *left])]
    return at_work(run, [each for each in folders if each.uri("") != run.folder.uri("")])


def at_work(run: ports.Run, folders: Sequence[ports.RunFolder]) -> list[str]:
    """Name the jobs of these folders' ledgers that Salesforce works on."""
    found = []
    for folder in folders:
        facts = resume.jobs({each: {} for each in folder.names("ledger/") if resume.is_of_a_job(each)})
        found += [each.place.job_id for each in facts if not any(each.has(fact) for fact in ENDED)]
    states = wait.look(run, found)
    return [job_id for job_id, state in states.items() if not state.is_terminal and state is not entities.JobState.OPEN]
