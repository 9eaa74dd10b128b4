"""Settings, schema and a database file → what jobs and results stand on: objects, store, faults, clock."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from include.local_org import faults, ids, quotas, retention, schema, store, visible

if TYPE_CHECKING:
    from pathlib import Path

    from include.local_org import settings

USERNAME, LIMITED_USERNAME = "loader@local.org", "limited@local.org"


class Site:
    """The org without its doors: no log-ins, no HTTP."""

    def __init__(self, data: Path, given: settings.Settings, schema_folder: Path | None = None) -> None:
        self.settings = given
        self._all_objects = schema.load(schema_folder)
        self.objects = visible.to_user(self._all_objects, given)
        self.quotas = quotas.Quotas()
        self.store = store.Store(data, self._all_objects)
        self.faults = faults.Faults(given.http_faults, given.seed)
        self.org_id = ids.full("00D000000000001")
        self.user_id, self.limited_user_id = ids.full("005000000000001"), ids.full("005000000000002")
        self._own_rows()

    def _own_rows(self) -> None:
        """The org's own Organization and User rows."""
        organization = ("Id", "Name", "IsSandbox", "OrganizationType", "InstanceName", "IsDeleted")
        user = ("Id", "Username", "Username~", "Name", "IsActive", "IsDeleted")
        self._own_row("Organization", organization, [self.org_id, "Local Org", int(self.settings.sandbox), "Developer Edition", "LOCAL", 0])
        self._own_row("User", user, [self.user_id, USERNAME, USERNAME, "Loader", 1, 0])
        self._own_row("User", user, [self.limited_user_id, LIMITED_USERNAME, LIMITED_USERNAME, "Limited", 1, 0])

    def _own_row(self, sobject: str, columns: tuple[str, ...], values: list[Any]) -> None:
        names = ", ".join(f'"{column}"' for column in columns)
        with self.store.writing() as con:
            con.execute(f'INSERT OR REPLACE INTO "{sobject}" ({names}) VALUES ({", ".join("?" * len(columns))})', values)

    def clock(self) -> datetime.datetime:
        """The time by the org's clock, which may be set wrong."""
        return datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.settings.clock_skew_seconds)

    def now(self) -> str:
        """The time as Salesforce writes it."""
        return retention.written(self.clock())

    def change(self, document: dict[str, Any]) -> None:
        """Take over settings at run time. Raises Unfit, and changes nothing, for one that can't be."""
        changed = self.settings.changed(document)
        self.objects = visible.to_user(self._all_objects, changed)
        self.settings = changed
        if "http_faults" in document:
            self.faults.replace(self.settings.http_faults, self.settings.seed)
