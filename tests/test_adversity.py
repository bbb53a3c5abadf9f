"""Databases that are full, read-only or closed to the user, and very long migrations: a clear error, or it works."""

import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from querynl.errors import MigrationFailed, QueryNLError
from tests.engines import Database
from tests.migrating import Project, done
from tests.servers import STARTERS

A, B = "20260101000000_a", "20260102000000_b"
NOBODY = 65534
MEGABYTE = 1_000_000


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    """A project of which the first migration is applied."""
    project = Project(database, tmp_path / "migrations")
    project.write(A, "CREATE TABLE a (id integer PRIMARY KEY, n varchar(200));", "DROP TABLE a;")
    project.apply()
    return project


# -------------------------------------------------------------------------------------------- full


# On PostgreSQL the limit is on what a sort puts aside; on the others on a table in memory, which says what a full disk
# says, 1114.
SORTING = "CREATE TABLE b AS SELECT i, repeat('x', 100) x FROM generate_series(1, 50000) i ORDER BY x, -i"
INSERTING = (
    "INSERT INTO b WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 900) SELECT i, i FROM s"
)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_where_no_room_is_left_nothing_is_half_done_and_the_next_apply_finishes(project: Project) -> None:
    database, name = project.database, project.database.name
    if database.engine == "postgresql":
        database.execute(f"ALTER DATABASE {name} SET temp_file_limit = '64kB'")
        project.write(B, f"SET LOCAL work_mem = '64kB';\nCREATE TABLE before_b (id integer);\n{SORTING};")
    else:
        small = "SET SESSION max_heap_table_size = 16384"
        project.write(B, f"{small};\nCREATE TABLE b (id integer, n char(200)) ENGINE=MEMORY;\n{INSERTING};")

    with pytest.raises(MigrationFailed) as failed:
        project.apply()

    assert any(words in str(failed.value) for words in ("temporary file size exceeds", "is full")), str(failed.value)
    assert project.statuses() == {A: "applied", B: "failed"}
    if database.engine == "postgresql":
        assert project.tables() == {"a"}
        database.execute(f"ALTER DATABASE {name} RESET temp_file_limit")
    else:
        database.execute("DELETE FROM b; ALTER TABLE b ENGINE=InnoDB")
    assert done(project.apply()) == [B]


@pytest.mark.engines("sqlite")
@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_where_a_file_cannot_grow_nothing_is_half_done_and_the_next_apply_finishes(project: Project) -> None:
    numbers = "WITH RECURSIVE s (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < 5000)"
    project.write(
        B, f"CREATE TABLE b (id integer, n text);\n{numbers} INSERT INTO b SELECT i, hex(zeroblob(90)) FROM s;"
    )

    def apply_in_a_small_file() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        with pytest.raises(QueryNLError, match=r"I/O error|full"):
            project.apply()

    in_a_process(apply_in_a_small_file)

    assert project.statuses() in ({A: "applied", B: "failed"}, {A: "applied", B: "pending"})
    assert project.tables() == {"a"}
    assert done(project.apply()) == [B]
    assert project.database.rows("SELECT count(*) FROM b") == [(5000,)]


# --------------------------------------------------------------------------------------- read-only


@pytest.mark.engines("postgresql")
def test_a_read_only_database_is_left_as_it_is(project: Project) -> None:
    database = project.database
    project.write(B, "CREATE TABLE b (id integer);")
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")

    with pytest.raises(QueryNLError, match="read-only transaction"):
        project.apply()

    assert project.statuses() == {A: "applied", B: "pending"}
    database.execute(f"SET TRANSACTION READ WRITE; ALTER DATABASE {database.name} RESET ALL")
    assert done(project.apply()) == [B]


@pytest.mark.engines("mysql")
def test_a_read_only_schema_is_left_as_it_is(project: Project) -> None:
    database = project.database
    project.write(B, "CREATE TABLE b (id integer);")
    database.execute(f"ALTER DATABASE {database.name} READ ONLY = 1")
    try:
        with pytest.raises(QueryNLError, match="read only mode") as refused:
            project.apply()
        assert refused.value.exit_status == 4
        assert project.statuses() == {A: "applied", B: "pending"}
    finally:
        database.execute(f"ALTER DATABASE {database.name} READ ONLY = 0")
    assert done(project.apply()) == [B]


@pytest.mark.engines("mariadb")
def test_a_read_only_server_is_left_as_it_is(engine: str, tmp_path: Path) -> None:
    server = STARTERS[engine]()
    try:
        owner = Database(engine, f"{server.url}app")
        Database(engine, server.url).execute("CREATE DATABASE app; CREATE USER u; GRANT ALL ON app.* TO u")
        project = Project(Database(engine, owner.url.replace("root@", "u@")), tmp_path / "migrations")
        project.write(A, "CREATE TABLE a (id integer);")
        project.apply()
        project.write(B, "CREATE TABLE b (id integer);")
        owner.execute("SET GLOBAL read_only = 1")

        with pytest.raises(QueryNLError, match="--read-only") as refused:
            project.apply()

        assert refused.value.exit_status == 4
        assert project.statuses() == {A: "applied", B: "pending"}
        owner.execute("SET GLOBAL read_only = 0")
        assert done(project.apply()) == [B]
    finally:
        server.stop()


@pytest.mark.engines("sqlite")
@pytest.mark.skipif(sys.platform == "win32", reason="files have other permissions")
def test_a_read_only_file_is_left_as_it_is() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        project = Project(Database("sqlite", f"sqlite:///{folder / 'app.db'}"), folder / "migrations")
        project.write(A, "CREATE TABLE a (id integer);")
        project.apply()
        project.write(B, "CREATE TABLE b (id integer);")
        (folder / "app.db").chmod(0o444)
        closed = folder / "closed"
        closed.mkdir()

        def apply_as_somebody_else() -> None:
            os.environ["QUERYNL_DATA_DIR"] = str(folder / "data")
            os.environ["QUERYNL_CONFIG_DIR"] = str(folder / "config")
            # Somebody else's folder has no settings for them.
            os.chdir(closed)
            closed.chmod(0)
            if os.getuid() == 0:  # who may write whatever the permissions say
                os.setuid(NOBODY)
            with pytest.raises(QueryNLError, match="readonly"):
                project.apply()

        in_a_process(apply_as_somebody_else)

        closed.chmod(0o755)
        assert project.statuses() == {A: "applied", B: "pending"}
        (folder / "app.db").chmod(0o644)
        assert done(project.apply()) == [B]


# ------------------------------------------------------------------------------------- no rights


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_user_without_rights_is_told_so_and_changes_nothing(project: Project) -> None:
    project.write(B, "CREATE TABLE b (id integer);")
    with reader_of(project.database) as url:
        theirs = Project(Database(project.database.engine, url), project.folder)
        with pytest.raises(QueryNLError, match="denied") as refused:
            theirs.apply()

    assert refused.value.exit_status == 4
    assert project.statuses()[B] == "pending"
    assert project.tables() == {"a"}


@contextmanager
def reader_of(database: Database) -> Iterator[str]:
    """The URL of a user who may look at everything in the database, and change nothing."""
    parts, user = urlsplit(database.url), f"{database.name}_r"[-30:]
    host = f"{parts.hostname}:{parts.port}"
    if database.engine == "postgresql":
        database.execute(
            f"CREATE ROLE {user} LOGIN PASSWORD 'r'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}"
        )
        drop = f"DROP OWNED BY {user}; DROP ROLE {user}"
    else:
        database.execute(f"CREATE USER {user} IDENTIFIED BY 'r'; GRANT SELECT ON {database.name}.* TO {user}")
        drop = f"DROP USER {user}"
    try:
        yield parts._replace(netloc=f"{user}:r@{host}").geturl()
    finally:
        database.execute(drop)


# ------------------------------------------------------------------------------------- very long


def test_a_long_migration_runs_and_takes_memory_in_proportion(project: Project) -> None:
    row = "({number}, '" + "x" * 190 + "')"
    numbers = range(5 * MEGABYTE // len(row))
    statements = (
        "INSERT INTO a (id, n) VALUES " + ",\n".join(row.format(number=number) for number in numbers[first::100])
        for first in range(100)
    )
    project.write(B, ";\n".join(statements) + ";\n")

    def apply_within_memory() -> None:
        before = peak()
        assert done(project.apply()) == [B]
        # The text, its statements, and what the history keeps of both.
        assert peak() - before < 12 * 5 * MEGABYTE

    in_a_process(apply_within_memory)

    assert project.database.rows("SELECT count(*) FROM a") == [(len(numbers),)]
    assert project.statuses() == {A: "applied", B: "applied"}


def peak() -> int:
    """The most bytes of memory that this process has held."""
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return taken if sys.platform == "darwin" else taken * 1024


def in_a_process(act: Callable[[], None]) -> None:
    """Do it in a process of its own, whose limits and rights end with it."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(ended) == 0
