"""A run that was settled → what it leaves for later runs: a new generation per object with `changed_only`, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.bulkload.basics import errors, tables
from include.bulkload.ledger import entries, resume, waves
from include.bulkload.match import changes, remembered
from include.bulkload.steps import generations, journal, memory

if TYPE_CHECKING:
    from collections.abc import Iterable

    from include.bulkload.steps import ports

Document = dict[str, Any]
# Of an aborted job a chunk may be committed after its end, and stamps are cut to seconds.
LATE = timedelta(seconds=60)
RACES = 5


def objects(run: ports.Run, opened: journal.Opened) -> dict[str, int]:
    """Remember what this run loaded, and each replay of it; rows remembered of each object of which it wasn't done before.

    Call it when nothing of the run is sent any more; a cleared run adds nothing. Raises LedgerDamaged.
    """
    if opened.plan.dry_run:
        return {}
    watched = [name for name, each in opened.plan.objects.items() if each.changed_only]
    left = [(name, replay) for name in watched for replay in _turns(run, name) if _is_due(run, name, replay)]
    ours = windows(run, opened) if left else []
    return {name: _remembered(run, opened, name, replay, ours) for name, replay in left}


def _turns(run: ports.Run, name: str) -> list[int]:
    """The run itself (0) and its replays, in order."""
    return sorted({0, *(wave.replay for wave in journal.waves_of(run, name))})


def remembered_name(name: str, replay: int = 0) -> str:
    """Where it stands that an object is remembered as the run, or one of its replays, left it."""
    return f"ledger/{name}/remembered-{replay:03d}.json" if replay else f"ledger/{name}/remembered.json"


def gone_prefix(name: str) -> str:
    """Where it stands which remembered records of an object turned out to be gone."""
    return f"ledger/{name}/gone-"


def _is_due(run: ports.Run, name: str, replay: int) -> bool:
    compared = run.folder.read(memory.compared_name(name, replay))
    return compared is not None and run.folder.read(remembered_name(name, replay)) is None


def windows(run: ports.Run, opened: journal.Opened) -> list[Document]:
    """When this run's jobs wrote, and as whom, by the org's clock: what changed then by that user is our own."""
    found = []
    for job in [facts.last for name in opened.plan.objects for facts in journal.jobs(run, name) if facts.last]:
        late = datetime.fromisoformat(job["systemModstamp"]) + LATE
        found.append({"begin": job["createdDate"][: changes.SECONDS], "end": late.isoformat()[: changes.SECONDS], "by": job["createdById"]})
    return merged(found)


def merged(given: Iterable[Document]) -> list[Document]:
    """Make one window of those of a user that overlap."""
    found: list[Document] = []
    for each in sorted(given, key=lambda one: (one["by"], one["begin"])):
        if found and found[-1]["by"] == each["by"] and each["begin"] <= found[-1]["end"]:
            found[-1] = {**found[-1], "end": max(found[-1]["end"], each["end"])}
        else:
            found.append(each)
    return found


def _remembered(run: ports.Run, opened: journal.Opened, name: str, replay: int, ours: list[Document]) -> int:
    """Write an object's new generation, or find that an earlier try of this run did."""
    kept, where = generations.demanded(run, name), generations.place(opened, name)
    compared, account = journal.demand(run, memory.compared_name(name, replay)), _account(run, opened, name, replay)
    for _ in range(RACES):
        number, document = generations.newest(kept, where)
        if document.get("run") == memory.writer(run, replay):
            return _noted(run, opened, (name, replay), compared, {"generation": number, "rows": document["rows"]})
        is_newest = number == compared["generation"]
        base = journal.bring(run, compared["known"]) if is_newest else generations.file(kept, document, run.scratch)
        out = run.scratch / f"{name}-memory.parquet"
        with tables.connect(run.limits) as con:
            rows = remembered.write(con, base, account, newest=is_newest, out=out)
        written = _generation(run, compared if is_newest else {**compared, **document}, ours, rows)
        written["run"] = memory.writer(run, replay)
        written["file"] = kept.put(out, f"{where}/rows.parquet").as_document()
        try:
            generations.add(kept, where, number + 1, written)
        except FileExistsError:
            continue
        return _noted(run, opened, (name, replay), compared, {"generation": number + 1, "rows": rows})
    raise errors.NetworkFault(f"{kept.uri(where)}: other runs write here again and again; the next try goes on")


def _generation(run: ports.Run, before: Document, ours: list[Document], rows: int) -> Document:
    """Say what a generation says besides its file: up to when the org's changes are known, and which of them are ours."""
    seen = before["seen"] or min((each["begin"] for each in ours), default=None)
    since = (datetime.fromisoformat(seen) - memory.OVERLAP).isoformat(timespec="seconds") if seen else ""
    recent = [each for each in merged([*before["windows"], *ours]) if each["end"] >= since]
    return {"format": 1, "at": run.now(), "rows": rows, "seen": seen, "windows": recent}


def _noted(run: ports.Run, opened: journal.Opened, what: tuple[str, int], compared: Document, said: Document) -> int:
    """Note that it is done, and take the marks away of those runs that are accounted for now. `what`: object and replay."""
    name, replay = what
    journal.note(run, entries.Entry(remembered_name(name, replay), said))
    kept, where = generations.demanded(run, name), generations.place(opened, name)
    for each in [memory.mark(run, where, replay), *compared["unfinished"]]:
        kept.remove(each)
    return int(said["rows"])


def _account(run: ports.Run, opened: journal.Opened, name: str, replay: int) -> remembered.Account:
    """Gather the waves of one turn: the rows as they were to be sent, and what became of them."""
    jobs = resume.counting(journal.jobs(run, name))
    found = [_wave(run, opened, wave, jobs) for wave in journal.waves_of(run, name) if wave.replay == replay]
    gone = [journal.bring(run, journal.demand(run, each)["file"]) for each in run.folder.names(gone_prefix(name))]
    return remembered.Account(found, gone)


def _wave(run: ports.Run, opened: journal.Opened, wave: waves.Wave, jobs: dict[int, resume.JobFacts]) -> remembered.Wave:
    matched = [jobs[number].facts["matched"] for number in wave.numbers if number in jobs and jobs[number].has("matched")]
    fates = [journal.bring(run, each) for each in ([wave.aside] if wave.aside else []) + [each["fates"] for each in matched]]
    if wave.ready is None or wave.kind not in {*waves.WHOLE, waves.Kind.LINKS}:
        return remembered.Wave(fates=fates)
    return remembered.Wave(
        journal.bring(run, wave.ready),
        changes.digest(wave.columns, memory.seed(opened, wave.name, wave.columns)),
        links=wave.kind is waves.Kind.LINKS,
        tells=" OR ".join(f"{tables.cell(each)} IS NOT NULL" for each in _waiting(opened, wave)) or "false",
        fates=fates,
    )


def _waiting(opened: journal.Opened, wave: waves.Wave) -> list[str]:
    """The columns of a wave whose links wait for a second pass in some rows: those to rows of the object itself, or cut beside others."""
    links = opened.plan.objects[wave.name].numbered_links
    fields = [field for _, field, nth, one in links if one.object == wave.name or opened.plan.is_cut(wave.name, field, nth)]
    return [each for each in dict.fromkeys(fields) if each in wave.columns]
