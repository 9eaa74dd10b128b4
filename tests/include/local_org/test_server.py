"""The local org's server: what it tells of errors, and to whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request

from include.local_org import server

if TYPE_CHECKING:
    from aiohttp import web


@pytest.mark.parametrize(("error", "told"), [(aiohttp.ClientConnectionResetError, False), (ZeroDivisionError, True)])
def test_only_bugs_are_printed(error: type[Exception], told: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that is gone before it has read its answer is none; whatever else happens is, with the place where it did."""

    async def fails(_: web.Request) -> web.StreamResponse:
        raise error("here")

    answer = asyncio.run(server._plain_errors(make_mocked_request("GET", "/"), fails))
    assert (500, told) == (answer.status, f"{error.__name__}: here" in capsys.readouterr().err)
