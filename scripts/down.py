"""What `make up` left running → ended; nothing else is touched."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import psutil

from scripts import up
from scripts.stack import running

if TYPE_CHECKING:
    from pathlib import Path


def main(folder: Path = up.FOLDER) -> int:
    """End the stack; returns the exit status."""
    stack = up.found(folder)
    if stack is None:
        print("Nothing is up.")
        return 0
    print("Stopping Airflow, PostgreSQL and the local org", file=sys.stderr)
    return 0 if ended(stack) else 1


def ended(stack: running.Stack) -> bool:
    """Tell the keeper of a stack to end and wait for it; says so if it doesn't."""
    keeper = psutil.Process(stack.keeper)
    keeper.terminate()
    try:
        keeper.wait(running.ENDING)
    except psutil.TimeoutExpired:
        print(f"Process {stack.keeper} doesn't end; see {stack.logs}", file=sys.stderr)
        return False
    print(f"Down. The files of its runs stay in {stack.run_base}")
    return True


if __name__ == "__main__":
    sys.exit(main())
