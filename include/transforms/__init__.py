"""Functions of your own that rows pass between source and mapping: pandas DataFrame in, DataFrame out, all text.

Put a file into this folder and mark the function; a plan names it by its bare name:

    from include import transforms

    @transforms.transform
    def without_test_accounts(frame):
        return frame[~frame["name"].str.startswith("TEST", na=False)]

It is called once per batch of rows (about 40,000), so it sees no row of another batch. Its frame has one column per
source value that the plan reads, of type `str`, NaN where nothing stands. It must keep the frame's index: rows that it
drops count as filtered, rows that it invents stop the run. docs/values.md has the whole of it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

Function = Callable[[Any], Any]

_KNOWN: dict[str, Function] = {}


def transform(function: Function) -> Function:
    """Register a function under its name. Raises ValueError if another one has it."""
    name = function.__name__
    other = _KNOWN.setdefault(name, function)
    if (other.__module__, other.__qualname__) != (function.__module__, function.__qualname__):
        raise ValueError(f"two transforms are called {name}, in {other.__module__} and in {function.__module__}; rename one")
    _KNOWN[name] = function
    return function


def known() -> dict[str, Function]:
    """Import every file of this folder; name → function. Raises whatever one of them raises."""
    for found in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(found.name)
    return dict(_KNOWN)
