"""Object storage, the only place that knows it: one run's folder, all of them, what runs remember, and payloads under allowed roots."""

from __future__ import annotations

from include.storage.archive import archive
from include.storage.folders import run_folder
from include.storage.memory import memory
from include.storage.queries import rows
from include.storage.sources import files

__all__ = ["archive", "files", "memory", "rows", "run_folder"]
