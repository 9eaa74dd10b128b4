"""What the table engine costs, in figures: `make bench`. Not a test; nothing here passes or fails."""
