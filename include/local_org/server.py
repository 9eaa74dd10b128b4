"""An org → HTTP and HTTPS listeners: paths made plain, tokens checked, faults struck, errors answered as arrays."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from include.local_org import (
    answers,
    journal,
    routes_bulk,
    routes_control,
    routes_login,
    routes_page,
    routes_queries,
    routes_rest,
    routes_rows,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    from include.local_org import org

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = re.compile(r"/services/oauth2/token|/services/Soap/.*|/services/data|/control/.*|/")
MOST_HEADER = 16 << 10
# How last segments are spelled; job parts are read without case anyway.
LAST = {
    each.lower(): each for each in ("batches", "describe", "ingest", "limits", "query", "queryAll", "recordCount", "sobjects", "userinfo")
}
# After an object and a field the last segment is a record's key, which has case.
BY_KEY = re.compile(r"/sobjects/[^/]+/[^/]+$")
HTML = "<html><head><title>{status}</title></head><body><h1>Service Unavailable</h1></body></html>"


def app(of: org.Org) -> web.Application:
    """Put the org's routes behind its middlewares."""

    async def usage(request: web.Request, answer: web.StreamResponse) -> None:
        if request.path.startswith("/services/data/"):
            answer.headers["Sforce-Limit-Info"] = f"api-usage={of.api_calls}/{of.settings.daily_api_requests}"

    made = web.Application(middlewares=[journal.middleware(of.journal), _plain_errors, _struck(of), _tokens(of)], client_max_size=1 << 20)
    made.on_response_prepare.append(usage)
    for module in (routes_login, routes_bulk, routes_queries, routes_rest, routes_rows, routes_control, routes_page):
        made.add_routes(module.routes(of))
    return made


async def listen(
    of: org.Org, http_port: int, https_port: int, context: ssl.SSLContext, host: str = "127.0.0.1"
) -> tuple[web.AppRunner, int, int]:
    """Open both listeners; the runner and the two ports. Paths are made plain before they are routed."""
    runner = _Runner(app(of), access_log_class=journal.logger(of.journal), handler_cancellation=True)
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
            return inner(
                message._replace(path=_path(message.path), url=message.url.with_path(_path(message.url.path), keep_query=True)), *others
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
async def _plain_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except answers.Refused as refused:
        return refused.answer()
    except web.HTTPNotFound:
        return answers.not_found().answer()
    except web.HTTPMethodNotAllowed as wrong:
        message = f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(sorted(wrong.allowed_methods))}"
        return answers.Refused(405, "METHOD_NOT_ALLOWED", message).answer()
    except web.HTTPRequestEntityTooLarge:
        return answers.Refused(413, "REQUEST_ENTITY_TOO_LARGE", "the request is too large").answer()


def _tokens(of: org.Org) -> Any:
    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not OPEN_PATHS.fullmatch(request.path):
            kind, _, token = request.headers.get("Authorization", "").partition(" ")
            if kind not in {"Bearer", "OAuth"} or not of.takes(token):
                raise answers.no_session()
            of.api_calls += 1
            if of.api_calls > of.settings.daily_api_requests:
                raise answers.no_calls_left()
        return await handler(request)

    return check


def _struck(of: org.Org) -> Any:
    @web.middleware
    async def strike(request: web.Request, handler: Handler) -> web.StreamResponse:
        of.calls[f"{request.method} {request.path}"] = of.calls.get(f"{request.method} {request.path}", 0) + 1
        rule = None if request.path.startswith("/control") else of.faults.for_request(request.method, unquote(request.path))
        if rule is None:
            return await handler(request)
        return await _strike(rule, request, handler)

    return strike


async def _strike(rule: dict[str, Any], request: web.Request, handler: Handler) -> web.StreamResponse:
    kind = rule["kind"]
    if kind == "status":
        headers = {"Content-Type": "text/html" if rule.get("html") else "application/json", **rule.get("headers", {})}
        status = int(rule["status"])
        message = rule.get("body") or (
            HTML.format(status=status) if rule.get("html") else '[{"errorCode":"SERVER_UNAVAILABLE","message":"try again"}]'
        )
        return web.Response(status=status, text=message, headers=headers)
    if kind == "unauthorized":
        raise answers.no_session()
    if kind == "slow":
        await asyncio.sleep(float(rule.get("seconds", 1)))
        return await handler(request)
    if kind == "reset_before":
        return _reset(request)
    if kind == "truncate":
        return await _truncated(request, handler, float(rule.get("share", 0.5)))
    await handler(_unanswered(request))
    return _reset(request)


def _unanswered(request: web.Request) -> web.Request:
    """The request as a handler sees it; what it answers goes nowhere."""
    return request


def _reset(request: web.Request) -> web.StreamResponse:
    """Break the connection off, with a TCP reset where the system lets us."""
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    raise asyncio.CancelledError


async def _truncated(request: web.Request, handler: Handler, share: float) -> web.StreamResponse:
    """Let the whole answer be made, send the first part of its body, then break off."""
    answer = await handler(request)
    if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
        partial = web.StreamResponse(
            status=answer.status, headers={"Content-Type": answer.content_type, "Content-Length": str(len(answer.body))}
        )
        await partial.prepare(request)
        await partial.write(answer.body[: int(len(answer.body) * share)])
    return _reset(request)
