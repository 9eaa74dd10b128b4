"""An org → HTTP and HTTPS listeners: paths made plain, tokens checked, faults struck, errors answered as arrays."""

from __future__ import annotations

import email.utils
import json
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from aiohttp import web

from include.local_org import (
    answers,
    journal,
    routes_bulk,
    routes_composite,
    routes_control,
    routes_login,
    routes_page,
    routes_queries,
    routes_rest,
    routes_rows,
    routes_soql,
    strikes,
    versions,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from include.local_org import org

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = re.compile(r"/services/oauth2/(token|revoke)|/services/Soap/.*|/services/data|/control(/.*)?|/")
# A longer address is 414 [K]; what is longer than a line may be isn't read at all.
MOST_ADDRESS, MOST_LINE = 16 << 10, 256 << 10
# As Salesforce lists them.
METHODS = ["HEAD", "GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]
# How last segments are spelled; job parts are read without case anyway.
LAST = {
    each.lower(): each for each in ("batches", "describe", "ingest", "limits", "query", "queryAll", "recordCount", "sobjects", "userinfo")
}
# Clients that know no PATCH send a POST and say so.
VERB = re.compile(r"(?i)[?&]_HttpMethod=(PATCH|DELETE|PUT)(?=&|$)")
# After an object and a field the last segment is a record's key, which has case.
BY_KEY = re.compile(r"/sobjects/[^/]+/[^/]+$")


def app(of: org.Org) -> web.Application:
    """Put the org's routes behind its middlewares."""

    async def usage(request: web.Request, answer: web.StreamResponse) -> None:
        if request.path.startswith("/services/data/"):
            answer.headers["Sforce-Limit-Info"] = f"api-usage={of.api_calls}/{of.settings.daily_api_requests}"
            answer.headers.update(versions.deprecated(request.path, of.settings.deprecated_version))
        if of.settings.clock_skew_seconds:
            answer.headers["Date"] = email.utils.format_datetime(of.clock(), usegmt=True)

    layers = [journal.middleware(of.journal), _addresses, _shaped, _plain_errors, strikes.middleware(of), _tokens(of)]
    made = web.Application(middlewares=layers, client_max_size=1 << 20)
    made.on_response_prepare.append(usage)
    for module in (
        routes_login,
        routes_bulk,
        routes_queries,
        routes_rest,
        routes_rows,
        routes_soql,
        routes_composite,
        routes_control,
        routes_page,
    ):
        made.add_routes(module.routes(of))
    return made


async def listen(
    of: org.Org, http_port: int, https_port: int, context: ssl.SSLContext, host: str = "127.0.0.1"
) -> tuple[web.AppRunner, int, int]:
    """Open both listeners; the runner and the two ports. Paths are made plain before they are routed."""
    noting = journal.logger(of.journal)
    runner = _Runner(app(of), access_log_class=noting, handler_cancellation=True, auto_decompress=False, max_line_size=MOST_LINE)
    await runner.setup()
    ports = []
    for port, secured in ((http_port, None), (https_port, context)):
        site = web.TCPSite(runner, host, port, ssl_context=secured)
        await site.start()
        ports.append(runner.addresses[-1][1])
    return runner, ports[0], ports[1]


class _Runner(web.AppRunner):
    """Rewrites each request's path before aiohttp looks for its route."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        inner = server.request_factory

        def plain(message: Any, *others: Any) -> web.BaseRequest:
            verb = VERB.search(message.path) if message.method == "POST" else None
            return inner(
                message._replace(
                    method=verb[1].upper() if verb else message.method,
                    path=_path(message.path),
                    url=message.url.with_path(_path(message.url.raw_path), encoded=True, keep_query=True),
                ),
                *others,
            )

        server.request_factory = plain
        return server


def _path(path: str) -> str:
    """`//services/x/` and `/services/x` are the same resource, and the last segment has no case (contract 1)."""
    bare, mark, query = path.partition("?")
    plain = re.sub(r"/{2,}", "/", bare).rstrip("/") or "/"
    head, slash, last = plain.rpartition("/")
    if not BY_KEY.search(head):
        plain = head + slash + LAST.get(last.lower(), last)
    return plain + mark + query


@web.middleware
async def _addresses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse addresses that are too long, as the server before Salesforce does: without JSON."""
    if len(request.raw_path) > MOST_ADDRESS:
        return web.Response(status=414, text="<h1>URI Too Long</h1>", content_type="text/html")
    return await handler(request)


@web.middleware
async def _shaped(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write JSON for people where they ask for it, and pack what is worth it (contract 1)."""
    answer = await handler(request)
    if isinstance(answer, web.Response) and not answer.prepared and isinstance(answer.body, bytes):
        if request.headers.get("X-PrettyPrint", "").lower() in {"1", "true"} and answer.content_type == "application/json":
            answer.body = json.dumps(json.loads(answer.body), ensure_ascii=False, indent=2).encode()
        if len(answer.body) > answers.WORTH_PACKING:
            answers.pack(request, answer)
    return answer


@web.middleware
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except answers.Refused as refused:
        return refused.answer()
    except web.HTTPNotFound:
        return answers.not_found().answer()
    except web.HTTPMethodNotAllowed as wrong:
        allowed = sorted(wrong.allowed_methods, key=METHODS.index)
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(allowed)}"
        return answers.Refused(405, "METHOD_NOT_ALLOWED", message).answer()
    except web.HTTPRequestEntityTooLarge:
        return answers.Refused(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large").answer()
    except web.HTTPException:
        raise
    except Exception as wrong:  # noqa: BLE001 - a bug of ours is told as Salesforce tells its own
        # A client that was killed while results were sent to it is none, and nobody reads the answer.
        if not isinstance(wrong, ConnectionResetError):
            traceback.print_exc(file=sys.stderr)
        return answers.Refused(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId").answer()


def _session(request: web.Request) -> tuple[str, str, str]:
    """The kind of a request's session and its token; what is Bulk API 1.0's has another header (contract 1)."""
    if request.path.startswith("/services/async/") and "X-SFDC-Session" in request.headers:
        return "Bearer", " ", request.headers["X-SFDC-Session"]
    return request.headers.get("Authorization", "").partition(" ")


def _tokens(of: org.Org) -> Any:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not OPEN_PATHS.fullmatch(request.path):
            kind, _, token = _session(request)
            if kind not in {"Bearer", "OAuth"} or not of.takes(token):
                raise answers.no_session()
            request["user_id"] = of.user_of(token)
            of.api_calls += 1
            if of.api_calls > of.settings.daily_api_requests:
                raise answers.no_calls_left()
        versions.check(request.path)
        return await handler(request)

    return check
