"""Runs of the same plan and org that read their sources after this one → the keys that they have written, or may have.

Or all keys that their sources had. A run that began earlier and was cleared until it could read its sources is a later one: its
cells are newer.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import entities, errors, tables
from include.bulkload.intake import keys
from include.bulkload.ledger import entries, replays, undos, waves
from include.bulkload.load import fates
from include.bulkload.match import newer
from include.bulkload.steps import journal, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from include.bulkload.steps import ports

    # The query of the keys (key) of some rows of another run: by the run, its object that has these keys, and how they are compared.
    Wanted = Callable[["Other", str, entities.KeyRule | None], str]

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Other:
    """Another run of the plan: its place in their order, the run, its copy of the plan and its stored describes by sobject."""

    place: entries.Order
    run: ports.Run
    plan: Document
    describes: Document


def written(run: ports.Run, opened: journal.Opened, only: str = "") -> dict[str, list[newer.Keys]]:
    """Write the keys of the records that later runs wrote, or left because they had them already; of all objects, or of one.

    Rows of closed jobs that nobody collected count too: they may be written. Objects whose rows have no key of the source's have none,
    nor do runs whose plan knew the object's rows by another field.
    """
    return found(run, opened, "written", dict.fromkeys(opened.plan.objects, wrote_of), only)


def named(run: ports.Run, opened: journal.Opened, only: str = "") -> dict[str, list[newer.Keys]]:
    """Write the keys that later runs read, whatever became of their rows; of all objects, or of one."""
    return found(run, opened, "named", dict.fromkeys(opened.plan.objects, _named_by), only)


def found(
    run: ports.Run,
    opened: journal.Opened,
    what: str,
    rows: Mapping[str, Wanted],
    only: str = "",
    wanted: Callable[[ports.RunFolder, entries.Order], bool] | None = None,
) -> dict[str, list[newer.Keys]]:
    """Write the keys of `rows`, given by object, of other runs; `wanted`: as of `others`, None: the later ones."""
    keyed = [name for name, each in opened.plan.objects.items() if each.external_id and only in {"", name}]
    keys_of: dict[str, list[newer.Keys]] = {name: [] for name in opened.plan.objects}
    own = own_place(run)
    for later in others(run, opened, wanted or (lambda _, place: place > own)) if keyed else ():
        for name in keyed:
            with saying_whose(later.run.folder):
                keys_of[name] += _keys(run, opened, name, later, what, rows[name])
    return keys_of


def _keys(run: ports.Run, opened: journal.Opened, name: str, later: Other, what: str, rows: Wanted) -> Iterator[newer.Keys]:
    """Write the keys of one object that another run's objects have."""
    stands = journal.demand(later.run, entries.STAGED)["objects"]
    for nth, their in enumerate(each for each in _known_as(opened, name, later) if each in stands):
        rule = _compared(run, opened, name, later, their)
        out = later.run.scratch / f"{name}-{what}-{nth}.parquet"
        query = rows(later, their, rule)
        with tables.connect(run.limits) as con:
            if tables.write_parquet(con, f"SELECT DISTINCT key FROM ({query}) WHERE key IS NOT NULL", out):
                yield newer.Keys(out, rule, of=later.run.folder.run_id())


@contextlib.contextmanager
def saying_whose(folder: ports.RunFolder) -> Iterator[None]:
    """Say of which other run an entry or file can't be read."""
    try:
        yield
    except errors.LedgerDamaged as damaged:
        swept = folder.read(entries.SWEPT)
        if swept is None:
            raise errors.LedgerDamaged(f"the run {folder.run_id()} of this plan: {damaged}") from damaged
        message = (
            f"the files of the run {folder.run_id()} of this plan were swept at {swept['at']}: which rows of this one are older "
            "can't be told any more; load its source by a new run"
        )
        raise errors.LedgerDamaged(message) from damaged


def _known_as(opened: journal.Opened, name: str, later: Other) -> list[str]:
    """What a later run's plan called an object's rows: its objects of the same sobject and key field, whatever their names.

    A key of another field says nothing of this one's rows.
    """

    def known_by(each: Document) -> tuple[str, str]:
        return str(each["sobject"]).lower(), str(each.get("external_id") or "").lower()

    ours = opened.plan.objects[name]
    wanted = ours.sobject.lower(), str(ours.external_id).lower()
    return [their for their, each in later.plan["objects"].items() if known_by(each) == wanted]


def _compared(run: ports.Run, opened: journal.Opened, name: str, later: Other, their: str) -> entities.KeyRule | None:
    """By which rule keys of an object are compared with a later run's, if the field isn't as it was."""
    ours, theirs = opened.plan.objects[name], later.plan["objects"][their]
    return compared(run, opened, later, (ours.sobject, str(ours.external_id)), (theirs["sobject"], theirs["external_id"]))


def compared(
    run: ports.Run, opened: journal.Opened, later: Other, ours: tuple[str, str], theirs: tuple[str, str]
) -> entities.KeyRule | None:
    """By which rule keys of a field are compared with another run's, if it isn't as it was. `ours`, `theirs`: its sobject and name."""
    described = journal.demand(run, entries.BEGUN)["describes"]
    if described.get(ours[0]) == later.describes.get(theirs[0]):
        return None  # As most nights: the describes needn't be read.
    them = journal.Describes(later.run, later.describes)
    return newer.common(keys.rule(keys.described(opened.describes, *ours)), keys.rule(keys.described(them, *theirs)))


def own_place(run: ports.Run) -> entries.Order:
    """The place of a run among those of its plan and org."""
    return entries.order(journal.demand(run, entries.STAGED), run.folder.run_id())


def others(run: ports.Run, opened: journal.Opened, wanted: Callable[[ports.RunFolder, entries.Order], bool]) -> Iterator[Other]:
    """The other runs of the plan and org that read their sources and are `wanted`, by their folder and place.

    Each has a scratch folder of its own. A run that isn't wanted costs little: its plan isn't read.
    """
    for number, folder in enumerate(run.folder.beside()):
        staged = folder.read(entries.STAGED)
        if staged is None or not wanted(folder, place := entries.order(staged, folder.run_id())):
            continue
        begun = folder.read(entries.BEGUN)
        if begun is None or begun["org_id"] != opened.org_id:
            continue
        scratch = run.scratch / f"other-{number}"
        scratch.mkdir(exist_ok=True)
        other = dataclasses.replace(run, folder=folder, scratch=scratch)
        with saying_whose(folder):
            document = json.loads(journal.bring(other, begun["plan"]).read_text("utf-8"))
        if document["name"] == opened.plan.name and not document.get("dry_run"):
            yield Other(place, other, document, begun["describes"])


def _named_by(later: Other, name: str, rule: entities.KeyRule | None) -> str:
    """The keys of all rows of one object that one run read, as its source had them and as edited copies did."""
    read = dict.fromkeys(as_of(later.run, name, number) for number in versions(later.run))
    return " UNION ALL ".join(f"SELECT {key_of(later, name, rule)} AS key FROM {rows}" for rows in read)


def key_of(later: Other, name: str, rule: entities.KeyRule | None) -> str:
    """The key of a staged row of another run, as it is compared."""
    return tables.folded(tables.cell(later.plan["objects"][name]["external_id"]), rule) if rule else "key"


def versions(run: ports.Run) -> list[int]:
    """As of what a run has had its rows: 0, as its source had them, and the numbers of its replays that have chosen; see `as_of`."""
    return [0, *replays.numbers(run.folder.names(replays.FOLDER), replays.CHOSEN)]


def as_of(later: ports.Run, name: str, replay: int) -> str:
    """The staged rows of an object as a replay sent them, as SQL; 0: as the run itself did."""
    return staged(later, name, replay + 1)


def staged(later: ports.Run, name: str, before: int = 0) -> str:
    """The staged rows of an object, as SQL: as they stood before a replay; 0: as they stand now."""
    return tables.parquet(journal.bring(later, journal.staged(later, name, before)["file"]))


def wrote_of(later: Other, name: str, rule: entities.KeyRule | None) -> str:
    """As `wrote`, with keys as they are compared."""
    return wrote(later.run, name, key_of(later, name, rule))


def sent_by(later: Other, name: str, rule: entities.KeyRule | None) -> str:
    """The same without what that run left because the records had it already."""
    return wrote(later.run, name, key_of(later, name, rule), more=f" AND fate != '{entities.Fate.UNCHANGED}'")


def wrote(later: ports.Run, name: str, key: str = "key", more: str = "") -> str:
    """The query of the keys (key) of the rows of one object that one run wrote, or may have; but those that its undo took back.

    `key`: that of a staged row, as SQL. An edited copy may have changed a row's since it was sent: each wave's rows have the key that
    they had then. `more`: what else holds of a fate that counts.
    """
    standing = outcome.of(later, name)
    # Rows of a job that is gone count even if another one carried them since: that one's word says nothing of the first.
    unsure = {each.place.number for each in journal.jobs(later, name) if not (each.has("matched") or each.has("aborted"))}
    wrote = []
    for replay in dict.fromkeys([0, *(wave.replay for wave in standing.waves)]):
        own = standing.of_turn(replay)
        met = [fates.of_wave(each) for each in outcome.met(later, own)]
        rows = [f"SELECT row_id FROM ({each}) WHERE (sf_id IS NOT NULL OR fate = '{entities.Fate.IN_DOUBT}'){more}" for each in met]
        rows += [tables.NO_ROWS, *outcome.rows_in(later, own, unsure)]
        wrote.append(f"SELECT row_id, {key} AS key FROM {as_of(later, name, replay)} SEMI JOIN ({' UNION ALL '.join(rows)}) USING (row_id)")
    # An undo takes back the record that a row has. One that it left under another key stands.
    undone = f"SELECT row_id, {key} AS key FROM {staged(later, name)} SEMI JOIN ({_undone(later, name)}) USING (row_id)"
    return f"SELECT key FROM ({' UNION ALL '.join(wrote)}) ANTI JOIN ({undone}) USING (row_id, key)"


def _undone(later: ports.Run, name: str) -> str:
    """The query of the rows (row_id) of one object whose records an undo of that run has taken back.

    By the records: one that several objects wrote is undone once, as a record of one of them.
    """
    if later.folder.read(undos.BEGUN) is None:
        return tables.NO_ROWS
    back = " UNION ALL ".join(_taken_back(later, each) for each in journal.demand(later, entries.STAGED)["objects"])
    own = [f"SELECT row_id, left(sf_id, 15) AS record FROM ({fates.of_wave(each)})" for each in outcome.met(later, outcome.of(later, name))]
    own += ["SELECT NULL::BIGINT AS row_id, NULL::VARCHAR AS record WHERE false"]
    return f"SELECT row_id FROM ({' UNION ALL '.join(own)}) SEMI JOIN ({back}) USING (record)"


def _taken_back(later: ports.Run, name: str) -> str:
    """The query of the records (record: 15 characters) that an undo deleted, or brought back to what they held, as those of one object.

    A record of which somebody else changed a field since still holds what that run wrote, or newer: it isn't one of them.
    """
    standing = outcome.of(later, undos.place(name))
    records = ["SELECT NULL::VARCHAR AS record WHERE false"]
    for wave, met in zip(standing.waves, outcome.met(later, standing), strict=True):
        partly = wave.notes.get(undos.PARTLY)
        if wave.kind is waves.Kind.UNDO_RESTORE and not partly:
            continue  # An older undo, which didn't note what it restored in part.
        done = f"SELECT left(sf_id, 15) AS record FROM ({fates.of_wave(met)}) WHERE fate = '{entities.Fate.SUCCEEDED}'"
        not_whole = f" AND row_id NOT IN (SELECT row_id FROM {tables.parquet(journal.bring(later, partly))})" if partly else ""
        records.append(done + not_whole)
    return " UNION ALL ".join(records)
