"""Signals, and an owner who lets go of our standard input → Ended, raised wherever the program is; once it is heard, never again."""

from __future__ import annotations

import os
import select
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
LOOK_SECONDS = 0.5
AGAIN_SECONDS = 0.05


class Ended(SystemExit):
    """Somebody asked us to end, or our owner is gone."""


def listen() -> None:
    """Turn signals, and the end of our owner, into Ended."""
    for each in SIGNALS:
        signal.signal(each, _end)
    # A timer, not a thread: processes are started with a hook that must not run beside threads.
    signal.signal(signal.SIGALRM, _look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    sys.unraisablehook = _raise_again


def own_ourselves() -> None:
    """Go on without an owner; signals still end us."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def deafen() -> None:
    """Let nothing disturb us from now on."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)


def _look(_signal: int, _frame: FrameType | None) -> None:
    """End if standard input is at its end: then our owner is gone."""
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    if readable and not os.read(sys.stdin.fileno(), 1):
        _end(_signal, _frame)


def _end(_signal: int, _frame: FrameType | None) -> NoReturn:
    deafen()
    raise Ended


def _raise_again(dropped: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised in a hook of a fork (logging has some) or while an object goes: raise it a moment later."""
    if dropped.exc_type is Ended:
        signal.signal(signal.SIGALRM, _end)
        signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
    else:
        sys.__unraisablehook__(dropped)
