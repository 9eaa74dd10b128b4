"""Edited copies of a run's lists → each object's staged rows with the edits, a new version of them, and what is taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.intake import copies, link_cells, split, values
from include.bulkload.ledger import replays
from include.bulkload.match import edits
from include.bulkload.steps import journal, outcome, targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from include.bulkload.match import newer
    from include.bulkload.steps import ports

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What an object's edits are held against: its copies, what is left of it (row_id, fate, how), where it stands, later runs' keys."""

    copies: Sequence[copies.Copy]
    left: Path
    final: Path
    later: Sequence[newer.Keys]


@dataclass(frozen=True, slots=True)
class Edits:
    """What is taken of an object's edited rows (row_id, how), its staged rows with them, and who isn't taken.

    `refused`: rows that go aside, with their fate; None: none. `version`: what an entry says of the staged rows, and `named`: the rows
    (row_id) that have the copy's cells; None: no copy is of this object.
    """

    rows: Path
    staged: Path
    superseded: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    refused: Path | None = None
    version: Document | None = None
    named: Path | None = None

    def told(self, run: ports.Run, name: str, replay: int) -> Document:
        """Say it in the entry of what a replay chose."""
        kept = journal.keep(run, self.refused, f"{name}/refused.parquet") if self.refused else None
        version = None
        if self.version is not None and self.named is not None:
            version = {**self.version, **_kept(run, name, replay, self.staged, self.named)}
        return {"skipped": self.skipped, "refused": kept, "staged": version}


def _kept(run: ports.Run, name: str, replay: int, staged: Path, named: Path) -> Document:
    """Store an object's staged rows with the edits of a replay, and which rows these are of (row_id)."""
    files = {"file": journal.keep(run, staged, f"{name}/staged.parquet"), "named": journal.keep(run, named, f"{name}/named.parquet")}
    return {"replay": replay, **files}


def read(run: ports.Run, opened: journal.Opened, uri: str, inlet: ports.Inlet) -> dict[str, list[copies.Copy]]:
    """Read the edited copies at a URI: by object. Raises PlanError with every finding, SourceError."""
    found: dict[str, list[copies.Copy]] = {}
    findings: list[str] = []
    for number, file in enumerate(inlet.files(uri, run.scratch / "copies")):
        with tables.connect(run.limits) as con:
            try:
                copy = copies.read(con, file, opened.plan, run.scratch / f"copy-{number}")
            except errors.PlanError as wrong:
                findings += wrong.findings
                continue
        if copy:
            found.setdefault(copy.name, []).append(copy)
    for name, each in found.items():
        with tables.connect(run.limits) as con:
            findings += copies.strangers(con, each, targets.staged_file(run, name), name)
    if findings:
        raise errors.PlanError(*findings)
    return found


def of(run: ports.Run, opened: journal.Opened, name: str, given: Given) -> Edits:
    """Take an object's edits: check them, and make its staged rows anew; the stored files of before stay."""
    staged, each = targets.staged_file(run, name), opened.plan.objects[name]
    parts = ("drafts", "edited", "asked", "refused", "copied")
    drafts, out, rows, refused, named = (run.scratch / f"{name}-{part}.parquet" for part in parts)
    links = [*link_cells.told_of(each)]
    standing = edits.Standing(staged, given.left, given.final, given.later, each.external_id is not None, links)
    if not given.copies:
        with tables.connect(run.limits) as con:
            tables.write_parquet(con, "SELECT NULL::BIGINT AS row_id, NULL::VARCHAR AS how WHERE false", rows)
        return Edits(rows, staged)
    asked = " UNION ALL ".join(f"SELECT row_id FROM {tables.parquet(copy.rows)}" for copy in given.copies)
    with tables.connect(run.limits) as con:
        skipped = edits.asked(con, f"({asked})", standing)
        tables.write_parquet(con, copies.drafted(con, given.copies, staged, opened.plan, opened.describes, name), drafts)
        edits.judge(con, drafts, standing)
        superseded = edits.superseded(con, standing)
        edits.write(con, drafts, standing, out)
        edits.named(con, named)
        aside = edits.taken(con, rows, refused, standing)
    version = _version(run, opened, name, out, journal.staged(run, name))
    return Edits(rows, out, superseded, skipped, refused if aside else None, version, named)


def given_up(run: ports.Run, opened: journal.Opened) -> None:
    """Note what of their edits counts of replays that were given up: of rows that were in a job, so that they may stand in the org.

    All others are as they were before. Call it once nothing of these replays runs any more, and before rows are chosen.
    """
    names = run.folder.names(replays.FOLDER)
    kept = replays.numbers(names, replays.KEPT)
    for number in replays.numbers(names, replays.CHOSEN):
        closed = run.folder.read(replays.name(number, replays.CLOSED))
        if number in kept or not (closed and closed["taken_over"]):
            continue
        objects = journal.demand(run, replays.name(number, replays.CHOSEN))["objects"]
        versions = {name: each["staged"] for name, each in objects.items() if each["staged"]}
        if versions:
            own = replays.read(number, journal.demand(run, replays.name(number, replays.BEGUN)))
            told = {name: {"staged": _sent_edits(run, opened, name, number, versions[name])} for name in versions}
            journal.note(run, own.kept(told))


def _sent_edits(run: ports.Run, opened: journal.Opened, name: str, number: int, version: Document) -> Document | None:
    """An object's staged rows with those edits alone that replay `number` sent; None: it sent none."""
    own = outcome.of(run, name).of_turn(number)
    out, named = (run.scratch / f"{name}-{number}-{part}.parquet" for part in ("kept", "copied"))
    sent = " UNION ".join(outcome.rows_in(run, own, own.jobs.keys() | own.gone.keys()))
    if not sent:
        return None
    before = journal.staged(run, name, number)
    old, new = (tables.parquet(journal.bring(run, each["file"])) for each in (before, version))
    with tables.connect(run.limits) as con:
        rows = (
            f"SELECT * FROM {new} SEMI JOIN ({sent}) USING (row_id) UNION ALL BY NAME SELECT * FROM {old} ANTI JOIN ({sent}) USING (row_id)"
        )
        tables.write_parquet(con, f"FROM ({rows}) ORDER BY row_id", out)
        copied = tables.parquet(journal.bring(run, version["named"]))
        tables.write_parquet(con, f"FROM {copied} SEMI JOIN ({sent}) USING (row_id) ORDER BY row_id", named)
    return {**_version(run, opened, name, out, before), **_kept(run, name, number, out, named)}


def _version(run: ports.Run, opened: journal.Opened, name: str, staged: Path, before: Document) -> Document:
    """Count the staged rows anew, and list those that can't be sent; `before`: what an entry said of them until now."""
    listed = run.scratch / f"{name}-rejected.csv"
    with tables.connect(run.limits) as con:
        places = _places(journal.bring(run, before["rejected_csv"]))
        rejected = split.rejected(con, staged, opened.plan.objects[name], name, places, listed)
        merged, filtered, *changes = split.sums(con, staged)
    counts = {"rows": before["rows"], "rejected": rejected, "merged": merged, "filtered": filtered}
    told = dict(zip(values.CHANGES, changes, strict=True))
    return {**counts, "changes": told, "rejected_csv": journal.keep(run, listed, f"{name}/rejected.csv")}


def _places(listed: Path) -> str:
    """The query of row_id (as people know it) and place, from the list of rejected rows that stands."""
    header = tables.header_of(listed)
    return f"SELECT row_id, place FROM {tables.strict_csv(listed, header)}"
