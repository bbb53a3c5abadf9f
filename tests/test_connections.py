"""Sessions on real servers: what goes in arrives, what comes back is true, and what fails says why."""

import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from querynl.connections import Connection, Target, connect, parse_url
from querynl.errors import AuthenticationFailed, ConnectionFailed, StatementFailed
from tests.engines import Database
from tests.servers import postgresql as postgresql_server

EVERY_CHARACTER = "".join(map(chr, range(0x20, 0x7F))) + "é猫🐈"
UNREACHABLE = {
    "postgresql": "postgresql://nobody:{}@127.0.0.1:1/nothing",
    "mysql": "mysql://nobody:{}@127.0.0.1:1/nothing",
    "mariadb": "mariadb://nobody:{}@127.0.0.1:1/nothing",
}
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(120)",
    "mysql": "SELECT sleep(60) FROM (SELECT 1 UNION SELECT 2) AS twice",
    "mariadb": "SELECT sleep(60) FROM (SELECT 1 UNION SELECT 2) AS twice",
}
INTERRUPTED = {"sqlite": "SQLITE_INTERRUPT", "postgresql": "57014", "mysql": "1317", "mariadb": "1317"}
# Holds the locks of a file -shm that one has who reads a journal anew: https://www.sqlite.org/walformat.html#wal_locks
RECOVERING = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_SH, 1, 128)
    fcntl.lockf(file, fcntl.LOCK_EX, 3, 120)
    print(flush=True)
    sys.stdin.read()
"""
TABLE_MISSING = {"sqlite": "SQLITE_ERROR", "postgresql": "42P01", "mysql": "1146", "mariadb": "1146"}


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(parse_url(database.url)) as session:
        yield session


def test_server_says_what_it_is(connection: Connection, database: Database) -> None:
    assert connection.dialect == database.engine
    assert connection.database == database.name
    assert [part.isdigit() for part in connection.version.split(".")].count(False) == 0
    [(said,)] = database.rows("SELECT sqlite_version()" if database.engine == "sqlite" else "SELECT version()")
    assert connection.version in said


@pytest.mark.engines("mysql", "mariadb")
def test_server_decides_between_mysql_and_mariadb_whatever_the_url_says(database: Database) -> None:
    other = {"mysql": "mariadb", "mariadb": "mysql"}[database.engine]
    with connect(parse_url(database.url.replace(f"{database.engine}://", f"{other}://"))) as connection:
        assert connection.dialect == database.engine


def test_text_without_parameters_reaches_the_server_as_it_is(connection: Connection) -> None:
    assert connection.rows("SELECT '100% %s ?', '%%'") == [("100% %s ?", "%%")]
    connection.execute("CREATE TABLE t (word varchar(40) DEFAULT '50%?')")
    connection.execute("INSERT INTO t VALUES ('%d ? %(x)s')")
    assert connection.rows("SELECT word FROM t WHERE word LIKE '%?%'") == [("%d ? %(x)s",)]


def test_parameters_are_bound_wherever_percent_s_stands(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id integer, word varchar(40))")
    hostile = """'; DROP TABLE t; -- "\\ %s ? 猫🐈"""
    assert connection.execute("INSERT INTO t (id, word) VALUES (%s, %s)", (1, hostile)) == 1
    assert connection.rows("SELECT word, '100%%' FROM t WHERE id = %s", (1,)) == [(hostile, "100%")]


def test_execute_counts_the_rows_it_matched(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    assert connection.execute("INSERT INTO t VALUES (1), (2), (3)") == 3
    assert connection.execute("UPDATE t SET id = 1 WHERE id = 1") == 1, "matched, though nothing changed"
    assert connection.execute("DELETE FROM t WHERE id > 1") == 2


def test_rows_of_a_statement_without_any_are_none(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    assert connection.rows("SELECT id FROM t") == []
    assert connection.rows("INSERT INTO t VALUES (1)") == []


@pytest.mark.engines("sqlite", "mysql", "mariadb")
def test_second_statement_in_one_text_is_refused(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    with pytest.raises(StatementFailed):
        connection.execute("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    assert connection.rows("SELECT id FROM t WHERE id = 2") == []


@pytest.mark.engines("postgresql")
def test_nul_character_does_not_cut_a_statement_short(connection: Connection) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    with pytest.raises(StatementFailed, match="NUL"):
        connection.execute("DELETE FROM t\0 WHERE id = 1")


def test_refused_statement_is_named_with_the_engines_own_code(connection: Connection) -> None:
    with pytest.raises(StatementFailed, match="missing") as caught:
        connection.rows("SELECT * FROM missing")
    assert caught.value.sqlstate == TABLE_MISSING[connection.dialect]
    assert caught.value.sql == "SELECT * FROM missing"


def test_every_statement_stands_on_its_own_outside_a_transaction(connection: Connection, database: Database) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    connection.execute("INSERT INTO t VALUES (1)")
    assert not connection.in_transaction
    assert database.rows("SELECT id FROM t") == [(1,)]


def test_transaction_is_seen_by_others_only_when_it_ends_well(connection: Connection, database: Database) -> None:
    connection.execute("CREATE TABLE t (id integer)")
    with connection.transaction():
        assert connection.in_transaction
        connection.execute("INSERT INTO t VALUES (1)")
        assert database.rows("SELECT id FROM t") == []
    assert not connection.in_transaction
    with pytest.raises(StatementFailed), connection.transaction():
        fail_after(connection, "INSERT INTO t VALUES (2)")
    assert not connection.in_transaction
    assert database.rows("SELECT id FROM t") == [(1,)]


def test_transaction_inside_a_transaction_is_refused(connection: Connection) -> None:
    connection.begin()
    with pytest.raises(StatementFailed, match="already"):
        connection.begin()
    connection.rollback()
    connection.rollback()


@pytest.mark.engines("postgresql")
def test_commit_of_a_failed_transaction_is_an_error(connection: Connection) -> None:
    connection.begin()
    with pytest.raises(StatementFailed):
        connection.execute("SELECT * FROM missing")
    with pytest.raises(StatementFailed, match="rolled back"):
        connection.commit()
    assert not connection.in_transaction


@pytest.mark.engines("sqlite")
def test_sqlite_takes_the_write_lock_at_the_start_of_a_transaction(connection: Connection, database: Database) -> None:
    with connect(parse_url(database.url)) as other, connection.transaction():
        other.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(StatementFailed) as caught:
            other.begin()
    assert caught.value.sqlstate == "SQLITE_BUSY"


@pytest.mark.engines("sqlite")
@pytest.mark.skipif(sys.platform == "win32", reason="files are locked in another way")
def test_sqlite_opens_a_file_whose_journal_another_process_reads_anew(tmp_path: Path) -> None:
    file, crashed = tmp_path / "app.db", tmp_path / "crashed.db"
    with connect(Target(dialect="sqlite", file=str(file))) as session:
        session.execute("PRAGMA journal_mode = WAL")
        session.execute("CREATE TABLE a (id integer)")
        for ending in ("", "-wal"):
            shutil.copy(f"{file}{ending}", f"{crashed}{ending}")
    index = Path(f"{crashed}-shm")
    index.write_bytes(bytes(2**15))

    with subprocess.Popen(
        [sys.executable, "-c", RECOVERING, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with connect(Target(dialect="sqlite", file=str(crashed))) as session:
            session.execute("PRAGMA busy_timeout = 50")
            with pytest.raises(StatementFailed, match="locked"):
                session.rows("SELECT * FROM a")
            other.communicate()
            assert session.rows("SELECT * FROM a") == []


@pytest.mark.engines("sqlite")
def test_sqlite_enforces_foreign_keys(connection: Connection) -> None:
    connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE child (parent_id INTEGER REFERENCES parent)")
    with pytest.raises(StatementFailed) as caught:
        connection.execute("INSERT INTO child VALUES (1)")
    assert caught.value.sqlstate == "SQLITE_CONSTRAINT_FOREIGNKEY"


@pytest.mark.engines("postgresql")
def test_postgresql_session_says_who_it_is_and_keeps_quiet(
    connection: Connection, capfd: pytest.CaptureFixture[str]
) -> None:
    assert connection.rows("SHOW application_name") == [("querynl",)]
    assert connection.rows("SHOW client_encoding") == [("UTF8",)]
    connection.execute("DO $$ BEGIN RAISE NOTICE 'hello'; RAISE WARNING 'hello'; END $$")
    assert capfd.readouterr() == ("", "")


@pytest.mark.engines("mysql", "mariadb")
def test_mysql_session_speaks_utf8mb4_in_the_servers_own_sql_mode(connection: Connection) -> None:
    [(mode, server_mode, charset)] = connection.rows(
        "SELECT @@session.sql_mode, @@global.sql_mode, @@session.character_set_client"
    )
    assert (mode, charset) == (server_mode, "utf8mb4")
    assert connection.rows("SELECT '🐈'") == [("🐈",)]


def test_read_only_session_cannot_write(database: Database) -> None:
    database.execute("CREATE TABLE t (id integer)")
    with connect(parse_url(database.url), read_only=True) as connection:
        assert connection.rows("SELECT id FROM t") == []
        with pytest.raises(StatementFailed):
            connection.execute("INSERT INTO t VALUES (1)")
    assert database.rows("SELECT id FROM t") == []


def test_read_only_session_creates_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed):
        connect(Target(dialect="sqlite", file=str(tmp_path / "none.db")), read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_running_statement_is_cancelled_from_another_thread(connection: Connection) -> None:
    ended = threading.Event()

    def cancel() -> None:
        while not ended.wait(0.3):
            connection.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        with pytest.raises(StatementFailed) as caught:
            connection.rows(ENDLESS[connection.dialect])
    finally:
        ended.set()
        thread.join()
    assert caught.value.sqlstate == INTERRUPTED[connection.dialect]
    assert connection.rows("SELECT 1") == [(1,)], "the session lives on"


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_signal_reaches_a_long_sqlite_statement() -> None:
    script = (
        "from querynl.connections import connect, parse_url\n"
        "connection = connect(parse_url('sqlite://'))\n"
        "print('ready', flush=True)\n"
        f"connection.rows('''{ENDLESS['sqlite']}''')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, complaint = process.communicate(timeout=60)
        finally:
            process.kill()
    assert complaint.splitlines()[-1] == b"KeyboardInterrupt"


def test_lost_session_is_a_failed_connection(connection: Connection) -> None:
    connection.close()
    connection.close()
    if connection.dialect == "sqlite":
        with pytest.raises(StatementFailed):
            connection.rows("SELECT 1")
    else:
        with pytest.raises(ConnectionFailed):
            connection.rows("SELECT 1")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_session_ended_by_the_server_is_a_failed_connection(connection: Connection, database: Database) -> None:
    if connection.dialect == "postgresql":
        [(session,)] = connection.rows("SELECT pg_backend_pid()")
        database.rows(f"SELECT pg_terminate_backend({session})")
    else:
        [(session,)] = connection.rows("SELECT connection_id()")
        database.execute(f"KILL {session}")
    with pytest.raises(ConnectionFailed):
        connection.rows("SELECT 1")


@pytest.mark.parametrize("dialect", UNREACHABLE)
def test_server_that_is_down_is_a_failed_connection(dialect: str) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        connect(parse_url(UNREACHABLE[dialect].format("hush-hush")))
    assert "127.0.0.1" in str(caught.value)
    assert_untold("hush-hush", caught.value)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_database_that_is_missing_is_a_failed_connection(database: Database) -> None:
    target = msgspec.structs.replace(parse_url(database.url), database="querynl_test_missing")
    with pytest.raises(ConnectionFailed, match="querynl_test_missing"):
        connect(target)


@pytest.mark.parametrize("content", [b"no database", b"x" * 10_000])
def test_file_that_is_no_database_is_a_failed_connection_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(ConnectionFailed, match="not a database"):
        connect(Target(dialect="sqlite", file=str(file)))
    assert file.read_bytes() == content


def test_file_in_a_missing_folder_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed, match="folder") as caught:
        connect(Target(dialect="sqlite", file=str(tmp_path / "nowhere" / "app.db")))
    assert str(tmp_path / "nowhere") in str(caught.value.remedy)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_password_of_every_character_opens_a_session_through_a_url(database: Database) -> None:
    with account(database, EVERY_CHARACTER) as target:
        with connect(parse_url(target.url(with_password=True))) as connection:
            assert connection.rows("SELECT 1") == [(1,)]
        assert_untold(EVERY_CHARACTER, target)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_wrong_password_is_refused_and_never_told(database: Database) -> None:
    with account(database, EVERY_CHARACTER) as target:
        for wrong in ("wrong-but-secret", "falsch-ü猫🐈"):
            with pytest.raises(AuthenticationFailed) as caught:
                connect(msgspec.structs.replace(target, password=wrong))
            assert_untold(wrong, caught.value)


@pytest.mark.engines("mysql")
@pytest.mark.parametrize(("mode", "encrypted"), [("disable", False), ("prefer", True), ("require", True)])
def test_ssl_mode_decides_whether_mysql_is_encrypted(database: Database, mode: str, encrypted: bool) -> None:
    with connect(parse_url(f"{database.url}?sslmode={mode}")) as connection:
        [(_, cipher)] = connection.rows("SHOW STATUS LIKE 'Ssl_cipher'")
    assert bool(cipher) is encrypted


@pytest.mark.engines("mysql")
@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_certificate_nobody_vouches_for_is_refused_when_it_is_checked(database: Database, mode: str) -> None:
    with pytest.raises(ConnectionFailed, match="certificate verify failed"):
        connect(parse_url(f"{database.url}?sslmode={mode}"))


@pytest.mark.engines("mariadb", "postgresql")
def test_encryption_that_is_required_and_missing_is_a_failed_connection(database: Database) -> None:
    with connect(parse_url(f"{database.url}?sslmode=prefer")) as connection:
        assert connection.rows("SELECT 1") == [(1,)]
    with pytest.raises(ConnectionFailed, match="SSL"):
        connect(parse_url(f"{database.url}?sslmode=require"))


@pytest.mark.parametrize("module", ["querynl.connections", "querynl.registry"])
def test_import_loads_no_driver(module: str) -> None:
    slow = ("psycopg", "pymysql", "sqlite3", "keyring", "cryptography", "tomlkit", "platformdirs", "asyncio", "ssl")
    script = f"import sys, {module}; print(*[name for name in {slow!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def fail_after(connection: Connection, sql: str) -> None:
    connection.execute(sql)
    connection.execute("SELECT * FROM missing")


@contextmanager
def account(database: Database, password: str) -> Iterator[Target]:
    """A target whose user has that password; on PostgreSQL on a server of its own, since ours asks for none."""
    # Accounts belong to the whole server, which other tests use at the same time.
    user = database.name.replace("querynl_test_", "account_")
    target = msgspec.structs.replace(parse_url(database.url), username=user, password=password)
    if database.engine == "postgresql":
        server = postgresql_server.start()
        try:
            private = Database("postgresql", server.url)
            private.execute(f"CREATE ROLE {user} LOGIN PASSWORD {quoted(password)}")
            [(rules,)] = private.rows("SELECT setting FROM pg_settings WHERE name = 'hba_file'")
            private.execute(f"COPY (SELECT 'host all all 127.0.0.1/32 scram-sha-256') TO {quoted(rules)}")
            private.execute("SELECT pg_reload_conf()")
            address = parse_url(server.url)
            yield msgspec.structs.replace(target, host=address.host, port=address.port, database="postgres")
        finally:
            server.stop()
        return
    database.execute(f"CREATE USER {user} IDENTIFIED BY {quoted(password, backslash=True)}")
    try:
        database.execute(f"GRANT ALL ON {database.name}.* TO {user}")
        yield target
    finally:
        database.execute(f"DROP USER {user}")


def quoted(text: str, *, backslash: bool = False) -> str:
    doubled = text.replace("\\", "\\\\") if backslash else text
    return "'" + doubled.replace("'", "''") + "'"


def assert_untold(secret: str, thing: object) -> None:
    """Asserts that neither the text nor the traceback, with the variables of every frame, shows the secret."""
    told = f"{thing!s} {thing!r}"
    while isinstance(thing, BaseException):
        frames = traceback.TracebackException.from_exception(thing, capture_locals=True)
        told += " ".join(f"{frame.locals}" for frame in frames.stack if frame.filename != __file__) + str(frames)
        thing = thing.__cause__ or thing.__context__
    assert secret not in told
    assert repr(secret)[1:-1] not in told
