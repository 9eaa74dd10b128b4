"""A query's values → what records are compared with, by the type of the field (contract 7.5)."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from include.local_org import answers, ids, soql_words, store

if TYPE_CHECKING:
    from include.local_org import schema

CASELESS = {"string", "email", "picklist", "multipicklist", "textarea", "phone", "url", "combobox"}
NUMBERS = {"int", "double", "currency", "percent"}


def is_null(value: soql_words.Word) -> bool:
    """Whether a value is null."""
    return value.kind == "name" and value.text.lower() == "null"


def folds(field: schema.Field) -> bool:
    """Whether a field is compared without case."""
    return field.type in CASELESS and not field.case_sensitive


def pattern(value: soql_words.Word) -> str:
    """A LIKE pattern: its own escapes stay."""
    if value.kind != "text":
        raise soql_words.malformed(f"unexpected token: '{value.text}'")
    return value.text[1:-1].replace("\\'", "'").replace('\\"', '"')


def value(each: schema.Field, word: soql_words.Word) -> Any:
    """Read a value as the field's; a value of another kind is refused."""
    text = soql_words.unescaped(word.text) if word.kind == "text" else word.text
    if each.type == "boolean" and word.kind == "name" and text.lower() in {"true", "false"}:
        return int(text.lower() == "true")
    if each.type in NUMBERS and word.kind == "number":
        return float(text)
    if each.type in {"date", "datetime"} and word.kind == "moment":
        return _moment(each, text)
    if word.kind != "text" or each.type in {"boolean", "date", "datetime", *NUMBERS}:
        quotes = "not " if word.kind == "text" else ""
        message = f"value of filter criterion for field '{each.name}' must be of type {each.type} and should {quotes}be enclosed in quotes"
        raise answers.Refused(400, "INVALID_FIELD", message)
    if each.type in {"id", "reference"}:
        found = ids.read(text) or ("" if not text else None)
        if found is None:
            raise answers.Refused(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
        return found
    if each.folds and (each.unique or each.external_id or each.id_lookup):
        return store.folded(each, text)
    return text.lower() if folds(each) else text


def _moment(each: schema.Field, text: str) -> str:
    try:
        found = datetime.datetime.fromisoformat(text.upper() if "T" in text.upper() else f"{text}T00:00:00+00:00")
        found = found.astimezone(datetime.UTC)
    except (ValueError, OverflowError) as wrong:
        raise soql_words.malformed(f"invalid date: {text}") from wrong
    return text[:10] if each.type == "date" else found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1000:03d}"
