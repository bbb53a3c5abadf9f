"""Changes of live SQLite databases, there and back, with rows in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from querynl.connections import Connection
from querynl.diff import Renaming, diff
from querynl.errors import StatementFailed
from querynl.operations import Change, Operation
from querynl.plan import Plan, Step, plan, statements
from querynl.schema import Column, Kind, Ref, Schema
from tests.test_sqlite import DIALECT, inspected, memory

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, age INT);"
PEOPLE = USERS + "INSERT INTO users VALUES (1, 'Ann', 30), (7, 'Bob', NULL);"


def run(connection: Connection, steps: Sequence[Step]) -> None:
    """Run steps as the runner does: settings of the session around one transaction, questions answered by no row."""
    found = statements(steps)
    inside = [number for number, statement in enumerate(found) if statement.transactional]
    for number, statement in enumerate(found):
        if inside and number == inside[0]:
            connection.begin()
        try:
            assert not (connection.rows(statement.sql) and statement.expects_no_rows), statement.sql
        except StatementFailed:
            connection.rollback()
            raise
        if inside and number == inside[-1]:
            connection.commit()


def run_all(connection: Connection, steps: Sequence[Step]) -> None:
    """Run steps as a program does that knows nothing of transactions or of answers."""
    for statement in statements(steps):
        connection.execute(statement.sql)


def planned(connection: Connection, after: str | Schema, renamings: Sequence[Renaming] = ()) -> Plan:
    before = DIALECT.inspect(connection)
    target = inspected(after) if isinstance(after, str) else after
    found = diff(before, target, DIALECT, renamings)
    return plan(before, found.operations, DIALECT, reordered=found.reordered, after=target)


class Migrated:
    """A database taken to another schema; what differs from it is checked on the way."""

    def __init__(self, before: str, after: str, *renamings: Renaming) -> None:
        self.connection = memory(before)
        self.before = DIALECT.inspect(self.connection)
        self.plan = planned(self.connection, after, renamings)
        run(self.connection, self.plan.up)
        assert diff(DIALECT.inspect(self.connection), inspected(after), DIALECT).operations == ()

    def back(self) -> None:
        run(self.connection, self.plan.down)
        assert diff(DIALECT.inspect(self.connection), self.before, DIALECT).operations == ()
        assert self.rows("PRAGMA foreign_keys") == [(1,)]
        assert self.rows("PRAGMA legacy_alter_table") == [(0,)]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.rows(sql)

    @property
    def up(self) -> list[str]:
        return [statement.sql for statement in statements(self.plan.up)]


def is_rebuilt(migrated: Migrated) -> bool:
    return any(sql.startswith("DROP TABLE") for sql in migrated.up)


# -------------------------------------------------------------------------------- one kind of change


KINDS = {
    "column added": ("", "a INT, b TEXT", "a INT, b TEXT, c INT DEFAULT 5"),
    "column added with a changing default": ("", "a INT", "a INT, c TEXT DEFAULT CURRENT_TIMESTAMP"),
    "column added as required": ("", "a INT", "a INT, c TEXT NOT NULL DEFAULT 'x'"),
    "unique column added": ("", "a INT", "a INT, c TEXT UNIQUE"),
    "virtual column added": ("", "a INT", "a INT, c INT AS (a + 1)"),
    "stored column added": ("", "a INT", "a INT, c INT AS (a + 1) STORED"),
    "column dropped": ("", "a INT, b TEXT", "a INT"),
    "column made generated": ("", "a INT, b INT", "a INT, b INT AS (a * 2) STORED"),
    "type changed": ("", "a INT", "a TEXT"),
    "type taken away": ("", "a INT", "a"),
    "made required": ("", "a INT", "a INT NOT NULL"),
    "default changed": ("", "a INT DEFAULT 1", "a INT DEFAULT (1 + 1)"),
    "collation changed": ("", "a TEXT", "a TEXT COLLATE NOCASE"),
    "primary key added": ("", "a INT", "a INTEGER PRIMARY KEY"),
    "primary key changed": ("", "a INT NOT NULL, b INT PRIMARY KEY", "a INT NOT NULL, b INT, PRIMARY KEY (b, a)"),
    "counting begun": ("", "a INTEGER PRIMARY KEY", "a INTEGER PRIMARY KEY AUTOINCREMENT"),
    "unique added": ("", "a INT, b INT", "a INT, b INT, CONSTRAINT u UNIQUE (a, b)"),
    "check added": ("", "a INT", "a INT CHECK (a > 0)"),
    "check changed": ("", "a INT, CONSTRAINT c CHECK (a > 0)", "a INT, CONSTRAINT c CHECK (a > -1)"),
    "foreign key added": ("CREATE TABLE p (id INTEGER PRIMARY KEY);", "a INT, b INT", "a INT, b INT REFERENCES p"),
    "conflict clause added": ("", "a INT UNIQUE", "a INT UNIQUE ON CONFLICT REPLACE"),
    "several at once": ("", "a INT, b INT, c INT", "b TEXT DEFAULT 'z', d INT UNIQUE, c INT CHECK (c < 9)"),
    "odd names": ("", '"a ""b" INT, [c d] INT', '"a ""b" TEXT, [c d] INT UNIQUE, `select` INT, "é;" INT, "x.y" INT'),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_keeps_the_rows_both_ways(kind: str) -> None:
    others, before, after = KINDS[kind]
    first = before.split(" INT")[0].split(" TEXT")[0]
    fill = f"INSERT INTO t ({first}) VALUES (1);" if "PRIMARY KEY" not in before else ""
    migrated = Migrated(f"{others} CREATE TABLE t ({before}); {fill}", f"{others} CREATE TABLE t ({after});")
    count = migrated.rows("SELECT count(*) FROM t")
    migrated.back()
    assert migrated.rows("SELECT count(*) FROM t") == count == [(1 if fill else 0,)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "CREATE INDEX i ON users (name) WHERE age > 1;"),
        ("CREATE INDEX i ON users (name);", "CREATE UNIQUE INDEX i ON users (lower(name) DESC);"),
        ("", "CREATE VIEW v AS SELECT name FROM users;"),
        ("CREATE VIEW v AS SELECT name FROM users;", "CREATE VIEW v (n) AS SELECT age FROM users;"),
        ("", "CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END;"),
        ("", "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users) STRICT;"),
        ("CREATE TABLE f (a INT PRIMARY KEY) STRICT;", "CREATE TABLE f (a INT PRIMARY KEY) WITHOUT ROWID;"),
        ("", "CREATE VIRTUAL TABLE s USING fts5(name);"),
    ],
)
def test_other_objects_come_and_go(before: str, after: str) -> None:
    migrated = Migrated(PEOPLE + before, USERS + after)
    migrated.back()
    assert len(migrated.rows("SELECT * FROM users")) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a INT", "a INT, b TEXT NOT NULL DEFAULT 'x' CHECK (b <> '')"),
        ("a INT", "a INT, b INT REFERENCES t (a)"),
        ("a INT, b INT", "a INT"),
    ],
)
def test_nothing_is_rebuilt_that_can_be_altered(before: str, after: str) -> None:
    assert not is_rebuilt(Migrated(f"CREATE TABLE t ({before})", f"CREATE TABLE t ({after})"))


def test_changes_of_one_table_are_one_rebuild() -> None:
    migrated = Migrated(USERS, "CREATE TABLE users (id INTEGER PRIMARY KEY, name INT UNIQUE CHECK (name > 1), a, b);")
    assert len([sql for sql in migrated.up if sql.startswith("DROP TABLE")]) == 1


# --------------------------------------------------------------------------------- what a rebuild keeps


REBUILT = USERS.replace("age INT", "age TEXT")


def test_a_rebuild_keeps_the_counter() -> None:
    migrated = Migrated(PEOPLE + "INSERT INTO users VALUES (99, 'Cid', 1); DELETE FROM users WHERE id = 99;", REBUILT)
    assert is_rebuilt(migrated)
    migrated.connection.execute("INSERT INTO users (name) VALUES ('Dan')")
    assert migrated.rows("SELECT max(id) FROM users") == [(100,)]


def test_a_rebuild_keeps_a_counter_that_never_counted() -> None:
    migrated = Migrated(USERS, REBUILT)
    assert migrated.rows("SELECT * FROM sqlite_sequence") == []


def test_a_rebuild_keeps_children_whose_parents_rows_cascade() -> None:
    children = "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users ON DELETE CASCADE);"
    migrated = Migrated(PEOPLE + children + "INSERT INTO posts VALUES (1, 1), (2, 7);", REBUILT + children)
    assert migrated.rows("SELECT author FROM posts") == [(1,), (7,)]
    assert migrated.up[0] == "PRAGMA foreign_keys = OFF"
    assert migrated.up[-1] == "PRAGMA foreign_keys = ON"
    migrated.back()
    assert migrated.rows("SELECT author FROM posts") == [(1,), (7,)]


def test_a_rebuild_that_would_cascade_stops_whoever_runs_it() -> None:
    children = "CREATE TABLE posts (id INTEGER PRIMARY KEY, author INT REFERENCES users ON DELETE CASCADE);"
    connection = memory(PEOPLE + children + "INSERT INTO posts VALUES (1, 1);")
    found = planned(connection, REBUILT + children)
    connection.begin()  # from here on the pragma is ignored
    with pytest.raises(StatementFailed, match="overflow"):
        run_all(connection, found.up)
    connection.rollback()
    assert connection.rows("SELECT * FROM posts") == [(1, 1)]


def test_settings_around_several_rebuilds_are_made_once() -> None:
    table = "CREATE TABLE {} (id INTEGER PRIMARY KEY, x {{0}} REFERENCES {});"
    family = table.format("a", "b") + table.format("b", "a")
    migrated = Migrated(family.format("INT"), family.format("TEXT"))
    assert [sql for sql in migrated.up if "foreign_keys = " in sql] == [migrated.up[0], migrated.up[-1]]


def test_a_rebuild_keeps_triggers_and_fires_none() -> None:
    triggers = """
        CREATE TABLE log (what);
        CREATE TRIGGER written AFTER INSERT ON users BEGIN INSERT INTO log VALUES (NEW.name); END;
        CREATE TRIGGER gone AFTER DELETE ON users BEGIN INSERT INTO log VALUES ('gone'); END;
        CREATE TRIGGER elsewhere AFTER DELETE ON log BEGIN UPDATE users SET name = OLD.what; END;"""
    migrated = Migrated(PEOPLE + triggers + "DELETE FROM log;", REBUILT + triggers)
    assert migrated.rows("SELECT * FROM log") == []
    migrated.connection.execute("INSERT INTO users (name) VALUES ('Eve')")
    assert migrated.rows("SELECT * FROM log") == [("Eve",)]
    migrated.back()


def test_a_rebuild_keeps_views_of_the_table_and_broken_ones() -> None:
    views = "CREATE VIEW names AS SELECT name FROM users; CREATE VIEW broken AS SELECT * FROM nowhere;"
    migrated = Migrated(PEOPLE + views, REBUILT + views)
    assert migrated.rows("SELECT * FROM names") == [("Ann",), ("Bob",)]
    migrated.back()


def test_a_rebuild_keeps_rowids_that_have_no_column() -> None:
    migrated = Migrated(
        "CREATE TABLE t (a INT); INSERT INTO t (rowid, a) VALUES (5, 1), (9, 2);", "CREATE TABLE t (a TEXT)"
    )
    assert migrated.rows("SELECT rowid, a FROM t") == [(5, "1"), (9, "2")]


def test_a_rebuild_keeps_its_indexes() -> None:
    indexes = "CREATE INDEX i ON users (name COLLATE NOCASE DESC) WHERE age > 1; CREATE INDEX j ON users (age);"
    Migrated(PEOPLE + indexes, REBUILT + indexes).back()


def test_a_table_that_refers_to_itself_is_rebuilt() -> None:
    tree = "CREATE TABLE tree (id INTEGER PRIMARY KEY, up {} REFERENCES tree ON DELETE RESTRICT);"
    migrated = Migrated(tree.format("INT") + "INSERT INTO tree VALUES (1, 2), (2, NULL);", tree.format("TEXT"))
    migrated.back()
    assert migrated.rows("SELECT * FROM tree") == [(1, 2), (2, None)]


def test_a_check_may_speak_of_its_table_by_name() -> None:
    table = "CREATE TABLE t (a {}, CHECK (t.a > 0));"
    Migrated(table.format("INT") + "INSERT INTO t VALUES (1);", table.format("TEXT")).back()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a INT", "b TEXT UNIQUE"),
        ("a INT", "id INTEGER PRIMARY KEY, b TEXT"),
        ("a INT PRIMARY KEY) WITHOUT ROWID", "b TEXT UNIQUE"),
    ],
)
def test_rows_stay_even_where_no_column_does(before: str, after: str) -> None:
    table = before if ")" in before else before + ")"
    migrated = Migrated(f"CREATE TABLE t ({table}; INSERT INTO t VALUES (5), (9);", f"CREATE TABLE t ({after});")
    assert migrated.rows("SELECT count(*), count(DISTINCT rowid) FROM t") == [(2, 2)]


def test_a_rebuild_gives_columns_the_order_asked_for_and_back() -> None:
    migrated = Migrated("CREATE TABLE t (a INT, b INT, c INT)", "CREATE TABLE t (c INT, x INT, a TEXT)")
    order = "SELECT group_concat(name) FROM pragma_table_info('t')"
    assert migrated.rows(order) == [("c,x,a",)]
    assert migrated.plan.reordered == ()
    migrated.back()
    assert migrated.rows(order) == [("a,b,c",)]


def test_nothing_is_rebuilt_for_the_order_of_columns_alone() -> None:
    migrated = Migrated("CREATE TABLE t (a INT, b INT)", "CREATE TABLE t (c INT, a INT, b INT)")
    assert not is_rebuilt(migrated)
    assert migrated.plan.reordered == ("t",)


def test_constraints_of_one_name_are_told_apart() -> None:
    twice = "CREATE TABLE t (a INT, b INT, CONSTRAINT c CHECK (a > 0), CONSTRAINT c CHECK (b > 0))"
    Migrated(twice, "CREATE TABLE t (a INT)").back()


def test_a_foreign_key_without_a_target_is_no_obstacle() -> None:
    tables = "CREATE TABLE p (x INT); CREATE TABLE c (p INT REFERENCES p (x), n {});"
    unguarded = "PRAGMA foreign_keys = OFF; INSERT INTO c VALUES (NULL, 1); PRAGMA foreign_keys = ON;"
    migrated = Migrated(tables.format("INT") + unguarded, tables.format("TEXT"))
    migrated.back()
    assert migrated.rows("SELECT n FROM c") == [(1,)]


# ------------------------------------------------------------------------------------ what must fail


@pytest.mark.parametrize(
    ("rows", "after"),
    [
        ("INSERT INTO t VALUES (NULL, 1)", "a INT NOT NULL, b INT"),
        ("INSERT INTO t VALUES (NULL, 1)", "a INT NOT NULL ON CONFLICT IGNORE, b INT"),
        ("INSERT INTO t VALUES (1, 1), (1, 2)", "a INT UNIQUE, b INT"),
        ("INSERT INTO t VALUES (1, 1), (1, 2)", "a INT UNIQUE ON CONFLICT REPLACE, b INT"),
        ("INSERT INTO t VALUES (-1, 1)", "a INT CHECK (a > 0), b INT"),
        ("INSERT INTO t VALUES (1, 1)", "a INT, b INT, c INT NOT NULL"),
        ("INSERT INTO t VALUES ('x', 1)", "a INTEGER PRIMARY KEY, b INT"),
    ],
)
def test_rows_that_the_new_table_refuses_stop_the_migration(rows: str, after: str) -> None:
    connection = memory(f"CREATE TABLE t (a INT, b INT); {rows};")
    before = connection.rows("SELECT * FROM t")
    with pytest.raises(StatementFailed):
        run(connection, planned(connection, f"CREATE TABLE t ({after})").up)
    assert connection.rows("SELECT * FROM t") == before


def test_a_row_without_a_parent_is_found() -> None:
    parents = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a INT{});"
    connection = memory(parents.format("") + "INSERT INTO t VALUES (5);")
    connection.execute("PRAGMA foreign_keys = OFF")
    with pytest.raises(AssertionError, match="foreign_key_check"):
        run(connection, planned(connection, parents.format(" REFERENCES p")).up)


# ------------------------------------------------------------------------------------------- renames


def column_renamed(table: str, name: str, to: str) -> Renaming:
    return Renaming(Ref(Kind.COLUMN, None, name, table), to)


def table_renamed(name: str, to: str) -> Renaming:
    return Renaming(Ref(Kind.TABLE, None, name), to)


AROUND = """
    CREATE TABLE {t} (id INTEGER PRIMARY KEY, {c} TEXT CHECK ({c} <> ''), g AS (upper({c})));
    CREATE INDEX i ON {t} ({c}) WHERE {c} > 'a';
    CREATE TABLE other (ref INT REFERENCES {t} (id), name TEXT);
    CREATE VIEW v AS SELECT {c} FROM {t};
    CREATE VIEW w AS SELECT * FROM v;
    CREATE VIEW unconcerned AS SELECT name FROM other;
    CREATE TRIGGER z AFTER INSERT ON {t} BEGIN UPDATE other SET name = NEW.{c}; END;
    CREATE TRIGGER y AFTER INSERT ON other BEGIN INSERT INTO {t} ({c}) VALUES (NEW.name); END;
    CREATE TRIGGER x INSTEAD OF INSERT ON v BEGIN INSERT INTO {t} ({c}) VALUES (NEW.{c}); END;"""


@pytest.mark.parametrize(("table", "column"), [("users", "title"), ("people", "name"), ("people", "title")])
def test_everything_follows_a_rename(table: str, column: str) -> None:
    moves = [table_renamed("users", table)] if table != "users" else []
    moves += [column_renamed("users", "name", column)] if column != "name" else []
    rows = "INSERT INTO users (name) VALUES ('Ann');"
    migrated = Migrated(AROUND.format(t="users", c="name") + rows, AROUND.format(t=table, c=column), *moves)
    assert migrated.rows(f"SELECT {column}, g FROM {table}") == [("Ann", "ANN")]
    assert not any("unconcerned" in sql for sql in migrated.up)
    migrated.back()
    assert migrated.rows("SELECT name FROM v") == [("Ann",)]


def test_two_columns_swap_their_names() -> None:
    migrated = Migrated(
        "CREATE TABLE t (a INT, b TEXT); INSERT INTO t VALUES (1, 'x');",
        "CREATE TABLE t (b INT, a TEXT);",
        column_renamed("t", "a", "b"),
        column_renamed("t", "b", "a"),
    )
    assert migrated.rows("SELECT b, a FROM t") == [(1, "x")]
    migrated.back()


def test_names_in_another_case_are_the_same_names() -> None:
    rows = "CREATE TABLE Users (Id INTEGER PRIMARY KEY, Name TEXT); INSERT INTO Users VALUES (1, 'Ann');"
    around = "CREATE INDEX {i} ON users (name); CREATE VIEW {v} AS SELECT name FROM users;"
    trigger = "CREATE TRIGGER {t} AFTER INSERT ON users BEGIN SELECT 1; END;"
    migrated = Migrated(
        rows + (around + trigger).format(i="I", v="V", t="T"),
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name INT);" + (around + trigger).format(i="i", v="v", t="t"),
    )
    assert migrated.rows("SELECT * FROM users") == [(1, "Ann")]
    migrated.back()
    assert migrated.rows("SELECT name FROM sqlite_schema WHERE type = 'table'") == [("Users",)]


def test_a_renamed_column_is_changed_in_the_same_migration() -> None:
    after = USERS.replace("age INT", "years TEXT NOT NULL DEFAULT '?'")
    connection = memory(PEOPLE + "UPDATE users SET age = 1;")
    run(connection, planned(connection, after, [column_renamed("users", "age", "years")]).up)
    assert connection.rows("SELECT years FROM users") == [("1",), ("1",)]


# --------------------------------------------------------------------------------------------- order


def test_a_view_that_changes_keeps_its_triggers() -> None:
    trigger = "CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN SELECT 1; END;"
    view = "CREATE VIEW v AS SELECT {} FROM users;"
    Migrated(PEOPLE + view.format("name") + trigger, USERS + view.format("age") + trigger).back()


def test_tables_that_refer_to_each_other_are_dropped_with_their_rows() -> None:
    table = "CREATE TABLE {0} (id INTEGER PRIMARY KEY, {1} REFERENCES {1});"
    both = table.format("a", "b") + table.format("b", "a")
    rows = "INSERT INTO a VALUES (1, NULL); INSERT INTO b VALUES (1, 1); UPDATE a SET b = 1;"
    Migrated(both + rows, "CREATE TABLE c (x);").back()


def test_a_child_outlives_a_dropped_parent() -> None:
    child = "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE);"
    migrated = Migrated(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1);" + child + "INSERT INTO c VALUES (1);",
        child,
    )
    assert migrated.rows("SELECT p FROM c") == [(1,)]


def test_an_index_moves_to_another_table() -> None:
    tables = "CREATE TABLE a (x INT{}); CREATE TABLE b (x INT{});"
    Migrated(
        tables.format("", " CHECK (x > 0)") + "CREATE INDEX i ON a (x);",
        tables.format(" UNIQUE", "") + "CREATE INDEX i ON b (x);",
    ).back()


def test_values_are_converted_as_told() -> None:
    connection = memory("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('yes'), ('no');")
    before = DIALECT.inspect(connection)
    found = diff(before, inspected("CREATE TABLE t (a INTEGER)"), DIALECT).operations
    told = list(_with_using(found, "a = 'yes'"))
    run(connection, plan(before, told, DIALECT).up)
    assert connection.rows("SELECT a FROM t") == [(1,), (0,)]


def _with_using(operations: Sequence[Operation], using: str) -> Iterator[Operation]:
    for operation in operations:
        is_column = isinstance(operation, Change) and isinstance(operation.after, Column)
        yield replace(operation, using=using) if is_column else operation
