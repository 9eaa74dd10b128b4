"""aiosalesforce, unmodified, each of its log-ins, through the proxy → the right rows."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import aiosalesforce
import httpx
import pytest
from aiosalesforce import auth

from tests.local_org.clients import awkward

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiosalesforce.bulk.v2.ingest import JobResult

KINDS = ("credentials", "jwt", "soap")
MY_DOMAIN = "https://localorg.my.salesforce.com"
SOON = 0.02


@pytest.fixture
async def http(started: dict[str, Any]) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP that trusts the org's CA and reaches Salesforce's host names through the org's proxy."""
    trusted = ssl.create_default_context(cafile=started["ca_file"])
    async with httpx.AsyncClient(verify=trusted, proxy=started["proxy_url"], trust_env=False) as client:
        yield client


def login(line: dict[str, Any], kind: str) -> auth.Auth:
    """Make the log-in of a kind."""
    if kind == "credentials":
        return auth.ClientCredentialsFlow(line["client_id"], line["client_secret"])
    if kind == "jwt":
        return auth.JwtBearerFlow(line["client_id"], line["username"], line["private_key_file"])
    return auth.SoapLogin(line["username"], line["password"], line["security_token"])


class Round:
    """What the client does and tells, step by step."""

    def __init__(self, client: aiosalesforce.Salesforce) -> None:
        self.client = client

    async def load(self, operation: Any, records: list[dict[str, str]], key: str | None = None) -> JobResult:
        """Do one job: the client's own steps, without its pauses of 5 s."""
        ingest = self.client.bulk_v2.ingest
        given = {"external_id_field": key, "polling_interval": SOON}
        (done,) = [each async for each in ingest.perform_operation(operation, "Account", records, **given)]
        return done

    async def go(self, prefix: str) -> dict[str, Any]:
        """Go the whole round."""
        made = await self.load("insert", awkward.rows(prefix))
        upserted = await self.load("upsert", awkward.changed(prefix), awkward.KEY)
        ids = {row[awkward.KEY]: row["sf__Id"] for row in upserted.successful_results}
        updated = await self.load("update", [{"Id": ids[key], "Name": text} for key, text in awkward.kept(prefix).items()])
        deleted = await self.load("delete", [{"Id": ids[f"{prefix}-more"]}])
        query = f"SELECT {awkward.KEY}, Name FROM Account WHERE {awkward.KEY} LIKE '{prefix}-%'"
        found = {each[awkward.KEY]: each["Name"] async for each in self.client.query(query)}
        return {
            "inserted": len(made.successful_results),
            "refused": [row["sf__Error"] for row in made.failed_results],
            "created": sorted(row["sf__Created"] for row in upserted.successful_results),
            "updated": len(updated.successful_results),
            "queried": found,
            "deleted": len(deleted.successful_results),
        }


@pytest.mark.parametrize("kind", KINDS)
async def test_aiosalesforce_loads_awkward_rows(
    http: httpx.AsyncClient, started: dict[str, Any], held: Callable[[str], dict[str, str]], kind: str
) -> None:
    """insert, upsert, update, delete, query: what it tells and what the org holds is what was sent."""
    client = aiosalesforce.Salesforce(http, MY_DOMAIN, login(started, kind))
    prefix = f"aio-{kind}"
    assert (awkward.report(prefix), awkward.kept(prefix)) == (await Round(client).go(prefix), held(prefix))


async def test_aiosalesforce_reads_limits_and_jobs(http: httpx.AsyncClient, started: dict[str, Any]) -> None:
    """What it asks around the jobs: limits, the list of jobs, one job, its end."""
    client = aiosalesforce.Salesforce(http, MY_DOMAIN, login(started, "credentials"))
    job = await client.bulk_v2.ingest.create_job("insert", "Account")
    listed = [each.id async for each in client.bulk_v2.ingest.list_jobs()]
    aborted = await client.bulk_v2.ingest.abort_job(job.id)
    await client.bulk_v2.ingest.delete_job(job.id)
    assert (True, "Aborted") == (job.id in listed, aborted.state)
    assert 15_000 == (await client.get_limits())["DailyBulkApiBatches"]["Max"]


async def test_aiosalesforce_works_on_single_records(http: httpx.AsyncClient, started: dict[str, Any]) -> None:
    """create, get, update, upsert, delete of one account."""
    client = aiosalesforce.Salesforce(http, MY_DOMAIN, login(started, "credentials"))
    made = await client.sobject.create("Account", {"Name": "one", awkward.KEY: "aio-one"})
    await client.sobject.update("Account", made, {"Name": awkward.TEXTS[4]})
    again = await client.sobject.upsert("Account", "aio-one", awkward.KEY, {"Phone": "1"})
    read = await client.sobject.get("Account", made)
    await client.sobject.delete("Account", made)
    assert (made, False, awkward.TEXTS[4], "1") == (again.id, again.created, read["Name"], read["Phone"])


async def test_aiosalesforce_is_told_why_it_may_not_log_in(http: httpx.AsyncClient, started: dict[str, Any]) -> None:
    """A wrong secret: its own error with the org's words."""
    client = aiosalesforce.Salesforce(http, MY_DOMAIN, auth.ClientCredentialsFlow(started["client_id"], "wrong"))
    with pytest.raises(aiosalesforce.exceptions.AuthenticationError, match="invalid client credentials"):
        await client.get_limits()
