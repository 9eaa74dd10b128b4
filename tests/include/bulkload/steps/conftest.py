"""A local org and an empty run folder → a Run that steps are handed, without Airflow."""

from __future__ import annotations

import datetime
import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import tables
from include.bulkload.steps import ports
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def local_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One local org for all tests of the steps; each test uses keys of its own."""
    with org.running(tmp_path_factory.mktemp("org"), "--control") as started:
        yield started
