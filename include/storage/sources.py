"""A source's URI → its files, if they lie under an allowed root; anything else is refused with the remedy.

file:// is read where it stands, after links and dots are resolved; objects are brought one by one, each for as long
as it is read. Compressed files stay compressed.
"""

from __future__ import annotations

import contextlib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import fsspec

from include.bulkload.basics import errors
from include.bulkload.intake import files as source_files
from include.storage import uris

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Sequence

    Opened = Callable[[str], tuple[Any, str]]

DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}
BUGS = (TypeError, AttributeError, NameError, AssertionError)
MOST_FILES = 10_000


def files(uri: str, into: Path, allowed_roots: Sequence[str], opened: Opened = fsspec.core.url_to_fs) -> list[source_files.File]:
    """List the files at `uri`, sorted by name: one, those of a folder (`/` at the end), or those that a glob matches.

    file:// ones are read in place; others come into the folder `into` when they are read, and go afterwards. `opened`
    makes of a URI its file system and the path there; Airflow's way also knows connections. Raises SourceError if
    something lies under no allowed root, isn't a URI that is read, can't be read, or if there is nothing.
    """
    roots = [uris.read(root) for root in allowed_roots]
    whole, pattern = uris.read(uri), uris.pattern(uri)
    place = uris.read(pattern.folder) if pattern else whole
    _allow(place, roots)
    if pattern is None:
        name = PurePosixPath(place.path).name
        return [source_files.File(name, _in_place(place) if place.scheme == "file" else _brought(uri, place, into, opened))]
    found = _on_disk(place, pattern, roots) if place.scheme == "file" else _in_store(place, pattern, into, opened)
    listed = sorted(found, key=lambda file: file.name)
    shown = uris.shown(uri)
    if not listed:
        raise errors.SourceError(f"{shown}: there is nothing to read; mend the URI, or put the files there")
    if len(listed) > MOST_FILES:
        raise errors.SourceError(f"{shown}: these are {len(listed):,} files, at most {MOST_FILES:,} are read; join them, or split the load")
    return listed


def _allow(place: uris.Place, roots: Sequence[uris.Place]) -> None:
    """Raise SourceError for what lies under no allowed root."""
    if not any(place.is_under(root) for root in roots):
        told = ", ".join(root.shown for root in roots)
        raise errors.SourceError(f"{place.shown} lies under no allowed root ({told}); move it there, or extend BULKLOAD_ALLOWED_ROOTS")


def _on_disk(place: uris.Place, pattern: uris.Pattern, roots: Sequence[uris.Place]) -> Iterator[source_files.File]:
    """The files of this machine that a pattern matches; each link is followed, and must lead under a root too."""
    folder = Path(place.path)
    try:
        found = sorted(set(_walked(folder, "", pattern.steps)))
    except OSError as wrong:
        raise errors.SourceError(f"{place.shown}: it can't be listed ({wrong.strerror}); give a folder that the worker may read") from wrong
    for name in found:
        whole = uris.Place("file", "", str((folder / name).resolve()), f"{place.shown.rstrip('/')}/{name}"[:300])
        _allow(whole, roots)
        yield source_files.File(name, _in_place(whole))


def _walked(folder: Path, before: str, steps: Sequence[re.Pattern[str] | None]) -> Iterator[str]:
    """Paths beneath a folder, step by step; `**` doesn't follow links, which may lead in a circle."""
    step, *more = steps
    for entry in sorted(folder.iterdir()):
        name = before + entry.name
        if step is None:
            if entry.is_dir() and not entry.is_symlink() and not entry.name.startswith("."):
                yield from _walked(entry, f"{name}/", steps)
        elif step.fullmatch(entry.name):
            if more and entry.is_dir():
                yield from _walked(entry, f"{name}/", more)
            elif not more and not entry.is_dir():
                yield name
    if step is None:
        yield from _walked(folder, before, more)


def _in_store(place: uris.Place, pattern: uris.Pattern, into: Path, opened: Opened) -> Iterator[source_files.File]:
    """The objects that a pattern matches."""
    with _told(place):
        fs, prefix = opened(pattern.folder)
        fs.invalidate_cache()
        found = fs.find(prefix, maxdepth=pattern.depth, detail=True)
    names = sorted(path.removeprefix(prefix.rstrip("/")).lstrip("/") for path, info in found.items() if info["type"] == "file")
    for number, name in enumerate(name for name in names if pattern.whole.fullmatch(name)):
        # Who may write keys mustn't make chained URLs or ways out of them.
        each = f"{pattern.folder}/{name}"
        yield source_files.File(name, _brought(each, uris.read(each), into / str(number), opened))


def _in_place(place: uris.Place) -> Callable[[], contextlib.AbstractContextManager[Path]]:
    """A file of this machine. Raises SourceError if it can't be read."""
    path = Path(place.path)
    try:
        # A pipe or a device would have the worker wait for ever.
        if path.exists() and not path.is_file():
            raise errors.SourceError(f"{place.shown}: it is no file; name the file itself, or a folder with / at its end")
        with path.open("rb"):
            return lambda: contextlib.nullcontext(path)
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{place.shown}: there is no such file on the worker; mend the URI, or put the file there") from missing
    except OSError as wrong:
        raise errors.SourceError(f"{place.shown}: it can't be read ({wrong.strerror}); give a file that the worker may read") from wrong


def _brought(uri: str, place: uris.Place, into: Path, opened: Opened) -> Callable[[], contextlib.AbstractContextManager[Path]]:
    """An object, downloaded whole when it is read, gone afterwards."""

    @contextlib.contextmanager
    def here() -> Iterator[Path]:
        into.mkdir(parents=True, exist_ok=True)
        local = into / f"source{''.join(Path(place.path).suffixes[-2:])}"
        with _told(place):
            fs, path = opened(uri)
            # The size that a cached listing tells may be an older object's.
            fs.invalidate_cache()
            size = fs.info(path)["size"]
            fs.get_file(path, str(local))
        if local.stat().st_size != size:
            raise errors.SourceError(f"{place.shown}: {local.stat().st_size:,} of {size:,} bytes came; start again when it is whole")
        try:
            yield local
        finally:
            local.unlink()

    return here


@contextlib.contextmanager
def _told(place: uris.Place) -> Iterator[None]:
    """Say plainly what a store's library raises."""
    try:
        yield
    except FileNotFoundError as missing:
        raise errors.SourceError(f"{place.shown}: there is no such object; mend the URI, or put the object there") from missing
    except ImportError as missing:
        driver = DRIVERS[place.scheme]
        raise errors.SourceError(f"{place.shown}: {place.scheme}:// needs the library {driver}; install it on the workers") from missing
    except BUGS:
        raise
    except Exception as wrong:
        # Each store's library has errors of its own; only their kind is told, their text may hold credentials.
        kind = type(wrong).__name__
        raise errors.SourceError(f"{place.shown}: it can't be reached ({kind}); look at the store's address, and at the rights") from wrong
