"""The history that a database keeps of its migrations, and the lock that lets one process at a time write it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.errors import HistoryUnusable, LockedOut, LockLost
from querynl.ledger import JOURNAL, TABLE, VERSION, Entry, Ledger, Mark, Scripts
from tests.engines import Database

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)
ENTRY = Entry(
    migration_id="20260102030405_add_tags",
    description="Add tags: “quoted”, 猫 and 🐈",
    framework="flyway",
    file="V20260102030405__add_tags.sql",
    direction="up",
    status="applied",
    checksum="ab" * 32,
    applied_by="ada@example",
    started_at=NOW,
    applied_at=NOW,
    duration_ms=12,
    statements_total=2,
    statements_done=2,
)
MARK = Mark(
    run_number=0,
    number=1,
    migration_id=ENTRY.migration_id,
    direction="up",
    statement="CREATE TABLE “tags” (id int)",
    started_at=NOW,
    finished_at=NOW,
)
SCRIPTS = Scripts("CREATE TABLE tags (id int);\n-- 100% \\ of it\n", "DROP TABLE tags;\n")

# The tables as the first version of the ledger made them, and a row that it wrote.
_FIRST_COLUMNS = """CREATE TABLE querynl_history (
    migration_id VARCHAR(255) NOT NULL PRIMARY KEY, run_number BIGINT NOT NULL, description {text} NOT NULL,
    framework VARCHAR(40) NOT NULL, file {text}, direction VARCHAR(4) NOT NULL, status VARCHAR(20) NOT NULL,
    checksum VARCHAR(64), applied_by VARCHAR(255) NOT NULL, started_at VARCHAR(40) NOT NULL, applied_at VARCHAR(40),
    duration_ms BIGINT, statements_total BIGINT NOT NULL, statements_done BIGINT NOT NULL, error {text},
    up_script {text} NOT NULL, down_script {text}, ledger_version BIGINT NOT NULL
) {options};
CREATE TABLE querynl_journal (
    run_number BIGINT NOT NULL, number BIGINT NOT NULL, migration_id VARCHAR(255) NOT NULL,
    direction VARCHAR(4) NOT NULL, statement {text} NOT NULL, trace VARCHAR(64), started_at VARCHAR(40) NOT NULL,
    finished_at VARCHAR(40), PRIMARY KEY (run_number, number)
) {options};
INSERT INTO querynl_history VALUES (
    '20250101000000_old', 1, 'old', 'raw', '20250101000000_old_up.sql', 'up', 'applied', NULL, 'ada@example',
    '2025-01-01T00:00:00.000000+00:00', '2025-01-01T00:00:00.000000+00:00', 3, 1, 1, NULL,
    'CREATE TABLE old (x int);', NULL, 1
);"""
_ROWS = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
FIRST_LAYOUT = {
    "postgresql": _FIRST_COLUMNS.format(text="TEXT", options=""),
    "sqlite": _FIRST_COLUMNS.format(text="TEXT", options=""),
    "mysql": _FIRST_COLUMNS.format(text="LONGTEXT", options=_ROWS),
    "mariadb": _FIRST_COLUMNS.format(text="LONGTEXT", options=_ROWS),
}


def open_ledger(connection: Connection, *, lock_timeout: float = 0.0) -> Ledger:
    return Ledger(connection, dialect_named(connection.dialect, connection.version), lock_timeout=lock_timeout)


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(parse_url(database.url)) as opened:
        yield opened


@pytest.fixture
def other(database: Database) -> Iterator[Connection]:
    """A second session on the same database."""
    with connect(parse_url(database.url)) as opened:
        yield opened


@pytest.fixture
def ledger(connection: Connection) -> Ledger:
    made = open_ledger(connection)
    made.create()
    return made


def test_scripts_of_any_length_are_kept_and_give_way_to_shorter_ones(connection: Connection) -> None:
    ledger = open_ledger(connection)
    ledger.create()
    long = Scripts("-- “100%” \\ 🐈\n" * 40_000, "-- back\n" * 25_000)
    for scripts in (long, SCRIPTS, long, replace(long, down=None)):
        with ledger.transaction():
            ledger.write(ENTRY, scripts)

        assert ledger.scripts(ENTRY.migration_id) == scripts

    with ledger.transaction():
        ledger.merge([], replace(ENTRY, run_number=4), SCRIPTS)
    assert ledger.scripts(ENTRY.migration_id) == SCRIPTS
    with ledger.transaction():
        ledger.merge([], replace(ENTRY, run_number=4), long)
    assert ledger.scripts(ENTRY.migration_id) == long


def test_reading_a_database_without_a_history_finds_nothing_and_makes_nothing(connection: Connection) -> None:
    ledger = open_ledger(connection)

    assert ledger.entries() == []
    assert ledger.entry("1") is None
    assert ledger.scripts("1") is None
    assert ledger.columns(None, TABLE) == set()


def test_an_entry_comes_back_as_it_was_written(ledger: Ledger) -> None:
    written = ledger.write(ENTRY, SCRIPTS)

    assert written == replace(ENTRY, run_number=1)
    assert ledger.entry(ENTRY.migration_id) == written
    assert ledger.entries() == [written]
    assert ledger.scripts(ENTRY.migration_id) == SCRIPTS


def test_a_script_larger_than_a_short_text_column_is_kept_whole(ledger: Ledger) -> None:
    long = Scripts("-- " + "x" * 200_000, None)

    ledger.write(ENTRY, long)

    assert ledger.scripts(ENTRY.migration_id) == long


def test_a_migration_has_one_entry_and_its_last_run_counts(ledger: Ledger) -> None:
    ledger.write(ENTRY, SCRIPTS)
    other = ledger.write(replace(ENTRY, migration_id="0_older"), SCRIPTS)
    again = ledger.write(replace(ENTRY, status="rolled back", direction="down"), SCRIPTS)

    assert ledger.entries() == [other, again]
    assert again.run_number == 3


def test_the_journal_keeps_every_mark_of_a_run_that_is_written_with_it(database: Database, ledger: Ledger) -> None:
    some = [replace(MARK, number=number) for number in range(1, 251)]

    ledger.write(ENTRY, SCRIPTS)
    run = ledger.write(ENTRY, SCRIPTS, some)

    assert ledger.last_mark(run.run_number) == replace(MARK, run_number=2, number=250)
    assert database.rows(f"SELECT COUNT(*) FROM {JOURNAL} WHERE run_number = 2 AND number <= 250") == [(250,)]


def test_a_run_is_not_written_where_another_followed_the_one_that_is_known(ledger: Ledger) -> None:
    first = ledger.write(ENTRY, SCRIPTS, after=0)
    second = ledger.write(ENTRY, SCRIPTS, after=first.run_number)

    for known in (0, first.run_number):
        ledger.begin()
        with pytest.raises(LockLost, match="Another process ran it"):
            ledger.write(replace(ENTRY, status="failed"), SCRIPTS, [MARK], after=known)

        assert not ledger.connection.in_transaction
    assert ledger.entries() == [second]


def test_an_update_keeps_the_scripts(ledger: Ledger) -> None:
    written = ledger.write(replace(ENTRY, status="running", statements_done=0), SCRIPTS)
    failed = replace(written, status="failed", statements_done=1, error="no")

    ledger.update(failed)

    assert ledger.entry(ENTRY.migration_id) == failed
    assert ledger.scripts(ENTRY.migration_id) == SCRIPTS


def test_the_table_is_read_with_plain_sql(database: Database, ledger: Ledger) -> None:
    ledger.write(ENTRY, SCRIPTS)

    assert database.rows(f"SELECT migration_id, status, applied_at, statements_done FROM {TABLE}") == [
        (ENTRY.migration_id, "applied", "2026-01-02T03:04:05.678901+00:00", 2)
    ]


def test_making_the_table_again_keeps_what_is_in_it(connection: Connection, ledger: Ledger) -> None:
    written = ledger.write(ENTRY, SCRIPTS)

    open_ledger(connection).create()

    assert open_ledger(connection).entries() == [written]


def test_an_entry_of_a_newer_version_is_refused(database: Database, ledger: Ledger) -> None:
    ledger.write(ENTRY, SCRIPTS)
    database.execute(f"UPDATE {TABLE} SET ledger_version = 99")

    with pytest.raises(HistoryUnusable, match="version 99"):
        ledger.entries()


def test_a_history_of_the_first_layout_is_read_and_brought_up_to_date(
    database: Database, connection: Connection
) -> None:
    database.execute(FIRST_LAYOUT[database.engine])
    old = open_ledger(connection)
    [before] = old.entries()
    assert (before.migration_id, before.status, before.noted_as) == ("20250101000000_old", "applied", None)

    old.create()
    old.write(ENTRY, SCRIPTS)

    assert open_ledger(connection).entries() == [before, replace(ENTRY, run_number=2)]
    assert old.scripts("20250101000000_old") == Scripts("CREATE TABLE old (x int);", None)
    assert database.rows(f"SELECT DISTINCT ledger_version FROM {TABLE}") == [(VERSION,)]


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        ("status = 'perhaps'", "20260102030405_add_tags: Invalid enum value 'perhaps'"),
        ("started_at = 'yesterday'", "20260102030405_add_tags: Invalid RFC3339"),
        ("framework = 'liquibase'", "20260102030405_add_tags: Invalid enum value 'liquibase'"),
    ],
)
def test_an_entry_that_somebody_spoiled_is_named(database: Database, ledger: Ledger, edit: str, found: str) -> None:
    ledger.write(ENTRY, SCRIPTS)
    database.execute(f"UPDATE {TABLE} SET {edit}")

    with pytest.raises(HistoryUnusable) as refused:
        ledger.entries()

    assert found in refused.value.what
    assert TABLE in str(refused.value.where)
    assert "Correct that row" in str(refused.value.remedy)


def test_a_table_that_lost_its_key_and_has_a_row_twice_is_refused(database: Database, ledger: Ledger) -> None:
    ledger.write(ENTRY, SCRIPTS)
    database.execute(f"CREATE TABLE copied AS SELECT * FROM {TABLE}")
    database.execute(f"DROP TABLE {TABLE}")
    database.execute(f"ALTER TABLE copied RENAME TO {TABLE}")
    database.execute(f"INSERT INTO {TABLE} SELECT * FROM {TABLE}")

    with pytest.raises(HistoryUnusable, match="add_tags is in it more than once"):
        ledger.entries()


@pytest.mark.engines("sqlite", "postgresql")
def test_a_row_with_a_value_missing_is_refused(database: Database, ledger: Ledger) -> None:
    ledger.write(ENTRY, SCRIPTS)
    database.execute(f"CREATE TABLE copied AS SELECT * FROM {TABLE}")
    database.execute(f"DROP TABLE {TABLE}")
    database.execute(f"ALTER TABLE copied RENAME TO {TABLE}")
    database.execute(f"UPDATE {TABLE} SET run_number = NULL")

    with pytest.raises(HistoryUnusable, match=r"add_tags: Expected `int`, got `null`.*run_number"):
        ledger.entries()


def test_a_table_without_the_ledgers_columns_is_refused(database: Database, connection: Connection) -> None:
    database.execute(f"CREATE TABLE {TABLE} (migration_id varchar(10))")

    with pytest.raises(HistoryUnusable, match="run_number"):
        open_ledger(connection).entries()


@pytest.mark.engines("postgresql")
def test_the_history_stays_where_it_is_when_the_search_path_changes(connection: Connection, ledger: Ledger) -> None:
    connection.rows("SELECT set_config('search_path', '', false)")

    written = ledger.write(ENTRY, SCRIPTS)

    assert ledger.entries() == [written]


@pytest.mark.engines("postgresql")
def test_a_session_without_a_schema_of_its_own_is_refused(connection: Connection) -> None:
    connection.execute("SET search_path TO nowhere")

    with pytest.raises(HistoryUnusable):
        open_ledger(connection)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_second_session_is_locked_out_and_told_by_whom(connection: Connection, other: Connection) -> None:
    waiting = open_ledger(other)

    # MySQL knows no more than the number without its performance schema.
    with open_ledger(connection).lock.held(), pytest.raises(LockedOut, match=r"session \d+"), waiting.lock.held():
        pytest.fail("the lock was given twice")

    with open_ledger(other).lock.held():
        pass


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_the_lock_is_released_when_the_block_raises(connection: Connection, other: Connection) -> None:
    with pytest.raises(ValueError, match="inside"), open_ledger(connection).lock.held():
        raise ValueError("inside")

    with open_ledger(other).lock.held():
        pass


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_the_lock_ends_with_its_session(connection: Connection, other: Connection) -> None:
    with open_ledger(connection).lock.held():
        connection.close()

        with open_ledger(other, lock_timeout=10).lock.held():
            pass


def test_a_writing_transaction_locks_out_the_next_writer_of_one_writer_engines(
    engine: str, connection: Connection, other: Connection, ledger: Ledger
) -> None:
    waiting = open_ledger(other)

    with ledger.transaction():
        ledger.write(ENTRY, SCRIPTS)
        if engine == "sqlite":
            with pytest.raises(LockedOut):
                waiting.begin()
        else:
            waiting.begin()
            waiting.rollback()

    assert waiting.entry(ENTRY.migration_id) is not None


def test_a_transaction_that_raises_leaves_nothing(ledger: Ledger) -> None:
    def write_and_fail() -> None:
        with ledger.transaction():
            ledger.write(ENTRY, SCRIPTS)
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        write_and_fail()
    assert ledger.entries() == []
