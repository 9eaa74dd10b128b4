"""Files on disk: whole or not at all, whoever is killed when."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from include.bulkload.basics import errors
from include.storage import disk

ROOT = Path(__file__).parents[3]
SIZE = 300_000
# Writes large files one after the other and says so after each.
WRITER = f"""
import sys
from include.storage import disk
store, base = disk.Disk(), sys.argv[1]
for number in range(10**6):
    store.create(f"{{base}}/{{number}}", b"%d," % (number % 10) * ({SIZE} // 2))
    print(number, flush=True)
"""


def _won(base: str, writer: int, names: int) -> list[int]:
    """Which names this process created."""
    won = []
    for number in range(names):
        try:
            disk.Disk().create(f"{base}/{number}", str(writer).encode())
        except FileExistsError:
            continue
        won.append(number)
    return won


def test_of_many_processes_one_wins(tmp_path: Path) -> None:
    """Exactly one creates each name, and its words stand."""
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        won = pool.starmap(_won, [(str(tmp_path), writer, 200) for writer in range(3)])
    assert list(range(200)) == sorted(number for each in won for number in each)
    found = {number: int((tmp_path / str(number)).read_text()) for number in range(200)}
    assert {number: writer for writer, each in enumerate(won) for number in each} == found


@pytest.mark.parametrize("files", [1, 2, 5, 9, 17])
def test_a_kill_leaves_no_half_file(tmp_path: Path, files: int) -> None:
    """SIGKILL somewhere after so many files: what the listing shows is whole."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        for _ in range(files):
            writer.stdout.readline()
        writer.kill()
        said = [int(line) for line in writer.stdout.read().split()]
    found = sorted(map(int, disk.Disk().find(str(tmp_path))))
    assert found == list(range(len(found)))
    assert len(found) >= max([files, *(number + 1 for number in said)])
    assert [b"%d," % (number % 10) * (SIZE // 2) for number in found] == [(tmp_path / str(number)).read_bytes() for number in found]


def test_nothing_unfinished_stays(tmp_path: Path) -> None:
    """Neither after a write nor after a lost race."""
    store = disk.Disk()
    store.create(f"{tmp_path}/a", b"x")
    store.replace(f"{tmp_path}/b", b"x")
    with pytest.raises(FileExistsError):
        store.create(f"{tmp_path}/a", b"y")
    assert ["a", "b"] == sorted(path.name for path in tmp_path.iterdir())


def test_an_unfinished_file_is_in_no_listing(tmp_path: Path) -> None:
    """A killed writer's temporary file is nobody's entry."""
    (tmp_path / ".new-0123").write_bytes(b"half")
    assert [] == disk.Disk().find(str(tmp_path))


def test_a_base_that_is_no_folder_is_told(tmp_path: Path) -> None:
    """The operating system's own words say it."""
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        disk.Disk().create(f"{tmp_path}/file/a", b"x")


def test_a_file_system_without_links_is_refused() -> None:
    """/proc takes no files at all, which is near enough: an error of ours or of the system, never a silent write."""
    with pytest.raises((errors.UnfitStorage, OSError)):
        disk.Disk().create("/proc/self/a", b"x")


def test_a_uri_can_be_read_back(tmp_path: Path) -> None:
    """Blanks and percent signs are encoded as URIs want them."""
    assert (tmp_path / "a b%").as_uri() == disk.Disk().uri(f"{tmp_path}/a b%")
