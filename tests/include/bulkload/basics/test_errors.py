"""The error tree: drawn as it is, and alive after pickling."""

from __future__ import annotations

import pickle
import re

import pytest

from include.bulkload.basics import errors


def tree(root: type[Exception], depth: int = 0) -> list[tuple[int, str]]:
    """List a class and its descendants in the order of definition, with their depth."""
    return [(depth, root.__name__), *(line for child in root.__subclasses__() for line in tree(child, depth + 1))]


KINDS = [getattr(errors, name) for _, name in tree(errors.BulkloadError)]


def test_the_drawn_tree_equals_the_classes() -> None:
    """The picture on top of the file is what the file defines."""
    drawn = [line for line in (errors.__doc__ or "").splitlines() if re.match(r"[│├└─ ]*\w+( {2,}.*)?$", line) and line.strip()]
    names = [(line.index(re.findall(r"\w+", line)[0]) // 4, re.findall(r"\w+", line)[0]) for line in drawn]
    assert tree(errors.BulkloadError) == names


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_pickling(kind: type[errors.BulkloadError]) -> None:
    """Tasks and triggers hand errors between processes."""
    before = kind("what, where, remedy")
    after = pickle.loads(pickle.dumps(before))
    assert (kind, str(before), before.__dict__) == (type(after), str(after), after.__dict__)


def test_a_plan_error_says_all_its_findings() -> None:
    """One line per mistake."""
    assert "first\nsecond" == str(errors.PlanError("first", "second"))


def test_a_refused_request_keeps_status_and_code() -> None:
    """What happens next hangs on them, also after pickling."""
    after = pickle.loads(pickle.dumps(errors.RequestRefused("no", 404, "NOT_FOUND")))
    assert (404, "NOT_FOUND", "no") == (after.status, after.code, str(after))
