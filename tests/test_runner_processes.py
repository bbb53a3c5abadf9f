"""Several processes that apply the same migrations, and one that is stopped at its work."""

import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from querynl.cli.main import INTERRUPTED, TERMINATED
from querynl.errors import DecisionNeeded, LockedOut
from querynl.runner.interruption import Interruption
from tests.applying import applying
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
def endless(project: Project) -> Project:
    """Three migrations; the second statement of the second would run forever."""
    project.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);")
    project.write(
        B, f"CREATE TABLE b (id integer);\n{FOREVER[project.database.engine]};\nCREATE TABLE b3 (id integer);"
    )
    project.write(C, "CREATE TABLE c (id integer);")
    return project


def test_a_process_that_finds_another_at_work_is_locked_out(endless: Project) -> None:
    first = applying(endless)
    first.wait_until_it_runs(f"{B} 2/3")

    status, line = applying(endless, lock_timeout=0.2).end()

    assert status == LOCKED_OUT
    assert "Another process is migrating the database" in line
    first.send_signal(signal.SIGINT)
    assert first.end()[0] == INTERRUPTED


@pytest.mark.engines("mysql", "mariadb")
def test_who_is_locked_out_is_told_what_runs(endless: Project) -> None:
    first = applying(endless)
    first.wait_until_it_runs(f"{B} 2/3")

    # Without its PERFORMANCE_SCHEMA, MySQL tells the number of the session alone.
    who = "( of \\w+ at .*)?" if endless.database.engine == "mysql" else " of \\w+ at .*"
    with pytest.raises(LockedOut, match=rf"session \d+{who}, at {B} since 20"):
        endless.apply(lock_timeout=0)

    first.send_signal(signal.SIGINT)
    assert first.end()[0] == INTERRUPTED


@pytest.mark.parametrize(("asked", "answered"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED)])
def test_an_interruption_cancels_the_statement_and_leaves_a_stated_state(
    endless: Project, asked: signal.Signals, answered: int
) -> None:
    process = applying(endless)
    process.wait_until_it_runs(f"{B} 2/3")

    process.send_signal(asked)
    status, line = process.end()

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
    process = applying(endless)
    process.wait_until_it_runs(f"{B} 2/3")
    process.send_signal(signal.SIGINT)
    process.end()
    endless.write(B, "CREATE TABLE b (id integer);\nSELECT 1;")

    assert done(endless.apply(lock_timeout=5)) == [B, C]


@pytest.mark.engines("sqlite")
def test_between_migrations_a_signal_does_what_it_did_before_the_run(project: Project) -> None:
    told: list[int] = []

    def tell(number: int, _: object) -> None:
        told.append(number)

    before = signal.signal(signal.SIGTERM, tell)
    try:
        with project.session() as (connection, _):
            interruption = Interruption(connection)
            with interruption.heard():
                with interruption.awaited():
                    pass
                signal.raise_signal(signal.SIGTERM)

        assert told == [signal.SIGTERM]
        assert not interruption.requested
        assert signal.getsignal(signal.SIGTERM) is tell
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.engines("postgresql", "sqlite")
def test_a_killed_process_leaves_nothing_of_its_migration(endless: Project) -> None:
    process = applying(endless)
    process.wait_until_it_runs(f"{B} 2/3")

    process.send_signal(signal.SIGKILL)
    process.end()
    endless.database.end_sessions()

    assert endless.statuses() == {A: "applied", B: "pending", C: "pending"}
    assert endless.tables() == {"a"}
    endless.write(B, "CREATE TABLE b (id integer);")
    assert done(endless.apply(lock_timeout=30)) == [B, C]


@pytest.mark.engines("mysql", "mariadb")
def test_what_a_killed_process_wrote_is_undone_and_run_again(endless: Project) -> None:
    process = applying(endless)
    process.wait_until_it_runs(f"{B} 2/3")

    process.send_signal(signal.SIGKILL)
    process.end()
    endless.database.end_sessions()

    assert endless.statuses() == {A: "applied", B: "partially applied", C: "pending"}
    endless.write(B, "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (2);\nCREATE TABLE b3 (id integer);")
    assert done(endless.apply()) == [B, C]
    assert endless.database.rows("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert endless.tables() == {"a", "b", "b3", "c"}


@pytest.mark.engines("mysql", "mariadb")
def test_of_what_no_catalog_tells_a_killed_process_leaves_one_question(project: Project) -> None:
    project.database.execute("CREATE PROCEDURE wait_long() SELECT SLEEP(600)")
    project.write(A, "CREATE TABLE a (id integer);\nCALL wait_long();\nINSERT INTO a VALUES (1);")
    process = applying(project)
    process.wait_until_it_runs(f"{A} 2/3")

    process.send_signal(signal.SIGKILL)
    process.end()
    project.database.end_sessions()

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
        # A thread: a forked process would inherit what SQLite believes of this one's locks.
        with ThreadPoolExecutor() as threads:
            waiting = threads.submit(project.apply)
            writer.execute("CREATE TABLE somebodys (id)")
            writer.execute("COMMIT")

            assert done(waiting.result()) == [A]


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_lost_session_is_told_apart_from_a_failure(endless: Project) -> None:
    process = applying(endless)
    process.wait_until_it_runs(f"{B} 2/3")

    endless.database.end_sessions()
    status, line = process.end()

    could_not_connect = 3
    assert status == could_not_connect
    assert "was cut off" in line
    assert "`querynl migrate apply` goes on." in line
