"""A plan and its sources → a begun run: checked against the org, rows staged.

Each stage is named in the ledger once it stands; a retry reads what stands there and never cuts anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import mapping, plan, preflight, right_org, sources, split
from include.bulkload.ledger import entries
from include.bulkload.steps import foreseen, journal, lease, payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

    from include.bulkload.intake import raw
    from include.bulkload.steps import ports

NO_SUCH_OBJECT = 404


def load(run: ports.Run, document: dict[str, Any], inlet: ports.Inlet) -> dict[str, Any]:
    """Begin the run by its plan and stage its rows.

    `inlet` is where its sources are read from. Returns {"rows": {object: {"rows", "rejected", "merged", "filtered"}},
    "folder": uri}. Raises PlanError with every finding, SourceError naming the place, TooManyRejected, AnotherRun while
    another run of the plan writes; before anything is sent. Of a dry run only the plan, the org and the sources must be fit;
    all else is found out and told in its summary.
    """
    opened = _begun(run, document)
    staged = _staged(run, opened, inlet, lease.hold(run, opened))
    if not opened.plan.dry_run and (found := too_many(opened, staged)):
        raise errors.TooManyRejected("; ".join(found))
    if run.folder.read(entries.FORESEEN) is None:
        # Later on each job asks: what this run has sent itself it has sent, whoever has loaded it `again` since.
        payloads.refuse_repeat(run, opened)
    foreseen.check(run, opened)
    counts = ("rows", "rejected", "merged", "filtered")
    return {"rows": {name: {count: staged[name][count] for count in counts} for name in staged}, "folder": run.folder.uri("")}


def _begun(run: ports.Run, document: dict[str, Any]) -> journal.Opened:
    """Open the run, or begin it: an earlier try's copy of the plan counts, whatever the plan says now."""
    if run.folder.read(entries.BEGUN) is None:
        journal.not_lost(run, entries.BEGUN, "ledger/")
        checked = plan.plan_from(document)
        organization = run.salesforce.organization()
        right_org.check(checked, organization)
        describes = _described(run, checked)
        warnings = preflight.check(checked, describes)
        kept = journal.keep(run, journal.write_json(checked.model_dump(mode="json", by_alias=True), run.scratch / "plan.json"), "plan.json")
        told = {sobject: _kept(run, sobject, each) for sobject, each in describes.items()}
        journal.note(run, entries.begun(str(organization["Id"]), kept, told, warnings, run.now()))
    return journal.opened(run)


def _kept(run: ports.Run, sobject: str, describe: dict[str, Any]) -> dict[str, Any]:
    """Store the describe of one sobject: no task reads those of objects that it has nothing to do with."""
    return journal.keep(run, journal.write_json(describe, run.scratch / f"describe-{sobject}.json"), f"describe-{sobject}.json")


def too_many(opened: journal.Opened, staged: Mapping[str, Any]) -> list[str]:
    """Name the objects of which more rows are rejected than the plan allows: then nothing is sent."""
    found = []
    for name, each in opened.plan.objects.items():
        rows, rejected = staged[name]["rows"], staged[name]["rejected"]
        if each.max_rejected is not None and rejected > mapping.allowed(each.max_rejected, rows):
            found.append(f"{name}: {rejected} of {rows} rows are rejected, max_rejected allows {each.max_rejected}; see its rejected file")
    return found


def _described(run: ports.Run, checked: plan.Plan) -> dict[str, dict[str, Any]]:
    """Fetch the describe of each sobject that the plan names. Raises PlanError naming all that the org doesn't have."""
    places = {each.sobject: f"objects.{name}.sobject" for name, each in checked.objects.items()}
    for name, each in checked.objects.items():
        for _, field, _, link in each.numbered_links:
            if link.sobject:
                places.setdefault(link.sobject, f"objects.{name}.parents.{field}.sobject")
    found, missing = {}, []
    for sobject, place in places.items():
        try:
            found[sobject] = run.salesforce.describe(sobject)
        except errors.RequestRefused as refused:
            if refused.status != NO_SUCH_OBJECT:
                raise
            missing.append(f"{place}: the org has no {sobject}, or this user may not see it; mend its name")
    if missing:
        raise errors.PlanError(*missing)
    return found


def _staged(run: ports.Run, opened: journal.Opened, inlet: ports.Inlet, held: int) -> dict[str, dict[str, Any]]:
    """Read each source once, or what stands; per object its counts and stored files. `held`: the number of the lease."""
    standing = run.folder.read(entries.STAGED)
    if standing is None:
        for name in opened.plan.objects:
            journal.not_lost(run, entries.STAGED, entries.WAVES.format(name))
        standing = journal.note(run, _read(run, opened, inlet, held))
    return dict(standing["objects"])


def _read(run: ports.Run, opened: journal.Opened, inlet: ports.Inlet, held: int) -> entries.Entry:
    """Read each source, stage each object's rows, store what was found."""
    with tables.connect(run.limits) as con:
        read = [_sourced(run, con, sources.Source(name, opened.plan, opened.describes), inlet) for name in opened.plan.all_sources]
        raws: Mapping[str, raw.Raw] = {name: found for each in read for name, found in each.raws.items()}
        found = {name: split.table_of(con, raws[name], opened.plan, opened.describes, name, run.scratch) for name in opened.plan.order()}
    objects = {
        name: {
            "rows": each.rows,
            "rejected": each.rejected,
            "merged": each.merged,
            "filtered": each.filtered,
            "changes": each.changes,
            "file": journal.keep(run, each.path, f"{name}/staged.parquet"),
            "rejected_csv": journal.keep(run, each.rejected_csv, f"{name}/rejected.csv"),
        }
        for name, each in found.items()
    }
    return entries.staged(objects, {each.source: each.sha256 for each in read}, held, run.now())


def _sourced(run: ports.Run, con: duckdb.DuckDBPyConnection, source: sources.Source, inlet: ports.Inlet) -> sources.Read:
    if source.said.sql is not None:
        return sources.from_batches(source, inlet.batches(source.said.sql, str(source.said.conn_id)), run.scratch)
    return sources.from_files(con, source, inlet.files(str(source.said.uri), run.scratch / f"files-{source.number}"), run.scratch)
