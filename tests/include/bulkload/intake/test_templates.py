"""Templates of plan files → filled in, or refused before they can say anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.bulkload.basics import errors
from include.bulkload.intake import templates

NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def names(**params: Any) -> dict[str, Any]:
    """What a run of that night may name."""
    return templates.known("scheduled__2026-11-23", NIGHT, NIGHT, NIGHT, params)


def filled(text: str, key: str = "uri", **params: Any) -> str:
    """Fill in one source."""
    found: str = templates.filled({"source": {key: text}}, names(**params))["source"][key]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://b/{{ ds }}/a.csv", "s3://b/2026-11-23/a.csv"),
        ("s3://b/{{ ds_nodash }}.csv", "s3://b/20261123.csv"),
        ("s3://b/{{ ts }}", "s3://b/2026-11-23T02:00:00+00:00"),
        ("s3://b/{{ logical_date | date('year=%Y/month=%m') }}/", "s3://b/year=2026/month=11/"),
        ("s3://b/{{ data_interval_end | date('%H') }}", "s3://b/02"),
        ("s3://b/{{ run_id }}", "s3://b/scheduled__2026-11-23"),
        ("s3://b/{{ params.region }}/{{ params['year'] }}", "s3://b/EMEA/2026"),
        ("s3://b/plain{1}.csv\n", "s3://b/plain{1}.csv\n"),
    ],
)
def test_dates_run_id_and_params_are_filled_in(text: str, expected: str) -> None:
    """Each name that a template may use."""
    assert expected == filled(text, region="EMEA", year=2026)


def test_named_sources_are_filled_in_and_nothing_else_is() -> None:
    """A plan's other texts may hold braces."""
    document = {"sources": {"a": {"uri": "{{ ds }}", "format": "{{ ds }}"}}, "objects": {"{{ ds }}": "{{ ds }}"}}
    expected = {"sources": {"a": {"uri": "2026-11-23", "format": "{{ ds }}"}}, "objects": {"{{ ds }}": "{{ ds }}"}}
    assert expected == templates.filled(document, names())


@pytest.mark.parametrize(
    "text",
    [
        "{{ conn.crm.password }}",
        "{{ var.value.secret }}",
        "{{ ti.xcom_pull() }}",
        "{{ macros.datetime }}",
        "{{ dag_run.conf }}",
        "{{ ds.__class__ }}",
        "{{ params.__class__.__mro__ }}",
        "{{ params.region.upper() }}",
        "{{ params['region']['x'] }}",
        "{{ params }}",
        "{{ params.stranger }}",
        "{{ params[ds] }}",
        "{{ self }}",
        "{{ ''.join(['a']) }}",
        "{{ 'text' }}",
        "{{ ds ~ run_id }}",
        "{{ ds if ds else ts }}",
        "{{ ds | upper }}",
        "{{ ds | date }}",
        "{{ ds | date(ts) }}",
        "{{ ds | attr('__class__') }}",
        "{{ range(9) }}",
        "{% for x in ds %}{{ x }}{% endfor %}",
        "{% set ds = run_id %}{{ ds }}",
        "{% include '/etc/passwd' %}",
        "{{ ds",
        "{{ }}",
        "{{ ds_nodash | date('%Y') }}x{{ run_id | date('%Y') }}",
    ],
)
@pytest.mark.parametrize("key", ["uri", "sql"])
def test_nothing_else_can_be_named(text: str, key: str) -> None:
    """No connection, no variable, no attribute, no call, no statement; the mistake is a finding with its place."""
    found = templates.findings({"source": {key: text}}, {"region": "EMEA"})
    assert [True] == [each.startswith(f"source.{key}: ") for each in found[:1]]
    with pytest.raises(errors.PlanError, match=f"source.{key}"):
        filled(text, key, region="EMEA")


def test_all_mistakes_come_at_once() -> None:
    """Each source is looked at."""
    document = {"sources": {"a": {"uri": "{{ conn }}/{{ var }}"}, "b": {"sql": "{{ ti }}"}}}
    assert ["sources.a.uri", "sources.a.uri", "sources.b.sql"] == [each.split(":")[0] for each in templates.findings(document, {})]


def test_chosen_text_goes_into_sql_quoted_or_not_at_all() -> None:
    """Numbers and dates are harmless, quoted text is a literal, the rest is refused when the plan is read."""
    sql = "SELECT * FROM t WHERE day = '{{ ds }}' AND n < {{ params.top }} AND region = {{ params.region | quoted }}"
    assert "SELECT * FROM t WHERE day = '2026-11-23' AND n < 5 AND region = 'O''Neil; DROP'" == filled(
        sql, "sql", top=5, region="O'Neil; DROP"
    )
    assert [True, True] == [
        "quoted" in found
        for text in ("= '{{ params.region }}'", "= '{{ run_id }}'")
        for found in templates.findings({"source": {"sql": text}}, {"region": "EMEA"})
    ]


@pytest.mark.parametrize("text", ["a\\", "\\' OR 1=1 -- ", "a\nb", "a\x00b", "\u2028"])
def test_text_that_some_database_reads_as_the_literals_end_is_refused(text: str) -> None:
    """A backslash escapes the quote in MySQL; control characters end statements elsewhere."""
    with pytest.raises(errors.PlanError, match="quoted"):
        filled("{{ params.region | quoted }}", "sql", region=text)


@given(st.text())
def test_a_quoted_text_never_leaves_its_literal(text: str) -> None:
    """Whatever is chosen: within the outer quotes each quote is doubled, and no backslash stands before one."""
    try:
        literal = filled("{{ params.region | quoted }}", "sql", region=text)
    except errors.PlanError:
        return
    inner = literal[1:-1]
    assert (f"'{inner}'", text, False, False) == (literal, inner.replace("''", "'"), "'" in inner.replace("''", ""), "\\" in inner)


@pytest.mark.parametrize("value", [None, True, ["a"]])
def test_what_isnt_text_or_number_isnt_written(value: Any) -> None:
    """`None` in a file name helps nobody."""
    with pytest.raises(errors.PlanError, match="text or a number"):
        filled("s3://b/{{ params.x }}", x=value)
