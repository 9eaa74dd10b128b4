"""Fates of the parents → Ids for their children, and the children that have none."""
