"""Requests to one org → what it says of itself: its id and kind, describes, query records, limits, counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors
from include.salesforce import wire

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from include.salesforce import calls

Document = dict[str, Any]
SHORT, LONG = 15, 18
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


# A field that not every user may see stands last and may be missing.
ORGANIZATION = ("Id", "IsSandbox", "OrganizationType", "TrialExpirationDate")
NO_FIELD = "INVALID_FIELD"


def org_id(ask: calls.Calls) -> str:
    """Ask which org this is: its 18-character id. Raises like `Calls.repeated`."""
    found = next(query(ask, "SELECT Id, IsSandbox FROM Organization"), {})
    return long_id(str(found.get("Id", "")))


def organization(ask: calls.Calls) -> Document:
    """Ask what kind of org this is: ORGANIZATION, without TrialExpirationDate where the user may not see it.

    One row: a REST query is one call, a query job five. Raises like `Calls.repeated`.
    """
    try:
        return _organization(ask, ORGANIZATION)
    except errors.RequestRefused as refused:
        if refused.code != NO_FIELD:
            raise
        return _organization(ask, ORGANIZATION[:-1])


def _organization(ask: calls.Calls, names: Sequence[str]) -> Document:
    found = next(query(ask, f"SELECT {', '.join(names)} FROM Organization"), {})
    return {name: found.get(name) for name in names} | {"Id": long_id(str(found.get("Id", "")))}


def record_count(ask: calls.Calls, sobject: str) -> int | None:
    """Ask about how many records an sobject has: some minutes old; None where the org doesn't tell."""
    try:
        told = ask.repeated("GET", f"count of {sobject}", lambda at, version: wire.count_url(at, version, sobject))
    except errors.RequestRefused:
        return None
    counts = [each.get("count") for each in told.get("sObjects", []) if str(each.get("name", "")).lower() == sobject.lower()]
    return int(counts[0]) if counts and counts[0] is not None else None


def describe(ask: calls.Calls, sobject: str) -> Document:
    """Fetch an sobject's describe (contract 7.4). Raises RequestRefused with status 404 if there is none."""
    return ask.repeated("GET", f"describe of {sobject}", lambda at, version: wire.describe_url(at, version, sobject))


def limits(ask: calls.Calls) -> Document:
    """Fetch the org's limits: name → {"Max", "Remaining"} (contract 6). Raises like `Calls.repeated`."""
    return ask.repeated("GET", "limits", lambda at, version: wire.data_url(at, version, "limits"))


def query(ask: calls.Calls, soql: str) -> Iterator[Document]:
    """Yield a query's records, page by page. Raises like `Calls.repeated`."""
    page = ask.repeated("GET", "query", lambda at, version: wire.query_url(at, version, soql))
    while True:
        yield from page.get("records", [])
        if page.get("done", True):
            return
        following = str(page.get("nextRecordsUrl", ""))
        page = ask.repeated("GET", "query's next page", _page(following))


def jobs(ask: calls.Calls) -> Iterator[Document]:
    """List ingest jobs of Bulk API 2.0, page by page (contract 2.7). Raises like `Calls.repeated`."""
    following = ""
    while True:
        page = ask.repeated("GET", "list of jobs", _jobs_page(following))
        yield from page.get("records", [])
        following = str(page.get("nextRecordsUrl") or "")
        if page.get("done", True):
            return


def _jobs_page(following: str) -> Any:
    return lambda at, version: wire.jobs_page_url(at, version, following)


def _page(following: str) -> Any:
    return lambda at, version: wire.page_url(at, version, following)


def long_id(text: str) -> str:
    """Write a 15-character id with its checksum, as 18 (contract 7.7). Raises NetworkFault for what is no id."""
    if not (text.isascii() and text.isalnum() and len(text) in {SHORT, LONG}):
        raise errors.NetworkFault("Salesforce's answer holds no Id where one is due; it may be tried again")
    if len(text) == LONG:
        return text
    groups = (text[start : start + 5] for start in range(0, SHORT, 5))
    return text + "".join(CHECKSUM[sum(1 << bit for bit, letter in enumerate(group) if letter.isupper())] for group in groups)
