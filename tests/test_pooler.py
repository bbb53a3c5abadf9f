"""Migrations through PgBouncer in transaction mode, where each transaction may be in another session of the server."""

import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from querynl.connections import connect, look_into, parse_url
from querynl.errors import LockedOut, LockLost, MigrationInvalid
from tests.applying import applying
from tests.engines import Database, Databases
from tests.migrating import Project, done
from tests.servers import ServerUnavailable, pgbouncer

pytestmark = pytest.mark.engines("postgresql")

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"


@pytest.fixture(scope="module")
def pooler(databases: Databases) -> Iterator[str]:
    """The URL of a PgBouncer before the test's server."""
    try:
        server = pgbouncer.start(databases.server_url("postgresql"))
    except ServerUnavailable as failure:
        pytest.fail(str(failure), pytrace=False)
    yield server.url
    server.stop()


@pytest.fixture
def project(engine: str, database: Database, pooler: str, tmp_path: Path) -> Project:
    """A database that is reached through the pooler."""
    return Project(_pooled(database, pooler), tmp_path / "migrations")


def _pooled(database: Database, pooler: str) -> Database:
    return Database("postgresql", urlsplit(pooler)._replace(path=f"/{database.name}").geturl())


def test_a_pooler_is_told_from_a_server(project: Project, database: Database) -> None:
    with connect(parse_url(project.database.url)) as pooled, connect(parse_url(database.url)) as direct:
        assert pooled.pooled
        assert not direct.pooled


def test_a_session_that_looks_changes_nothing_through_a_pooler_either(project: Project) -> None:
    with look_into(parse_url(project.database.url)) as connection:
        assert connection.rows("SHOW transaction_read_only") == [("on",)]
    assert project.tables() == set()


def test_migrations_go_up_and_down(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (1);", "DROP TABLE a;")
    project.write(B, "CREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE TABLE b (id integer);", "DROP TABLE b;")

    assert done(project.apply()) == [A, B]
    assert project.statuses() == project.store() == {A: "applied", B: "applied"}
    assert done(project.rollback()) == [B]
    assert project.tables() == {"a"}


def test_what_a_migration_sets_stays_in_its_transaction(project: Project, database: Database) -> None:
    project.write(A, "SET search_path = elsewhere;\nCREATE SCHEMA elsewhere;\nCREATE TABLE a (id integer);")
    project.write(B, "CREATE TABLE b (id integer);")

    project.apply()

    assert database.rows("SELECT schemaname, tablename FROM pg_tables WHERE tablename IN ('a', 'b') ORDER BY 2") == [
        ("elsewhere", "a"),
        ("public", "b"),
    ]
    with connect(parse_url(project.database.url)) as connection:
        for setting in ("search_path", "lock_timeout", "client_encoding"):
            shown = connection.rows(f"SHOW {setting}")
            assert shown == database.rows(f"SHOW {setting}"), setting


def test_a_setting_for_statements_that_refuse_its_transaction_is_refused(project: Project) -> None:
    project.write(A, "SET search_path = public;\nCREATE TABLE a (id integer);\nVACUUM a;")

    with pytest.raises(MigrationInvalid, match="connect to the server itself"):
        project.apply()

    assert project.tables() == set()


def test_who_is_locked_out_is_told_by_whom(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);\nSELECT pg_sleep(600);")
    first = applying(project)
    first.wait_until_it_runs(f"{A} 2/2")

    with pytest.raises(LockedOut, match=rf"process {first.pid}, since 20"):
        project.apply(lock_timeout=0)

    first.send_signal(signal.SIGINT)
    assert "Nothing of it remains." in first.end()[1]
    project.write(A, "CREATE TABLE a (id integer);")
    assert done(project.apply(lock_timeout=0)) == [A]


def test_a_holder_that_was_stopped_for_too_long_commits_nothing(
    project: Project, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("querynl.ledger.lock.LEASE_SECONDS", 0.5)
    database.execute("CREATE TABLE log (entry varchar(20))")
    project.write(A, "INSERT INTO log VALUES ('a');\nSELECT pg_sleep(0.2);\nINSERT INTO log VALUES ('b');")
    first = applying(project)
    first.wait_until_it_runs(f"{A} 2/3")

    first.send_signal(signal.SIGSTOP)
    assert done(project.apply()) == [A]
    first.send_signal(signal.SIGCONT)

    status, line = first.end()
    assert status == LockLost.exit_status
    assert "Nothing of it remains." in line
    assert database.rows("SELECT entry FROM log ORDER BY entry") == [("a",), ("b",)]
    assert project.statuses() == project.store() == {A: "applied"}


def test_each_statement_runs_once_however_many_processes_apply_it(project: Project, database: Database) -> None:
    database.execute("CREATE TABLE log (entry integer)")
    ids = [f"202601{number:02}000000_m" for number in range(1, 6)]
    for number, migration_id in enumerate(ids, 1):
        project.write(migration_id, f"CREATE TABLE t{number} (id integer);\nINSERT INTO log VALUES ({number});")

    results = [process.end() for process in [applying(project) for _ in range(4)]]

    assert [status for status, _ in results] == [0, 0, 0, 0], results
    assert database.rows("SELECT entry FROM log ORDER BY entry") == [(number,) for number in range(1, 6)]
    assert project.statuses() == project.store() == dict.fromkeys(ids, "applied")
