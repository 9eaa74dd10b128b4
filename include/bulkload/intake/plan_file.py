"""A plan file (YAML or JSON) → its document, or every mistake with the file's name and the line.

YAML is read without its surprises: no key twice, no dates, octal numbers or `no` that becomes false behind
one's back; anchors and merges work.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from include.bulkload.basics import errors
from include.bulkload.intake import plan, templates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUFFIXES = (".yaml", ".yml", ".json")
SURPRISE = "!surprise"
TAG = "tag:yaml.org,2002:"


def files(folders: Iterable[Path]) -> list[Path]:
    """List the plan files of some folders, sorted within each."""
    return [path for folder in folders for path in sorted(folder.glob("*")) if path.suffix in SUFFIXES and path.is_file()]


def read(path: Path) -> tuple[dict[str, Any], plan.Plan]:
    """Read a plan file: its document, templates not filled in, and what the model makes of it.

    Raises PlanError with one line per mistake, each beginning with the file's name.
    """
    document = _document(path)
    _place(document, path)
    wrong: list[str] = []
    try:
        checked = plan.plan_from(document)
    except errors.PlanError as found:
        wrong += found.findings
    wrong += templates.findings(document, _defaults(document))
    if wrong:
        raise errors.PlanError(*(f"{path}: {each}" for each in wrong))
    return document, checked


def _defaults(document: dict[str, Any]) -> dict[str, Any]:
    """The params' defaults, also of a plan that has mistakes elsewhere."""
    params = document.get("params")
    found = params if isinstance(params, dict) else {}
    return {name: given[0] if isinstance(given, list) and given else given for name, given in found.items()}


def _document(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise errors.PlanError(f"{path}: it can't be read ({wrong}); save it as a UTF-8 file") from wrong
    found = _json(path, text) if path.suffix == ".json" else _yaml(path, text)
    if not isinstance(found, dict):
        raise errors.PlanError(f"{path}: it holds no plan; begin with `name:`, see docs/plan.md")
    return found


def _place(document: dict[str, Any], path: Path) -> None:
    """Make whole URIs of those that begin with a dot: they lead from the plan file's folder."""
    named = document.get("sources")
    for source in [document.get("source"), *(named.values() if isinstance(named, dict) else ())]:
        if isinstance(source, dict) and isinstance(source.get("uri"), str) and source["uri"].startswith(("./", "../")):
            source["uri"] = f"{path.parent.resolve().as_uri()}/{source['uri']}"


def _json(path: Path, text: str) -> Any:
    twice: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        twice.extend(dict.fromkeys(name for name in names if names.count(name) > 1))
        return dict(found)

    try:
        document = json.loads(text, object_pairs_hook=pairs)
    except ValueError as wrong:
        raise errors.PlanError(f"{path}: it isn't JSON ({wrong}); mend it there") from wrong
    if twice:
        raise errors.PlanError(*(f"{path}: key {name!r} stands twice in one object; keep one" for name in twice))
    return document


class _Loader(yaml.SafeLoader):
    """YAML as a plan wants it: text, numbers, true and false, null; nothing that only looks like text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own place for them


for _tag, _shape, _first in (
    (f"{TAG}bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (f"{TAG}null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    (f"{TAG}int", r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    (f"{TAG}float", r"[-+]?(0|[1-9][0-9]*)?\.[0-9]+|[-+]?(0|[1-9][0-9]*)(\.[0-9]*)?([eE][-+]?[0-9]+)", "-+.0123456789"),
    (f"{TAG}merge", r"<<", "<"),
    (SURPRISE, r"(?i:y|yes|n|no|on|off)", "yYnNoO"),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_shape})$"), list(_first))
_Loader.add_constructor(SURPRISE, lambda _, node: node.value)
# PyYAML's own wants a dot and a sign in the exponent.
_Loader.add_constructor(f"{TAG}float", lambda _, node: float(node.value))


def _yaml(path: Path, text: str) -> Any:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        wrong = list(_mistakes(path, root, set())) if root is not None else []
        document = loader.construct_document(root) if root is not None and not wrong else None
    except (yaml.YAMLError, RecursionError, TypeError, ValueError) as mistake:
        raise errors.PlanError(_told(path, mistake)) from mistake
    finally:
        loader.dispose()
    if wrong:
        raise errors.PlanError(*wrong)
    return document


def _told(path: Path, mistake: Exception) -> str:
    """Say a mistake of the YAML itself."""
    mark = getattr(mistake, "problem_mark", None)
    what = getattr(mistake, "problem", None) or str(mistake)
    return f"{path}:{mark.line + 1 if mark else 1}: it isn't YAML that a plan can hold ({what}); mend it there"


def _mistakes(path: Path, node: yaml.Node, seen: set[int]) -> Iterator[str]:
    """Look through the tree before anything is made of it: keys that stand twice, words that aren't what they seem."""
    if id(node) in seen:
        return
    seen.add(id(node))
    where = f"{path}:{node.start_mark.line + 1}"
    if isinstance(node, yaml.ScalarNode) and node.tag == SURPRISE:
        yield f'{where}: some read `{node.value}` as a yes or no; write "{node.value}" for the text, or true or false'
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _mistakes(path, each, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in node.value:
            line = f"{path}:{key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                yield f"{line}: a key must be a word; mend it"
            elif key.value in keys:
                yield f"{line}: key `{key.value}` stands twice in one place; keep one"
            else:
                keys.add(key.value)
            yield from _mistakes(path, value, seen)
