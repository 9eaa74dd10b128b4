"""The local org's routes → docs/local_org_coverage.md: what is served, and what Salesforce has beside it."""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from include.local_org import org, server, settings

if TYPE_CHECKING:
    from aiohttp import web

PAGE = Path(__file__).resolve().parents[1] / "docs" / "local_org_coverage.md"
VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
API = "/services/data/v66.0"
ID, ORG, USER = "001000000000001AAA", "00D000000000001EAA", "005000000000001AAA"
# What stands in KNOWN where a route has a name in braces.
OURS = {"66.0", "v66.0", "Account", ID, ORG, USER}
# Resources that Salesforce has, as one would ask for them. Those that a route takes are left out of the second table.
KNOWN = (
    ("GET", "/services/oauth2/authorize", "log-in in a browser"),
    ("POST", "/services/oauth2/revoke", "end of a session"),
    ("POST", "/services/oauth2/introspect", "what a token is good for"),
    ("GET", f"/id/{ORG}/{USER}", "identity"),
    ("POST", "/services/Soap/c/66.0", "SOAP API, enterprise WSDL"),
    ("POST", "/services/Soap/m/66.0", "Metadata API"),
    ("POST", "/services/async/66.0/job", "Bulk API 1.0"),
    ("GET", API, "resources of a version"),
    ("GET", f"{API}/queryAll", "SOQL with deleted records"),
    ("GET", f"{API}/search", "SOSL"),
    ("GET", f"{API}/parameterizedSearch", "search without SOSL"),
    ("GET", f"{API}/sobjects/Account", "basic information of an object"),
    ("GET", f"{API}/sobjects/Account/deleted", "deleted records of a period"),
    ("GET", f"{API}/sobjects/Account/updated", "changed records of a period"),
    ("POST", f"{API}/composite", "dependent requests in one"),
    ("POST", f"{API}/composite/batch", "independent requests in one"),
    ("POST", f"{API}/composite/graph", "dependent requests as graphs"),
    ("POST", f"{API}/composite/sobjects", "up to 200 records in one"),
    ("POST", f"{API}/composite/tree/Account", "records with their children"),
    ("GET", f"{API}/analytics/reports", "reports"),
    ("GET", f"{API}/actions", "actions"),
    ("GET", f"{API}/apexrest", "Apex REST"),
    ("GET", f"{API}/chatter", "Chatter"),
    ("GET", f"{API}/metadata/deployRequest", "Metadata over REST"),
    ("GET", f"{API}/process/rules", "workflow rules"),
    ("GET", f"{API}/recent", "recently viewed records"),
    ("GET", f"{API}/tabs", "tabs"),
    ("GET", f"{API}/theme", "icons and colours"),
    ("GET", f"{API}/tooling/query", "Tooling API"),
    ("POST", f"{API}/graphql", "GraphQL"),
    ("GET", f"{API}/ui-api/object-info", "User Interface API"),
    ("GET", f"{API}/eventSchema", "event schemas"),
    ("GET", f"{API}/licensing", "licences"),
    ("GET", f"{API}/wave", "CRM Analytics"),
)
# What routes do whose functions don't say it.
SAID = {
    "GET /control": "show all settings",
    "PATCH /control": "change settings",
    "POST /control/settings": "change settings",
    "GET /control/faults": "count what faults did, and calls per path",
    "POST /control/faults": "change settings",
    "POST /control/revoke": "make all tokens worthless",
    "POST /services/oauth2/token": "log in: client credentials, JWT bearer, password",
    "GET /services/oauth2/userinfo": "show the user of a token",
    "POST /services/Soap/u/{version}": "log in over SOAP",
    "GET /services/data": "list the versions",
    "GET /services/data/v{version}/jobs/ingest": "list jobs, page by page",
    "POST /services/data/v{version}/jobs/ingest": "create a job; with its data as multipart",
    "GET /services/data/v{version}/jobs/ingest/{job}": "show a job",
    "PATCH /services/data/v{version}/jobs/ingest/{job}": "close or abort a job",
    "DELETE /services/data/v{version}/jobs/ingest/{job}": "delete an ended job",
    "GET /services/data/v{version}/jobs/ingest/{job}/{part}": "send successfulResults, failedResults or unprocessedrecords",
    "GET /services/data/v{version}/limits": "show what is left of the day's limits",
    "GET /services/data/v{version}/query": "run a query; its first page",
    "GET /services/data/v{version}/query/{locator}": "send a further page of a query",
    "GET /services/data/v{version}/sobjects": "describe all objects, without their fields",
    "GET /services/data/v{version}/sobjects/{object}/describe": "describe an object with its fields",
}
HEAD = """# What the local org serves

Written by `python -m scripts.coverage_table` from the routes themselves; a test holds the two together.

## Served

| method | path | what | contract |
|---|---|---|---|
"""
MIDDLE = """
Paths may have double slashes and a slash at the end. `/control` is there with `--control` only.

## Not served

Salesforce has these. Here they are answered as something that doesn't exist: 404 `NOT_FOUND`, or 405 `METHOD_NOT_ALLOWED`
where the path has other methods.

| method | path | what | answer |
|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A route: its verb, its path, what it does, and the contract's sections about it."""

    verb: str
    path: str
    what: str
    contract: str


def routes() -> list[Served]:
    """List the routes of an org with control, by path."""
    with tempfile.TemporaryDirectory(prefix="coverage-") as folder:
        of = org.Org(Path(folder) / "org.db", settings.Settings(), private=Path(folder), control=True)
        found = [_served(route) for route in server.app(of).router.routes()]
    # Where there is a HEAD there is a GET, which says the same and more.
    found = [each for each in found if each.verb != "HEAD"]
    return sorted(found, key=lambda each: (each.path, VERBS.index(each.verb)))


def _served(route: web.AbstractRoute) -> Served:
    """Read a route's sentence and sections off its docstring, or else its file's."""
    info = route.resource.get_info() if route.resource else {}
    path = str(info.get("path") or info["formatter"])
    module = inspect.getmodule(route.handler)
    of_file = (inspect.getdoc(module) or "").partition("\n")[0]
    said = inspect.getdoc(route.handler) or SAID.get(f"{route.method} {path}") or of_file.rpartition("→")[2]
    sentence = said.partition("\n")[0].strip()
    sections = re.search(r"\(contract ([^)]+)\)", sentence) or re.search(r"\(contract ([^)]+)\)", of_file)
    what = re.sub(r" ?\(contract [^)]+\)", "", sentence).split(". ")[0].rstrip(".")
    return Served(route.method, path, what[:1].lower() + what[1:], sections[1] if sections else "")


def missing(served: list[Served]) -> list[tuple[str, str, str, int]]:
    """List the known resources that no route takes, with the status that they are answered with."""
    found = []
    for verb, path, what in KNOWN:
        verbs = {each.verb for each in served if _takes(each.path, path)}
        if verb not in verbs:
            found.append((verb, path, what, 405 if verbs else 404))
    return found


def _takes(route: str, path: str) -> bool:
    """Whether a route is about a resource; where a route has a name of its own choice, the path must have one of OURS."""
    ours, theirs = route.split("/"), path.split("/")
    return len(ours) == len(theirs) and all(one == two or ("{" in one and two in OURS) for one, two in zip(ours, theirs, strict=True))


def table() -> str:
    """Write the page."""
    served = routes()
    first = [f"| {each.verb} | `{each.path}` | {each.what} | {each.contract} |\n" for each in served]
    second = [f"| {verb} | `{path.replace('66.0', '{version}')}` | {what} | {status} |\n" for verb, path, what, status in missing(served)]
    return HEAD + "".join(first) + MIDDLE + "".join(second)


def main() -> int:
    """Write the file, and say whether that changed it."""
    text = table()
    changed = not PAGE.exists() or PAGE.read_text("utf-8") != text
    PAGE.write_text(text, "utf-8")
    print(f"{PAGE.name}: {'written anew' if changed else 'as it was'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
