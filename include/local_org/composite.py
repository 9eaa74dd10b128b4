"""Several requests in one → each one's answer, later ones with what earlier ones gave, in one transaction (contract 7.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from include.local_org import answers, describes, reading, records, several

if TYPE_CHECKING:
    import sqlite3

    from include.local_org import cursors, schema, site

MOST = 25
BAD = 300
HALTED_PART: dict[str, Any] = {"httpHeaders": {}, "httpStatusCode": 400}
NO_REFERENCE = "Invalid reference specified. No value for it in the responses before."
REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])*)\}")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
HALTED = "The transaction was rolled back since another operation in the same transaction failed."
# How an answer is told: status, body, headers.
Answer = tuple[int, Any, dict[str, str]]


@dataclass(slots=True)
class Inner:
    """The org as requests within a request see it: one transaction, one user, one version."""

    of: site.Site
    cursors: cursors.Cursors
    con: sqlite3.Connection
    user_id: str
    version: str
    bodies: dict[str, Any] = field(default_factory=dict)

    def asked(self, method: str, url: str, body: Any) -> Answer:
        """Answer one request; what is refused is an answer too."""
        try:
            return self._routed(method.upper(), url, body if isinstance(body, dict) else {})
        except answers.Refused as refused:
            return refused.status, [{"errorCode": refused.code, "message": refused.message}], {}
        except several.Undone as undone:
            return 200, undone.told, {}
        except reading.Several as found:
            return 300, found.paths, {}

    def _routed(self, method: str, url: str, body: dict[str, Any]) -> Answer:
        parts = urlsplit(url)
        way = [unquote(part) for part in parts.path.split("/") if part]
        if way[:2] != ["services", "data"] or len(way) < 4:  # noqa: PLR2004 - services, data, version, resource
            raise answers.not_found()
        kind, *rest = way[3:]
        query = parse_qs(parts.query)
        if kind == "sobjects" and rest:
            return self._record(method, rest, body)
        if kind in {"query", "queryAll"} and method == "GET":
            return 200, self._page(kind, rest, query), {}
        if [kind, *rest[:1]] == ["composite", "sobjects"]:
            return 200, self._collection(method, rest[1:], query, body), {}
        raise answers.not_found()

    def _page(self, kind: str, rest: list[str], query: dict[str, list[str]]) -> dict[str, Any]:
        if rest:
            return self.cursors.more(rest[0], self.version)
        return self.cursors.begun(query.get("q", [""])[0], self.version, deleted=kind == "queryAll")

    def _collection(self, method: str, rest: list[str], query: dict[str, list[str]], body: dict[str, Any]) -> list[dict[str, Any]]:
        if method == "DELETE":
            wanted = query.get("ids", [""])[0].split(",")
            return several.deleted(self.of, self.con, self.user_id, wanted, all_or_none=query.get("allOrNone", ["false"])[0] == "true")
        key = (rest[0], rest[1]) if len(rest) > 1 else None
        operation = "upsert" if key else {"POST": "insert"}.get(method, "update")
        return several.saved(self.of, self.con, self.user_id, operation, body, key)

    def _record(self, method: str, rest: list[str], body: dict[str, Any]) -> Answer:
        sobject = self.of.objects.get(rest[0].lower())
        if sobject is None:
            raise answers.not_found()
        if rest[1:] == ["describe"] and method == "GET":
            return 200, describes.whole(self.of.objects, sobject, self.version), {}
        if len(rest) > 2:  # noqa: PLR2004 - object, field, key
            return self._by_key(method, sobject, rest[1], rest[2], body)
        if method == "GET" and len(rest) > 1:
            return 200, reading.by_id(self.of, sobject, rest[1], self.version), {}
        if method == "POST" and len(rest) == 1:
            made = self._done(sobject, "insert", body)
            place = f"/services/data/v{self.version}/sobjects/{sobject.name}/{made['id']}"
            return 201, made, {"Location": place}
        if method in {"PATCH", "DELETE"} and len(rest) > 1:
            self._done(sobject, "update" if method == "PATCH" else "delete", (body if method == "PATCH" else {}) | {"Id": rest[1]})
            return 204, None, {}
        raise answers.not_found()

    def _by_key(self, method: str, sobject: schema.SObject, key: str, value: str, body: dict[str, Any]) -> Answer:
        if method == "GET":
            return 200, reading.by_key(self.of, sobject, key, value, self.version), {}
        if method != "PATCH":
            raise answers.not_found()
        done = self._done(sobject, "upsert", body | {key: value}, key)
        return (201 if done["created"] else 200), done, {}

    def _done(self, sobject: schema.SObject, operation: str, document: dict[str, Any], key: str | None = None) -> dict[str, Any]:
        outcome = records.saved(self.of, self.con, self.user_id, sobject, operation, document, key)
        if outcome.error:
            code, message, _ = records.parted(outcome.error)
            raise answers.Refused(404 if code in {"ENTITY_IS_DELETED", "MALFORMED_ID"} else 400, code, message)
        return records.told(outcome, upsert=operation == "upsert")

    def filled(self, given: Any) -> Any:
        """Put in what earlier requests gave, wherever a text names it. Raises KeyError if they didn't."""
        if isinstance(given, dict):
            return {name: self.filled(value) for name, value in given.items()}
        if isinstance(given, list):
            return [self.filled(value) for value in given]
        return REFERENCE.sub(lambda found: str(self._named(found[1], found[2])), given) if isinstance(given, str) else given

    def _named(self, reference: str, way: str) -> Any:
        value = self.bodies[reference]
        for name, place in STEP.findall(way):
            if name:
                value = next(each for key, each in value.items() if key.lower() == name.lower()) if isinstance(value, dict) else {}[name]
            else:
                value = value[int(place)]
        return value


def run(inner: Inner, document: dict[str, Any]) -> dict[str, Any]:
    """Answer all requests of a composite one. Raises Undone if one fails and all were to be done or none."""
    wanted = _requests(document, "compositeRequest")
    told, failed = [], False
    for each in wanted:
        status, body, headers = _answered(inner, each)
        reference = str(each.get("referenceId", ""))
        inner.bodies[reference] = body
        failed = failed or status >= BAD
        told.append({"body": body, "httpHeaders": headers, "httpStatusCode": status, "referenceId": reference})
    if failed and document.get("allOrNone"):
        halted = [{"errorCode": "PROCESSING_HALTED", "message": HALTED}]
        undone = [each if each["httpStatusCode"] >= BAD else {**each, **HALTED_PART, "body": halted} for each in told]
        raise several.Undone({"compositeResponse": undone})
    return {"compositeResponse": told}


def _requests(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    wanted = document.get(name)
    if not isinstance(wanted, list) or len(wanted) > MOST or not all(isinstance(each, dict) for each in wanted):
        raise answers.Refused(400, "JSON_PARSER_ERROR", f"{name}: a list of up to {MOST} requests is expected")
    return wanted


def _answered(inner: Inner, each: dict[str, Any]) -> Answer:
    try:
        url, body = inner.filled(each.get("url", "")), inner.filled(each.get("body"))
    except (KeyError, IndexError, StopIteration, TypeError):
        return (
            400,
            [{"errorCode": "PROCESSING_HALTED", "message": "Invalid reference specified. No value for it in the responses before."}],
            {},
        )
    return inner.asked(str(each.get("method", "GET")), str(url), body)


def batch(inner: Inner, document: dict[str, Any]) -> dict[str, Any]:
    """Answer requests that don't know of each other."""
    wanted = _requests(document, "batchRequests")
    found = []
    for each in wanted:
        url = str(each.get("url", ""))
        whole = url if url.startswith("/services/data/") else f"/services/data/{url.lstrip('/')}"
        status, body, _ = inner.asked(str(each.get("method", "GET")), whole, each.get("richInput"))
        found.append({"statusCode": status, "result": body})
    return {"hasErrors": any(each["statusCode"] >= BAD for each in found), "results": found}
