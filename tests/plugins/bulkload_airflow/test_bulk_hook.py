"""Every kind of log-in against a real org over HTTPS, and what is refused before anything is sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from bulkload_airflow import bulk_hook
from include.bulkload.basics import errors

if TYPE_CHECKING:
    from tests.running import steering

DOMAIN = "acme.my"


def test_client_credentials_log_in(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """The first choice: no user name, no password, whatever the form stored in their fields."""
    hook = connect(
        {**doors, "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN}, login="", password=""
    )
    assert org["org_id"] == hook.client().org_id()


def test_password_and_token_log_in(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """Ending, but there."""
    hook = connect({**doors, "security_token": org["security_token"]}, login=org["username"], password=org["password"])
    assert org["org_id"] == hook.client().org_id()


def test_a_jwt_logs_in(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """A signed assertion; an instance URL beside it does no harm."""
    extra = {
        **doors,
        "consumer_key": org["client_id"],
        "private_key_file_path": org["private_key_file"],
        "instance_url": "https://acme.my.salesforce.com",
    }
    assert org["org_id"] == connect(extra, login=org["username"]).client().org_id()


def test_a_session_id_needs_no_log_in(org: steering.Org, connect: Any) -> None:
    """Airflow's own hook can't read it from the extra."""
    assert org["org_id"] == connect().client().org_id()


def test_airflows_own_client_comes_through_the_same_door(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """What else people do with the hook has certificates, proxies and clean fields too."""
    hook = connect({**doors, "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN})
    (found,) = hook.get_conn().query("SELECT Id FROM Organization")["records"]
    assert org["org_id"] == found["Id"]


def test_a_wrong_secret_is_the_persons_to_mend(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """One clear error, without the secret in it."""
    hook = connect({**doors, "consumer_key": org["client_id"], "consumer_secret": "not-the-secret", "domain": DOMAIN})
    with pytest.raises(errors.LoginRefused, match="salesforce_default") as refused:
        hook.client().org_id()
    assert "not-the-secret" not in str(refused.value)


def test_an_untrusted_certificate_names_the_remedy(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """Without its authority the org isn't believed."""
    extra = {"proxies": doors["proxies"], "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN}
    with pytest.raises(errors.LoginRefused, match="ca_file"):
        connect(extra).client().org_id()


def test_a_proxy_that_doesnt_answer_may_answer_later(org: steering.Org, connect: Any) -> None:
    """No answer is no refusal."""
    extra = {"proxies": "http://127.0.0.1:9", "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN}
    with pytest.raises(errors.NetworkFault, match="tried again"):
        bulk_hook.logged_in(connect(extra).conn_id)


def test_fields_that_fit_no_log_in_say_so(connect: Any) -> None:
    """Nothing is sent."""
    with pytest.raises(errors.LoginRefused, match="no kind of log-in"):
        connect({}).client().org_id()


def test_a_private_key_that_isnt_one_is_named_not_shown(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """The message doesn't quote it."""
    hook = connect({**doors, "consumer_key": org["client_id"], "private_key": "not a key"}, login=org["username"])
    with pytest.raises(errors.LoginRefused, match="private_key") as refused:
        hook.client().org_id()
    assert "not a key" not in str(refused.value)


def test_a_connection_that_isnt_on_the_list_is_refused(connect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A config can't reach for somebody else's org."""
    connect()
    monkeypatch.setenv("BULKLOAD_CONNECTIONS", "nightly, trial")
    with pytest.raises(errors.LoginRefused, match="BULKLOAD_CONNECTIONS"):
        _ = bulk_hook.BulkHook().said


def test_plain_http_goes_to_this_machine_only(connect: Any) -> None:
    """A token never travels in clear."""
    hook = connect({"session_id": "00D!token", "instance_url": "http://acme.my.salesforce.com"})
    with pytest.raises(errors.LoginRefused, match="in clear"):
        hook.client().org_id()


def test_many_threads_log_in_once(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """Salesforce limits log-ins per hour; whoever comes while one is under way waits for it."""
    hook = connect(
        {**doors, "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN, "version": "65.0"}
    )
    found = []
    threads = [threading.Thread(target=lambda: found.append(bulk_hook.BulkHook().login().token())) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (8, {hook.login().token().access_token}) == (len(found), {each.access_token for each in found})


def test_a_session_that_is_over_is_renewed(org: steering.Org, doors: dict[str, Any], connect: Any) -> None:
    """A token that expired costs one log-in more, and no error."""
    hook = connect(
        {**doors, "consumer_key": org["client_id"], "consumer_secret": org["client_secret"], "domain": DOMAIN, "version": "64.0"}
    )
    first = hook.login().token()
    org.steer(http_faults=[{"path": "/query", "nth": [1], "kind": "unauthorized"}])
    assert (org["org_id"], True) == (hook.client().org_id(), first.access_token != hook.login().token().access_token)
