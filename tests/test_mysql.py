"""MySQL and MariaDB as dialects: how they spell a schema, their types, and scripts taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.decisions import undecided
from querynl.dialects import Statement
from querynl.dialects.mysql import MySQL
from querynl.dialects.mysql.types import loses_silently, widens
from querynl.diff import diff
from querynl.errors import ExpressionInvalid, NameTooLong, SchemaInvalid, TypeUnknown
from querynl.naming import named
from querynl.plan import Reversibility, plan
from querynl.schema import (
    Check,
    Column,
    CompositeType,
    Enum,
    Exclusion,
    ExclusionElement,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    OptionValue,
    PrimaryKey,
    Schema,
    Table,
    Unique,
)
from tests.engines import Database
from tests.on_mysql import create, dialect_of, on_both


@pytest.fixture
def session(database: Database) -> Iterator[Connection]:
    with closing(connect(parse_url(database.url))) as connection:
        yield connection


# ---------------------------------------------------------------------------------------- localising


@pytest.mark.parametrize(
    ("portable", "mysql", "mariadb"),
    [
        ("integer", "int", "int"),
        ("bigserial", "bigint", "bigint"),
        ("decimal(8,2)", "decimal(8,2)", "decimal(8,2)"),
        ("decimal", "decimal(10,0)", "decimal(10,0)"),
        ("real", "float", "float"),
        ("double precision", "double", "double"),
        ("boolean", "tinyint(1)", "tinyint(1)"),
        ("varchar", "varchar(255)", "varchar(255)"),
        ("char", "char(1)", "char(1)"),
        ("text", "text", "text"),
        ("timestamptz", "datetime(6)", "datetime(6)"),
        ("timestamp(3)", "datetime(3)", "datetime(3)"),
        ("time", "time", "time"),
        ("json", "json", "json"),
        ("uuid", "char(36)", "uuid"),
        ("bytes", "longblob", "longblob"),
    ],
)
def test_portable_types_become_the_engines(portable: str, mysql: str, mariadb: str) -> None:
    schema = Schema(tables=(Table(name="t", columns=(Column(name="a", type=portable),)),))
    assert MySQL("mysql").localise(schema).tables[0].columns[0].type == mysql
    assert MySQL("mariadb").localise(schema).tables[0].columns[0].type == mariadb


@pytest.mark.parametrize(
    ("own", "canonical"),
    [
        ("TIMESTAMP", "timestamp"),
        ("Integer(5) Unsigned", "int unsigned"),
        ("int zerofill", "int(10) unsigned zerofill"),
        ("numeric(5)", "decimal(5,0)"),
        ("float(30)", "double"),
        ("ENUM('a', 'b''c')", "enum('a','b''c')"),
        ("bool", "tinyint(1)"),
        ("datetime(0)", "datetime"),
        ("bit", "bit(1)"),
        ("uuid", "char(36)"),
    ],
)
def test_in_a_pinned_schema_the_engines_own_meaning_comes_first(own: str, canonical: str) -> None:
    schema = Schema(dialect="mysql", tables=(Table(name="t", columns=(Column(name="a", type=own),)),))
    assert MySQL("mysql").localise(schema).tables[0].columns[0].type == canonical


@pytest.mark.parametrize(
    ("kind", "default", "mysql", "mariadb"),
    [
        ("integer", "'5'", "5", "5"),
        ("decimal(5,2)", "1.5", "1.50", "1.50"),
        ("boolean", "TRUE", "1", "1"),
        ("varchar(9)", "'it''s'", "'it''s'", "'it''s'"),
        ("text", "'x'", "('x')", "'x'"),
        ("timestamptz", "now()", "CURRENT_TIMESTAMP(6)", "current_timestamp(6)"),
        ("varchar(36)", "uuid()", "(uuid())", "uuid()"),
        ("integer", "1 + 2", "(1 + 2)", "(1 + 2)"),
        ("integer", "NULL", None, None),
        ("year", "2020", "'2020'", "'2020'"),
    ],
)
def test_defaults_are_spelled_one_way(kind: str, default: str, mysql: str | None, mariadb: str | None) -> None:
    schema = Schema(tables=(Table(name="t", columns=(Column(name="a", type=kind, default=default),)),))
    assert MySQL("mysql").localise(schema).tables[0].columns[0].default == mysql
    assert MySQL("mariadb").localise(schema).tables[0].columns[0].default == mariadb


def test_an_enum_becomes_the_type_of_its_columns() -> None:
    mood = Enum(name="mood", values=("sad", "it's"))
    found = MySQL().localise(Schema(enums=(mood,), tables=(Table(name="t", columns=(Column(name="m", type="mood"),)),)))
    assert found.enums == ()
    assert found.tables[0].columns[0].type == "enum('sad','it''s')"


def test_a_unique_constraint_is_a_unique_index() -> None:
    table = Table(name="t", columns=(Column(name="a", type="integer"),), uniques=(Unique(columns=("a",), name="u"),))
    found = MySQL().localise(Schema(tables=(table,))).tables[0]
    assert found.uniques == ()
    assert found.indexes == (Index(columns=(IndexColumn(column="a"),), name="u", unique=True),)


def test_an_index_that_a_foreign_key_needs_is_said() -> None:
    parent = Table(name="p", columns=(Column(name="id", type="integer"),), primary_key=PrimaryKey(columns=("id",)))
    key = ForeignKey(columns=("p",), references="p", referenced_columns=("id",), name="to_p")
    child = Table(name="c", columns=(Column(name="p", type="integer"),), foreign_keys=(key,))
    assert MySQL().localise(Schema(tables=(parent, child))).tables[1].indexes == (
        Index(columns=(IndexColumn(column="p"),), name="to_p"),
    )


BLOG = Schema(
    tables=(
        Table(
            name="posts",
            comment="it's written",
            columns=(
                Column(name="id", type="bigint", identity=Identity()),
                Column(name="author", type="bigint", nullable=False),
                Column(name="title", type="varchar(200)", nullable=False, default="'it''s'"),
                Column(name="state", type="post_state", nullable=False, default="'draft'"),
                Column(name="price", type="decimal(10,2)", default="1.5"),
                Column(name="live", type="boolean", default="false"),
                Column(name="key", type="uuid"),
                Column(name="at", type="timestamptz", default="now()"),
                Column(name="body", type="text"),
                Column(name="data", type="json"),
            ),
            primary_key=PrimaryKey(columns=("id",)),
            uniques=(Unique(columns=("author", "title")),),
            foreign_keys=(
                ForeignKey(columns=("author",), references="users", referenced_columns=("id",), on_delete="cascade"),
            ),
            indexes=(Index(columns=(IndexColumn(column="at", order="desc"),)),),
        ),
        Table(
            name="users",
            columns=(Column(name="id", type="bigint", identity=Identity()),),
            primary_key=PrimaryKey(columns=("id",)),
        ),
    ),
    enums=(Enum(name="post_state", values=("draft", "live")),),
)


@on_both
def test_a_declared_schema_is_read_back_equal(session: Connection) -> None:
    dialect = dialect_of(session)
    declared = named(dialect.localise(BLOG), dialect)
    assert diff(create(session, declared), declared, dialect).operations == ()


def table_with(**parts: Any) -> Schema:
    return Schema(tables=(Table(**{"name": "t", "columns": (Column(name="a", type="integer"),), **parts}),))


@pytest.mark.parametrize(
    ("schema", "error", "where"),
    [
        (table_with(columns=(Column(name="a", type="int; DROP TABLE t"),)), TypeUnknown, "$.tables[0].columns[0].type"),
        (table_with(columns=(Column(name="a", type="moneyish"),)), TypeUnknown, "$.tables[0].columns[0].type"),
        (
            table_with(columns=(Column(name="a", type="integer", default="0; DELETE FROM t"),)),
            ExpressionInvalid,
            "$.tables[0].columns[0].default",
        ),
        (table_with(name="t" * 65), NameTooLong, "$.tables[0]"),
        (
            table_with(exclusions=(Exclusion(elements=(ExclusionElement(column="a", operator="="),)),)),
            SchemaInvalid,
            "$.tables[0].exclusions",
        ),
        (Schema(composite_types=(CompositeType(name="c", attributes=()),)), SchemaInvalid, "$.composite_types"),
        (table_with(options={"enjine": "InnoDB"}), SchemaInvalid, "$.tables[0].options.enjine"),
        (
            table_with(indexes=(Index(columns=(IndexColumn(column="a"),), where="a > 0"),)),
            SchemaInvalid,
            "$.tables[0].indexes[0]",
        ),
        (
            table_with(uniques=(Unique(columns=("a",), deferrable=True),)),
            SchemaInvalid,
            "$.tables[0].uniques[0]",
        ),
        (
            table_with(columns=(Column(name="a", type="integer"), Column(name="A", type="integer"))),
            SchemaInvalid,
            "$.tables[0].columns[1].name",
        ),
        (
            table_with(
                columns=(Column(name="a", type="serial"), Column(name="b", type="integer", identity=Identity()))
            ),
            SchemaInvalid,
            "$.tables[0].columns[1].identity",
        ),
        (
            table_with(columns=(Column(name="a", type="integer", options={"storidge": "disk"}),)),
            SchemaInvalid,
            "$.tables[0].columns[0].options.storidge",
        ),
        (
            table_with(columns=(Column(name="a", type="integer", options={"storage": "disk; DROP TABLE t"}),)),
            SchemaInvalid,
            "$.tables[0].columns[0].options.storage",
        ),
        (
            table_with(options={"partition_by": "HASH (a); DROP TABLE t"}),
            SchemaInvalid,
            "$.tables[0].options.partition_by",
        ),
    ],
)
def test_what_the_engine_cannot_hold_is_refused(schema: Schema, error: type[Exception], where: str) -> None:
    with pytest.raises(error) as raised:
        MySQL().localise(schema)
    assert getattr(raised.value, "where") == where  # noqa: B009  # each of these errors has one


@pytest.mark.parametrize("later", [{}, {"system_versioning": True, "period SYSTEM_TIME": "`since`, `until`"}])
def test_losing_the_rows_that_a_table_had_is_asked_for(later: dict[str, OptionValue]) -> None:
    start = Schema(dialect="mariadb", tables=(Table(name="t", options={"system_versioning": True}),))
    end = Schema(dialect="mariadb", tables=(Table(name="t", options=later),))
    difference = diff(start, end, MySQL("mariadb"))
    assert [waiting.answer for waiting in undecided(difference, ())] == ["--allow destructive"]
    made = plan(start, difference.operations, MySQL("mariadb"))
    assert made.reversibility is Reversibility.STRUCTURE_ONLY


def test_mariadb_has_no_checks_that_are_not_enforced() -> None:
    with pytest.raises(SchemaInvalid):
        MySQL("mariadb").localise(table_with(checks=(Check(expression="a > 0", enforced=False),)))


# --------------------------------------------------------------------------------------------- types


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ("int", "bigint", True),
        ("int unsigned", "int", False),
        ("int unsigned", "bigint", True),
        ("bigint", "int", False),
        ("decimal(10,2)", "decimal(12,4)", True),
        ("decimal(10,2)", "decimal(10,4)", False),
        ("varchar(10)", "varchar(20)", True),
        ("varchar(20)", "text", False),
        ("text", "longtext", True),
        ("enum('a')", "enum('a','b')", True),
        ("enum('a','b')", "enum('b','a')", False),
        ("datetime", "datetime(6)", True),
        ("float", "double", True),
    ],
)
def test_only_a_change_that_keeps_every_value_widens(before: str, after: str, wider: bool) -> None:
    assert widens(Column(name="a", type=before), Column(name="a", type=after)) is wider


@pytest.mark.parametrize(
    ("before", "after", "silent"),
    [
        ("decimal(10,4)", "decimal(10,2)", True),
        ("double", "int", True),
        ("datetime(6)", "datetime", True),
        ("datetime", "date", True),
        ("bigint", "int", False),
        ("varchar(20)", "varchar(10)", False),
    ],
)
def test_a_change_that_strict_mode_lets_round_is_known(before: str, after: str, silent: bool) -> None:
    assert loses_silently(before, after) is silent


# ------------------------------------------------------------------------------------------- scripts


def texts(script: str) -> list[str]:
    return [statement.sql for statement in MySQL().split(script)]


def test_a_script_is_read_back_as_it_was_written() -> None:
    written = [
        Statement("SET SESSION sql_mode = ''", transactional=False, session=True),
        Statement("SELECT ';', \"//\", `a;b` -- the end;"),
        Statement("SELECT 1 FROM t LIMIT 1", expects_no_rows=True),
        Statement("CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SELECT 1; SELECT '//'; END"),
        Statement("CREATE PROCEDURE p() BEGIN\nSELECT 1; -- //\nSELECT '$$'; END"),
    ]
    assert MySQL().split(MySQL().script(written)) == written


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';'';' , \"a\\\";\";SELECT `;``;`;", ["SELECT ';'';' , \"a\\\";\"", "SELECT `;``;`"]),
        ("-- one;\nSELECT 1 # two;\n; /* three; */ ;", ["SELECT 1 # two;"]),
        ("SELECT 1--2;", ["SELECT 1--2"]),
        (
            "/*!50100 SELECT 1; */; SELECT /*+ MAX_EXECUTION_TIME(1) */ 2",
            [
                "/*!50100 SELECT 1; */",
                "SELECT /*+ MAX_EXECUTION_TIME(1) */ 2",
            ],
        ),
        ("delimiter $$\nBEGIN a; END $$\nDELIMITER ;\nSELECT 1", ["BEGIN a; END", "SELECT 1"]),
        ("  DELIMITER //  \nCREATE x END//\r\nDELIMITER ;\r\nSELECT 2;", ["CREATE x END", "SELECT 2"]),
        ("DELIMITER go\nSELECT 'go' FROM cargo go\n", ["SELECT 'go' FROM car"]),
        ("SELECT 'delimiter //\n'; SELECT 1", ["SELECT 'delimiter //\n'", "SELECT 1"]),
        ("DELIMITER -- x\nSELECT 1 - 2 -- SELECT '--'", ["SELECT 1 - 2", "SELECT '--'"]),
        ("SELECT 1; SELECT 'never; closed", ["SELECT 1", "SELECT 'never; closed"]),
        ("", []),
        (" ; ;; -- nothing\n", []),
    ],
)
def test_a_script_is_split_as_the_client_splits_it(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


def test_settings_of_the_session_are_told_apart() -> None:
    found = MySQL().split("SET SESSION lock_wait_timeout = 5; SET NAMES utf8mb4; SET @x = 1; SET GLOBAL y = 1")
    assert [statement.session for statement in found] == [True, True, False, False]
