"""Changes of live MySQL and MariaDB databases, there and back, with rows in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from msgspec.structs import replace

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import Statement
from querynl.diff import Renaming, diff
from querynl.errors import StatementFailed
from querynl.operations import Change, Operation
from querynl.plan import Plan, plan, statements
from querynl.schema import Column, Kind, Ref, Schema
from tests.engines import Databases
from tests.on_mysql import dialect_of, load

pytestmark = pytest.mark.engines("mysql", "mariadb")


class Migration:
    """A live database and the schema it is to have; what differs from that is checked on the way."""

    def __init__(self, live: Connection, before: str, after: Schema, *renamings: Renaming) -> None:
        self.live = live
        self.dialect = dialect_of(live)
        self.before = load(live, before)
        self.after = after
        found = diff(self.before, after, self.dialect, renamings)
        self.plan = self.planned(found.operations)

    def planned(self, operations: tuple[Operation, ...]) -> Plan:
        return plan(self.before, operations, self.dialect, after=self.after)

    @property
    def up(self) -> list[str]:
        """The statements of the way up, settings of the session left out."""
        return [statement.sql for statement in statements(self.plan.up) if not statement.session]

    def run(self) -> None:
        self._run(statements(self.plan.up))
        assert diff(self.dialect.inspect(self.live), self.after, self.dialect).operations == ()

    def back(self) -> None:
        self._run(statements(self.plan.down))
        assert diff(self.dialect.inspect(self.live), self.before, self.dialect).operations == ()

    def _run(self, found: list[Statement]) -> None:
        for statement in found:
            answer = self.live.rows(statement.sql)
            assert not (answer and statement.expects_no_rows), statement.sql

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.live.rows(sql)


Migrate = Callable[..., Migration]


@pytest.fixture
def migrate(engine: str, databases: Databases) -> Iterator[Migrate]:
    """Loads one script in a database and another one in a second, and plans the way between them."""
    with (
        databases.temporary(engine) as first,
        databases.temporary(engine) as second,
        closing(connect(parse_url(first.url))) as live,
        closing(connect(parse_url(second.url))) as other,
    ):

        def between(before: str, after: str, *renamings: Renaming) -> Migration:
            return Migration(live, before, load(other, after), *renamings)

        yield between


# -------------------------------------------------------------------------------- one kind of change

PARENT = "CREATE TABLE p (id int PRIMARY KEY, u int, UNIQUE KEY u (u)); INSERT INTO p VALUES (1, 1);"
KINDS = {
    "column added": ("a int, b int", "a int, c int DEFAULT 5, b int"),
    "column added in front": ("a int, b int", "c varchar(9) NOT NULL DEFAULT 'x', a int, b int"),
    "generated columns added": ("a int, b int", "a int, b int, c int AS (a + 1) VIRTUAL, d int AS (c + 1) STORED"),
    "columns moved": ("a int, b int, c text", "c text, d int, b int, a int"),
    "virtual column changed": ("a int, b int, v int AS (a + 1) VIRTUAL", "a int, b int, v int AS (a + 2) VIRTUAL"),
    "virtual column made stored": (
        "a int, b int, v int AS (a) VIRTUAL, w int",
        "a int, b int, v int AS (a) STORED, w int",
    ),
    "type widened": ("a int, b int, c varchar(5)", "a bigint, b decimal(20,2), c varchar(50)"),
    "made required": ("a int, b int", "a int NOT NULL, b int"),
    "default changed": ("a int DEFAULT 1, b int", "a int DEFAULT (1 + 1), b int DEFAULT 7"),
    "comment changed": ("a int COMMENT 'x', b int", "a int COMMENT 'it''s', b int"),
    "hidden": ("a int, b int", "a int INVISIBLE, b int"),
    "enum value added": ("a int, b int, e enum('x')", "a int, b int, e enum('x','y''z')"),
    "collation changed": ("a int, b int, t text", "a int, b int, t text COLLATE latin1_bin"),
    "primary key added": ("a int NOT NULL, b int", "a int NOT NULL, b int, PRIMARY KEY (a)"),
    "primary key widened": (
        "a int AUTO_INCREMENT, b int NOT NULL, PRIMARY KEY (a)",
        "a int AUTO_INCREMENT, b int NOT NULL, PRIMARY KEY (a, b)",
    ),
    "counting begun": ("a int PRIMARY KEY, b int", "a int AUTO_INCREMENT PRIMARY KEY, b int"),
    "counting key added": ("a int, b int", "a int, b int, id bigint AUTO_INCREMENT, PRIMARY KEY (id)"),
    "unique added": ("a int, b int", "a int, b int, UNIQUE KEY `by.a` (a, b DESC)"),
    "index made unique": ("a int, b int, KEY i (a)", "a int, b int, UNIQUE KEY i (a)"),
    "index renamed": ("a int, b int, KEY i (a)", "a int, b int, KEY `j``2` (a)"),
    "index with a prefix": ("a int, b int, t text", "a int, b int, t text, KEY i (t(7))"),
    "two fulltext indexes": ("a int, b int, t text", "a int, b int, t text, FULLTEXT KEY f (t), FULLTEXT KEY g (t)"),
    "spatial index": ("a int, b int", "a int, b int, at point, KEY i (a)"),
    "check added": ("a int, b int", "a int, b int, CONSTRAINT c CHECK (a > -1 AND b <> 3)"),
    "check changed": ("a int, b int, CONSTRAINT c CHECK (a > 0)", "a int, b int, CONSTRAINT c CHECK (a > -1)"),
    "foreign key added": ("a int, b int", "a int, b int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)"),
    "foreign key changed": (
        "a int, b int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)",
        "a int, b int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (u) ON DELETE SET NULL",
    ),
    "another index for a foreign key": (
        "a int, b int, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)",
        "a int, b int, KEY g (a, b), CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id)",
    ),
    "several at once": (
        "a int, b int, c int, KEY i (c)",
        "b bigint NOT NULL, d int, a int DEFAULT 9, KEY i (b), UNIQUE KEY u (a), CONSTRAINT k CHECK (a < 9)",
    ),
    "odd names": (
        "a int, b int, `x``y` int",
        "a int, b int, `x``y` bigint, `é;` int, `q'\"` int, KEY `select` (`x``y`, `é;`), CHECK (`q'\"` <> 1)",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_keeps_the_rows_both_ways(kind: str, migrate: Migrate) -> None:
    before, after = KINDS[kind]
    rows = "INSERT INTO `t'``x` (a, b) VALUES (1, 2);"
    migration = migrate(
        f"{PARENT} CREATE TABLE `t'``x` ({before}); {rows}", f"{PARENT} CREATE TABLE `t'``x` ({after});"
    )
    migration.run()
    assert migration.rows("SELECT a, b FROM `t'``x`") == [(1, 2)]
    wanted = [column.name for column in migration.after.tables[1].columns]
    assert [row[0] for row in migration.rows("SHOW COLUMNS FROM `t'``x`")] == wanted
    migration.back()
    assert migration.rows("SELECT a, b FROM `t'``x`") == [(1, 2)]


TABLE_OPTIONS = {
    "comment": ("COMMENT='x'", "COMMENT='it''s'"),
    "engine": ("", "ENGINE=MyISAM MAX_ROWS=20"),
    "row format": ("ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8", ""),
    "character set": ("DEFAULT CHARSET=latin1", "DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"),
    "the database's character set": ("DEFAULT CHARSET=latin1", ""),
    "partitions": (
        "",
        "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (5), PARTITION p1 VALUES LESS THAN MAXVALUE)",
    ),
    "other partitions": ("PARTITION BY HASH (id) PARTITIONS 3", "PARTITION BY KEY (id) PARTITIONS 2"),
}


@pytest.mark.parametrize("kind", TABLE_OPTIONS)
def test_table_options_change_in_place(kind: str, migrate: Migrate) -> None:
    create = "CREATE TABLE t (id int PRIMARY KEY, s varchar(20), own varchar(9) COLLATE utf8mb4_bin)"
    before, after = TABLE_OPTIONS[kind]
    migration = migrate(f"{create} {before}; INSERT INTO t VALUES (1, 'é', 'ü'), (7, NULL, NULL);", f"{create} {after}")
    rows = migration.rows("SELECT * FROM t ORDER BY id")
    migration.run()
    assert migration.rows("SELECT * FROM t ORDER BY id") == rows
    migration.back()
    assert migration.rows("SELECT * FROM t ORDER BY id") == rows


PROGRAMS = {
    "view": ("CREATE VIEW v AS SELECT a FROM t", "CREATE SQL SECURITY INVOKER VIEW v AS SELECT a + 1 AS a FROM t"),
    "view of a new column": (
        "CREATE VIEW v AS SELECT a FROM t",
        "ALTER TABLE t ADD b int; CREATE VIEW v AS SELECT b FROM t; CREATE VIEW a AS SELECT b FROM v",
    ),
    "trigger": (
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
        "CREATE TRIGGER x AFTER DELETE ON t FOR EACH ROW SET @a = ';'",
    ),
    "trigger among others": (
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1;"
        "CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
        "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 3;"
        "CREATE TRIGGER y BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 2",
    ),
    "function": (
        "CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1",
        "CREATE FUNCTION f(a int) RETURNS int DETERMINISTIC RETURN a",
    ),
    "procedure": ("", "CREATE PROCEDURE p(INOUT a int) SET a = a + 1"),
}


@pytest.mark.parametrize("kind", PROGRAMS)
def test_other_objects_come_and_go(kind: str, migrate: Migrate) -> None:
    before, after = PROGRAMS[kind]
    migration = migrate(f"CREATE TABLE t (a int); {before}", f"CREATE TABLE t (a int); {after}")
    migration.run()
    migration.back()


# ------------------------------------------------------------------------------------ one statement


def test_the_changes_of_one_table_are_one_statement(migrate: Migrate) -> None:
    migration = migrate(
        "CREATE TABLE t (a int, b int, KEY i (a), CHECK (b > 0))",
        "CREATE TABLE t (id int AUTO_INCREMENT, a bigint, c int, PRIMARY KEY (id), KEY j (c)) COMMENT='x'",
    )
    assert len(migration.up) == 1
    migration.run()


def test_a_referenced_column_changes_with_its_foreign_key_out_of_the_way(migrate: Migrate) -> None:
    parent, child = (
        "CREATE TABLE p (id {0} PRIMARY KEY)",
        "CREATE TABLE c (p {0}, CONSTRAINT f FOREIGN KEY (p) REFERENCES p (id))",
    )
    before, after = (f"{parent}; {child}".format(kind) for kind in ("int", "bigint"))
    migration = migrate(f"{before}; INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)", after)
    migration.run()
    assert migration.rows("SELECT p FROM c") == [(1,)]
    migration.back()


def test_a_name_is_free_before_another_table_takes_it(migrate: Migrate) -> None:
    parent = "CREATE TABLE p (id int PRIMARY KEY);"
    parts = "(p int, CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id), CONSTRAINT ck CHECK (p > 0))"
    migration = migrate(f"{parent} CREATE TABLE z {parts}", f"{parent} CREATE TABLE a {parts}")
    migration.run()
    migration.back()


# ------------------------------------------------------------------------------------------- renames


def column_renamed(table: str, before: str, after: str) -> Renaming:
    return Renaming(Ref(Kind.COLUMN, None, before, table), after)


def test_everything_in_its_table_follows_a_renamed_column(migrate: Migrate) -> None:
    table = (
        "CREATE TABLE t (id int PRIMARY KEY, {0} int, g int AS ({0} + 1) STORED, d int DEFAULT ({0} + 2), KEY i ({0}),"
        " CONSTRAINT c CHECK ({0} > -3), CONSTRAINT f FOREIGN KEY ({0}) REFERENCES t (id))"
    )
    before, after = (table.format(name) for name in ("`old x`", "`new``x`"))
    migration = migrate(
        f"{before}; INSERT INTO t (id, `old x`) VALUES (1, 1)", after, column_renamed("t", "old x", "new`x")
    )
    migration.run()
    assert migration.rows("SELECT `new``x`, g, d FROM t") == [(1, 2, 3)]
    migration.back()
    assert migration.rows("SELECT `old x` FROM t") == [(1,)]


def test_constraints_that_were_named_for_their_table_follow_its_rename(migrate: Migrate) -> None:
    table = "CREATE TABLE {0} (id int PRIMARY KEY, p int, CHECK (p > 0), FOREIGN KEY (p) REFERENCES {0} (id))"
    migration = migrate(
        table.format("users") + "; INSERT INTO users VALUES (1, 1)",
        table.format("people"),
        Renaming(Ref(Kind.TABLE, None, "users"), "people"),
    )
    assert migration.up == ["RENAME TABLE `users` TO `people`"]
    migration.run()
    assert migration.rows("SELECT * FROM people") == [(1, 1)]
    migration.back()


def test_a_column_that_is_respelled_keeps_its_values(migrate: Migrate) -> None:
    migration = migrate("CREATE TABLE t (Name int); INSERT INTO t VALUES (1)", "CREATE TABLE t (name int)")
    migration.run()
    assert migration.rows("SELECT name FROM t") == [(1,)]


# ---------------------------------------------------------------------------------------- keeping data

REFUSED = {
    "text too long": ("varchar(9)", "varchar(3)", "'abcdef'"),
    "number too large": ("bigint", "tinyint", "1000"),
    "not a number": ("varchar(9)", "int", "'x'"),
    "label gone": ("enum('a','b')", "enum('b')", "'a'"),
    "no value": ("int", "int NOT NULL", "NULL"),
    "letter unknown": ("varchar(9)", "varchar(9) CHARACTER SET latin1", "'日'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_value_that_does_not_fit_stops_the_migration_in_any_mode(kind: str, migrate: Migrate) -> None:
    before, after, value = REFUSED[kind]
    migration = migrate(f"CREATE TABLE t (a {before}); INSERT INTO t VALUES ({value})", f"CREATE TABLE t (a {after})")
    migration.live.execute("SET SESSION sql_mode = ''")
    kept = migration.rows("SELECT a FROM t")
    with pytest.raises(StatementFailed):
        migration.run()
    assert migration.rows("SELECT a FROM t") == kept


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("decimal(9,4)", "decimal(9,2)", "1.2345"),
        ("double", "int", "1.5"),
        ("datetime(6)", "datetime", "'2020-01-01 00:00:00.6'"),
        ("datetime", "date", "'2020-01-01 10:00:00'"),
    ],
)
def test_a_value_that_would_be_rounded_is_asked_for(before: str, after: str, value: str, migrate: Migrate) -> None:
    migration = migrate(f"CREATE TABLE t (a {before})", f"CREATE TABLE t (a {after})")
    question = next(statement for statement in statements(migration.plan.up) if statement.expects_no_rows)
    assert migration.rows(question.sql) == []
    migration.live.execute(f"INSERT INTO t VALUES ({value})")
    assert len(migration.rows(question.sql)) == 1


def test_an_expression_says_how_values_are_converted(migrate: Migrate) -> None:
    migration = migrate(
        "CREATE TABLE t (id int PRIMARY KEY, a varchar(9) DEFAULT '0', seen timestamp NULL ON UPDATE CURRENT_TIMESTAMP,"
        " b int, KEY i (a, b), CHECK (a <> '7'));"
        "INSERT INTO t VALUES (1, '42', '2001-01-01', 1), (2, '', '2001-01-01', 2)",
        "CREATE TABLE t (id int PRIMARY KEY, a bigint DEFAULT 0, seen timestamp NULL ON UPDATE CURRENT_TIMESTAMP,"
        " b int, KEY i (a, b), CHECK (a <> '7'))",
    )
    operations = tuple(
        replace(operation, using="nullif(`a`, '')")
        if isinstance(operation, Change) and isinstance(operation.after, Column)
        else operation
        for operation in diff(migration.before, migration.after, migration.dialect).operations
    )
    migration.plan = migration.planned(operations)
    migration.run()
    assert migration.rows("SELECT a, year(seen) FROM t ORDER BY id") == [(42, 2001), (None, 2001)]


@pytest.mark.engines("mariadb")
def test_a_type_that_converts_to_nothing_else_is_made_anew(migrate: Migrate) -> None:
    migration = migrate("CREATE TABLE t (a uuid, b int)", "CREATE TABLE t (a int, b int)")
    migration.run()
    migration.back()
