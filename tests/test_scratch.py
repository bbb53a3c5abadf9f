"""Throwaway databases: what they are like, and that none is left, however a process ends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.dialects.throwaway import throwaway_of
from querynl.errors import ConnectionFailed, ScratchFailed, ScratchUnavailable, SQLFileInvalid
from querynl.scratch import default_collation, open_scratch
from querynl.scratch.removal import PREFIX, Owner, new_owner, sessions_in
from querynl.sources import Live, SQLTexts, compare
from tests.engines import Database, Databases
from tests.killing import killed_while_proving
from tests.waiting import comes_true, said

SERVERS = pytest.mark.engines("postgresql", "mysql", "mariadb")
# Every so many moments a process is killed, beginning with a different one on each engine.
STRIDE = 7
# MySQL does not tell of sessions everywhere while a statement with such a character runs.
ENDLESS = {
    "postgresql": "SELECT pg_sleep(600), '😀'",
    "mysql": "SELECT SLEEP(600), '😀'",
    "mariadb": "SELECT SLEEP(600), '😀'",
}
# What fills the room that a session may have, without filling anybody's disk.
NO_ROOM = {
    "postgresql": [
        "SET temp_file_limit = 64",
        "SELECT count(*) FROM (SELECT g FROM generate_series(1, 2000000) g ORDER BY -g) s",
    ],
    "mysql": [
        "SET max_heap_table_size = 16384",
        "CREATE TABLE t (text char(250)) ENGINE=MEMORY",
        "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i FROM n",
    ],
    "sqlite": [
        "PRAGMA max_page_count = 8",
        "CREATE TABLE t (text)",
        "INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 900)"
        " SELECT hex(randomblob(100)) FROM n",
    ],
}
NO_ROOM["mariadb"] = NO_ROOM["mysql"]


@pytest.fixture
def server(database: Database) -> Iterator[Connection]:
    """Another session on the server."""
    with connect(parse_url(database.url)) as connection:
        yield connection


def databases_of(owner: str, server: Connection) -> list[str]:
    start = f"{PREFIX}{owner}_"
    return [name for (name,) in server.rows(throwaway_of(server.dialect).names.format(start=start))]


@contextmanager
def at_work(database: Database, statements: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A process that has run so many statements of a proof on the server, and its owner's name there."""
    command = [sys.executable, "-m", "tests.scratching", database.engine, database.url, str(statements)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            owner = said(process, "owner ")
            said(process, f"ran {statements}")
            yield process, owner
        finally:
            process.kill()


@SERVERS
def test_a_process_killed_at_any_moment_of_a_proof_leaves_no_database_on_the_server(
    database: Database, server: Connection, tmp_path: Path
) -> None:
    def is_killed(moment: int) -> bool:
        return killed_while_proving(database.engine, database.url, moment, type(server), tmp_path / f"{moment}")

    moment = 1 + sorted(ENDLESS).index(database.engine)
    while is_killed(moment):
        moment += STRIDE

    owners = [found.read_text() for found in tmp_path.iterdir()]
    assert len(owners) >= 4
    assert comes_true(lambda: not any(databases_of(owner, server) for owner in owners))


@SERVERS
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_is_asked_to_end_leaves_no_database_on_the_server(
    database: Database, server: Connection, number: signal.Signals
) -> None:
    with at_work(database, 4) as (process, owner):
        assert databases_of(owner, server)
        process.send_signal(number)
        process.wait()

        assert comes_true(lambda: not databases_of(owner, server))


@SERVERS
def test_a_database_is_removed_while_a_statement_still_runs_in_it(
    database: Database, server: Connection, databases: Databases
) -> None:
    with at_work(database, 4) as (process, owner):
        [name, *_] = databases_of(owner, server)
        busy = Database(database.engine, database.url.replace(f"/{database.name}", f"/{name}"))
        client = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from tests.engines import connect; connect({busy.url!r}).cursor().execute({ENDLESS[busy.engine]!r})",
            ],
            stderr=subprocess.DEVNULL,
        )
        assert comes_true(lambda: len(sessions_in(server, name)) > 1)
        process.kill()
        process.wait()

        assert comes_true(lambda: not databases_of(owner, server))
    client.wait()


@SERVERS
def test_databases_of_an_owner_that_is_gone_are_removed_by_the_next_who_comes(
    database: Database, server: Connection
) -> None:
    with connect(parse_url(database.url)) as other:
        owner = new_owner(other)
        other.execute(throwaway_of(other.dialect).create.format(name=owner.database(1)))
    assert databases_of(owner.name, server) == [owner.database(1)]

    assert comes_true(lambda: opened(database) and not databases_of(owner.name, server))


@SERVERS
def test_databases_of_an_owner_at_work_stay(database: Database, server: Connection, databases: Databases) -> None:
    with databases.temporary(database.engine) as elsewhere, connect(parse_url(elsewhere.url)) as other:
        owner = new_owner(other)
        name = owner.database(1)
        other.execute(throwaway_of(other.dialect).create.format(name=name))

        assert opened(database)

        assert databases_of(owner.name, server) == [name]
        server.execute(throwaway_of(other.dialect).drop.format(name=name))


@SERVERS
def test_without_a_lock_nobody_is_taken_to_be_gone(
    database: Database, server: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("querynl.scratch.removal.secrets.randbits", lambda _: 42)
    with connect(parse_url(database.url)) as other:
        new_owner(other)

        with open_scratch(database.engine, url=database.url) as scratch, scratch.database() as session:
            name = session.database
            monkeypatch.undo()
            assert opened(database)
            assert name == f"{PREFIX}unclaimed42_1"
            assert session.rows("SELECT 1") == [(1,)]

    assert name not in [each for (each,) in server.rows(throwaway_of(database.engine).names.format(start=PREFIX))]


@SERVERS
def test_databases_that_only_begin_like_ours_stay(database: Database, server: Connection) -> None:
    names = [f"{PREFIX}kept", Owner("kept").database(1)]
    for name in names:
        server.execute(throwaway_of(server.dialect).create.format(name=name))

    assert opened(database)

    for name in names:
        server.execute(throwaway_of(server.dialect).drop.format(name=name).replace("IF EXISTS ", ""))


def opened(database: Database) -> bool:
    with open_scratch(database.engine, url=database.url):
        return True


def test_a_database_without_room_is_no_fault_of_the_statement(database: Database) -> None:
    texts = SQLTexts(texts={Path("schema.sql"): ";\n".join(NO_ROOM[database.engine])}, origin="schema.sql")
    url = None if database.engine == "sqlite" else database.url

    with pytest.raises(ScratchFailed, match="has no room left"):
        compare(texts, texts, dialect_named(database.engine), lambda: open_scratch(database.engine, url=url))


def test_a_statement_that_is_refused_is_told_as_such(database: Database) -> None:
    texts = SQLTexts(texts={Path("schema.sql"): "CREATE TABLE t (a integer, a integer)"}, origin="schema.sql")
    url = None if database.engine == "sqlite" else database.url

    with pytest.raises(SQLFileInvalid):
        compare(texts, texts, dialect_named(database.engine), lambda: open_scratch(database.engine, url=url))


@SERVERS
def test_a_session_that_the_server_ends_is_told_and_its_database_removed(
    database: Database, server: Connection
) -> None:
    words = throwaway_of(database.engine)
    with open_scratch(database.engine, url=database.url) as scratch, scratch.database() as session:
        [number] = sessions_in(server, session.database)
        server.rows(words.end.format(session=number))

        with pytest.raises(ScratchFailed, match="is gone"):
            session.rows("SELECT 1")
        name = session.database

    assert name not in [each for (each,) in server.rows(words.names.format(start=PREFIX))]


@pytest.mark.engines("postgresql")
def test_an_account_that_may_not_create_databases_is_told_so(database: Database, server: Connection) -> None:
    role = f"{database.name}_role"
    server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'")
    url = database.url.replace("postgres@", f"{role}:p@")

    refused = pytest.raises(ScratchUnavailable, match="permission denied")
    with open_scratch("postgresql", url=url) as scratch, refused, scratch.database():
        pass

    server.execute(f"DROP ROLE {role}")


@pytest.mark.engines("postgresql")
def test_a_server_that_takes_no_session_at_all_is_told(database: Database, server: Connection) -> None:
    role = f"{database.name}_role"
    server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p' CONNECTION LIMIT 0")
    url = database.url.replace("postgres@", f"{role}:p@")

    with (
        pytest.raises(ConnectionFailed, match="takes no further session") as failure,
        open_scratch("postgresql", url=url),
    ):
        pass

    assert "too many connections" in failure.value.what
    assert "when fewer sessions are open" in str(failure.value)
    server.execute(f"DROP ROLE {role}")


@pytest.mark.engines("postgresql")
def test_a_server_that_takes_no_further_session_is_told_and_nothing_stays(
    database: Database, server: Connection
) -> None:
    role = f"{database.name}_role"
    server.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p' CREATEDB CONNECTION LIMIT 1")
    url = database.url.replace("postgres@", f"{role}:p@")

    with open_scratch("postgresql", url=url) as scratch:
        with pytest.raises(ScratchFailed, match="too many connections"), scratch.database():
            pass
        assert server.rows(f"SELECT datname FROM pg_database WHERE datdba = '{role}'::regrole") == []

    server.execute(f"DROP ROLE {role}")


@pytest.mark.engines("mysql", "mariadb")
def test_a_database_has_the_collation_that_is_asked_for(database: Database) -> None:
    with open_scratch(database.engine, url=database.url) as scratch:
        scratch.collation = "latin1_german1_ci"
        with scratch.database() as session:
            assert default_collation(session) == "latin1_german1_ci"


@pytest.mark.engines("mysql", "mariadb")
def test_what_is_read_beside_a_live_database_takes_its_collation(database: Database) -> None:
    database.execute(f"ALTER DATABASE {database.name} CHARACTER SET latin1 COLLATE latin1_german1_ci")
    database.execute("CREATE TABLE t (name varchar(10))")
    with connect(parse_url(database.url)) as connection:
        assert default_collation(connection) == "latin1_german1_ci"
    live = Live(target=parse_url(database.url), origin="live")
    texts = SQLTexts(texts={Path("t.sql"): "CREATE TABLE t (name varchar(10));"}, origin="t.sql")

    for before, after in ((live, texts), (texts, live)):
        found = compare(
            before, after, dialect_named(database.engine), lambda: open_scratch(database.engine, url=database.url)
        )
        assert found.before == found.after


@pytest.mark.engines("postgresql")
def test_a_database_with_a_subscription_is_removed(database: Database, server: Connection) -> None:
    with open_scratch(database.engine, url=database.url) as scratch, scratch.database() as session:
        session.execute("CREATE PUBLICATION news")
        session.execute("CREATE SUBSCRIPTION \"it's\" CONNECTION '' PUBLICATION news WITH (connect = false)")
        name = str(session.database)

    assert name not in [each for (each,) in server.rows(throwaway_of(server.dialect).names.format(start=PREFIX))]
