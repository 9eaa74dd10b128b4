"""A wish → URL and headers; an HTTP answer (status, headers, body) → its document or the right error. Pure.

The blocking client and the async trigger both speak through this file, so that they agree on every answer.
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib import parse

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

API_VERSION = "66.0"
OK, MULTIPLE_CHOICES, BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, SERVER_ERROR = 200, 300, 400, 401, 404, 500
# The most that is read of an error's body, and of a JSON answer (the largest describes have some MB).
ERROR_BYTES = 1_000_000
DOCUMENT_BYTES = 64_000_000
TOLD_CHARACTERS = 500
# Nothing but a new day, or a person who buys more, helps against these (contract 1.1, 4.3).
DAILY_LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED", "EXCEEDEDQUOTA"})
BUSY_CODES = DAILY_LIMITS | {"SERVER_UNAVAILABLE", "TIMEOUT", "INTERNALSERVERERROR"}
# Too many at once, or too slow: the same request may go again, whatever code the body names.
SOON = frozenset({408, 425, 429})
EXPIRED_CODES = frozenset({"INVALID_SESSION_ID", "INVALIDSESSIONID"})
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_VERSION = re.compile(r"v?(\d{2,3})(?:\.0)?")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_TITLE = re.compile(r"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_REMEDIES = {
    401: "mend the connection's log-in",
    403: "an administrator must give the connection's user this permission",
    404: "check the name, and the connection's API version",
    410: "this API version is retired; set a newer one in the connection",
    413: "make the jobs smaller",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in: where the org stands, and the token, which no `repr` shows."""

    instance_url: str
    access_token: str = field(repr=False)


def origin(instance_url: str) -> str:
    """Scheme, host and port of an org. Raises LoginRefused before a token could travel in clear or to a doubtful host."""
    parts = parse.urlsplit(instance_url)
    if not _HOST.fullmatch(parts.netloc):
        raise errors.LoginRefused("the connection's instance URL names no host; write it as https://<My Domain>.my.salesforce.com")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        message = (
            f"{parts.scheme}://{parts.netloc} isn't safe: the token would travel in clear; set the connection's instance URL to https://"
        )
        raise errors.LoginRefused(message)
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_local(instance_url: str) -> bool:
    """Whether an org is reached over loopback."""
    return _is_loopback(parse.urlsplit(instance_url).hostname or "")


def data_url(instance_url: str, version: str, path: str) -> str:
    """The URL of a REST path such as `limits`. Raises LoginRefused for an instance URL or API version that isn't one."""
    found = _VERSION.fullmatch(version)
    if not found:
        raise errors.LoginRefused(f"{version[:20]!r} is no API version; set the connection's version to one like {API_VERSION}")
    return f"{origin(instance_url)}/services/data/v{found[1]}.0/{path}"


def jobs_url(instance_url: str, version: str) -> str:
    """The URL where ingest jobs are created. Raises LoginRefused like `data_url`."""
    return data_url(instance_url, version, "jobs/ingest")


def job_url(instance_url: str, version: str, job_id: str, part: str = "") -> str:
    """The URL of one ingest job, or of a part of it: `batches`, or one of the three results (contract 2.2, 3).

    Built, since the answer's contentUrl isn't to be trusted. Raises LoginRefused like `data_url`, RequestRefused
    for what can't be a Salesforce id.
    """
    return f"{jobs_url(instance_url, version)}/{_checked(job_id)}" + (f"/{parse.quote(part, safe='')}" if part else "")


def _checked(job_id: str) -> str:
    if not _ID.fullmatch(job_id):
        raise errors.RequestRefused(f"{job_id[:40]!r} is no job id; the run's ledger or Salesforce's answer is damaged")
    return job_id


def query_jobs_url(instance_url: str, version: str) -> str:
    """The URL where query jobs are created (contract 5). Raises LoginRefused like `data_url`."""
    return data_url(instance_url, version, "jobs/query")


def query_job_url(instance_url: str, version: str, job_id: str) -> str:
    """The URL of one query job. Raises like `job_url`."""
    return f"{query_jobs_url(instance_url, version)}/{_checked(job_id)}"


def results_url(instance_url: str, version: str, job_id: str, locator: str, rows: int) -> str:
    """The URL of a page of a query job's rows, at most `rows`; `locator` "" for the first page. Raises like `job_url`."""
    asked = {"maxRecords": str(rows)} | ({"locator": locator} if locator else {})
    return f"{query_job_url(instance_url, version, job_id)}/results?{parse.urlencode(asked)}"


def count_url(instance_url: str, version: str, sobject: str) -> str:
    """The URL of an sobject's number of records (contract 7.4). Raises LoginRefused like `data_url`."""
    return data_url(instance_url, version, f"limits/recordCount?{parse.urlencode({'sObjects': sobject})}")


def describe_url(instance_url: str, version: str, sobject: str) -> str:
    """The URL of an sobject's describe (contract 7.4). Raises LoginRefused like `data_url`."""
    return data_url(instance_url, version, f"sobjects/{parse.quote(sobject, safe='')}/describe")


def query_url(instance_url: str, version: str, soql: str) -> str:
    """The URL of the first page of a query's records (contract 7.5). Raises LoginRefused like `data_url`."""
    return data_url(instance_url, version, f"query?{parse.urlencode({'q': soql})}")


def page_url(instance_url: str, version: str, next_records_url: str) -> str:
    """The URL of a query's next page, on the host that was asked. Raises NetworkFault if the answer names no such page."""
    found = re.fullmatch(r"/services/data/v\d+\.0/(query/[\w-]+)", next_records_url)
    if not found:
        raise errors.NetworkFault("the answer to a query names no readable next page; the query is asked again")
    return data_url(instance_url, version, found[1])


def jobs_page_url(instance_url: str, version: str, next_records_url: str = "") -> str:
    """The URL of a page of the list of jobs, the first if none is named. Raises NetworkFault if the answer names no such page."""
    if not next_records_url:
        return f"{jobs_url(instance_url, version)}?jobType=V2Ingest"
    found = re.fullmatch(r"/services/data/v\d+\.0/jobs/ingest\?queryLocator=([\w-]+)", next_records_url)
    if not found:
        raise errors.NetworkFault("the list of jobs names no readable next page; it is asked for again")
    return f"{jobs_url(instance_url, version)}?{parse.urlencode({'queryLocator': found[1]})}"


def new_query(soql: str) -> dict[str, str]:
    """The body that creates a query job: CSV, LF, COMMA, all said explicitly (contract 5)."""
    return {"operation": "query", "query": soql, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}


def new_job(sobject: str, operation: str, external_id: str | None) -> dict[str, str]:
    """The body that creates an ingest job: CSV, LF, COMMA, all said explicitly (contract 2.1)."""
    body = {"object": sobject, "operation": operation, "contentType": "CSV", "lineEnding": "LF", "columnDelimiter": "COMMA"}
    return body | ({"externalIdFieldName": external_id} if external_id else {})


def headers(token: str, **more: str) -> dict[str, str]:
    """Headers of every request, and `more`. Raises LoginRefused, without showing it, for a token that can't stand in a header."""
    if not token or not token.isascii() or not token.isprintable():
        raise errors.LoginRefused("the log-in gave no usable token; mend the connection's log-in")
    return {"Authorization": f"Bearer {token}", "Accept": "application/json", **more}


def answer(status: int, headers: Mapping[str, str], body: bytes, where: str = "request") -> dict[str, Any]:
    """Read an answer: the JSON object it holds, `{}` for none.

    Raises LoginRefused for 401, RequestRefused for 3xx and other 4xx, SalesforceBusy for 5xx, 429 and daily
    limits, NetworkFault for what Salesforce itself can't have sent. Survives HTML, empty and cut bodies.
    """
    if not is_fine(status):
        raise refusal(status, headers, body, where)
    if not body.strip():
        return {}
    document = _json(body)
    if not isinstance(document, dict):
        raise errors.NetworkFault(f"{where}: answer {status} holds {_told(body)} where a JSON object is due; it is asked again")
    return document


def is_fine(status: int) -> bool:
    """Whether the request was done."""
    return OK <= status < MULTIPLE_CHOICES


def is_expired(status: int, body: bytes) -> bool:
    """Whether the session is over and a new log-in may help (contract 1.1)."""
    return status == UNAUTHORIZED or (not is_fine(status) and bool(EXPIRED_CODES & set(codes(body))))


def is_passing(status: int, body: bytes) -> bool:
    """Whether the same request may well be answered in some seconds: busy, but no daily limit, which is never a 429 (contract 1.1)."""
    return status in SOON or (status >= SERVER_ERROR and not DAILY_LIMITS & set(codes(body)))


def codes(body: bytes) -> list[str]:
    """The error codes of an error's body, upper-cased; none if it isn't Salesforce's array of errors."""
    return [str(each["errorCode"]).upper() for each in _errors(body) if "errorCode" in each]


def refusal(status: int, headers: Mapping[str, str], body: bytes, where: str = "request") -> errors.BulkloadError:
    """The error that an answer other than 2xx means; for 3xx its message names the host it points to."""
    found = codes(body)
    said = f"{where}: Salesforce answered {status}, {_told(body)}"
    if status >= SERVER_ERROR or status in SOON or BUSY_CODES & set(found):
        is_daily = status not in SOON and DAILY_LIMITS & set(found)
        wait = "wait for the daily limit, then clear this task" if is_daily else "it may work later"
        return errors.SalesforceBusy(f"{said}; {wait}")
    if is_expired(status, body):
        return errors.LoginRefused(f"{said}; {_REMEDIES[401]}")
    if status < BAD_REQUEST:
        target = next((value for name, value in headers.items() if name.lower() == "location"), "")
        host = parse.urlsplit(target).netloc.rpartition("@")[2] or "elsewhere"
        message = f"{where}: answer {status} points to {host[:100]}; the token isn't taken there: set the connection's instance URL"
        return errors.RequestRefused(message, status)
    if status == NOT_FOUND and not found:
        # Only Salesforce's own words make a job gone: a gateway's 404 must not have rows sent again.
        return errors.NetworkFault(f"{said}, not in Salesforce's words; check the connection's instance URL and proxies")
    remedy = _REMEDIES.get(status, "mend what it names, then clear this task")
    return errors.RequestRefused(f"{said}; {remedy}", status, found[0] if found else "")


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _errors(body: bytes) -> list[dict[str, Any]]:
    found = _json(body)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _told(body: bytes) -> str:
    """What an answer says, in one short line: Salesforce's errors, a page's title, or that it says nothing."""
    if told := "; ".join(f"{each.get('errorCode', '?')}: {each.get('message', '')}" for each in _errors(body)):
        return " ".join(told.split())[:TOLD_CHARACTERS]
    if title := _TITLE.search(body[:ERROR_BYTES].decode("utf-8", "replace")):
        return f"a page titled {' '.join(title[1].split())!r}"
    return "something unreadable" if body.strip() else "nothing"
