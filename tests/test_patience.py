"""A migration waits for the locks of others in short turns, and for no longer than it was told."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from querynl.errors import LockedOut, MigrationFailed
from tests.engines import Database
from tests.migrating import Project, done

A = "20260101000000_a"
B = "20260102000000_b"

SLOW = {"postgresql": "SELECT pg_sleep(60)", "mysql": "SELECT SLEEP(60)", "mariadb": "SELECT SLEEP(60)"}


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    made = Project(database, tmp_path / "migrations")
    made.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);")
    made.apply()
    return made


@contextmanager
def table_in_use(database: Database) -> Iterator[None]:
    """Another session's transaction that has read the table, so that nobody may change its structure."""
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT * FROM a")
        cursor.fetchall()
        yield
        cursor.execute("ROLLBACK")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_migration_gets_its_lock_once_others_are_done(project: Project) -> None:
    project.write(B, "CREATE TABLE b (id integer);\nALTER TABLE a ADD COLUMN n integer;\nINSERT INTO b VALUES (1);")
    reading, release = Event(), Event()

    def read() -> None:
        with table_in_use(project.database):
            reading.set()
            release.wait(60)

    reader = Thread(target=read)
    reader.start()
    assert reading.wait(60)

    def let_go(*running: object) -> None:
        # The second attempt is told again.
        if told.count(running[1]) == 1:
            release.set()
        told.append(running[1])

    told: list[object] = []
    report = project.apply(progress=let_go)

    reader.join()
    assert done(report) == [B]
    assert told.count(2) > 1
    assert project.database.rows("SELECT id FROM b") == [(1,)]
    assert project.statuses()[B] == "applied"


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_lock_that_is_not_to_be_had_in_time_leaves_a_stated_state(project: Project) -> None:
    project.write(B, "ALTER TABLE a ADD COLUMN n integer;")

    with table_in_use(project.database), pytest.raises(LockedOut, match="Other sessions hold locks") as caught:
        project.apply(lock_timeout=0.1)

    assert caught.value.where is not None
    assert "ALTER TABLE a" in caught.value.where
    assert project.statuses()[B] == "failed"
    assert done(project.apply()) == [B]


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_statement_that_runs_too_long_is_stopped(project: Project) -> None:
    project.write(B, f"{SLOW[project.database.engine]};")

    if project.database.engine == "mysql":
        # SLEEP tells that it was interrupted, and ends well.
        assert done(project.apply(statement_timeout=0.2)) == [B]
        return
    with pytest.raises(MigrationFailed, match=r"timeout|max_statement_time"):
        project.apply(statement_timeout=0.2)

    assert project.statuses()[B] == "failed"


@pytest.mark.engines("postgresql")
def test_what_a_migration_sets_for_its_session_does_not_reach_the_next(project: Project) -> None:
    project.write(B, "SET search_path = '';\nCREATE TABLE public.b (id integer);")
    project.write("20260103000000_c", "CREATE TABLE c (id integer);")

    assert done(project.apply()) == [B, "20260103000000_c"]
    assert project.tables() == {"a", "b", "c"}
