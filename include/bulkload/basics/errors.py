"""What went wrong → what happens next: stop for a person, try the same again, or set one row aside.

BulkloadError
├── MustStop            a person must act
│   ├── PlanError           the plan contradicts itself or the org
│   ├── SourceError         the source can't be read as the plan says
│   ├── TransformFailed     a function of the plan breaks, or breaks its rules
│   ├── LoginRefused        Salesforce doesn't let this connection in
│   ├── RequestRefused      Salesforce understood the request and said no
│   ├── WrongOrg            the connection leads to another org than the run began with
│   ├── LedgerDamaged       the run's own records are missing or were changed
│   ├── ContradictingIds    results that fit no row, or the same row twice
│   ├── JobGone             Salesforce loses the jobs of a chunk, one after the other
│   ├── ChunkVoid           the rows of a chunk are a replay's
│   ├── ObjectStopped       a job of the object failed in a way that all would
│   ├── RunUndone           the run is undone, nothing more of it may be sent
│   ├── DryRunOutdated      the run that is to be undone has sent more since it was looked at
│   ├── UnfitStorage        the object store can't create an object exclusively
│   ├── TooManyRejected     more rows can't be sent than the plan allows
│   └── SumsDontClose       rows are missing from, or too many in, the account
├── TryAgain            the same call may work later
│   ├── SalesforceBusy      5xx, 429 or a daily limit
│   ├── NetworkFault        no answer, or only part of one
│   ├── JobStillRunning     Salesforce hasn't finished the job yet
│   ├── JobTakenOver        another try of this task owns the chunk now
│   ├── JobStaysOpen        Salesforce doesn't abort the job yet
│   ├── AnotherRun          another run of the same plan writes to the org
│   └── ResultsIncomplete   the results don't add up to the job's own numbers
└── SetAside            this row only, the load goes on
    └── BadValue            a cell that Salesforce would refuse or change
"""

from __future__ import annotations

MISSING = 404


class BulkloadError(Exception):
    """Any error of ours: `str()` says what, where and the remedy. Survives pickling."""


class MustStop(BulkloadError):
    """A person must act before the same call can work."""


class PlanError(MustStop):
    """The plan contradicts itself or the org. Takes every finding at once, one line each."""

    def __init__(self, *findings: str) -> None:
        super().__init__(*findings)
        self.findings = findings

    def __str__(self) -> str:
        return "\n".join(self.findings)


class SourceError(MustStop):
    """The source can't be read as the plan says; the message names the place."""


class TransformFailed(MustStop):
    """A function of the plan raises, or returns something else than the frame's rows as text."""


class LoginRefused(MustStop):
    """Salesforce doesn't let this connection in."""


class RequestRefused(MustStop):
    """Salesforce understood the request and said no (4xx).

    `status` is the HTTP status, `code` Salesforce's errorCode or "".
    """

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message, status, code)
        self.status = status
        self.code = code

    @property
    def is_missing(self) -> bool:
        """Whether Salesforce doesn't know what was asked for."""
        return self.status == MISSING

    def __str__(self) -> str:
        return str(self.args[0])


class WrongOrg(MustStop):
    """The connection leads to another org than the one this run began with."""


class LedgerDamaged(MustStop):
    """The run's own records are missing, or not what was written."""


class ContradictingIds(MustStop):
    """A result that fits no row that was sent, or two results for one row."""


class JobGone(MustStop):
    """Salesforce loses the jobs of a chunk, one after the other; the message names the last."""


class ChunkVoid(MustStop):
    """A replay took over the rows of a chunk that was never sent, or later runs wrote some: they go by a replay's own jobs."""


class ObjectStopped(MustStop):
    """A job of the object failed for its header or file, or its first one did too badly: no other is made."""


class RunUndone(MustStop):
    """The run is being undone, or was: nothing more of it is sent."""


class DryRunOutdated(MustStop):
    """The run that is to be undone has sent more since the dry run looked at it: somebody must agree to another one."""


class UnfitStorage(MustStop):
    """The object store can't create an object exclusively, which the ledger needs."""


class TooManyRejected(MustStop):
    """More rows are rejected than the plan allows; nothing is sent."""


class SumsDontClose(MustStop):
    """The account of the rows doesn't close; the message says by how much."""


class TryAgain(BulkloadError):
    """The same call may work later."""


class SalesforceBusy(TryAgain):
    """5xx, 429 or a daily limit."""


class NetworkFault(TryAgain):
    """No answer, or only part of one: the server may or may not have acted."""


class JobStillRunning(TryAgain):
    """Salesforce hasn't finished the job yet; the message names it."""


class JobTakenOver(TryAgain):
    """Another try of this task decided over the job; that try goes on with the chunk."""


class JobStaysOpen(TryAgain):
    """A job that is given up can't be aborted yet; the message names it."""


class AnotherRun(TryAgain):
    """Another run of the same plan writes to the same org; the message names it."""


class ResultsIncomplete(TryAgain):
    """The results don't add up to the job's own numbers; fetched again they may."""


class SetAside(BulkloadError):
    """One row can't be sent; all others go on."""


class BadValue(SetAside):
    """A cell that Salesforce would refuse, or change without telling."""
