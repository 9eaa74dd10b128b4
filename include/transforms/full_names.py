"""An example: one full name → first and last name, rows without one dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include import transforms

if TYPE_CHECKING:
    import pandas as pd


@transforms.transform
def split_full_name(frame: pd.DataFrame) -> pd.DataFrame:
    """Cut `fullName` at its last blank into `firstName` and `lastName`."""
    named = frame[frame["fullName"].str.strip() != ""].dropna(subset=["fullName"])
    parts = named["fullName"].str.strip().str.rpartition(" ")
    return named.assign(firstName=parts[0].str.strip(), lastName=parts[2])
