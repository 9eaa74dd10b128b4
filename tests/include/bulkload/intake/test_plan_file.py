"""Plan files → documents, or every mistake with file and line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from include.bulkload.basics import errors
from include.bulkload.intake import plan_file

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
name: nightly
source: {uri: "s3://b/{{ ds }}.jsonl"}
objects:
  Account:
    sobject: Account
    operation: upsert
    external_id: External_Id__c
    fields: {Name: name, External_Id__c: id}
"""


def wrote(folder: Path, text: str, name: str = "p.yaml") -> Path:
    """Write a plan file."""
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def findings(path: Path) -> list[str]:
    """The mistakes of a file, without its folder."""
    with pytest.raises(errors.PlanError) as wrong:
        plan_file.read(path)
    return [each.replace(f"{path.parent}/", "") for each in wrong.value.findings]


def test_a_yaml_file_and_a_json_file_are_the_same_plan(tmp_path: Path) -> None:
    """JSON is for those who generate their plans."""
    document, checked = plan_file.read(wrote(tmp_path, GOOD))
    again = plan_file.read(wrote(tmp_path, json.dumps(document), "p.json"))
    assert ((document, checked), "s3://b/{{ ds }}.jsonl") == (again, document["source"]["uri"])


def test_a_uri_that_begins_with_a_dot_leads_from_the_files_folder(tmp_path: Path) -> None:
    """Plans and their data can be moved together; dots at other places, and whole URIs, stay what they are."""
    given = ["./a/{{ ds }}*.jsonl", "../b.jsonl", ".c.jsonl", "s3://b/./d.jsonl"]
    found = []
    for uri in given:
        document, _ = plan_file.read(wrote(tmp_path, GOOD.replace("s3://b/{{ ds }}.jsonl", uri)))
        found.append(document["source"]["uri"])
    folder = tmp_path.as_uri()
    assert [f"{folder}/{given[0]}", f"{folder}/{given[1]}", *given[2:]] == found


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    """What is said once needn't be said twice; an own key wins over a merged one."""
    more = "  Contact:\n    <<: *account\n    sobject: Contact\n"
    found, _ = plan_file.read(wrote(tmp_path, GOOD.replace("  Account:", "  Account: &account") + more))
    assert ("Contact", "upsert") == (found["objects"]["Contact"]["sobject"], found["objects"]["Contact"]["operation"])


def test_a_key_that_stands_twice_is_an_error_with_its_line(tmp_path: Path) -> None:
    """YAML would take the last, and nobody would notice."""
    twice = GOOD + "    external_id: Other__c\nname: other\n"
    assert [
        "p.yaml:9: key `external_id` stands twice in one place; keep one",
        "p.yaml:10: key `name` stands twice in one place; keep one",
    ] == sorted(findings(wrote(tmp_path, twice)), key=lambda each: int(each.split(":")[1]))


def test_a_key_that_stands_twice_in_json_is_an_error_too(tmp_path: Path) -> None:
    """The same promise for the other spelling."""
    assert ["p.json: key 'a' stands twice in one object; keep one"] == findings(wrote(tmp_path, '{"a": {"a": 1, "a": 2}}', "p.json"))


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "No", "y", "N"])
def test_words_that_some_read_as_booleans_are_asked_about(tmp_path: Path, word: str) -> None:
    """Norway's country code must not become false, nor false become text."""
    (found,) = findings(wrote(tmp_path, GOOD + f"again: {word}\n"))
    assert f'p.yaml:9: some read `{word}` as a yes or no; write "{word}" for the text, or true or false' == found


def test_a_quoted_word_and_a_word_as_key_are_text(tmp_path: Path) -> None:
    """Only bare values surprise."""
    text = GOOD.replace("Name: name", 'Name: {from: name, values: {no: "off", on: "no"}}')
    found, _ = plan_file.read(wrote(tmp_path, text))
    assert {"no": "off", "on": "no"} == found["objects"]["Account"]["fields"]["Name"]["values"]


@pytest.mark.parametrize("text", ["2026-01-31", "0123", "1:30", "1_000", "0x1F", ".inf", "2026-01-31T02:00:00Z", "="])
def test_what_looks_like_text_stays_text(tmp_path: Path, text: str) -> None:
    """No date, octal, sexagesimal or hexadecimal number is made behind one's back."""
    found, _ = plan_file.read(wrote(tmp_path, GOOD + f"params: {{x: {text}}}\n"))
    assert {"x": text} == found["params"]


@pytest.mark.parametrize(
    ("text", "expected"), [("5", 5), ("-5", -5), ("2.5", 2.5), ("1e3", 1000.0), ("true", True), ('"5"', "5"), ("null", None), ("~", None)]
)
def test_numbers_booleans_and_null_are_what_they_are(tmp_path: Path, text: str, expected: Any) -> None:
    """The rest of YAML's words."""
    document = plan_file._document(wrote(tmp_path, f"x: {text}\n"))
    assert (expected, type(expected)) == (document["x"], type(document["x"]))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: [", "p.yaml:1: it isn't YAML"),
        ("name: a\n\tb: c", "p.yaml:2: it isn't YAML"),
        ("x: !!python/object/apply:os.system ['true']", "p.yaml:1: it isn't YAML"),
        ("name: a\n---\nname: b", "p.yaml:2: it isn't YAML"),
        ("{[a]: b}", "p.yaml:1: a key must be a word"),
        ("- a", "p.yaml: it holds no plan"),
        ("", "p.yaml: it holds no plan"),
        ("a: &a [*a]", "p.yaml"),
    ],
)
def test_a_file_that_cant_be_read_says_where(tmp_path: Path, text: str, told: str) -> None:
    """One finding with the line."""
    assert findings(wrote(tmp_path, text))[0].startswith(told)


def test_bytes_that_are_no_text_are_a_finding(tmp_path: Path) -> None:
    """No traceback of a codec."""
    path = wrote(tmp_path, "")
    path.write_bytes(b"name: \xff\xfe")
    assert [True] == ["save it as a UTF-8 file" in each for each in findings(path)]


def test_mistakes_of_the_plan_and_of_its_templates_name_the_file(tmp_path: Path) -> None:
    """File, path in the plan, what, remedy; all of them at once."""
    text = GOOD.replace("operation: upsert", "operation: insertt\n    sobjectt: Account").replace("{{ ds }}", "{{ conn }}")
    assert [
        "p.yaml: objects.Account.operation",
        "p.yaml: objects.Account.sobjectt",
        "p.yaml: source.uri: conn can't be named in a template",
    ] == sorted(": ".join(each.split(";")[0].split(": ")[: 3 if "source" in each else 2]) for each in findings(wrote(tmp_path, text)))


def test_only_plan_files_are_plan_files(tmp_path: Path) -> None:
    """A README beside them is none, nor is a folder."""
    for name in ("b.yml", "a.yaml", "c.json", "README.md", ".hidden", "d.yaml.bak"):
        wrote(tmp_path, "", name)
    (tmp_path / "e.yaml").mkdir()
    assert ["a.yaml", "b.yml", "c.json"] == [path.name for path in plan_file.files([tmp_path])]
