"""The org that a plan may go to, and what the connection's org says of itself → nothing, or a PlanError before anything else.

Whatever isn't a sandbox or scratch org counts as production, developer editions too: the plan must spell it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.bulkload.intake import plan

# Ids of 15 and of 18 characters name the same org (contract 7.7).
SHORT = 15


def check(checked: plan.Plan, organization: Mapping[str, Any]) -> None:
    """Hold the plan's `org` against the org's own row (`Id`, `IsSandbox`). Raises PlanError."""
    org_id, is_sandbox, said = str(organization["Id"]), bool(organization["IsSandbox"]), checked.org
    if isinstance(said, str):
        if said[:SHORT] != org_id[:SHORT]:
            raise errors.PlanError(f"org: the connection {checked.conn_id} leads to {org_id}, the plan is for {said}; mend one of the two")
        return
    if said is not None and said.production and is_sandbox and not said.sandbox:
        raise errors.PlanError(f"org: {org_id} is a sandbox, the plan is for production; mend the connection {checked.conn_id}, or `org`")
    if not is_sandbox and not (said is not None and said.production):
        remedy = f"mend the connection {checked.conn_id}, or spell it out: `org: {org_id}`"
        raise errors.PlanError(f"org: {org_id} is no sandbox, and the plan doesn't say that it may go to production; {remedy}")
