"""Date literals of queries → the stretch of time that they mean (TODAY, LAST_N_DAYS:3), and parts of dates, in UTC."""

from __future__ import annotations

import datetime
import re

DAY = datetime.timedelta(days=1)
YEAR, QUARTER = 12, 3
COUNTED = re.compile(r"(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S|N_(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO")
NAMED = re.compile(r"(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)")
NINETY = {"LAST_90_DAYS": ("LAST", 90), "NEXT_90_DAYS": ("NEXT", 90)}
DAYS = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
MONTHS = {"MONTH": 1, "QUARTER": QUARTER, "YEAR": YEAR}
Stretch = tuple[datetime.date, datetime.date]
PARTS = {
    "YEAR": "CAST(substr({0}, 1, 4) AS INTEGER)",
    "QUARTER": "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3",
    "MONTH": "CAST(substr({0}, 6, 2) AS INTEGER)",
    "WEEK_IN_YEAR": "(CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER) + 6) / 7",
    "WEEK_IN_MONTH": "(CAST(substr({0}, 9, 2) AS INTEGER) + 6) / 7",
    "DAY_IN_YEAR": "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)",
    "DAY_IN_MONTH": "CAST(substr({0}, 9, 2) AS INTEGER)",
    "DAY_IN_WEEK": "CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1",
    "DAY_ONLY": "substr({0}, 1, 10)",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
}


def part(function: str, moment: str) -> str:
    """The SQL of a part of a moment; fiscal years are those of the calendar."""
    return "(" + PARTS[function.removeprefix("CALENDAR_").removeprefix("FISCAL_")].format(moment) + ")"


def stretch(literal: str, today: datetime.date) -> Stretch | None:
    """The first day of a literal's time and the first day after it; None for what is no such literal."""
    name, _, number = literal.upper().replace("FISCAL_", "").partition(":")
    counted = COUNTED.fullmatch(name)
    if number:
        return _counted(counted[1] or "AGO", counted[2] or counted[3], int(number), today) if counted else None
    if name in NINETY:
        return _counted(NINETY[name][0], "DAY", NINETY[name][1], today)
    if name in DAYS:
        first = today + DAYS[name] * DAY
        return first, first + DAY
    named = NAMED.fullmatch(name)
    return _units(named[2], {"LAST": -1, "THIS": 0, "NEXT": 1}[named[1]], 1, today) if named else None


def _counted(way: str, unit: str, number: int, today: datetime.date) -> Stretch:
    """So many units back or ahead; days back go on until today."""
    if way == "AGO":
        return _units(unit, -number, 1, today)
    if way == "NEXT":
        return _units(unit, 1, number, today)
    return (today - number * DAY, today + DAY) if unit == "DAY" else _units(unit, -number, number, today)


def _units(unit: str, start: int, count: int, today: datetime.date) -> Stretch:
    """`count` units, the first of them `start` units from the present one."""
    if unit == "DAY":
        return today + start * DAY, today + (start + count) * DAY
    if unit == "WEEK":
        sunday = today - DAY * ((today.weekday() + 1) % 7)
        return sunday + 7 * start * DAY, sunday + 7 * (start + count) * DAY
    months = MONTHS[unit]
    here = (today.year * YEAR + today.month - 1) // months
    return _month((here + start) * months), _month((here + start + count) * months)


def _month(number: int) -> datetime.date:
    year, month = divmod(number, YEAR)
    return datetime.date(year, month + 1, 1)
