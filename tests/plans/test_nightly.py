"""include/plans/nightly.yaml, run on three nights against a real PostgreSQL: only what changed is sent, and the org equals the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest

from include.bulkload.intake import plan, templates
from scripts.stack import postgres
from tests.plans import conftest, test_dry_runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plans.conftest import Shipped
    from tests.running import loads

DAY = 86_400
FIELDS = {
    "Account": ("Name", "BillingCity", "AnnualRevenue"),
    "Contact": ("FirstName", "LastName", "Email", "Account.External_Id__c"),
}
TABLES = {
    "Account": "SELECT number, name, city, revenue::float8 FROM customers WHERE since <= %s",
    "Contact": "SELECT id, first_name, last_name, email, customer FROM people WHERE since <= %s",
}


@dataclass
class Nights:
    """The plan, its database, the org, and which night it is."""

    shipped: Shipped
    database: postgres.Database
    night: int = 0

    def connected(self) -> Any:
        """Connect to the plan's database."""
        place = str(self.database.socket_folder)
        return psycopg2.connect(dbname=postgres.DATABASE, user=postgres.USER, password=self.database.password, host=place)

    def write(self, *statements: str) -> None:
        """Change what the database holds."""
        with self.connected() as con, con.cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    @property
    def date(self) -> datetime:
        """The night's date: the first is the first of March."""
        return datetime(2026, 3, self.night, 2, tzinfo=UTC)

    def load(self, **more: Any) -> loads.Load:
        """Make ready the plan's run of this night."""
        load = self.shipped.load("nightly", **more)
        load.run_name, load.connections = f"scheduled__{self.date:%Y-%m-%d}", {"crm": self.connected}
        load.plan = templates.filled(load.plan, templates.known(load.run_name, self.date, self.date, self.date, {}))
        return load

    def run(self) -> dict[str, Any]:
        """Run the plan on the next night; what its summary tells."""
        self.night += 1
        self.shipped.org.behave(clock_skew_seconds=self.night * DAY)
        return self.load().whole()

    def held(self) -> dict[str, dict[str, tuple[Any, ...]]]:
        """What the org holds, by object and key."""
        return {name: self.shipped.records(name, *fields) for name, fields in FIELDS.items()}

    def wanted(self) -> dict[str, dict[str, tuple[Any, ...]]]:
        """What the database holds on this night, by object and key."""
        found = {}
        with self.connected() as con, con.cursor() as cursor:
            for name, query in TABLES.items():
                cursor.execute(query, [self.date.date()])
                found[name] = {row[0]: row[1:] for row in cursor.fetchall()}
        return found


@pytest.fixture
def nights(shipped: Shipped) -> Iterator[Nights]:
    """A database with the sample's tables."""
    with postgres.running(shipped.folder / "postgres.log") as database:
        found = Nights(shipped, database)
        found.write((conftest.SAMPLES / "nightly" / "crm.sql").read_text("utf-8"))
        yield found


def told(found: dict[str, Any]) -> tuple[dict[str, int], ...]:
    """The fates of accounts and contacts, of a run that is green."""
    lost = [conftest.lost(found, name, fate) for name, each in found["summary"]["objects"].items() for fate in each["files"]]
    assert ("COMPLETED", True, []) == (found["summary"]["status"], found["clean"], lost)
    return conftest.tally(found, "Account"), conftest.tally(found, "Contact")


def jobs(found: dict[str, Any]) -> list[int]:
    """How many rows were sent for each object."""
    return [found["summary"]["objects"][name]["submitted"] for name in FIELDS]


def test_three_nights_end_with_the_org_like_the_database(nights: Nights) -> None:
    """All at first; then what changed, and what was deleted in the org with all that hung on it; then nothing."""
    assert ({"succeeded": 3}, {"succeeded": 5}) == told(nights.run())
    assert nights.wanted() == nights.held()

    nights.write(
        "UPDATE customers SET name = 'Nordwind AG', city = NULL WHERE number = 'C-100'",
        "UPDATE people SET customer = 'C-200' WHERE id = 'P-2'",
        "UPDATE people SET email = 'free@example.com' WHERE id = 'P-5'",
    )
    (gone,) = nights.shipped.org.query("SELECT Id FROM Account WHERE External_Id__c = 'C-300'")
    nights.shipped.org.remove("Account", gone["Id"])
    assert {"P-4"} == nights.wanted()["Contact"].keys() - nights.held()["Contact"].keys()
    second = nights.run()
    # Sent are C-100, which changed, C-300, which was deleted, C-400, which is new; so are P-2 and P-5, P-4, P-6.
    assert ({"succeeded": 3, "unchanged": 1}, {"succeeded": 4, "unchanged": 2}) == told(second)
    assert nights.wanted() == nights.held()
    (anew,) = nights.shipped.org.query("SELECT Id FROM Account WHERE External_Id__c = 'C-300'")
    assert anew["Id"] != gone["Id"]

    before = len(nights.shipped.org.jobs())
    third = nights.run()
    assert ({"unchanged": 4}, {"unchanged": 6}) == told(third)
    assert ([0, 0], before) == (jobs(third), len(nights.shipped.org.jobs()))
    assert nights.wanted() == nights.held()


def test_children_of_unchanged_parents_find_their_ids(nights: Nights) -> None:
    """A person who comes later hangs on an account that isn't sent again."""
    nights.run()
    nights.write("INSERT INTO people VALUES ('P-9', NULL, 'Late', NULL, 'C-100', '2026-03-01')")
    nights.write("UPDATE customers SET since = '2027-01-01' WHERE number = 'C-400'", "DELETE FROM people WHERE id = 'P-6'")
    assert ({"unchanged": 3}, {"succeeded": 1, "unchanged": 5}) == told(nights.run())
    assert nights.wanted() == nights.held()


def test_what_others_edited_stays_theirs_and_is_counted(nights: Nights) -> None:
    """A colleague corrects a contact in Salesforce; the database says otherwise, and neither wins silently."""
    nights.run()
    (found,) = nights.shipped.org.query("SELECT Id FROM Contact WHERE External_Id__c = 'P-3'")
    nights.shipped.org.change("Contact", found["Id"], LastName="Oersted")
    second = nights.run()
    assert {"succeeded": 1, "unchanged": 5} == told(second)[1]
    assert 1 == second["summary"]["objects"]["Contact"]["editedByOthers"]
    assert "Oersted" == nights.held()["Contact"]["P-3"][1]


def test_a_night_does_what_its_dry_run_said(nights: Nights) -> None:
    """Jobs, bytes, rows and fates; the dry run made no job, and later nights know nothing of it."""
    nights.night = 1
    test_dry_runs.compared(nights.load(dry_run=True), nights.load())


def test_it_may_be_scheduled(nights: Nights) -> None:
    """The line that is commented out makes it a nightly load, and nothing contradicts it."""
    text = (conftest.PLANS / "nightly.yaml").read_text("utf-8")
    assert '\n# schedule: "0 2 * * *" ' in text
    document = nights.shipped.load("nightly").plan | {"schedule": "0 2 * * *"}
    assert "0 2 * * *" == plan.plan_from(document).schedule
