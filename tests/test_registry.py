"""The tracking store: the same on every engine, private, upgraded without loss, and safe with several processes."""

import json
import multiprocessing
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from querynl.connections import connect, parse_url
from querynl.errors import MigrationInvalid, RegistryUnusable
from querynl.registry import (
    MigrationRecord,
    delete_migration_record,
    get_migrations,
    init_migrations_db,
    registry_file,
    save_migration_record,
    update_migration_status,
)
from tests.engines import Database

MORNING = datetime(2025, 10, 16, 8, 0, tzinfo=UTC)
SEED_TABLE = """
CREATE TABLE migrations (
    migration_id TEXT PRIMARY KEY,
    connection_name TEXT NOT NULL,
    framework TEXT NOT NULL DEFAULT 'raw',
    direction TEXT NOT NULL DEFAULT 'up',
    sql_content TEXT NOT NULL,
    rollback_sql TEXT,
    description TEXT DEFAULT '',
    applied_at DATETIME,
    status TEXT NOT NULL DEFAULT 'pending',
    error_message TEXT,
    created_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX idx_migrations_connection ON migrations(connection_name);
CREATE INDEX idx_migrations_status ON migrations(status);
"""
BROKEN_FIELDS: list[dict[str, Any]] = [
    {"migration_id": ""},
    {"migration_id": " x"},
    {"migration_id": "x" * 256},
    {"migration_id": 3},
    {"connection_name": ""},
    {"connection_name": "x" * 513},
    {"framework": "liquibase"},
    {"direction": "sideways"},
    {"status": "done"},
    {"sql_content": None},
    {"sql_content": "a\0b"},
    {"description": None},
    {"plan": {}},
    {"applied_at": "yesterday"},
    {"created_at": None},
    {"created_at": 3},
]


def record(**fields: Any) -> MigrationRecord:
    return MigrationRecord(
        **{
            "migration_id": "20251016120000_add_tags",
            "connection_name": "blog_db",
            "sql_content": "CREATE TABLE tags (id int);",
            "created_at": MORNING,
            **fields,
        }
    )


FULL = record(
    framework="flyway",
    direction="up",
    sql_content="-- 100% 'quoted' \\ \"?\" %s\n" + "猫🐈" * 100,
    rollback_sql="DROP TABLE tags;",
    description="add 标签",
    applied_at=MORNING + timedelta(microseconds=1),
    status="failed",
    error_message="it's broken",
    plan='{"steps": []}',
    checksum="sha256:00",
    file="migrations/V1__x.sql",
    down_file="migrations/U1__x.sql",
)


def test_record_starts_as_pending_raw_and_up() -> None:
    fresh = MigrationRecord(migration_id="1", connection_name="c", sql_content="")
    assert (fresh.framework, fresh.direction, fresh.status, fresh.description) == ("raw", "up", "pending", "")
    assert fresh.applied_at is None
    assert abs(datetime.now(UTC) - fresh.created_at) < timedelta(minutes=1)


@pytest.mark.parametrize("fields", BROKEN_FIELDS)
def test_record_that_could_not_be_kept_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(MigrationInvalid) as caught:
        record(**fields)
    assert next(iter(fields)) in str(caught.value)


def test_record_comes_back_from_json() -> None:
    assert MigrationRecord.from_dict(json.loads(json.dumps(FULL.to_dict()))) == FULL
    assert FULL.to_dict()["created_at"] == "2025-10-16T08:00:00.000000+00:00"


def test_dictionary_with_unknown_or_missing_fields_is_refused() -> None:
    with pytest.raises(MigrationInvalid, match="'sql'"):
        MigrationRecord.from_dict({**FULL.to_dict(), "sql": ""})
    with pytest.raises(MigrationInvalid, match="sql_content"):
        MigrationRecord.from_dict({"migration_id": "1", "connection_name": "c"})


def test_time_is_kept_in_utc() -> None:
    berlin = timezone(timedelta(hours=2))
    assert record(created_at=datetime(2025, 10, 16, 10, 0, tzinfo=berlin)).created_at == MORNING
    assert record(created_at=datetime(2025, 10, 16, 8, 0)).created_at == MORNING
    assert record(created_at="2025-10-16 08:00:00").created_at == MORNING


def test_saved_record_comes_back_equal(database: Database) -> None:
    save_migration_record(FULL, database.url)
    save_migration_record(record(migration_id="2"), database.url)
    assert get_migrations(store=database.url) == [record(migration_id="2"), FULL]


def test_store_works_through_an_open_connection_and_leaves_it_open(database: Database) -> None:
    with connect(parse_url(database.url)) as connection:
        init_migrations_db(connection)
        connection.begin()
        save_migration_record(FULL, connection)
        assert get_migrations(store=connection) == [FULL]
        connection.rollback()
        assert get_migrations(store=connection) == []


def test_same_migration_of_two_connections_is_two_records(database: Database) -> None:
    save_migration_record(record(connection_name="one"), database.url)
    save_migration_record(record(connection_name="two"), database.url)
    save_migration_record(record(connection_name="two", description="again"), database.url)
    assert [(r.connection_name, r.description) for r in get_migrations(store=database.url)] == [
        ("one", ""),
        ("two", "again"),
    ]


def test_names_that_differ_only_in_case_or_accent_are_two(database: Database) -> None:
    for name in ("blog", "Blog", "blög"):
        save_migration_record(record(connection_name=name), database.url)
    assert [r.connection_name for r in get_migrations("Blog", store=database.url)] == ["Blog"]
    assert len(get_migrations(store=database.url)) == 3


def test_longest_names_fit(database: Database) -> None:
    longest = record(migration_id="猫" * 255, connection_name="犬" * 512)
    save_migration_record(longest, database.url)
    assert get_migrations("犬" * 512, store=database.url) == [longest]


def test_migrations_come_oldest_first_and_filtered(database: Database) -> None:
    for hour, (name, connection_name) in enumerate([("b", "x"), ("a", "x"), ("c", "y")]):
        made = MORNING + timedelta(hours=hour)
        save_migration_record(record(migration_id=name, connection_name=connection_name, created_at=made), database.url)
    update_migration_status("a", "x", "applied", store=database.url)
    assert [r.migration_id for r in get_migrations(store=database.url)] == ["b", "a", "c"]
    assert [r.migration_id for r in get_migrations("x", store=database.url)] == ["b", "a"]
    assert [r.migration_id for r in get_migrations("x", "pending", store=database.url)] == ["b"]
    assert [r.migration_id for r in get_migrations(status="applied", store=database.url)] == ["a"]
    with pytest.raises(MigrationInvalid, match="status"):
        get_migrations(status="done", store=database.url)  # type: ignore[arg-type]


def test_large_scripts_come_back_whole(database: Database) -> None:
    large = "-- " + "x" * 5_000_000
    save_migration_record(record(sql_content=large), database.url)
    save_migration_record(record(migration_id="2", sql_content=large), database.url)
    assert [len(r.sql_content) for r in get_migrations(store=database.url)] == [5_000_003, 5_000_003]


def test_status_keeps_the_time_and_the_error_that_belong_to_it(database: Database) -> None:
    save_migration_record(record(), database.url)

    def after(status: Any, **fields: Any) -> tuple[str, datetime | None, str | None]:
        update_migration_status(FULL.migration_id, "blog_db", status, store=database.url, **fields)
        update_migration_status(FULL.migration_id, "blog_db", status, store=database.url, **fields)
        [found] = get_migrations(store=database.url)
        return found.status, found.applied_at, found.error_message

    assert after("failed", error_message="it's 100% broken") == ("failed", None, "it's 100% broken")
    assert after("applied", applied_at=MORNING) == ("applied", MORNING, None)
    assert after("pending") == ("pending", None, None)
    _, now, _ = after("applied")
    assert now is not None
    assert abs(datetime.now(UTC) - now) < timedelta(minutes=1)


def test_status_of_a_missing_migration_is_an_error(database: Database) -> None:
    with pytest.raises(MigrationInvalid, match="'1'"):
        update_migration_status("1", "blog_db", "applied", store=database.url)


def test_deleted_record_is_gone_and_others_stay(database: Database) -> None:
    save_migration_record(record(), database.url)
    save_migration_record(record(connection_name="other"), database.url)
    assert delete_migration_record(FULL.migration_id, "blog_db", database.url)
    assert not delete_migration_record(FULL.migration_id, "blog_db", database.url)
    assert [r.connection_name for r in get_migrations(store=database.url)] == ["other"]


def test_indexes_are_there(database: Database) -> None:
    init_migrations_db(database.url)
    init_migrations_db(database.url)
    query = {
        "sqlite": "SELECT name FROM sqlite_schema WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE tablename = 'migrations'",
    }.get(
        database.engine, "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_name = 'migrations'"
    )
    assert {"idx_migrations_connection", "idx_migrations_status"} < {row[0] for row in database.rows(query)}


def test_newer_store_is_refused_and_stays_as_it_is(database: Database) -> None:
    save_migration_record(FULL, database.url)
    database.execute("UPDATE querynl_registry SET version = 99")
    with pytest.raises(RegistryUnusable, match="version 99"):
        get_migrations(store=database.url)
    with pytest.raises(RegistryUnusable):
        delete_migration_record(FULL.migration_id, FULL.connection_name, database.url)
    database.execute("UPDATE querynl_registry SET version = 1")
    assert get_migrations(store=database.url) == [FULL]


def test_table_of_another_tool_is_left_alone(database: Database) -> None:
    database.execute("CREATE TABLE migrations (id integer, migration varchar(255), batch integer)")
    database.execute("INSERT INTO migrations VALUES (1, 'create_users', 1)")
    with pytest.raises(RegistryUnusable, match="not QueryNL's"):
        init_migrations_db(database.url)
    assert database.rows("SELECT * FROM migrations") == [(1, "create_users", 1)]


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_store_cut_off_while_it_was_made_is_completed(database: Database) -> None:
    save_migration_record(FULL, database.url)
    database.execute("DROP TABLE querynl_registry")
    assert get_migrations(store=database.url) == [FULL]


def test_two_processes_make_the_store_at_once(database: Database) -> None:
    numbers = run_at_once(_save, [(database.url, str(number)) for number in range(4)])
    assert numbers == [0] * 4
    assert sorted(r.migration_id for r in get_migrations(store=database.url)) == ["0", "1", "2", "3"]


def test_two_processes_make_the_default_store_at_once() -> None:
    assert run_at_once(_save, [(None, str(number)) for number in range(4)]) == [0] * 4
    assert sorted(r.migration_id for r in get_migrations()) == ["0", "1", "2", "3"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_default_store_is_private_and_writes_ahead() -> None:
    save_migration_record(FULL)
    assert stat.S_IMODE(registry_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(registry_file().parent.stat().st_mode) == 0o700
    with closing(sqlite3.connect(registry_file())) as driver:
        assert driver.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert get_migrations() == [FULL]


def test_store_is_where_the_environment_says(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUERYNL_REGISTRY_URL", database.url)
    save_migration_record(FULL)
    assert not registry_file().exists()
    assert get_migrations(store=database.url) == [FULL]
    monkeypatch.setenv("QUERYNL_REGISTRY_URL", "somewhere")
    with pytest.raises(RegistryUnusable, match="://"):
        get_migrations()


def make_seed_store(file: Path, rows: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as driver:
        driver.executescript(SEED_TABLE + rows)


def test_first_store_is_upgraded_with_all_its_rows() -> None:
    make_seed_store(
        registry_file(),
        """
        INSERT INTO migrations (migration_id, connection_name, sql_content, created_at)
            VALUES ('2', 'blog', 'CREATE TABLE b (id int)', '2025-10-16 09:00:00');
        INSERT INTO migrations VALUES ('1', 'blog', 'alembic', 'up', 'op.create_table()', 'op.drop_table()', 'é',
            '2025-10-16T08:30:00.5', 'applied', NULL, '2025-10-16T10:00:00+02:00');
        INSERT INTO migrations VALUES ('3', 'shop', 'raw', 'up', 'x', NULL, NULL, NULL, 'failed', 'no', '2025-10-17');
        """,
    )
    first, second, third = get_migrations()
    assert first == record(
        migration_id="1",
        connection_name="blog",
        framework="alembic",
        sql_content="op.create_table()",
        rollback_sql="op.drop_table()",
        description="é",
        applied_at=datetime(2025, 10, 16, 8, 30, 0, 500000, tzinfo=UTC),
        status="applied",
    )
    assert second == record(
        migration_id="2",
        connection_name="blog",
        sql_content="CREATE TABLE b (id int)",
        created_at=MORNING + timedelta(hours=1),
    )
    assert (third.description, third.status, third.error_message) == ("", "failed", "no")
    save_migration_record(record(migration_id="1", connection_name="other"))
    assert len(get_migrations()) == 4


def test_first_store_with_a_row_that_cannot_be_read_is_refused_and_stays_as_it_is() -> None:
    make_seed_store(
        registry_file(),
        """
        INSERT INTO migrations (migration_id, connection_name, sql_content, created_at)
            VALUES ('1', 'b', 'x', 'soon');
        """,
    )
    with pytest.raises(RegistryUnusable, match="soon"):
        get_migrations()
    with closing(sqlite3.connect(registry_file())) as driver:
        assert driver.execute("SELECT migration_id, created_at FROM migrations").fetchall() == [("1", "soon")]
        assert driver.execute("SELECT name FROM sqlite_schema WHERE name = 'querynl_registry'").fetchall() == []


def test_upgrade_by_two_processes_at_once_keeps_every_row() -> None:
    make_seed_store(
        registry_file(),
        "INSERT INTO migrations (migration_id, connection_name, sql_content) VALUES ('old', 'blog_db', 'x')",
    )
    assert run_at_once(_save, [(None, str(number)) for number in range(4)]) == [0] * 4
    assert sorted(r.migration_id for r in get_migrations()) == ["0", "1", "2", "3", "old"]


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_file_is_refused_and_stays_as_it_is(content: bytes) -> None:
    registry_file().parent.mkdir(parents=True)
    registry_file().write_bytes(content)
    with pytest.raises(RegistryUnusable) as caught:
        get_migrations()
    assert str(registry_file()) in str(caught.value)
    assert registry_file().read_bytes() == content
    assert [file.name for file in registry_file().parent.iterdir()] == [registry_file().name]


def test_file_with_a_damaged_page_is_refused() -> None:
    for number in range(50):
        save_migration_record(record(migration_id=str(number), sql_content="x" * 2000))
    with closing(sqlite3.connect(registry_file())) as driver:
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(registry_file().read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    registry_file().write_bytes(content)
    with pytest.raises(RegistryUnusable):
        get_migrations()
    assert registry_file().read_bytes() == content


def test_reading_the_default_store_imports_no_other_driver() -> None:
    save_migration_record(FULL)
    slow = ("psycopg", "pymysql", "keyring", "cryptography", "tomlkit", "platformdirs", "asyncio", "ssl", "tomllib")
    script = (
        "import sys; from querynl.registry import get_migrations; assert len(get_migrations()) == 1;"
        f"print(*[name for name in {slow!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def run_at_once(function: Any, arguments: list[tuple[Any, ...]]) -> list[int | None]:
    """The exit codes of as many processes, which start the function together."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(arguments))
    processes = [context.Process(target=function, args=(barrier, *chosen)) for chosen in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    return [process.exitcode for process in processes]


def _save(barrier: Any, url: str | None, migration_id: str) -> None:
    barrier.wait(60)
    save_migration_record(record(migration_id=migration_id), url)
