"""What this run has done, as facts that are only ever added, and what follows from them."""
