"""Date literals of queries → the stretch of time that they mean (TODAY, LAST_N_DAYS:3), in UTC."""

from __future__ import annotations

import datetime

DAY = datetime.timedelta(days=1)


def stretch(literal: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    """The first day of a literal's time and the first day after it; None for what is no such literal."""
    name, _, number = literal.upper().partition(":")
    if number:
        return _of_days(name, int(number), today)
    month = today.replace(day=1)
    week = today - DAY * ((today.weekday() + 1) % 7)
    found = {
        "TODAY": (today, today + DAY),
        "YESTERDAY": (today - DAY, today),
        "TOMORROW": (today + DAY, today + 2 * DAY),
        "THIS_WEEK": (week, week + 7 * DAY),
        "LAST_WEEK": (week - 7 * DAY, week),
        "THIS_MONTH": (month, _month_after(month)),
        "LAST_MONTH": ((month - DAY).replace(day=1), month),
        "THIS_YEAR": (today.replace(month=1, day=1), today.replace(year=today.year + 1, month=1, day=1)),
        "LAST_YEAR": (today.replace(year=today.year - 1, month=1, day=1), today.replace(month=1, day=1)),
    }
    return found.get(name)


def _of_days(name: str, number: int, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    if name == "LAST_N_DAYS":
        return today - number * DAY, today + DAY
    if name == "NEXT_N_DAYS":
        return today + DAY, today + (number + 1) * DAY
    return None


def _month_after(first: datetime.date) -> datetime.date:
    return (first + 31 * DAY).replace(day=1)
