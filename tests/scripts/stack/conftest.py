"""A stack of its own with a toy DAG, for the tests of the stack itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.stack import running, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

TOY = Path(__file__).with_name("toy")


@pytest.fixture(scope="session")
def toy_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[running.Stack, list[str]]]:
    """The stack, without an org, and what was told while it started."""
    told: list[str] = []
    with running.stack(wanted.Wanted(tmp_path_factory.mktemp("toy"), dags=TOY, org=None), told.append) as stack:
        yield stack, told
