"""The files of the project → whether they keep the house rules that no linter knows (CONTRIBUTING.md lists them)."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = ("dags", "include", "plugins", "scripts", "tests")
# What git wouldn't show either, and what people make with these tools.
PASSED_OVER = {".git", ".venv", ".run", ".hypothesis", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
FILE_LINES = 300
BODY_LINES = 40
EMPTY_NAMES = {"manager", "helper", "helpers", "util", "utils", "process", "processor", "handle", "handler"}
# Names that a library calls us by.
ASKED_FOR = {"handle_error"}
HEAVY = ("airflow", "requests", "aiohttp", "simple_salesforce", "httpx", "fsspec", "pandas", "sqlalchemy")
# In pieces, so that this file keeps the rule too. Addresses of package registries, folders of one machine, tools of ours.
NEVER = [
    re.compile(each)
    for each in (
        r"pypi\." + r"(org|python)",
        r"files\.pythonhosted\." + "org",
        r"registry\.npmjs\." + "org",
        r"registry\.yarnpkg\." + "com",
        r"--(extra-)?index-" + r"url[= ]\S",
        r"/opt/" + "wheels",
        r"/opt/" + "pypi",
        r"(?<![\w.])/work/" + r"(main|shared)",
        r"(?<![\w.])/tmp/" + r"(brief|issues|lead)",
        r"/root/\." + "pyenv",
        r"(?<![\w.])/home/" + r"\w+/",
    )
]
BINARY = {".png", ".gz", ".parquet", ".db", ".ico", ".zst"}


def files(*folders: str, suffix: str = "") -> list[Path]:
    """List the project's own files."""
    found = [path for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}")]
    return sorted(path for path in found if path.is_file() and not PASSED_OVER & set(path.relative_to(ROOT).parts))


def short(path: Path) -> str:
    """Name a file as people do."""
    return str(path.relative_to(ROOT))


PYTHON = files(*CODE, suffix=".py")
TREES = {path: ast.parse(path.read_text()) for path in PYTHON}
TESTS = [path for path in PYTHON if path.name.startswith("test_")]
JOURNEY = ROOT / "include" / "bulkload"
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(path: Path) -> list[Function]:
    """List all functions and methods of a file."""
    return [node for node in ast.walk(TREES[path]) if isinstance(node, Function)]


def body_lines(function: Function) -> int:
    """Count the lines of a function's body, its docstring left out."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_file_is_too_long() -> None:
    """A file that doesn't fit into a head becomes two."""
    assert [] == [short(path) for path in PYTHON if len(path.read_text().splitlines()) > FILE_LINES]


def test_no_function_is_too_long() -> None:
    """A function does one thing."""
    long = [f"{short(path)}: {each.name}" for path in PYTHON for each in functions(path) if body_lines(each) > BODY_LINES]
    assert [] == long


def test_every_file_says_what_goes_in_and_out() -> None:
    """Each file with code begins with a docstring."""
    assert [] == [short(path) for path in PYTHON if path.read_text().strip() and not ast.get_docstring(TREES[path])]


def test_every_test_has_a_sentence() -> None:
    """The sentence is the promise; the code only proves it."""
    tests = [(path, each) for path in TESTS for each in functions(path) if each.name.startswith("test_")]
    assert [] == [f"{short(path)}: {each.name}" for path, each in tests if not (ast.get_docstring(each) or "").endswith((".", "!", "?"))]


def test_names_say_something() -> None:
    """No file, class or function is called after nothing in particular."""
    named = [(short(path), path.stem) for path in PYTHON]
    for path, tree in TREES.items():
        named += [(short(path), node.name) for node in ast.walk(tree) if isinstance(node, ast.ClassDef | Function)]
    assert [] == [(path, name) for path, name in named if EMPTY_NAMES & words(name) and name not in ASKED_FOR]


def words(name: str) -> set[str]:
    """Split a name of either spelling into its words."""
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().split("_"))


def test_names_are_split_into_words() -> None:
    """Both spellings of names are seen through."""
    assert ({"bulk", "hook"}, {"run", "folder"}) == (words("BulkHook"), words("_run_folder") - {""})


def test_every_test_folder_is_a_package() -> None:
    """Two test files of the same name don't get in each other's way."""
    folders = {path.parent for path in TESTS}
    assert [] == [short(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_tests_mirror_the_tree() -> None:
    """The tests of a file of the journey are where its path says."""
    strays = [path for path in TESTS if path.is_relative_to(ROOT / "tests" / "include" / "bulkload")]
    homes = {JOURNEY / path.parent.relative_to(ROOT / "tests" / "include" / "bulkload") for path in strays}
    assert [] == [short(home) for home in homes if not home.is_dir()]


def test_the_tour_equals_the_folder() -> None:
    """The tour in include/bulkload/__init__.py names every file of the journey once, rooms in the order of the journey."""
    tour = re.findall(r"^ +(\w+/\w+)  ", ast.get_docstring(TREES[JOURNEY / "__init__.py"], clean=False) or "", re.MULTILINE)
    found = [path.relative_to(JOURNEY).with_suffix("") for path in PYTHON if path.is_relative_to(JOURNEY) and path.stem != "__init__"]
    rooms = list(dict.fromkeys(each.split("/")[0] for each in tour))
    ordered = ["basics", "intake", "ledger", "load", "match", "report", "steps"]
    assert (sorted(str(each) for each in found if len(each.parts) > 1), ordered) == (sorted(tour), rooms)


def test_no_address_and_no_folder_of_ours() -> None:
    """The project stands for itself: no package registry, no path of the machine it was written on."""
    texts = [path for path in files(".") if path.suffix not in BINARY and not path.is_symlink()]
    found = [
        f"{short(path)}:{number}: {line.strip()[:80]}"
        for path in texts
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        for pattern in NEVER
        if pattern.search(line)
    ]
    assert [] == found


@pytest.mark.parametrize("heavy", [False, True], ids=["package", "every module"])
def test_the_journey_loads_nothing_heavy(heavy: bool) -> None:
    """`include.bulkload` runs where neither Airflow nor an HTTP library is loaded: it is the same in a notebook or a test."""
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in PYTHON if path.is_relative_to(JOURNEY)]
    named = [each.removesuffix(".__init__") for each in modules if not each.endswith("__main__")] if heavy else ["include.bulkload"]
    script = f"import sys, {', '.join(named)}; print(*sorted({HEAVY!r} & sys.modules.keys()))".replace(repr(HEAVY), repr(set(HEAVY)))
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "\n" == found.stdout


def test_include_is_found_from_the_project_alone() -> None:
    """PYTHONPATH needs the project's folder and nothing else: `include` is the project's, not some installed package."""
    script = "import include.bulkload; print(include.bulkload.__file__)"
    found = subprocess.run([sys.executable, "-P", "-c", script], env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert f"{JOURNEY / '__init__.py'}\n" == found.stdout
