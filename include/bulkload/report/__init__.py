"""Fates → the account of all rows, and the summary that people and programs read."""
