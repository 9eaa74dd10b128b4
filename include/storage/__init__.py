"""Object storage, the only place that knows it: one run's folder, and payloads under allowed roots."""

from __future__ import annotations

from include.storage.folders import run_folder
from include.storage.sources import fetch

__all__ = ["fetch", "run_folder"]
