"""The ground all rooms stand on: what things are, what may go wrong, how tables are handled."""
