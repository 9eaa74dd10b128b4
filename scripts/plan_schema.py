"""The plan's model → docs/plan.schema.json, which editors check plan files with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from include.bulkload.intake import plan

FILE = Path(__file__).resolve().parents[1] / "docs" / "plan.schema.json"


def text() -> str:
    """Write the JSON schema of a plan."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **plan.Plan.model_json_schema(by_alias=True)}
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Write the file."""
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
