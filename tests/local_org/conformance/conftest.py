"""Command line → the org that is asked; without one, a local org is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local_org.conformance import asked
from tests.running import org

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take another org than the local one."""
    group = parser.getgroup("conformance")
    group.addoption("--base-url", help="an org's instance URL, https://….my.salesforce.com")
    group.addoption("--token", help="its access token")
    group.addoption("--production-yes", action="store_true", help="run even if it is neither a sandbox nor a scratch org")


@pytest.fixture(scope="session")
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[asked.Salesforce]:
    """The org; what the tests made in it is taken away at the end."""
    url = request.config.getoption("--base-url", default=None)
    if url:
        found = asked.Salesforce(url.rstrip("/"), request.config.getoption("--token") or "", pause=2)
        _no_production(found, yes=request.config.getoption("--production-yes"))
        yield found
        found.clean()
        return
    with org.running(tmp_path_factory.mktemp("org"), "--control") as started:
        found = asked.Salesforce(started["http_url"], started["access_token"])
        yield found
        found.clean()


@pytest.fixture
def salesforce(whole: asked.Salesforce) -> asked.Salesforce:
    """The org with keys of this test's own: no test finds what another made, in whatever order they run."""
    return whole.part()


def _no_production(found: asked.Salesforce, *, yes: bool) -> None:
    """Stop unless the org is a sandbox or a scratch org, or somebody insists."""
    (organization,) = found.query("SELECT IsSandbox, TrialExpirationDate FROM Organization")
    if not (organization["IsSandbox"] or organization["TrialExpirationDate"] or yes):
        pytest.exit("this org is neither a sandbox nor a scratch org; add --production-yes to test it all the same", returncode=2)


@pytest.fixture(autouse=True)
def _only_local(request: pytest.FixtureRequest) -> None:
    """Skip what needs the local org's settings elsewhere."""
    if request.node.get_closest_marker("local") and request.config.getoption("--base-url", default=None):
        pytest.skip("needs the local org's settings")
