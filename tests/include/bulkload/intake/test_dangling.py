"""Links by key → how many name a key that no row has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import tables
from include.bulkload.intake import dangling, plan

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = "row_id BIGINT, key VARCHAR, to0 VARCHAR, as0 VARCHAR, reason VARCHAR, merged_into BIGINT, filtered BOOLEAN"
ACCOUNT: dict[str, Any] = {"sobject": "Account", "operation": "upsert", "external_id": "K__c", "fields": {"K__c": "id"}}


def found(folder: Path, parents: str, children: str, **link: Any) -> list[dangling.Dangling]:
    """Count what dangles of contacts that name accounts; both are rows of COLUMNS, as SQL."""
    said = {"object": "Account", "from": "account", **link}
    contact = {"sobject": "Contact", "operation": "insert", "fields": {"LastName": "name"}, "parents": {"AccountId": said}}
    checked = plan.plan_from({"name": "x", "source": {"uri": "file:///x"}, "objects": {"Contact": contact, "Account": ACCOUNT}})
    files = {"Account": folder / "parents.parquet", "Contact": folder / "children.parquet"}
    with tables.connect(tables.Limits(folder)) as con:
        for name, rows in (("Account", parents), ("Contact", children)):
            con.execute(f"CREATE OR REPLACE TABLE given ({COLUMNS})")
            con.execute(f"INSERT INTO given VALUES {rows}")
            tables.write_parquet(con, "FROM given", files[name])
        return dangling.of(con, checked, "Contact", files)


PARENTS = "(1, 'a', NULL, NULL, NULL, NULL, false), (2, 'b', NULL, NULL, 'bad value', NULL, false), (3, NULL, NULL, NULL, 'x', NULL, false)"
CHILDREN = (
    "(1, NULL, 'a', 'A', NULL, NULL, false), (2, NULL, 'b', 'B', NULL, NULL, false), (3, NULL, NULL, NULL, NULL, NULL, false), "
    "(5, NULL, 'd', 'D', NULL, NULL, false), (4, NULL, 'z', 'Z', NULL, NULL, false), (6, NULL, 'z', 'z', NULL, NULL, false), "
    "(7, NULL, 'y', 'Y', 'bad value', NULL, false), (8, NULL, 'y', 'Y', NULL, NULL, true)"
)


def test_keys_that_no_row_has_are_counted(tmp_path: Path) -> None:
    """With the first as it was written; blank ones don't dangle, a rejected parent's doesn't, nor what isn't sent anyhow."""
    assert [dangling.Dangling("AccountId", "Account", 3, "Z")] == found(tmp_path, PARENTS, CHILDREN)


def test_what_is_looked_for_in_the_org_does_not_dangle(tmp_path: Path) -> None:
    """The org is asked when its turn comes."""
    assert [] == found(tmp_path, PARENTS, CHILDREN, missing="look_in_org")


def test_sound_links_are_not_told(tmp_path: Path) -> None:
    """No news is good news."""
    assert [] == found(tmp_path, PARENTS, "(1, NULL, 'a', 'A', NULL, NULL, false)")
