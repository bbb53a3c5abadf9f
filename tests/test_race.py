"""Eight processes that apply the same twenty migrations run every statement once, and all of them end well."""

import sys
from pathlib import Path

import pytest

from tests.engines import Databases
from tests.racing import breaches, race, racetrack

PROCESSES = 8
ROUNDS = 2


@pytest.mark.skipif(sys.platform == "win32", reason="the processes are forked")
def test_every_statement_runs_once_however_many_processes_apply_it(
    databases: Databases, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(ROUNDS):
        monkeypatch.setenv("QUERYNL_DATA_DIR", str(tmp_path / f"store{number}"))
        with databases.temporary(engine) as database:
            project = racetrack(database, tmp_path / f"{number}")

            results = race(project, PROCESSES)

            assert breaches(project, results) == []
