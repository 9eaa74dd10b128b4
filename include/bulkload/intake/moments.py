"""Texts of dates, datetimes and times (SQL expressions, trimmed, not blank) → Salesforce's text, or what is wrong with them.

Nothing is guessed: a date doesn't lose a time of day, a datetime gets no time zone that nobody named, and a local
time that comes twice or never, when clocks change, is refused.
"""

from __future__ import annotations

from include.bulkload.basics import tables

FIRST_YEAR, LAST_YEAR = 1700, 4000
DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"((?:[01][0-9]|2[0-3]):[0-5][0-9])(:[0-5][0-9])?(?:\.([0-9]+))?"
ZONE = "([Zz]|[+-](?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|[+-]14(?::?00)?)?"
MIDNIGHT = r"([Tt ]00:00(:00(\.0+)?)?)?"
ZULU = "([Zz]|[+-]00(?::?00)?)?"
OTHER_YEARS = f"Salesforce keeps the years {FIRST_YEAR} to {LAST_YEAR}"


def date_wrong(text: str) -> str:
    """What is wrong with a date, as an SQL text or NULL. Midnight behind it is none of its time: `2024-12-31 00:00:00` is a date."""
    return (
        f"CASE WHEN regexp_full_match({text}, '{DAY}[Tt ].*') AND NOT regexp_full_match({text}, '{DAY}{MIDNIGHT}') "
        "THEN 'it has a time of day or a zone, which a date would lose' "
        f"WHEN NOT regexp_full_match({text}, '{DAY}{MIDNIGHT}') THEN 'it is no date like 2024-12-31' {_day(text)} END"
    )


def date(text: str) -> str:
    """A date as Salesforce writes it."""
    return f"left({text}, 10)"


def _day(text: str) -> str:
    """Branches of a CASE: the day is in the calendar, and in Salesforce's."""
    return (
        f"WHEN TRY_CAST(left({text}, 10) AS DATE) IS NULL THEN 'there is no such day' "
        f"WHEN left({text}, 4) NOT BETWEEN '{FIRST_YEAR}' AND '{LAST_YEAR}' THEN '{OTHER_YEARS}'"
    )


def parts(text: str) -> str:
    """A datetime cut into a struct: day, minute, second, fraction, zone; all '' if it is none."""
    return f"regexp_extract({text}, '^({DAY})[Tt ]{CLOCK} ?{ZONE}$', ['day', 'minute', 'second', 'fraction', 'zone'])"


def datetime_wrong(cut: str, zone: str | None) -> str:
    """What is wrong with a datetime, as an SQL text or NULL. `cut`: its `parts`; `zone`: of those without one."""
    return (
        f"CASE WHEN {cut}.day = '' THEN 'it is no datetime like 2024-12-31T13:00:00Z' "
        f"{_day(f'{cut}.day')} {_fine(cut)} WHEN {cut}.zone = '' THEN {_naive_wrong(cut, zone)} END"
    )


def datetime(cut: str, zone: str | None) -> str:
    """A datetime as Salesforce writes it; one without a zone in UTC."""
    zoned = (
        f"concat({cut}.day, 'T', {cut}.minute, {_second(cut)}, {_millis(cut)}, "
        f"CASE WHEN strlen({cut}.zone) = 1 THEN 'Z' WHEN strlen({cut}.zone) = 3 THEN {cut}.zone || ':00' "
        f"ELSE concat(left({cut}.zone, 3), ':', right({cut}.zone, 2)) END)"
    )
    if zone is None:
        return zoned
    early, late = _utc(cut, zone)
    utc = f"CASE WHEN {_is(early, cut, zone)} THEN {early} ELSE {late} END"
    return f"CASE WHEN {cut}.zone != '' THEN {zoned} ELSE concat(strftime({utc}, '%Y-%m-%dT%H:%M:%S'), {_millis(cut)}, 'Z') END"


def time_parts(text: str) -> str:
    """A time cut into a struct: minute, second, fraction, zone; all '' if it is none."""
    return f"regexp_extract({text}, '^{CLOCK}{ZULU}$', ['minute', 'second', 'fraction', 'zone'])"


def time_wrong(cut: str) -> str:
    """What is wrong with a time, as an SQL text or NULL; it has no zone but Z."""
    return f"CASE WHEN {cut}.minute = '' THEN 'it is no time like 13:00:00.000Z' {_fine(cut)} END"


def time(cut: str) -> str:
    """A time as Salesforce writes it."""
    return f"concat({cut}.minute, {_second(cut)}, '.', rpad(left({cut}.fraction, 3), 3, '0'), 'Z')"


def _fine(cut: str) -> str:
    """Branches of a CASE: what a clock may show."""
    return (
        f"WHEN {cut}.second = '' AND {cut}.fraction != '' THEN 'it has a fraction but no seconds' "
        f"WHEN strlen(rtrim({cut}.fraction, '0')) > 3 THEN 'it is finer than milliseconds, Salesforce would cut it'"
    )


def _second(cut: str) -> str:
    return f"CASE WHEN {cut}.second = '' THEN ':00' ELSE {cut}.second END"


def _millis(cut: str) -> str:
    return f"CASE WHEN {cut}.fraction = '' THEN '' ELSE '.' || rpad(left({cut}.fraction, 3), 3, '0') END"


def _local(cut: str) -> str:
    return f"TRY_CAST(concat({cut}.day, ' ', {cut}.minute, {_second(cut)}) AS TIMESTAMP)"


def _utc(cut: str, zone: str) -> tuple[str, str]:
    """The moment in UTC by the offset that held a day before, and by the one that holds a day later."""
    name, local = tables.literal(zone), _local(cut)
    near = [f"timezone('UTC', {local} {sign} INTERVAL 1 DAY)" for sign in "-+"]
    early, late = (f"({local} - (timezone({name}, {each}) - timezone('UTC', {each})))" for each in near)
    return early, late


def _is(utc: str, cut: str, zone: str) -> str:
    """Whether clocks in the zone showed the local time at that moment."""
    return f"timezone({tables.literal(zone)}, timezone('UTC', {utc})) = {_local(cut)}"


def _naive_wrong(cut: str, zone: str | None) -> str:
    if zone is None:
        return "'it has no time zone; name one in the plan'"
    early, late = _utc(cut, zone)
    never = f"clocks in {zone} never showed it, they were put forward"
    twice = f"clocks in {zone} showed it twice, they were put back"
    return (
        f"CASE WHEN NOT ({_is(early, cut, zone)}) AND NOT ({_is(late, cut, zone)}) THEN {tables.literal(never)} "
        f"WHEN {early} != {late} AND {_is(early, cut, zone)} AND {_is(late, cut, zone)} THEN {tables.literal(twice)} END"
    )
