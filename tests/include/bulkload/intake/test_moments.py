"""Dates, datetimes and times → the same moment in Salesforce's text, or a reason; compared with Python's own calendar and zones."""

from __future__ import annotations

import datetime
import re
import zoneinfo

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.include.bulkload.intake import given

DATE = given.field("D__c", "date")
DATETIME = given.field("D__c", "datetime")
TIME = given.field("D__c", "time")
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "America/St_Johns", "UTC")
# What tables of time zones agree on; further back and further on they don't.
day = datetime.datetime.fromisoformat
NAIVE = st.datetimes(day("1972-01-01"), day("2025-12-31"))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))
AWARE = st.datetimes(day("1700-01-02"), day("4000-12-30"), timezones=OFFSETS)
# Each example is a whole list.
FEW = 20


def around_changes(zone: str) -> st.SearchStrategy[datetime.datetime]:
    """Local times close to the hours in which clocks are changed, half of them."""
    days = st.datetimes(day("1990-01-01"), day("2025-12-31"), timezones=st.just(zoneinfo.ZoneInfo(zone)))
    changed = days.map(lambda moment: last_change(moment, zone))
    near = st.builds(lambda moment, minutes: moment + datetime.timedelta(minutes=minutes), changed, st.integers(-180, 180))
    return near | NAIVE


def last_change(moment: datetime.datetime, zone: str) -> datetime.datetime:
    """The local time before the year's first change of the offset, to the day; the moment itself if there is none."""
    first = moment.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    for place in range(366):
        one, other = first + datetime.timedelta(days=place), first + datetime.timedelta(days=place + 1)
        if one.utcoffset() != other.utcoffset():
            return one.replace(tzinfo=None) + datetime.timedelta(hours=2)
    return moment.replace(tzinfo=None)


def in_utc(local: datetime.datetime, zone: str) -> datetime.datetime | None:
    """The one moment at which clocks showed it, without a zone; None if there are two or none."""
    both = [local.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold).astimezone(datetime.UTC).replace(tzinfo=None) for fold in (0, 1)]
    back = [each.replace(tzinfo=datetime.UTC).astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None) for each in both]
    return both[0] if both[0] == both[1] and back[0] == local else None


def told(cell: str | None, reason: str | None) -> datetime.datetime | None:
    """The moment that is sent, in UTC."""
    if reason is not None or cell is None:
        return None
    return datetime.datetime.fromisoformat(cell).astimezone(datetime.UTC).replace(tzinfo=None)


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=FEW // 2)
@drawn(st.data())
def test_a_local_time_is_the_moment_at_which_clocks_showed_it(zone: str, data: st.DataObject) -> None:
    """Rejected if they never did or did so twice."""
    locals_ = [each.replace(microsecond=0) for each in data.draw(st.lists(around_changes(zone), min_size=1, max_size=30))]
    found = given.one(DATETIME, [each.isoformat(" ") for each in locals_], time_zone=zone)
    assert [in_utc(each, zone) for each in locals_] == [told(*each) for each in found]


@settings(max_examples=FEW)
@drawn(st.lists(AWARE, min_size=1, max_size=30))
def test_a_moment_is_sent_as_it_was_or_rejected(moments: list[datetime.datetime]) -> None:
    """No offset moves it; what is finer than a millisecond is rejected."""
    expected = [None if each.microsecond % 1000 else each.astimezone(datetime.UTC).replace(tzinfo=None) for each in moments]
    assert expected == [told(*each) for each in given.one(DATETIME, [each.isoformat() for each in moments])]


@settings(max_examples=FEW)
@drawn(st.lists(st.dates(), min_size=1, max_size=30))
def test_a_date_is_sent_as_it_was_or_rejected(days: list[datetime.date]) -> None:
    """Salesforce keeps the years 1700 to 4000; midnight behind a date is none of its time."""
    texts = [each.isoformat() + ("", " 00:00:00", "T00:00:00.000")[place % 3] for place, each in enumerate(days)]
    expected = [each.isoformat() if 1700 <= each.year <= 4000 else None for each in days]
    assert expected == [cell if reason is None else None for cell, reason in given.one(DATE, texts)]


@settings(max_examples=FEW)
@drawn(st.lists(st.times(), min_size=1, max_size=30))
def test_a_time_is_sent_as_it_was_or_rejected(times: list[datetime.time]) -> None:
    """To the millisecond, with a Z behind it."""
    expected = [None if each.microsecond % 1000 else each.isoformat("milliseconds") + "Z" for each in times]
    assert expected == [cell if reason is None else None for cell, reason in given.one(TIME, [each.isoformat() for each in times])]


@settings(max_examples=FEW)
@drawn(st.lists(st.text("0123456789-:TZ+. ", max_size=25), min_size=1, max_size=30))
def test_anything_else_is_rejected(texts: list[str]) -> None:
    """What gets through has the one form that Salesforce reads."""
    forms = {
        "date": r"\d{4}-\d\d-\d\d",
        "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)",
        "time": r"\d\d:\d\d:\d\d\.\d{3}Z",
    }
    for kind, form in forms.items():
        sent = [cell for cell, reason in given.one(given.field("D__c", kind), texts) if reason is None and cell is not None]
        assert [True] * len(sent) == [re.fullmatch(form, cell) is not None for cell in sent]


@pytest.mark.parametrize(
    ("field", "text", "wrong"),
    [
        (DATE, "2023-02-29", "there is no such day"),
        (DATE, "1699-12-31", "Salesforce keeps the years 1700 to 4000"),
        (DATE, "2024-01-01T00:00:01", "it has a time of day or a zone, which a date would lose"),
        (DATE, "2024-01-01T00:00:00Z", "it has a time of day or a zone, which a date would lose"),
        (DATE, "31.12.2024", "it is no date like 2024-12-31"),
        (DATETIME, "2024-12-31", "it is no datetime like 2024-12-31T13:00:00Z"),
        (DATETIME, "2024-12-31T24:00:00Z", "it is no datetime like 2024-12-31T13:00:00Z"),
        (DATETIME, "2024-12-31T13:00:00", "it has no time zone; name one in the plan"),
        (DATETIME, "2024-12-31T13:00:00.1234Z", "it is finer than milliseconds, Salesforce would cut it"),
        (TIME, "13:00:00+01:00", "it is no time like 13:00:00.000Z"),
    ],
)
def test_it_says_what_is_wrong(field: dict[str, object], text: str, wrong: str) -> None:
    """A reason that one can act on."""
    assert wrong == given.reason(field, text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("2024-03-31T02:30:00", "clocks in Europe/Berlin never showed it, they were put forward"),
        ("2024-10-27T02:30:00", "clocks in Europe/Berlin showed it twice, they were put back"),
    ],
)
def test_the_hours_in_which_clocks_change_are_nobodys(text: str, wrong: str) -> None:
    """Nobody can say which moment is meant."""
    assert wrong == given.reason(DATETIME, text, time_zone="Europe/Berlin")


def test_a_value_may_have_a_zone_of_its_own() -> None:
    """It goes before the plan's; a zone in the text goes before both."""
    texts = ["2024-07-01 12:00", "2024-07-01 12:00+01"]
    found = given.one(DATETIME, texts, {"time_zone": "America/New_York"}, time_zone="Europe/Berlin")
    assert [("2024-07-01T16:00:00Z", None), ("2024-07-01T12:00:00+01:00", None)] == found
