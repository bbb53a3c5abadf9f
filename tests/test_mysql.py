"""MySQL and MariaDB as dialects: what they read, how they spell, and scripts taken apart and put together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from querynl.connections import Connection, connect, parse_url
from querynl.decisions import undecided
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.dialects.mysql import MySQL
from querynl.dialects.mysql.types import loses_silently, widens
from querynl.diff import diff
from querynl.errors import ExpressionInvalid, NameTooLong, SchemaInvalid, TypeUnknown
from querynl.naming import named
from querynl.plan import Reversibility, plan, statements
from querynl.schema import (
    Check,
    Column,
    CompositeType,
    Dependency,
    Enum,
    Exclusion,
    ExclusionElement,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    Kind,
    PrimaryKey,
    Schema,
    Sequence,
    Table,
    Unique,
)
from tests.counting import CountingReader
from tests.engines import Database, Databases

on_both = pytest.mark.engines("mysql", "mariadb")
on_mysql = pytest.mark.engines("mysql")
on_mariadb = pytest.mark.engines("mariadb")

# Everything that both engines have, under names that need their quotes.
RICH = r"""
CREATE TABLE `au``thors` (
    `id` int unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s a \\ key',
    `e mail` varchar(200) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s \\ "x"',
    `ünï.cod"e` decimal(10,2) DEFAULT 1.5,
    `flag` boolean DEFAULT TRUE,
    `wide` int(7) unsigned zerofill DEFAULT 3,
    `bits` bit(3) DEFAULT b'101',
    `kind` enum('a','b''c','d,e') DEFAULT 'b''c',
    `some` set('x','y'),
    `made` timestamp NULL DEFAULT CURRENT_TIMESTAMP,
    `seen` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
    `born` date DEFAULT (curdate() + interval 1 year),
    `body` text DEFAULT ('b'),
    `raw` varbinary(20) DEFAULT 'raw',
    `doc` json,
    `hidden` int INVISIBLE DEFAULT 7,
    `twice` int GENERATED ALWAYS AS (`flag` * 2) VIRTUAL COMMENT 'twice',
    `loud` varchar(255) AS (upper(`body`)) STORED,
    `at` point NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `by.mail` (`e mail`, `kind` DESC),
    KEY `begins` (`e mail`(5), `seen`) COMMENT 'the ''first'' five',
    FULLTEXT KEY `words` (`body`),
    SPATIAL KEY `places` (`at`),
    CONSTRAINT `pósitive` CHECK (`ünï.cod"e` > -1.5 AND `kind` <> 'é\'s')
) COMMENT='people who \\ "write"' ROW_FORMAT=COMPRESSED;
CREATE TABLE `books` (
    `isbn` char(13) NOT NULL,
    `edition` smallint NOT NULL,
    `author` int unsigned,
    `old isbn` char(13), `old edition` smallint,
    PRIMARY KEY (`isbn`, `edition`),
    KEY `old_book` (`old isbn`, `old edition`),
    CONSTRAINT `by_author` FOREIGN KEY (`author`) REFERENCES `au``thors` (`id`) ON DELETE SET NULL ON UPDATE CASCADE,
    CONSTRAINT `earlier` FOREIGN KEY (`old isbn`, `old edition`) REFERENCES `books` (`isbn`, `edition`)
) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE `log` (`line` varchar(20)) ENGINE=MyISAM MAX_ROWS=10 CHECKSUM=1;
CREATE TABLE `sales` (`id` int, `day` date, PRIMARY KEY (`id`, `day`)) PARTITION BY RANGE COLUMNS (`day`)
    (PARTITION `p old` VALUES LESS THAN ('2020-01-01') COMMENT='it''s old', PARTITION p1 VALUES LESS THAN (MAXVALUE));
CREATE TABLE `spread` (`id` int PRIMARY KEY) PARTITION BY HASH (`id`) PARTITIONS 4;
CREATE VIEW `titles` AS SELECT `isbn` AS `the isbn`, `author` FROM `books` WHERE `author` > 1 WITH LOCAL CHECK OPTION;
CREATE ALGORITHM=MERGE SQL SECURITY INVOKER VIEW `;` (`c``1`) AS SELECT `the isbn` FROM `titles`;
DELIMITER //
CREATE TRIGGER `first` BEFORE INSERT ON `books` FOR EACH ROW BEGIN SET NEW.edition = 1; SET NEW.author = NULL; END//
CREATE TRIGGER `second` BEFORE INSERT ON `books` FOR EACH ROW SET NEW.edition = NEW.edition + 1//
CREATE TRIGGER `between` BEFORE INSERT ON `books` FOR EACH ROW FOLLOWS `first` SET NEW.edition = 5//
CREATE FUNCTION `joined`(`a` int, b varchar(10)) RETURNS varchar(20) CHARSET utf8mb4 DETERMINISTIC
BEGIN RETURN concat(`a`, ';', b); END//
CREATE PROCEDURE `tidy`(IN a int, OUT `b` decimal(10,2)) MODIFIES SQL DATA SQL SECURITY INVOKER COMMENT 'it''s tidy'
BEGIN DELETE FROM `log`; SET b = a; END//
DELIMITER ;
"""


@pytest.fixture
def session(database: Database) -> Iterator[Connection]:
    with closing(connect(parse_url(database.url))) as connection:
        yield connection


def dialect_of(connection: Connection) -> Dialect:
    return dialect_named(connection.dialect, connection.version)


def load(connection: Connection, script: str) -> Schema:
    """What the database holds after a script."""
    dialect = dialect_of(connection)
    for statement in dialect.split(script):
        connection.execute(statement.sql)
    return dialect.inspect(connection)


def create(connection: Connection, schema: Schema) -> Schema:
    """What a database holds after everything in a schema was created."""
    dialect = dialect_of(connection)
    start = Schema(dialect=schema.dialect)
    for statement in statements(plan(start, diff(start, schema, dialect).operations, dialect).up):
        connection.execute(statement.sql)
    return dialect.inspect(connection)


def column(connection: Connection, definition: str) -> Column:
    """How a column is read back."""
    return load(connection, f"CREATE TABLE t (other int, {definition})").tables[0].columns[1]


# ------------------------------------------------------------------------------------------- reading


@on_both
def test_a_rich_schema_is_read_back_as_it_was_written(engine: str, session: Connection, databases: Databases) -> None:
    before = load(session, RICH)
    assert before.unmanaged == {}
    with databases.temporary(engine) as other, closing(connect(parse_url(other.url))) as second:
        assert create(second, before) == before


@on_both
def test_a_further_table_costs_one_further_query(session: Connection) -> None:
    dialect, counted = dialect_of(session), []
    for number in range(3):
        session.execute(f"CREATE TABLE t{number} (id int PRIMARY KEY, a int, KEY (a), CHECK (a > {number}))")
        reader = CountingReader(session)
        dialect.inspect(reader)
        counted.append(reader.queries)
    assert [counted[1] - counted[0], counted[2] - counted[1]] == [1, 1]


@on_mariadb
def test_no_other_database_of_the_server_is_looked_into(session: Connection) -> None:
    reader = CountingReader(session)
    dialect_of(session).inspect(reader)
    catalog = [query for query in reader.asked if "information_schema." in query]
    assert catalog
    for query in catalog:
        assert not [row for row in session.rows(f"EXPLAIN {query}") if "all databases" in str(row[-1])], query


@on_mariadb
def test_any_number_of_sequences_is_read_at_once(session: Connection) -> None:
    dialect, counted = dialect_of(session), []
    for number in range(2):
        session.execute(f"CREATE SEQUENCE s{number}")
        reader = CountingReader(session)
        dialect.inspect(reader)
        counted.append(reader.queries)
    assert counted[0] == counted[1]


@on_both
def test_a_table_that_has_its_databases_collation_does_not_name_it(session: Connection) -> None:
    tables = load(
        session,
        "CREATE TABLE a (t text); CREATE TABLE b (t text, u text COLLATE latin1_bin) DEFAULT CHARSET=latin1;",
    ).tables
    assert tables[0].options == {}
    assert tables[1].options == {"collation": "latin1_swedish_ci"}
    assert [c.collation for c in tables[1].columns] == [None, "latin1_bin"]


@on_both
def test_widths_that_nobody_asked_for_are_forgotten(session: Connection) -> None:
    table = load(session, "CREATE TABLE t (a int(11), b bigint(20) unsigned, c boolean, d tinyint(4), e year)").tables[
        0
    ]
    assert [c.type for c in table.columns] == ["int", "bigint unsigned", "tinyint(1)", "tinyint", "year"]


@on_both
def test_bookkeeping_tables_are_left_out(session: Connection) -> None:
    assert load(session, "CREATE TABLE querynl_history (id int); CREATE TABLE users (id int)").tables[0].name == "users"


@on_both
def test_an_event_that_starts_when_it_is_made_does_not_say_when(session: Connection) -> None:
    event = "EVENT e ON SCHEDULE EVERY {} DO SELECT 1"
    made = load(session, f"CREATE {event.format('1 DAY')}").definitions
    altered = load(session, f"ALTER {event.format('2 HOUR')}").definitions
    assert [found.definition for found in made + altered] == [
        "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1",
        "CREATE EVENT `e` ON SCHEDULE EVERY 2 HOUR ON COMPLETION NOT PRESERVE ENABLE DO SELECT 1",
    ]


@on_both
def test_a_mode_that_changes_how_a_text_is_read_is_kept_with_it(session: Connection) -> None:
    found = load(
        session,
        "CREATE TABLE t (a int); SET SESSION sql_mode = 'PIPES_AS_CONCAT,STRICT_ALL_TABLES,ANSI_QUOTES';"
        " CREATE PROCEDURE \"p\"() SELECT 'a' || 'b';"
        " CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET @a = 'a' || 'b';"
        " CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 'a' || 'b'",
    )
    options = [
        *(routine.options for routine in found.routines),
        *(trigger.options for trigger in found.triggers),
        *(event.options for event in found.definitions),
    ]
    assert options == [{"sql_mode": "ANSI_QUOTES,PIPES_AS_CONCAT"}] * 3
    assert "DEFINER" not in found.routines[0].definition
    assert found.tables == (Table(name="t", columns=(Column(name="a", type="int"),)),)
    assert "ANSI_QUOTES" in session.rows("SELECT @@sql_mode")[0][0]


@on_mariadb
def test_a_sequence_says_only_what_is_its_own(session: Connection) -> None:
    found = load(session, "CREATE SEQUENCE a; CREATE SEQUENCE b INCREMENT BY -2; CREATE SEQUENCE c START 5 NOCACHE")
    assert found.sequences == (
        Sequence(name="a"),
        Sequence(name="b", increment=-2),
        Sequence(name="c", start=5, cache=0),
    )


@on_mariadb
def test_a_default_from_a_sequence_does_not_name_the_database(session: Connection) -> None:
    found = load(session, "CREATE SEQUENCE s; CREATE TABLE t (a int DEFAULT nextval(s))")
    assert found.tables[0].columns[0].default == "nextval(`s`)"


@on_mariadb
def test_a_table_that_keeps_old_rows_is_read_with_its_period(session: Connection) -> None:
    table = load(
        session,
        "CREATE TABLE t (id int, n int WITHOUT SYSTEM VERSIONING, a timestamp(6) GENERATED ALWAYS AS ROW START,"
        " b timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (a, b)) WITH SYSTEM VERSIONING",
    ).tables[0]
    assert table.options == {"system_versioning": True, "period SYSTEM_TIME": "`a`, `b`"}
    assert table.columns[1].options == {"system_versioning": False}
    assert [column.generated and column.generated.expression for column in table.columns[2:]] == [
        "ROW START",
        "ROW END",
    ]
    assert dialect_of(session).localise(Schema(dialect="mariadb", tables=(table,))).tables == (table,)


@on_both
def test_what_a_comment_says_is_no_attribute(session: Connection) -> None:
    table = load(
        session,
        "CREATE TABLE t (a int COMMENT 'STORAGE DISK', b int, KEY k (b) COMMENT 'x) USING BTREE')"
        " COMMENT 'KEY_BLOCK_SIZE=4'",
    ).tables[0]
    assert table.options == {}
    assert table.columns[0].options == {}
    assert table.indexes[0].method is None


@on_both
def test_a_view_depends_on_what_it_reads(session: Connection) -> None:
    views = load(session, "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v")
    assert [view.depends_on for view in views.views] == [
        (Dependency(kind=Kind.TABLE, name="t"),),
        (Dependency(kind=Kind.VIEW, name="v"),),
    ]


@on_both
def test_a_view_depends_on_what_it_calls(session: Connection) -> None:
    for name in ("f", "a.b"):
        session.execute(f"CREATE FUNCTION `{name}`(a int) RETURNS int DETERMINISTIC RETURN a")
    view = load(session, "CREATE VIEW v AS SELECT f(1) AS x, `a.b`(2) AS y, abs(-1) AS z").views[0]
    assert [need.name for need in view.depends_on] == ["a.b(a int)", "f(a int)"]


@on_both
def test_a_view_does_not_name_its_database(session: Connection) -> None:
    name = session.database
    view = load(session, f"CREATE TABLE `{name}` (a int); CREATE VIEW v AS SELECT `{name}`.a FROM `{name}`").views[0]
    assert "." not in view.definition.replace(f"`{name}`.`a`", "")


@on_mysql
def test_expressions_are_read_without_the_catalogs_own_escapes(session: Connection) -> None:
    text = r"concat(`other`,_utf8mb4'é日本\'s\n\\ x')"
    generated = column(session, f"g varchar(99) CHARACTER SET utf8mb4 AS ({text})").generated
    assert generated is not None
    assert generated.expression == text


@on_mysql
def test_a_binary_default_is_read_beyond_its_zero_bytes(session: Connection) -> None:
    assert column(session, "b binary(4) DEFAULT 0x00610027").default == "0x00610027"


@on_mariadb
def test_json_is_told_from_long_text(session: Connection) -> None:
    assert column(session, "j json").type == "json"


@on_mariadb
def test_a_check_of_a_column_is_kept_with_it(session: Connection) -> None:
    assert column(session, "a int CHECK (a > 0)").options == {"check": "`a` > 0"}


@on_both
def test_texts_within_programs_keep_their_quotes(session: Connection) -> None:
    text = r"'it''s \\ \'quoted\''"
    found = load(
        session,
        f"CREATE TABLE t (a varchar(40)); CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = {text};"
        f" CREATE TRIGGER h BEFORE INSERT ON t FOR EACH ROW PRECEDES g SET NEW.a = {text};"
        f" CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT {text}",
    )
    assert [trigger.definition for trigger in found.triggers] == [
        f"CREATE TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW FOLLOWS `h` SET NEW.a = {text}",
        f"CREATE TRIGGER `h` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = {text}",
    ]
    assert found.definitions[0].definition.endswith(f" DO SELECT {text}")


@on_both
def test_triggers_name_the_one_they_follow(session: Connection) -> None:
    trigger = load(
        session,
        "CREATE TABLE t (a int); CREATE TRIGGER z BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        "CREATE TRIGGER a BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
    ).triggers[0]
    assert "FOLLOWS `z`" in trigger.definition


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


def test_losing_the_rows_that_a_table_had_is_asked_for() -> None:
    start = Schema(dialect="mariadb", tables=(Table(name="t", options={"system_versioning": True}),))
    end = Schema(dialect="mariadb", tables=(Table(name="t"),))
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
        ("", []),
        (" ; ;; -- nothing\n", []),
    ],
)
def test_a_script_is_split_as_the_client_splits_it(script: str, expected: list[str]) -> None:
    assert texts(script) == expected


def test_settings_of_the_session_are_told_apart() -> None:
    found = MySQL().split("SET SESSION lock_wait_timeout = 5; SET NAMES utf8mb4; SET @x = 1; SET GLOBAL y = 1")
    assert [statement.session for statement in found] == [True, True, False, False]
