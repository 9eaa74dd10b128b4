"""Objects with their counts, jobs, last requests → the page at `/`, plain HTML that loads itself anew.

No secrets, no record data: names, ids, numbers and times only.
"""

from __future__ import annotations

import html
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from include.local_org import journal

SECONDS = 3
STYLE = """
:root { color-scheme: light dark; --edge: #d8dee6; --soft: #5b6776; --back: #f5f7fa; --card: #fff; --text: #1b2430;
  --good: #1a7f4b; --bad: #c0362c; --busy: #1769c7; }
@media (prefers-color-scheme: dark) { :root { --edge: #2c3644; --soft: #93a1b3; --back: #10151c; --card: #18202a; --text: #e4eaf1;
  --good: #4cc38a; --bad: #ff7b6e; --busy: #6cb2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1200px; padding: 24px; background: var(--back); color: var(--text);
  font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 15px; margin: 0 0 8px; } p { color: var(--soft); margin: 2px 0 20px; }
section { background: var(--card); border: 1px solid var(--edge); border-radius: 8px; padding: 16px; margin-bottom: 16px;
  overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12px; }
th, td { padding: 4px 14px 4px 0; border-bottom: 1px solid var(--edge); white-space: nowrap; } tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; } code { font: 12px ui-monospace, monospace; }
.good { color: var(--good); } .bad { color: var(--bad); } .busy { color: var(--busy); } .none { color: var(--soft); }
.objects { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 2px 24px; }
.objects div { display: flex; justify-content: space-between; padding: 3px 0; } .objects .none b { font-weight: 400; }
progress { width: 110px; height: 8px; vertical-align: middle; accent-color: var(--busy); }
.path { white-space: normal; word-break: break-all; min-width: 300px; }
@media (max-width: 700px) { body { padding: 12px; } section { padding: 12px; } }
"""
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{seconds}"><title>Local org</title>
<style>{style}</style></head><body><h1>Local org</h1><p>{about}</p>{sections}</body></html>
"""
TONES = {"JobComplete": "good", "Failed": "bad", "Aborted": "bad", "InProgress": "busy", "UploadComplete": "busy", "Open": "none"}
FINE, REFUSED = 200, 400
# The page itself would fill its list.
OWN, MOST_LINES = "/", 40


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as the page shows it; `total`: rows of its upload, if it was worked on since the start."""

    job: dict[str, Any]
    total: int | None = None
    batches: int = 0
    ended: int = 0


def written(about: str, counts: Iterable[tuple[str, int]], jobs: Sequence[JobLine], requests: Sequence[journal.Entry]) -> str:
    """Write the whole page."""
    objects = "".join(
        f'<div class="{"" if count else "none"}"><span>{html.escape(name)}</span><b>{count:,}</b></div>' for name, count in counts
    )
    sections = [
        f'<section><h2>Records</h2><div class="objects">{objects}</div></section>',
        _table("Jobs", "Job|Operation|Object|State|Progress|#Rows|#Failed|#Batches|#Retries|#Created", [_job(each) for each in jobs]),
        _table("Requests", "Time|Method|Path|#Times|#Status|#In|#Out|#ms", [_request(*each) for each in _alike(requests)]),
    ]
    return FRAME.format(seconds=SECONDS, style=STYLE, about=html.escape(about), sections="".join(sections))


def _table(title: str, heads: str, rows: list[str]) -> str:
    """Write a table; `heads`: names between bars, those with # are of numbers."""
    cells = "".join(f'<th class="n">{each[1:]}</th>' if each.startswith("#") else f"<th>{each}</th>" for each in heads.split("|"))
    inner = "".join(f"<tr>{row}</tr>" for row in rows) or '<tr><td class="none">none yet</td></tr>'
    return f"<section><h2>{title}</h2><table><thead><tr>{cells}</tr></thead><tbody>{inner}</tbody></table></section>"


def _job(line: JobLine) -> str:
    job, finished = line.job, int(line.job["numberRecordsProcessed"])
    ended = job["state"] in {"JobComplete", "Failed", "Aborted"}
    most = line.total if line.total is not None else finished if ended else 0
    done = finished if most else int(job["state"] == "JobComplete")
    bar = f'<progress max="{max(most, 1)}" value="{done}"></progress>'
    rows = f"{finished:,}" if line.total is None else f"{finished:,} / {line.total:,}"
    failed = int(job["numberRecordsFailed"])
    return "".join(
        [
            f"<td><code>{html.escape(job['id'])}</code></td>",
            f"<td>{html.escape(job['operation'])}</td><td>{html.escape(job['object'])}</td>",
            f'<td class="{TONES.get(job["state"], "")}">{html.escape(job["state"])}</td><td>{bar}</td>',
            f'<td class="n">{rows}</td><td class="n {"bad" if failed else ""}">{failed:,}</td>',
            f'<td class="n">{f"{line.ended} / {line.batches}" if line.batches else ""}</td><td class="n">{job["retries"]:,}</td>',
            f'<td class="n">{html.escape(_clock(job["createdDate"]))}</td>',
        ]
    )


def _alike(requests: Sequence[journal.Entry]) -> list[tuple[journal.Entry, int]]:
    """Fold requests that follow each other and differ in nothing but time into the newest of them and their number."""
    groups = itertools.groupby(requests, lambda each: (each.method, each.path, each.status))
    folded = [(same[0], len(same)) for same in (list(group) for _, group in groups)]
    return [each for each in folded if each[0].path != OWN][:MOST_LINES]


def _request(entry: journal.Entry, times: int) -> str:
    tone = "good" if FINE <= entry.status < REFUSED else "bad"
    return "".join(
        [
            f"<td>{html.escape(_clock(entry.time))}</td><td>{html.escape(entry.method)}</td>",
            f'<td class="path"><code>{html.escape(entry.path)}</code></td>',
            f'<td class="n">{f"&times; {times:,}" if times > 1 else ""}</td>',
            f'<td class="n {tone}">{entry.status or "broken off"}</td>',
            f'<td class="n">{entry.bytes_in:,}</td><td class="n">{entry.bytes_out:,}</td><td class="n">{entry.ms:,}</td>',
        ]
    )


def _clock(moment: str) -> str:
    """The time of day of a moment in UTC."""
    return moment.partition("T")[2][:8]
