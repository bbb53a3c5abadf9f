"""A folder of the test's own to type commands in."""

from pathlib import Path

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(tmp_path, capsys)


@pytest.fixture(autouse=True)
def no_private_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes this a machine without database programs: what the tests want of a server, `--scratch-url` names."""
    monkeypatch.setattr("querynl.scratch.PROGRAMS", {"postgresql": (), "mysql": (), "mariadb": ()})
