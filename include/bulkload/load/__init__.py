"""Rows → jobs of Bulk API 2.0 → one fate per row."""
