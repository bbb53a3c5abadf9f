"""A session that is lost is begun anew where nothing can run twice; elsewhere the command stops and names the next."""

import os
import signal
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from querynl.errors import ConnectionFailed
from querynl.runner import apply
from tests.applying import applying
from tests.engines import Database
from tests.migrating import CONNECTION, Project, done
from tests.proxy import proxy
from tests.servers import STARTERS, postgresql
from tests.waiting import comes_true

pytestmark = pytest.mark.engines("postgresql", "mysql", "mariadb")

A = "20260101000000_a"
B = "20260102000000_b"
COULD_NOT_CONNECT = 3
# What takes longer than any test may.
FOREVER = {
    "postgresql": "INSERT INTO a SELECT id FROM a, pg_sleep(600)",
    "mysql": "INSERT INTO a SELECT id + SLEEP(600) FROM a",
    "mariadb": "INSERT INTO a SELECT id + SLEEP(600) FROM a",
}


def test_one_that_was_idle_for_too_long_is_begun_anew(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);")
    with project.session() as (connection, dialect):
        known = project.survey()
        project.database.end_sessions()

        report = apply(connection, dialect, known, connection_name=CONNECTION, lock_timeout=30)

    assert done(report) == [A]
    assert project.tables() == {"a"}


def test_a_statement_that_was_running_is_not_run_again_and_the_next_apply_finishes(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);")
    project.write(B, f"CREATE TABLE b (id integer);\n{FOREVER[project.database.engine]};\nINSERT INTO b VALUES (1);")
    with proxy(project.database.url) as network:
        process = applying(Project(Database(project.database.engine, network.url), project.folder))
        process.wait_until_it_runs(f"{B} 2/3")
        network.drop()

        status, line = process.end()

    assert status == COULD_NOT_CONNECT
    assert "was cut off" in line
    assert "`querynl migrate apply` goes on." in line
    project.write(B, "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (2);\nINSERT INTO b VALUES (1);")
    assert done(project.apply()) == [B]
    assert project.database.rows("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert project.database.rows("SELECT id FROM b") == [(1,)]
    assert project.store() == {A: "applied", B: "applied"}


@pytest.mark.engines("postgresql")
def test_a_server_that_breaks_down_is_found_again(engine: str, tmp_path: Path) -> None:
    server = postgresql.start()
    try:
        project = Project(Database(engine, server.url), tmp_path / "migrations")
        project.write(A, "CREATE TABLE a (id integer);\nSELECT pg_sleep(600);")
        process = applying(project)
        process.wait_until_it_runs(f"{A} 2/2")

        # Of a session that is killed the server does not know what it left in the shared memory: it starts again.
        assert comes_true(lambda: bool(project.database.rows(_SLEEPING)))
        os.kill(project.database.rows(_SLEEPING)[0][0], signal.SIGKILL)

        status, line = process.end()
        assert status == COULD_NOT_CONNECT
        assert "The server undoes what had run of it." in line
        project.write(A, "CREATE TABLE a (id integer);")
        assert comes_true(lambda: _answers(project.database))
        assert done(project.apply()) == [A]
    finally:
        server.stop()


@pytest.mark.engines("mysql", "mariadb")
def test_a_server_that_is_restarted_is_found_again(engine: str, tmp_path: Path) -> None:
    server = STARTERS[engine]()
    try:
        Database(engine, server.url).execute("CREATE DATABASE app")
        project = Project(Database(engine, f"{server.url}app"), tmp_path / "migrations")
        project.write(A, f"CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);\n{FOREVER[engine]};")
        process = applying(project)
        process.wait_until_it_runs(f"{A} 3/3")

        project.database.execute("SHUTDOWN")

        status, line = process.end()
        assert status == COULD_NOT_CONNECT
        assert "Whether statement 3 of 3 got through is not known here" in line
        server = server.again()
        assert project.statuses() == {A: "partially applied"}
        project.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);")
        assert done(project.apply()) == [A]
        assert project.database.rows("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    finally:
        server.stop()


_SLEEPING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"


def _answers(database: Database) -> bool:
    try:
        with closing(database.connect()):
            return True
    except Exception:
        return False


def test_a_server_that_does_not_come_back_is_said_to_be_gone(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);")
    with proxy(project.database.url) as network:
        reached = Project(Database(urlsplit(network.url).scheme, network.url), project.folder)
        with reached.session() as (connection, dialect):
            known = project.survey()
            network.close()

            with pytest.raises(ConnectionFailed):
                apply(connection, dialect, known, connection_name=CONNECTION, lock_timeout=0)

    assert project.statuses() == {A: "pending"}
