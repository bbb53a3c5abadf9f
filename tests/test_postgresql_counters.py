"""Sequences and columns that count on PostgreSQL: whatever changes, no number comes twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from querynl.errors import StatementFailed
from tests.engines import Databases
from tests.on_postgresql import Migrate, migrating


@pytest.fixture
def migrate(databases: Databases) -> Iterator[Migrate]:
    """Takes a fresh database from one script's schema to another's."""
    with migrating(databases) as migrate:
        yield migrate


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "AS smallint INCREMENT BY 3 CACHE 4 CYCLE"),
        ("MINVALUE 1 MAXVALUE 50", "MINVALUE 100 MAXVALUE 200"),
        ("INCREMENT BY -1", "INCREMENT BY -1 MAXVALUE -50 START WITH -60"),
        ("", "INCREMENT BY -1"),
    ],
)
def test_a_sequence_counts_otherwise(before: str, after: str, migrate: Migrate) -> None:
    migrated = migrate(f"CREATE SEQUENCE s {before}", f"CREATE SEQUENCE s {after}")
    migrated.back()


def test_a_counter_that_would_give_numbers_again_is_refused(migrate: Migrate) -> None:
    with pytest.raises(StatementFailed, match="cannot be greater than MAXVALUE"):
        migrate("CREATE SEQUENCE s; SELECT setval('s', 70)", "CREATE SEQUENCE s MAXVALUE 50")


@pytest.mark.parametrize("after", ["serial", "int GENERATED ALWAYS AS IDENTITY"])
def test_a_counter_goes_on_after_the_rows_there_are(after: str, migrate: Migrate) -> None:
    migrated = migrate(
        "CREATE TABLE t (a int NOT NULL, b int); INSERT INTO t VALUES (41, 1)", f"CREATE TABLE t (a {after}, b int)"
    )
    migrated.live.execute("INSERT INTO t (b) VALUES (2)")
    assert migrated.rows("SELECT a FROM t ORDER BY a") == [(41,), (42,)]


def test_a_serial_column_that_may_be_empty_keeps_its_counter(migrate: Migrate) -> None:
    table = "CREATE TABLE t (a serial, b int); INSERT INTO t (b) VALUES (1);"
    migrated = migrate(table, f"{table} ALTER TABLE t ALTER COLUMN a DROP NOT NULL")
    migrated.live.execute("INSERT INTO t (b) VALUES (2)")
    migrated.back()
    migrated.live.execute("INSERT INTO t (b) VALUES (3)")
    assert migrated.rows("SELECT a FROM t ORDER BY b") == [(1,), (2,), (3,)]


def test_a_sequence_moves_from_a_dropped_table_to_a_new_one(migrate: Migrate) -> None:
    migrated = migrate(
        "CREATE SEQUENCE s; CREATE TABLE t (a int); ALTER SEQUENCE s OWNED BY t.a; SELECT setval('s', 7)",
        "CREATE SEQUENCE s; CREATE TABLE u (a int); ALTER SEQUENCE s OWNED BY u.a",
    )
    migrated.back()
    assert migrated.rows("SELECT last_value FROM s") == [(7,)]


def test_a_partition_that_counts_by_its_tables_serial_goes_on_counting(migrate: Migrate) -> None:
    table = "CREATE TABLE p (id serial, n int) PARTITION BY {}; CREATE TABLE q PARTITION OF p DEFAULT;"
    migrated = migrate(table.format("RANGE (id)") + "INSERT INTO p (n) VALUES (7), (8)", table.format("LIST (n)"))
    assert migrated.rows("INSERT INTO p (n) VALUES (9) RETURNING id") == [(3,)]
    migrated.back()
    assert migrated.rows("INSERT INTO p (n) VALUES (10) RETURNING id") == [(4,)]


def test_a_counter_of_a_partitioned_table_gives_no_number_again(migrate: Migrate) -> None:
    table = "CREATE TABLE p (id int GENERATED ALWAYS AS IDENTITY, n int) PARTITION BY {};"
    partition = "CREATE TABLE q PARTITION OF p DEFAULT;"
    migrated = migrate(
        f"{table.format('RANGE (id)')} {partition} INSERT INTO p (n) VALUES (1), (2)",
        f"{table.format('RANGE (n)')} {partition}",
    )
    migrated.live.execute("INSERT INTO p (n) VALUES (3)")
    assert migrated.rows("SELECT id, n FROM p ORDER BY id") == [(1, 1), (2, 2), (3, 3)]
