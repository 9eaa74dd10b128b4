"""Settings, schema and a database file → one org, with everything that routes need."""

from __future__ import annotations

import datetime
import secrets
from concurrent import futures
from typing import TYPE_CHECKING, Any

from include.local_org import certificates, faults, ids, jobs, schema, store

if TYPE_CHECKING:
    from pathlib import Path

    from include.local_org import settings

USERNAME = "loader@local.org"


class Org:
    """One org. Its secrets are made anew at each start and are good for nothing but this process."""

    def __init__(
        self, data: Path, given: settings.Settings, *, private: Path, control: bool = False, schema_folder: Path | None = None
    ) -> None:
        self.settings = given
        self.control = control
        self.objects = schema.load(schema_folder)
        self.store = store.Store(data, self.objects)
        self.faults = faults.Faults(given.http_faults, given.seed)
        self.org_id = ids.full("00D000000000001")
        self.user_id = ids.full("005000000000001")
        self.password = secrets.token_urlsafe(12)
        self.security_token = secrets.token_hex(12)
        self.client_id = "3MVG9" + secrets.token_urlsafe(24)
        self.client_secret = secrets.token_hex(24)
        self.jwt_key_file = private / "jwt.pem"
        self.jwt_key = certificates.new_key(self.jwt_key_file)
        self.reader = futures.ThreadPoolExecutor(4, "reader")
        self.calls: dict[str, int] = {}
        self.tokens: dict[str, int] = {}
        self.jobs = jobs.Jobs(self)
        self._own_rows()

    def _own_rows(self) -> None:
        """The org's own Organization and User rows."""
        with self.store.writing() as con:
            con.execute(
                'INSERT OR REPLACE INTO "Organization" ("Id", "Name", "IsSandbox", "OrganizationType", "InstanceName", "IsDeleted") VALUES (?, ?, ?, ?, ?, 0)',
                [self.org_id, "Local Org", int(self.settings.sandbox), "Developer Edition", "LOCAL"],
            )
            con.execute(
                'INSERT OR REPLACE INTO "User" ("Id", "Username", "Username~", "Name", "IsActive", "IsDeleted") VALUES (?, ?, ?, ?, 1, 0)',
                [self.user_id, USERNAME, USERNAME, "Loader"],
            )

    def now(self) -> str:
        """The time as Salesforce writes it: milliseconds, offset without colon."""
        return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def new_token(self) -> str:
        """Hand out a session: the org's id, `!`, and what nobody guesses."""
        token = f"{self.org_id[:15]}!{secrets.token_urlsafe(40)}"
        self.tokens[token] = 0
        return token

    def takes(self, token: str) -> bool:
        """Whether a token is good; each call counts where the settings limit them."""
        if token not in self.tokens:
            return False
        self.tokens[token] += 1
        return not self.settings.token_calls or self.tokens[token] <= self.settings.token_calls

    def change(self, document: dict[str, Any]) -> None:
        """Take over settings at run time. Raises ValueError for one that isn't known."""
        self.settings = self.settings.changed(document)
        if "http_faults" in document:
            self.faults.replace(self.settings.http_faults, self.settings.seed)
