"""The rows that are made for a proof: what is in them, and that they respect what tables demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.naming import named
from querynl.proof.seeding import Seeding, Sparing, seed
from querynl.schema import (
    Check,
    Column,
    Enum,
    ForeignKey,
    Generated,
    Identity,
    Name,
    PrimaryKey,
    Schema,
    Table,
    Unique,
)
from querynl.sources.comparison import create
from tests.engines import Database

ID = Column(name="id", type="integer", nullable=False)
USERS = Table(name="users", columns=(ID,), primary_key=PrimaryKey(columns=("id",)))


def table(name: str, *columns: Column, keys: tuple[ForeignKey, ...] = ()) -> Table:
    return Table(name=name, columns=(ID, *columns), primary_key=PrimaryKey(columns=("id",)), foreign_keys=keys)


def referring(column: str, other: str) -> ForeignKey:
    return ForeignKey(columns=(column,), references=other, referenced_columns=("id",))


class Seeded:
    """A database with rows in it."""

    def __init__(self, connection: Connection, seeding: Seeding) -> None:
        self.seeding = seeding
        self._connection = connection

    def rows(self, name: str) -> int:
        return self.seeding.rows.get(Name(None, name), 0)

    def values(self, sql: str) -> list[Any]:
        """The first column of an answer."""
        return [row[0] for row in self._connection.rows(sql)]


@contextmanager
def seeded(database: Database, make: Callable[[Connection], None]) -> Iterator[Seeded]:
    with connect(parse_url(database.url)) as connection:
        make(connection)
        dialect = dialect_named(connection.dialect, connection.version)
        there = dialect.inspect(connection)
        yield Seeded(connection, seed(connection, there, dialect, later=there, sparing=Sparing()))


def declared(*tables: Table, enums: tuple[Enum, ...] = ()) -> Callable[[Connection], None]:
    def make(connection: Connection) -> None:
        dialect = dialect_named(connection.dialect, connection.version)
        create(named(dialect.localise(Schema(tables=tables, enums=enums)), dialect), connection, dialect)

    return make


def script(text: str) -> Callable[[Connection], None]:
    def make(connection: Connection) -> None:
        for statement in dialect_named(connection.dialect, connection.version).split(text):
            connection.execute(statement.sql)

    return make


def test_rows_are_plain_telling_and_null(database: Database) -> None:
    users = table("users", Column(name="age", type="integer"), Column(name="name", type="varchar(40)"))
    with seeded(database, declared(users)) as found:
        ages, texts = found.values("SELECT age FROM users"), found.values("SELECT name FROM users")
        assert {1, 2**31 - 1, -(2**31), None} <= set(ages)
        assert {"1", "it's ünï 😀", "x" * 40, "", None} <= set(texts)


def test_rows_respect_foreign_keys_whatever_the_order_of_tables(database: Database) -> None:
    articles = table(
        "articles", Column(name="author", type="integer", nullable=False), keys=(referring("author", "users"),)
    )
    with seeded(database, declared(articles, USERS)) as found:
        assert found.rows("articles") >= 3
        assert len(set(found.values("SELECT author FROM articles"))) >= 3


def test_rows_refer_to_rows_of_their_own_table(database: Database) -> None:
    people = table("people", Column(name="parent", type="integer"), keys=(referring("parent", "people"),))
    with seeded(database, declared(people)) as found:
        parents = found.values("SELECT parent FROM people")
        assert None in parents
        assert set(parents) - {None}


def test_rows_refer_to_each_other_in_a_circle(database: Database) -> None:
    boss = Column(name="boss", type="integer")
    teams = table("teams", boss, keys=(referring("boss", "workers"),))
    workers = table("workers", Column(name="team", type="integer", nullable=False), keys=(referring("team", "teams"),))
    with seeded(database, declared(teams, workers)) as found:
        assert set(found.values("SELECT boss FROM teams")) - {None}
        assert set(found.values("SELECT team FROM workers")) - {None}


def test_rows_respect_uniques_checks_enums_and_generated_columns(database: Database) -> None:
    users = Table(
        name="users",
        columns=(
            Column(name="id", type="bigint", nullable=False, identity=Identity()),
            Column(name="email", type="varchar(60)", nullable=False),
            Column(name="score", type="decimal(6,2)", nullable=False),
            Column(name="state", type="mood", nullable=False),
            Column(name="twice", type="bigint", generated=Generated(expression="score * 2")),
        ),
        primary_key=PrimaryKey(columns=("id",)),
        uniques=(Unique(columns=("email",)),),
        checks=(Check(expression="score >= 40 AND score <= 100"), Check(expression="email LIKE '%@%'")),
    )
    with seeded(database, declared(users, enums=(Enum(name="mood", values=("sad", "it's", "ok")),))) as found:
        assert found.rows("users") >= 3
        assert set(found.values("SELECT state FROM users")) == {"sad", "it's", "ok"}


def test_rows_are_made_for_every_portable_type(database: Database) -> None:
    names = (
        *("smallint", "integer", "bigint", "decimal(10,2)", "decimal", "real", "double", "boolean", "text"),
        *("varchar(5)", "char(3)", "timestamptz", "timestamp", "date", "time", "json", "uuid", "bytes"),
    )
    columns = (Column(name=f"c{number}", type=name, nullable=False) for number, name in enumerate(names))
    with seeded(database, declared(table("everything", *columns))) as found:
        assert found.rows("everything") >= 4


POSTGRESQL_TYPES = (
    *("money", "double precision", "real", "numeric", "interval", "bytea", "bit(3)", "bit varying(5)", "inet", "cidr"),
    *("macaddr", "macaddr8", "uuid", "jsonb", "tsvector", "tsquery", "point", "line", "lseg", "box", "path"),
    *("polygon", "circle", "int4range", "int8multirange", "tstzrange", "daterange", "numrange", "pg_lsn", "name"),
    *("integer[]", "text[]", "mood", "mood[]", "address", "address[]", "percentage", '"Odd name"', "oid", '"char"'),
    *("time with time zone", "timestamp(3) with time zone", "varchar", "char", "text[][]"),
)


@pytest.mark.engines("postgresql")
def test_rows_are_made_for_every_type_of_postgresql(database: Database) -> None:
    columns = ", ".join(f"c{number} {name} NOT NULL" for number, name in enumerate(POSTGRESQL_TYPES))
    made = script(
        f"""
        CREATE TYPE mood AS ENUM ('sad', 'ok');
        CREATE TYPE "Odd name" AS ENUM ('a', 'b');
        CREATE TYPE address AS (street text, number integer, moods mood[]);
        CREATE DOMAIN percentage AS integer CHECK (VALUE BETWEEN 40 AND 60);
        CREATE TABLE everything (id integer PRIMARY KEY, {columns});
        """
    )
    with seeded(database, made) as found:
        assert found.seeding.refused == {}
        assert found.rows("everything") >= 4


MYSQL_TYPES = (
    *("tinyint", "tinyint(1)", "int unsigned", "bigint unsigned", "decimal(65,30)", "float", "double", "bit(9)"),
    *("year", "time(3)", "datetime(6)", "timestamp", "binary(3)", "varbinary(9)", "longblob", "mediumtext", "json"),
    *("enum('a','it''s')", "set('x','y')", "point", "linestring", "polygon", "geometry", "multipoint"),
    *("multipolygon", "geometrycollection", "char(3)", "char", "date"),
)


@pytest.mark.engines("mysql", "mariadb")
def test_rows_are_made_for_every_type_of_mysql(database: Database) -> None:
    columns = ", ".join(f"c{number} {name} NOT NULL" for number, name in enumerate(MYSQL_TYPES))
    made = script(f"CREATE TABLE everything (id integer PRIMARY KEY, {columns}) ROW_FORMAT=DYNAMIC;")
    with seeded(database, made) as found:
        assert found.seeding.refused == {}
        assert found.rows("everything") >= 4


@pytest.mark.engines("postgresql")
def test_rows_do_not_overlap_where_they_must_not(database: Database) -> None:
    made = script("CREATE TABLE stays (during daterange NOT NULL, EXCLUDE USING gist (during WITH &&));")
    with seeded(database, made) as found:
        assert found.rows("stays") >= 3


@pytest.mark.engines("postgresql")
def test_every_partition_of_postgresql_has_a_row(database: Database) -> None:
    made = script(
        """
        CREATE TABLE events (id integer, at date, region text) PARTITION BY RANGE (at);
        CREATE TABLE old PARTITION OF events FOR VALUES FROM ('2019-01-01') TO ('2020-01-01');
        CREATE TABLE young PARTITION OF events FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')
            PARTITION BY LIST (region);
        CREATE TABLE young_north PARTITION OF young FOR VALUES IN ('north', 'far north');
        """
    )
    with seeded(database, made) as found:
        assert found.rows("old") > 0
        assert found.rows("young_north") > 0


@pytest.mark.engines("mysql", "mariadb")
def test_every_partition_of_mysql_has_a_row(database: Database) -> None:
    made = script(
        """
        CREATE TABLE events (id int NOT NULL, PRIMARY KEY (id)) PARTITION BY RANGE (id)
            (PARTITION few VALUES LESS THAN (10), PARTITION more VALUES LESS THAN (1000));
        """
    )
    with seeded(database, made) as found:
        for name in ("few", "more"):
            assert found.values(f"SELECT COUNT(*) FROM events PARTITION ({name})") > [0]


@pytest.mark.engines("postgresql")
def test_rows_respect_identity_that_is_always_generated(database: Database) -> None:
    made = script("CREATE TABLE users (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);")
    with seeded(database, made) as found:
        assert found.rows("users") >= 3


def test_what_takes_no_row_is_named_with_the_reason(database: Database) -> None:
    never = Table(name="never", columns=(ID,), checks=(Check(expression="id < 0 AND id > 0", name="never"),))
    with seeded(database, declared(never)) as found:
        assert found.seeding.refused.keys() == {Name(None, "never")}
