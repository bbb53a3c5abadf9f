"""The names that PostgreSQL gives to partitions' parts of indexes, which a schema that is made again keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.schema import Schema
from querynl.sources.comparison import create
from tests.engines import Databases

LONG = "ü" * 31


@pytest.fixture
def pair(databases: Databases) -> Iterator[tuple[Connection, Connection]]:
    """Sessions on two fresh databases."""
    with (
        databases.temporary("postgresql") as first,
        databases.temporary("postgresql") as second,
        connect(parse_url(first.url)) as live,
        connect(parse_url(second.url)) as other,
    ):
        yield live, other


def inspected(connection: Connection) -> Schema:
    return dialect_named(connection.dialect, connection.version).inspect(connection)


def parts(schema: Schema) -> dict[str, dict[str | None, str]]:
    """What each table says of its parts: the index that it is a part of, by its name."""
    return {
        table.name: {index.name: str(index.options.get("attached_to")) for index in table.indexes}
        for table in schema.tables
        if table.inherits
    }


def test_a_schema_is_made_again_with_its_parts_of_indexes_under_their_names(
    pair: tuple[Connection, Connection],
) -> None:
    live, other = pair
    live.execute(
        f"""
        CREATE SCHEMA app;
        CREATE TABLE app.t (id int, a int, "{LONG}" int) PARTITION BY RANGE (id);
        CREATE TABLE app.p1 PARTITION OF app.t FOR VALUES FROM (0) TO (10);
        CREATE INDEX p1_id_idx ON app.p1 (a, id);
        CREATE INDEX w ON app.t (id);
        CREATE INDEX z ON app.t (a);
        CREATE INDEX y ON app.t (a) WHERE a > 0;
        CREATE INDEX x ON app.t (a DESC);
        CREATE INDEX lower ON app.t ("{LONG}", a);
        CREATE INDEX higher ON app.t ("{LONG}", a);
        ALTER TABLE app.t ADD CONSTRAINT second UNIQUE (id), ADD CONSTRAINT first UNIQUE (id) INCLUDE (a);
        DROP INDEX app.z;
        CREATE INDEX z ON app.t (a NULLS FIRST);
        ALTER INDEX app.p1_a_idx1 RENAME TO named;
        COMMENT ON INDEX app.p1_a_idx2 IS 'the third';
        -- What is made at once is numbered in another order than what came one by one.
        CREATE TABLE app.p2 PARTITION OF app.t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (id);
        CREATE TABLE p2_lower PARTITION OF app.p2 FOR VALUES FROM (10) TO (15);
        CREATE TABLE p2_higher PARTITION OF app.p2 FOR VALUES FROM (15) TO (20);
        """
    )
    there = inspected(live)
    assert parts(there)["p1"] == {
        "p1_id_idx": "None",
        "p1_id_idx1": "w",
        "named": "y",
        "p1_a_idx2": "x",
        f"p1_{'ü' * 27}_idx1": "higher",  # cut off at 63 bytes
    }
    assert parts(there)["p2"].keys() >= {"p2_a_idx1", "p2_a_idx2"}
    create(there, other, dialect_named(other.dialect, other.version))
    assert parts(inspected(other)) == parts(there)
    assert inspected(other) == there


def test_a_number_stays_where_the_name_without_one_is_free_again(pair: tuple[Connection, Connection]) -> None:
    live, other = pair
    live.execute(
        "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT;"
        "CREATE INDEX gone ON t (a); CREATE INDEX i ON t (a); DROP INDEX gone;"
    )
    there = inspected(live)
    assert parts(there) == {"p": {"p_a_idx1": "i"}}
    create(there, other, dialect_named(other.dialect, other.version))
    assert parts(inspected(other)) == parts(there)
    assert inspected(other) == there
