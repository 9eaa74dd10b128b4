"""`python -m include.local_org` → a local org that answers, and one JSON line that says where."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import json
import os
import signal
import tempfile
from pathlib import Path
from typing import Any

from include.local_org import certificates, org, proxy, schema, server, settings, visible

LOOK_SECONDS = 1.0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m include.local_org", description="A Salesforce org on this machine.")
    parser.add_argument("--http-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--https-port", type=int, default=0, help="0: a free one")
    parser.add_argument("--proxy-port", type=int, help="CONNECT proxy for Salesforce's host names; 0: a free one; default: none")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--data", type=Path, required=True, help="database file; made if there is none")
    parser.add_argument("--settings", type=Path, help="JSON file of settings")
    parser.add_argument("--faults", type=Path, help="JSON file of settings that make rows, jobs or requests fail")
    parser.add_argument("--schema", type=Path, help="folder of describe-shaped JSON files")
    parser.add_argument("--journal", type=Path, help="file that gets a line of JSON for each request")
    parser.add_argument("--control", action="store_true", help="serve /control")
    parser.add_argument("--end-with-parent", type=int, metavar="PID", help="end when this process is gone")
    settings.add_options(parser)
    given = parser.parse_args()
    try:
        given.wanted = settings.Settings().changed(settings.read(given.settings) | settings.read(given.faults)).given(given)
        visible.to_user(schema.load(given.schema), given.wanted)
    except settings.Unfit as wrong:
        parser.error(str(wrong))
    return given


async def run(given: argparse.Namespace) -> None:
    """Serve until a signal or the parent's end."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    with tempfile.TemporaryDirectory(prefix="local-org-") as private:
        of = org.Org(
            given.data, given.wanted, control=given.control, schema_folder=given.schema, private=Path(private), journal_file=given.journal
        )
        ca_file = Path(private) / "ca.pem"
        runner, http, https = await server.listen(of, given.http_port, given.https_port, certificates.server_context(ca_file), given.host)
        through = await proxy.serve(given.proxy_port, https, given.host) if given.proxy_port is not None else None
        of.worker.start()
        print(json.dumps(_started(of, http, https, ca_file, through)), flush=True)  # noqa: T201 - the start line is the interface
        watching = asyncio.create_task(_watch(given.end_with_parent, ended)) if given.end_with_parent else None
        await ended.wait()
        if watching:
            watching.cancel()
        if through:
            through.close()
        await asyncio.to_thread(of.worker.stop)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), 5)
        of.journal.close()


def _started(of: org.Org, http: int, https: int, ca_file: Path, through: asyncio.Server | None) -> dict[str, Any]:
    return {
        "http_url": f"http://127.0.0.1:{http}",
        "https_url": f"https://127.0.0.1:{https}",
        "ca_file": str(ca_file),
        "access_token": of.new_token(),
        "username": org.USERNAME,
        "password": of.password,
        "security_token": of.security_token,
        "limited_access_token": of.new_token(org.LIMITED_USERNAME),
        "limited_username": org.LIMITED_USERNAME,
        "limited_password": of.limited_password,
        "client_id": of.client_id,
        "client_secret": of.client_secret,
        "org_id": of.org_id,
        "proxy_url": f"http://127.0.0.1:{through.sockets[0].getsockname()[1]}" if through else None,
        "private_key_file": str(of.jwt_key_file),
        "pid": os.getpid(),
    }


async def _watch(pid: int, ended: asyncio.Event) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            ended.set()
            return
        await asyncio.sleep(LOOK_SECONDS)


def main() -> None:
    """Run the command."""
    # Rows of the batches at work are many and short-lived, and never in a circle: look for circles seldom.
    gc.set_threshold(200_000, 20, 50)
    asyncio.run(run(arguments()))


if __name__ == "__main__":
    main()
