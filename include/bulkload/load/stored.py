"""A cell, sent or shown → its text as the org stores it, so that both compare (contract 3.5, 8.11)."""

from __future__ import annotations

from include.bulkload.basics import tables

NUMBERS = {"int", "double", "currency", "percent", "long"}
CASELESS = {"email", "boolean"}


def folded(cell: str, kind: str, scale: int | None = None) -> str:
    """The SQL of a cell as a field of type `kind` stores it: trimmed, e-mail without case, numbers as numbers.

    `scale`: decimals that the org keeps of a number, half of the last one rounded up; None: compare all that was sent.
    """
    bare = tables.trimmed(cell)
    if kind in NUMBERS:
        number = f"TRY_CAST({bare} AS DOUBLE)"
        kept = number if scale is None else f"coalesce(round(TRY_CAST({bare} AS DECIMAL(38, 15)), {scale})::DOUBLE, {number})"
        return f"coalesce({kept}::VARCHAR, {bare})"
    if kind in CASELESS:
        return f"lower({bare})"
    if kind == "datetime":
        return f"coalesce(epoch_ms(TRY_CAST({bare} AS TIMESTAMPTZ))::VARCHAR, {bare})"
    if kind == "reference":
        # Ids of 15 and of 18 characters are the same record.
        return f"left({bare}, 15)"
    if kind == "multipicklist":
        # The org tells its values in an order of its own.
        return f"array_to_string(list_sort(string_split({bare}, ';')), ';')"
    return bare
