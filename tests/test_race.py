"""Eight processes that apply the same twenty migrations run every statement once, and all of them end well."""

import sys
from pathlib import Path

import pytest

from querynl.errors import LockLost
from tests.engines import Database, Databases
from tests.migrating import Project, done
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


@pytest.mark.engines("postgresql")
def test_a_migration_that_gives_back_the_lock_lets_no_statement_run_twice(database: Database, tmp_path: Path) -> None:
    project = Project(database, tmp_path / "migrations")
    project.write("1_counts", "CREATE TABLE counts (id int);\nSELECT pg_advisory_unlock_all();")
    project.write("2_two", "INSERT INTO counts VALUES (2);")
    project.write("3_three", "INSERT INTO counts VALUES (3);")
    others: list[str] = []

    def let_another_go_first(migration_id: str, *_: object) -> None:
        if migration_id == "2_two" and not others:
            others.extend(done(project.apply()))

    with pytest.raises(LockLost, match="2_two was stopped: Another process ran it"):
        project.apply(progress=let_another_go_first)

    assert others == ["2_two", "3_three"]
    assert database.rows("SELECT id FROM counts ORDER BY id") == [(2,), (3,)]
    assert set(project.statuses().values()) == {"applied"}
