"""The end that a program hears wherever it is: also where Python drops what is raised."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from scripts.stack import wanted

PROGRAM = """
import os, signal, subprocess, sys, time
from scripts.stack import ending

class Object:
    def __del__(self):
        signal.raise_signal(signal.Signals[sys.argv[2]])

ending.listen()
try:
    if sys.argv[1] == "fork":
        os.register_at_fork(after_in_parent=Object().__del__)
        # Only with a hook of its own does Python's fork run the others.
        subprocess.run(["true"], preexec_fn=lambda: None)
    else:
        Object()
    print("it was dropped", flush=True)
    time.sleep(60)
    print("nobody heard")
finally:
    ending.deafen()
    print("cleared up")
"""


@pytest.mark.parametrize("sent", [signal.SIGALRM, signal.SIGTERM])
@pytest.mark.parametrize("where", ["fork", "object"])
def test_an_end_that_python_drops_is_raised_again(where: str, sent: signal.Signals) -> None:
    """The owner gone, or a signal, in the middle of a fork or of an object's end: the program ends all the same, and clears up."""
    command = [sys.executable, "-c", PROGRAM, where, sent.name]
    ended = subprocess.run(command, cwd=wanted.PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=30)
    assert ("it was dropped\ncleared up\n", "") == (ended.stdout, ended.stderr)
