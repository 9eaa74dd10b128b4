"""docs/plan.md says what the model says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from include.bulkload.intake import mapping, plan

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

PAGE = Path(__file__).parents[2] / "docs" / "plan.md"
MODELS = {
    "Plan": plan.Plan,
    "Org": plan.OrgKind,
    "AssetSchedule": plan.AssetSchedule,
    "Source": mapping.Source,
    "Csv": mapping.Csv,
    "Object": mapping.ObjectPlan,
    "Value": mapping.Value,
    "Link": mapping.Link,
    "Transform": mapping.Transform,
}


def row(name: str, field: FieldInfo) -> str:
    """Write the table row of one key."""
    default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
    default = "see Csv" if name == "csv" else default
    return f"| `{field.alias or name}` | {default} | {field.description} |"


@pytest.mark.parametrize("title", MODELS)
def test_each_table_equals_its_model(title: str) -> None:
    """Key, default and meaning come from the model, none is missing, none is left over."""
    section = PAGE.read_text("utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert [row(name, field) for name, field in MODELS[title].model_fields.items()] == rows
