"""Numbers → the same numbers, or a reason; compared with Python's own."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from tests.include.bulkload.intake import given

INT = given.field("N__c", "int", digits=8)
LONG = given.field("N__c", "long")
MONEY = given.field("N__c", "currency", precision=18, scale=2)
FREE = given.field("N__c", "double")
DIGITS = st.text("0123456789", min_size=1, max_size=20)
NUMBERS = st.builds(
    lambda sign, whole, behind, exponent: f"{sign}{whole}{behind}{exponent}",
    st.sampled_from(["", "-", "+"]),
    DIGITS,
    st.just("") | DIGITS.map(lambda digits: f".{digits}"),
    st.just("") | st.integers(-30, 30).map(lambda exponent: f"e{exponent}"),
)
FLOATS = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False).map(repr)
TEXTS = st.lists(NUMBERS | FLOATS | st.text("0123456789.,eE+-_x ", max_size=12), min_size=1, max_size=40)
# Each example is a whole list.
FEW = 20


def kept(text: str) -> bool:
    """Whether a double's shortest text is the number that was written."""
    return Decimal(text).is_finite() and Decimal(repr(float(text))) == Decimal(text)


def reads(text: str) -> bool:
    """Whether it is a number by the rules of XML Schema, which Salesforce reads by."""
    bare = text.strip()
    try:
        Decimal(bare)
    except ArithmeticError:
        return False
    return "_" not in bare and not bare.lower().lstrip("+-").startswith(("n", "i", "s"))


@settings(max_examples=FEW)
@drawn(TEXTS)
def test_a_number_is_exact_or_rejected(texts: list[str]) -> None:
    """What is sent is what the source wrote, and a double keeps it; all that a double keeps is sent."""
    expected = [not text.strip() or (reads(text) and kept(text)) for text in texts]
    found = given.one(FREE, texts)
    assert expected == [reason is None for _, reason in found]
    assert [text.strip() or None for text, fine in zip(texts, expected, strict=True) if fine] == [
        cell for cell, why in found if why is None
    ]


@settings(max_examples=FEW)
@drawn(TEXTS)
def test_precision_and_scale_hold(texts: list[str]) -> None:
    """16 digits before the point, 2 after it: no more is sent, and no less."""
    fine = [text for text in texts if text.strip() and reads(text) and kept(text)]
    expected = [abs(Decimal(text)) < 10**16 and round(Decimal(text), 2) == Decimal(text) for text in fine]
    assert expected == [reason is None for _, reason in given.one(MONEY, fine)]


@settings(max_examples=FEW)
@drawn(st.lists(st.integers(-(10**9), 10**9) | st.integers(-(2**65), 2**65), min_size=1, max_size=40))
def test_whole_numbers_have_their_range(numbers: list[int]) -> None:
    """Eight digits in this field, 64 bits in a long; `1.0` is a whole number."""
    texts = [f"{number}{'.0' * (place % 2)}" for place, number in enumerate(numbers)]
    assert [str(number) if abs(number) < 10**8 else None for number in numbers] == [
        cell if reason is None else None for cell, reason in given.one(INT, texts)
    ]
    assert [abs(number) < 2**63 for number in numbers] == [reason is None for _, reason in given.one(LONG, texts)]


@pytest.mark.parametrize(
    ("field", "text", "wrong"),
    [
        (INT, "1.5", "it is no whole number"),
        (INT, "1e3", "it is no whole number"),
        (INT, "1,000", "it is no whole number"),
        (INT, "100000000", "it is larger than 99999999"),
        (MONEY, "1,000.5", "it is no number as Salesforce reads them, like -1234.5 or 1.5e3"),
        (MONEY, "NaN", "it is no number as Salesforce reads them, like -1234.5 or 1.5e3"),
        (MONEY, "-inf", "it is no number as Salesforce reads them, like -1234.5 or 1.5e3"),
        (MONEY, "1.005", "it has more than 2 decimals, Salesforce would round it"),
        (MONEY, "1e16", "it has more than 16 digits before its point"),
        (MONEY, "9007199254740993", "it has digits that a double, which Salesforce keeps, would lose"),
    ],
)
def test_it_says_what_is_wrong(field: dict[str, object], text: str, wrong: str) -> None:
    """A reason that one can act on."""
    assert wrong == given.reason(field, text)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("123456789012345", None),
        ("1234567890123456", "a key of more than 15 digits can't be told from others"),
        ("12345678901234.50", None),
        ("1.555", "it has more than 2 decimals, Salesforce would round it"),
    ],
)
def test_a_number_that_is_a_key_has_15_digits(text: str, wrong: str | None) -> None:
    """Results show doubles: longer ones can't be told apart (contract 8.11)."""
    each = {"sobject": "Any__c", "operation": "upsert", "external_id": "N__c", "fields": {"N__c": "source"}}
    key = given.key("N__c", "double", precision=18, scale=2)
    (row,) = given.staged(given.checked({"Any__c": each}), {"Any__c": [key]}, {"Any__c": [{"source": text}]})["Any__c"]
    assert (f"bad value: N__c: {wrong}" if wrong else None) == row["reason"]
