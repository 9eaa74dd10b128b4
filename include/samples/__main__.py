"""`python -m include.samples --accounts N` → a payload of any size in the default mapping's shape, made batch by batch."""

from __future__ import annotations

import argparse
import contextlib
import gzip
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from include.samples import made

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def main(arguments: Sequence[str]) -> int:
    """Write the payload; returns the exit status."""
    options = _options(arguments)
    with _target(options.out, packed=options.gzip) as out:
        for part in made.payload(options.accounts, options.contacts_per_account, seed=options.seed, by_line=options.lines):
            out.write(part)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m include.samples", description=__doc__)
    parser.add_argument("--accounts", type=int, required=True, help="how many accounts")
    parser.add_argument("--contacts-per-account", type=int, default=3, help="how many contacts stand in each (default 3)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (default 1)")
    parser.add_argument("--lines", action="store_true", help="JSON lines, one account a line, instead of one document")
    parser.add_argument("--gzip", action="store_true", help="pack it; name the file .json.gz or .jsonl.gz")
    parser.add_argument("--out", type=Path, help="file to write (default: standard output)")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _target(out: Path | None, *, packed: bool) -> Iterator[BinaryIO]:
    with contextlib.ExitStack() as opened:
        target: BinaryIO = opened.enter_context(out.open("wb")) if out else sys.stdout.buffer
        # Without name and time in its head, so that the same seed gives the same bytes packed, too.
        if packed:
            target = opened.enter_context(gzip.GzipFile("", "wb", compresslevel=6, fileobj=target, mtime=0))  # type: ignore[assignment]  # a GzipFile is binary, too
        yield target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
