"""Cells of any kind → values, or an error of the row's own; never one of the org's."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from include.local_org import rules, schema, store

if TYPE_CHECKING:
    from include.local_org.schema import Field

FIELDS = [field for sobject in schema.load().values() for field in sobject.fields.values()]
CELLS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"[+-]?[0-9.eE_,]{1,20}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:?[0-9]{2}))?", fullmatch=True),
)


@given(field=st.sampled_from(FIELDS), cell=CELLS, echo=st.sampled_from(["sent", "stored"]))
@example(field=next(each for each in FIELDS if each.type == "datetime"), cell="0001-01-01T00:00:00+14:00", echo="sent")
@example(field=next(each for each in FIELDS if each.type == "datetime"), cell="9999-12-31T23:59:59-12:00", echo="sent")
@example(field=next(each for each in FIELDS if each.type == "currency"), cell="1e999", echo="sent")
def test_every_cell_is_read_or_refused(field: Field, cell: str, echo: str) -> None:
    """What is read can be compared as a key, and told."""
    with contextlib.suppress(rules.Wrong):
        value = rules.stored(field, cell, 0)
        assert isinstance(rules.echoed(field, cell, value, echo), str)
        assert value is rules.NOTHING or isinstance(store.folded(field, value), str | None)


@given(st.floats(allow_nan=False))
def test_a_double_is_told_so_that_it_can_be_read_again(value: float) -> None:
    """Nothing of it is lost."""
    assert value == float(rules.java_double(value))
