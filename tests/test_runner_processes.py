"""Several processes that apply the same migrations, and one that is stopped at its work."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from querynl.cli.main import INTERRUPTED, TERMINATED
from querynl.errors import DecisionNeeded, LockedOut
from tests.engines import Database
from tests.migrating import Project, done

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"

LOCKED_OUT = 8

# What takes longer than any test may. MySQL does not tell of sessions everywhere while one has such a character.
FOREVER = {
    "postgresql": "INSERT INTO a SELECT id FROM a, pg_sleep(600)",
    "mysql": "INSERT INTO a SELECT id + SLEEP(600) /* 😀 */ FROM a",
    "mariadb": "INSERT INTO a SELECT id + SLEEP(600) /* 😀 */ FROM a",
    "sqlite": "INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
}


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    return Project(database, tmp_path / "migrations")


@pytest.fixture
def endless(project: Project) -> Project:
    """Three migrations; the second statement of the second would run forever."""
    project.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);")
    project.write(
        B, f"CREATE TABLE b (id integer);\n{FOREVER[project.database.engine]};\nCREATE TABLE b3 (id integer);"
    )
    project.write(C, "CREATE TABLE c (id integer);")
    return project


def start(project: Project, *, lock_timeout: float = 60) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.applying", project.database.url, str(project.folder), str(lock_timeout)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")


def wait_until_it_runs(process: subprocess.Popen[str], what: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"running: {what}"):
            return
    pytest.fail(f"the process ended before {what}")


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and the last line that was said."""
    output, _ = process.communicate(timeout=100)
    lines = output.splitlines()
    return process.returncode, lines[-1] if lines else ""


def test_each_migration_runs_once_however_many_processes_apply_them(project: Project) -> None:
    ids = [f"2026010{number}000000_m" for number in range(1, 6)]
    project.database.execute("CREATE TABLE log (id integer)")
    for number, migration_id in enumerate(ids, 1):
        project.write(migration_id, f"CREATE TABLE t{number} (id integer);\nINSERT INTO log VALUES ({number});")

    results = [end(process) for process in [start(project) for _ in range(4)]]

    assert [status for status, _ in results] == [0, 0, 0, 0]
    assert sorted(" ".join(line.removeprefix("done:") for _, line in results).split()) == ids
    assert project.database.rows("SELECT id FROM log ORDER BY id") == [(number,) for number in range(1, 6)]
    assert set(project.statuses().values()) == set(project.store().values()) == {"applied"}


def test_a_process_that_finds_another_at_work_is_locked_out(endless: Project) -> None:
    first = start(endless)
    wait_until_it_runs(first, f"{B} 2/3")

    status, line = end(start(endless, lock_timeout=0.2))

    assert status == LOCKED_OUT
    assert "Another process is migrating the database" in line
    first.send_signal(signal.SIGINT)
    assert end(first)[0] == INTERRUPTED


@pytest.mark.engines("mysql", "mariadb")
def test_who_is_locked_out_is_told_what_runs(endless: Project) -> None:
    first = start(endless)
    wait_until_it_runs(first, f"{B} 2/3")

    # Without its PERFORMANCE_SCHEMA, MySQL tells the number of the session alone.
    who = "( of \\w+ at .*)?" if endless.database.engine == "mysql" else " of \\w+ at .*"
    with pytest.raises(LockedOut, match=rf"session \d+{who}, at {B} since 20"):
        endless.apply(lock_timeout=0)

    first.send_signal(signal.SIGINT)
    assert end(first)[0] == INTERRUPTED


@pytest.mark.parametrize(("asked", "answered"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_an_interruption_cancels_the_statement_and_leaves_a_stated_state(
    endless: Project, asked: signal.Signals, answered: int
) -> None:
    process = start(endless)
    wait_until_it_runs(process, f"{B} 2/3")

    process.send_signal(asked)
    status, line = end(process)

    assert status == answered
    if endless.database.engine in ("mysql", "mariadb"):
        assert "Statement 1 ran and stays, 2 was cancelled, 3 was not tried." in line
        assert endless.tables() == {"a", "b"}
    else:
        assert "Nothing of it remains." in line
        assert endless.tables() == {"a"}
    assert endless.database.rows("SELECT id FROM a") == [(1,)]
    assert endless.statuses() == {A: "applied", B: "failed", C: "pending"}
    assert endless.store() == {A: "applied", B: "failed"}


def test_nothing_runs_on_the_server_after_an_interruption(endless: Project) -> None:
    process = start(endless)
    wait_until_it_runs(process, f"{B} 2/3")
    process.send_signal(signal.SIGINT)
    end(process)
    endless.write(B, "CREATE TABLE b (id integer);\nSELECT 1;")

    assert done(endless.apply(lock_timeout=5)) == [B, C]


@pytest.mark.engines("postgresql", "sqlite")
def test_a_killed_process_leaves_nothing_of_its_migration(endless: Project) -> None:
    process = start(endless)
    wait_until_it_runs(process, f"{B} 2/3")

    process.kill()
    end(process)
    _end_sessions(endless.database)

    assert endless.statuses() == {A: "applied", B: "pending", C: "pending"}
    assert endless.tables() == {"a"}
    endless.write(B, "CREATE TABLE b (id integer);")
    assert done(endless.apply(lock_timeout=30)) == [B, C]


@pytest.mark.engines("mysql", "mariadb")
def test_what_a_killed_process_wrote_is_undone_and_run_again(endless: Project) -> None:
    process = start(endless)
    wait_until_it_runs(process, f"{B} 2/3")

    process.kill()
    end(process)
    _end_sessions(endless.database)

    assert endless.statuses() == {A: "applied", B: "partially applied", C: "pending"}
    endless.write(B, "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (2);\nCREATE TABLE b3 (id integer);")
    assert done(endless.apply()) == [B, C]
    assert endless.database.rows("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert endless.tables() == {"a", "b", "b3", "c"}


@pytest.mark.engines("mysql", "mariadb")
def test_of_what_no_catalog_tells_a_killed_process_leaves_one_question(project: Project) -> None:
    project.database.execute("CREATE PROCEDURE wait_long() SELECT SLEEP(600)")
    project.write(A, "CREATE TABLE a (id integer);\nCALL wait_long();\nINSERT INTO a VALUES (1);")
    process = start(project)
    wait_until_it_runs(process, f"{A} 2/3")

    process.kill()
    end(process)
    _end_sessions(project.database)

    assert project.statuses() == {A: "partially applied"}
    with pytest.raises(DecisionNeeded) as caught:
        project.apply(lock_timeout=30)
    assert "Did statement 2 of 3 run: CALL wait_long()" in caught.value.questions[0]
    assert f"querynl migrate repair {A} --resume --done 2" in caught.value.questions[0]


@pytest.mark.engines("sqlite")
def test_a_writer_that_is_no_migration_is_waited_for(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);")
    with closing(project.database.connect()) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedOut):
            project.apply(lock_timeout=0.1)
        process = start(project)
        writer.execute("CREATE TABLE somebodys (id)")
        writer.execute("COMMIT")

    assert end(process) == (0, f"done: {A}")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_lost_session_is_told_apart_from_a_failure(endless: Project) -> None:
    process = start(endless)
    wait_until_it_runs(process, f"{B} 2/3")

    _end_sessions(endless.database)
    status, line = end(process)

    could_not_connect = 3
    assert status == could_not_connect
    assert "was cut off" in line


def _end_sessions(database: Database) -> None:
    """Ends every other session on the server's side, as a server does when it notices that its client is gone."""
    if database.engine == "postgresql":
        database.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    elif database.engine != "sqlite":
        for session, _, _, name, _, _, _, statement, *_ in database.rows("SHOW FULL PROCESSLIST"):
            if name == database.name and statement != "SHOW FULL PROCESSLIST":
                database.execute(f"KILL {session}")
