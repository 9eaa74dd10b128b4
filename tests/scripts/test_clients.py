"""A lock file → npm's folder for it, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scripts import clients

if TYPE_CHECKING:
    from pathlib import Path

NPM = '#!/bin/sh\necho "$@" >> ../calls\nmkdir node_modules\n'


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the three files, and an npm and a node that are first on the path."""
    folder, programs = tmp_path / "asked", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    for name in clients.FILES:
        (folder / name).write_text(name)
    for name in ("npm", "node"):
        (programs / name).write_text(NPM)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/bin:/usr/bin")
    return folder


def test_what_is_installed_is_not_installed_again(tmp_path: Path, asked: Path) -> None:
    """The same lock is the same folder, and npm is called once; another lock is another folder."""
    first, second = clients.folder(tmp_path / "kept", asked), clients.folder(tmp_path / "kept", asked)
    (asked / "package-lock.json").write_text("another")
    third = clients.folder(tmp_path / "kept", asked)
    calls = (tmp_path / "kept" / "calls").read_text().splitlines()
    assert (first, True, 2) == (second, first != third, len(calls))


def test_what_broke_off_is_not_taken_for_installed(tmp_path: Path, asked: Path) -> None:
    """An npm that fails leaves no folder that looks whole: the next call tries again."""
    npm = tmp_path / "bin" / "npm"
    npm.write_text("#!/bin/sh\nmkdir node_modules\nexit 1\n")
    with pytest.raises(clients.subprocess.CalledProcessError):
        clients.folder(tmp_path / "kept", asked)
    npm.write_text(NPM)
    assert (clients.folder(tmp_path / "kept", asked) / "node_modules").is_dir()


def test_without_node_it_says_what_to_install(tmp_path: Path, asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No node: an error of its own, with the remedy."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(clients.NoNode, match="install node and npm"):
        clients.folder(tmp_path / "kept", asked)


def test_the_lock_names_no_registry() -> None:
    """Whoever installs uses the registry that their npm knows."""
    text = (clients.ASKED / "package-lock.json").read_text()
    assert (False, False) == ("resolved" in text, "://registry." in text)
