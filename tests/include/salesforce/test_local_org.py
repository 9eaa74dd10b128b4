"""The client against the local org: a job's whole life over HTTP, HTTPS and the proxy, in fair and foul weather."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from include.bulkload.basics import errors
from include.salesforce import calls, client, logins, wire
from tests.running.loads import LocalOrg

if TYPE_CHECKING:
    from pathlib import Path

PLAIN: dict[str, Any] = {"http_faults": [], "looks": 0, "token_calls": 0}
RESULTS = ("successfulResults", "failedResults", "unprocessedrecords")
KINDS = ("reset_before", "reset_after", "truncate", "unauthorized", "status")


def no_pause(_: float) -> None:
    """Repeat at once."""


def client_for(line: dict[str, Any]) -> client.BulkClient:
    """Log in by client credentials over plain HTTP on loopback, anew whenever asked."""

    def ask() -> wire.Session:
        form = {"grant_type": "client_credentials", "client_id": line["client_id"], "client_secret": line["client_secret"]}
        found = requests.post(f"{line['http_url']}/services/oauth2/token", data=form, timeout=10).json()
        return wire.Session(found["instance_url"], found["access_token"])

    return client.BulkClient(logins.Shared(ask), pause=no_pause)


@pytest.fixture
def org(local_org: dict[str, Any]) -> LocalOrg:
    """The local org, plain again whatever an earlier test made of it."""
    found = LocalOrg(local_org)
    found.behave(**PLAIN)
    return found


@pytest.fixture
def csv(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Two accounts with keys of this test's own; one needs quoting, one isn't ASCII."""
    path = tmp_path / "chunk.csv"
    mark = keyed(request.node.name)
    path.write_text(f'Name,External_Id__c\n"a ""quoted"", one\nin two lines","{mark}-1"\n"Zoë 😀","{mark}-2"\n', "utf-8")
    return path


def keyed(name: str) -> str:
    """A key prefix that no other test has."""
    return "".join(letter for letter in name if letter.isalnum())[-60:]


def loaded(bulk: client.BulkClient, csv: Path) -> tuple[str, dict[str, Any]]:
    """Create, upload, close, look until it has ended."""
    job_id = bulk.create_job("Account", "upsert", "External_Id__c")
    bulk.upload(job_id, csv)
    bulk.close(job_id)
    while (seen := bulk.job(job_id))["state"] not in {"JobComplete", "Failed", "Aborted"}:
        pass
    return job_id, seen


def stored(org: LocalOrg, csv: Path) -> list[str]:
    """The names of this test's accounts in the org."""
    key = csv.read_text("utf-8").rpartition(',"')[2].rpartition("-")[0]
    return sorted(str(each["Name"]) for each in org.query(f"SELECT Name FROM Account WHERE External_Id__c IN ('{key}-1', '{key}-2')"))


EXPECTED = ["Zoë 😀", 'a "quoted", one\nin two lines']


def test_a_job_s_whole_life(org: LocalOrg, csv: Path, tmp_path: Path) -> None:
    """Created, uploaded, closed, ended; all three results; deleted."""
    bulk = client_for(org.started)
    job_id, seen = loaded(bulk, csv)
    assert ("JobComplete", 2, 0) == (seen["state"], seen["numberRecordsProcessed"], seen["numberRecordsFailed"])
    lengths = {
        kind: bulk.fetch_result(job_id, kind, tmp_path / kind) for kind in ("successfulResults", "failedResults", "unprocessedrecords")
    }
    assert {kind: len((tmp_path / kind).read_bytes()) for kind in lengths} == lengths
    assert "Zoë 😀" in (tmp_path / "successfulResults").read_text("utf-8")
    assert sorted(EXPECTED) == stored(org, csv)
    bulk.delete(job_id)
    with pytest.raises(errors.RequestRefused) as gone:
        bulk.job(job_id)
    assert 404 == gone.value.status


def test_what_the_org_says_of_itself(org: LocalOrg) -> None:
    """Its id, a describe, a query; an object that there isn't."""
    bulk = client_for(org.started)
    assert (org.started["org_id"], "Account") == (bulk.org_id(), bulk.describe("Account")["name"])
    assert [] == list(bulk.query("SELECT Id FROM Account WHERE External_Id__c = 'nobody'"))
    with pytest.raises(errors.RequestRefused) as found:
        bulk.describe("Nope__c")
    assert (404, "NOT_FOUND") == (found.value.status, found.value.code)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_a_load_comes_through_foul_weather(org: LocalOrg, csv: Path, tmp_path: Path, kind: str, method: str) -> None:
    """Whatever happens to each kind of call, before or after the org acted: every row is stored, once."""
    org.behave(http_faults=[{"path": "/jobs/ingest", "method": method, "nth": [1, 3], "kind": kind, "status": 503}], looks=2)
    bulk = client_for(org.started)
    job_id, seen = loaded(bulk, csv)
    assert ("JobComplete", 2) == (seen["state"], seen["numberRecordsProcessed"])
    assert 0 < bulk.fetch_result(job_id, "successfulResults", tmp_path / "out")
    assert sorted(EXPECTED) == stored(org, csv)


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "status"])
def test_an_upload_in_doubt_leaves_a_job_that_can_be_given_up(org: LocalOrg, csv: Path, kind: str) -> None:
    """It isn't repeated; the job is aborted and nothing of it is stored."""
    org.behave(http_faults=[{"method": "PUT", "nth": [1], "kind": kind, "status": 503}])
    bulk = client_for(org.started)
    job_id = bulk.create_job("Account", "upsert", "External_Id__c")
    with pytest.raises(errors.TryAgain):
        bulk.upload(job_id, csv)
    assert ("Aborted", []) == (bulk.abort(job_id)["state"], stored(org, csv))


@pytest.mark.parametrize(("good_for", "uploads"), [(1, 3), (2, 2)])
def test_an_expired_session_in_the_middle_of_everything(org: LocalOrg, csv: Path, tmp_path: Path, good_for: int, uploads: int) -> None:
    """Tokens good for a call or two: the upload too meets one that is over, and everything goes on."""
    org.behave(token_calls=good_for)
    bulk = client_for(org.started)
    bulk.org_id()
    job_id, seen = loaded(bulk, csv)
    bulk.fetch_result(job_id, "successfulResults", tmp_path / "out")
    org.behave(**PLAIN)
    asked = requests.get(f"{org.started['http_url']}/control/faults", timeout=10).json()["calls"]
    assert uploads == asked[f"PUT /services/data/v66.0/jobs/ingest/{job_id}/batches"]
    assert ("JobComplete", sorted(EXPECTED)) == (seen["state"], stored(org, csv))


def test_illegal_changes_are_refused_in_salesforce_s_words(org: LocalOrg, csv: Path) -> None:
    """Whoever closes or aborts too late is told so (contract 2.5)."""
    bulk = client_for(org.started)
    job_id, _ = loaded(bulk, csv)
    for act in (bulk.close, bulk.abort):
        with pytest.raises(errors.RequestRefused) as refused:
            act(job_id)
        assert "INVALIDJOBSTATE" == refused.value.code


def test_a_second_upload_is_refused(org: LocalOrg, csv: Path) -> None:
    """One job takes one PUT (contract 2.2)."""
    bulk = client_for(org.started)
    job_id = bulk.create_job("Account", "insert", None)
    bulk.upload(job_id, csv)
    with pytest.raises(errors.RequestRefused):
        bulk.upload(job_id, csv)


def test_a_private_certificate_counts_for_its_connection_only(org: LocalOrg) -> None:
    """With the org's authority it is let in; without, nothing is sent and the remedy is named."""
    login = logins.Shared(lambda: wire.Session(org.started["https_url"], org.started["access_token"]))
    trusting = client.BulkClient(login, session=calls.session(ca_file=org.started["ca_file"]), pause=no_pause)
    assert org.started["org_id"] == trusting.org_id()
    with pytest.raises(errors.LoginRefused, match="ca_file"):
        client.BulkClient(login, pause=no_pause).org_id()


def test_a_proxy_leads_to_salesforce_s_own_host_names(org: LocalOrg) -> None:
    """TLS goes from end to end through it; another host it doesn't serve."""
    session = calls.session(org.started["ca_file"], {"https": org.started["proxy_url"]})
    login = logins.Shared(lambda: wire.Session("https://localorg.my.salesforce.com", org.started["access_token"]))
    assert org.started["org_id"] == client.BulkClient(login, session=session, pause=no_pause).org_id()
    elsewhere = logins.Shared(lambda: wire.Session("https://acme.invalid", org.started["access_token"]))
    with pytest.raises(errors.NetworkFault):
        client.BulkClient(elsewhere, session=session, pause=no_pause).org_id()
