"""`python -m tests.bench.measured MODULE FUNCTION[,FUNCTION] PAYLOAD FOLDER` → runs one part alone; CPU seconds and peak memory as JSON."""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path


def main(module: str, functions: str, payload: str, folder: str) -> None:
    """Run the part and print what this process used, its imports included."""
    side = importlib.import_module(f"tests.bench.{module}")
    for function in functions.split(","):
        getattr(side, function)(Path(payload), Path(folder))
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"cpu": used.ru_utime + used.ru_stime, "megabytes": used.ru_maxrss / 1024}))


if __name__ == "__main__":
    main(*sys.argv[1:])
