"""`lint` or `test` → every check run one after the other, seconds and outcome of each; exit status 1 if one failed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Part:
    """One check: its name and what the environment's Python is given."""

    name: str
    given: tuple[str, ...]


# import-linter has no module to run; its script's first line names the folder it was installed to.
IMPORTS = "from importlinter.cli import lint_imports_command; lint_imports_command()"
LINT = (
    Part("ruff check", ("-m", "ruff", "check", ".")),
    Part("ruff format", ("-m", "ruff", "format", "--check", ".")),
    Part("types", ("-m", "mypy")),
    Part("imports", ("-c", IMPORTS, "--no-logo")),
)
# Other people's clients that pip doesn't install; the tests try them.
CLIENTS = Part("clients", ("-m", "scripts.clients"))
# In two processes: many tests wait, for jobs to end or for servers to start. `ARGS='-n 0'` runs them in one.
TESTS = ("-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def parts(what: str, given: Sequence[str] = ()) -> tuple[Part, ...]:
    """List the checks of `lint` or `test`; `given` goes to pytest."""
    return LINT if what == "lint" else (*LINT, CLIENTS, Part("tests", (*TESTS, *given)))


def report(outcomes: Sequence[tuple[str, float, bool]]) -> str:
    """Write name, seconds and outcome of each part, and the sum, as a table."""
    lines = [f"{name:<12} {seconds:>7.1f} s  {'ok' if fine else 'FAILED'}" for name, seconds, fine in outcomes]
    return "\n".join([*lines, f"{'all':<12} {sum(seconds for _, seconds, _ in outcomes):>7.1f} s"])


def run(chosen: Sequence[Part], python: str = sys.executable, folder: Path = PROJECT) -> list[tuple[str, float, bool]]:
    """Run the parts one after the other, all of them even if one fails; (name, seconds, fine) of each."""
    outcomes = []
    for part in chosen:
        print(f"--- {part.name}", flush=True)
        begun = time.monotonic()
        status = _ended([python, *part.given], folder)
        outcomes.append((part.name, time.monotonic() - begun, status == 0))
    return outcomes


def _ended(command: Sequence[str], folder: Path) -> int:
    """Run a command to its end; its status. A signal that ends us ends it first, in its own time, so that tests clear up."""
    told: list[int] = []
    # Where we were started in the background Ctrl-C is ignored, and who is started by us would ignore what we tell it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, cwd=folder, env=_environment()) as process:

        def tell(number: int, _frame: FrameType | None) -> None:
            # Ctrl-C reaches it from the terminal too, and a second one would break its clearing up.
            if number != signal.SIGINT and not told:
                process.send_signal(signal.SIGINT)
            told.append(number)

        before = [(each, signal.signal(each, tell)) for each in SIGNALS]
        status = process.wait()
    for each, handler in before:
        signal.signal(each, handler)
    if told:
        sys.exit(128 + told[0])
    return status


def _environment() -> dict[str, str]:
    """Ours plus where our packages stand: `include` in the project, `bulkload_airflow` in its plugins."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "plugins")])}


def main(arguments: Sequence[str]) -> int:
    """Run what the first argument names; the others go to pytest."""
    outcomes = run(parts(arguments[0], arguments[1:]))
    print(f"--- seconds\n{report(outcomes)}")
    return 0 if all(fine for _, _, fine in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
