"""Other people's clients, unmodified, against a local org."""
