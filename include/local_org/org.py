"""A site → one org with its secrets, its sessions, its jobs and the thread that works on them."""

from __future__ import annotations

import hmac
import secrets
from concurrent import futures
from typing import TYPE_CHECKING

from include.local_org import certificates, cursors, jobs, journal, queries, site, work

if TYPE_CHECKING:
    from pathlib import Path

    from include.local_org import settings

USERNAME, LIMITED_USERNAME = site.USERNAME, site.LIMITED_USERNAME


class Org(site.Site):
    """One org. Its secrets are made anew at each start and are good for nothing but this process."""

    def __init__(
        self,
        data: Path,
        given: settings.Settings,
        *,
        private: Path,
        control: bool = False,
        schema_folder: Path | None = None,
        journal_file: Path | None = None,
    ) -> None:
        super().__init__(data, given, schema_folder)
        self.control = control
        self.journal = journal.Journal(journal_file)
        self.password, self.limited_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        self.security_token = secrets.token_hex(12)
        self.client_id = "3MVG9" + secrets.token_urlsafe(24)
        self.client_secret = secrets.token_hex(24)
        self.jwt_key_file = private / "jwt.pem"
        self.jwt_key = certificates.new_key(self.jwt_key_file)
        self.reader = futures.ThreadPoolExecutor(4, "reader")
        self.calls: dict[str, int] = {}
        self.api_calls = 0
        self.tokens: dict[str, int] = {}
        self.refresh_tokens: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self.jobs = jobs.Jobs(self)
        self.queries = queries.Queries(self, self.reader)
        self.cursors = cursors.Cursors(self)
        self.worker = work.Worker(self, self.jobs)

    def new_token(self, username: str = USERNAME) -> str:
        """Hand out a session: the org's id, `!`, and what nobody guesses."""
        token = f"{self.org_id[:15]}!{secrets.token_urlsafe(40)}"
        self.tokens[token] = 0
        self._users[token] = self.id_of(username)
        return token

    def new_refresh_token(self, username: str) -> str:
        """Hand out what a new session is given for."""
        token = "5Aep861" + secrets.token_urlsafe(48)
        self.refresh_tokens[token] = username
        return token

    def id_of(self, username: str) -> str:
        """The Id of a user."""
        return self.limited_user_id if username == LIMITED_USERNAME else self.user_id

    def name_of(self, user_id: str) -> str:
        """The user name that belongs to an Id."""
        return LIMITED_USERNAME if user_id == self.limited_user_id else USERNAME

    def user_of(self, token: str) -> str:
        """The Id of the user whose session a token is."""
        return self._users[token]

    def knows(self, username: str, password: str) -> bool:
        """Whether a user's password, followed by the security token, is right."""
        known = {USERNAME: self.password, LIMITED_USERNAME: self.limited_password}.get(username)
        return known is not None and hmac.compare_digest(password.encode(), (known + self.security_token).encode())

    def takes(self, token: str) -> bool:
        """Whether a token is good; each call counts where the settings limit them."""
        if token not in self.tokens:
            return False
        self.tokens[token] += 1
        return not self.settings.token_calls or self.tokens[token] <= self.settings.token_calls
