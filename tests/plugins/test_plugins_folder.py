"""The plugins folder → what Airflow's scanner executes, and what it must not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from airflow._shared.module_loading import find_path_from_directory

import bulkload_plugin

PLUGINS = Path(bulkload_plugin.__file__).parent


@pytest.mark.parametrize("syntax", ["glob", "regexp"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_scanner_executes_one_file_only(syntax: str) -> None:
    """Everything else would be loaded a second time, under its bare name."""
    found = [Path(path).name for path in find_path_from_directory(str(PLUGINS), ".airflowignore", syntax) if path.endswith(".py")]
    assert ["bulkload_plugin.py"] == found


def test_no_file_takes_the_name_of_a_standard_library() -> None:
    """If the ignore file were lost, a `csv.py` would replace the standard library's."""
    assert set() == {path.stem for path in PLUGINS.rglob("*.py")} - {"__init__"} & set(sys.stdlib_module_names)


def test_the_plugin_imports_nothing_of_the_load() -> None:
    """It is loaded in every Airflow process."""
    assert set() == {name for name in vars(bulkload_plugin) if name.startswith("bulk_") or name == "include"}
