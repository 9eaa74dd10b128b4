"""`python -m include.bulkload` → the command line."""

from __future__ import annotations

import sys

from include.cli import commands

sys.exit(commands.main(sys.argv[1:]))
