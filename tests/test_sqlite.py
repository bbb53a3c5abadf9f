"""SQLite as a dialect: what it reads, how it spells, and scripts taken apart and put together."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
import pytest

from querynl import schema as model
from querynl.connections import Connection, Target, connect
from querynl.dialects import Statement
from querynl.dialects.sqlite import SQLite
from querynl.dialects.sqlite.types import affinity, widens
from querynl.dialects.sqlite.words import spelled_alike
from querynl.diff import diff
from querynl.errors import ExpressionInvalid, NameTooLong, SchemaInvalid, TypeUnknown
from querynl.naming import named
from querynl.plan import plan, statements
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
    PrimaryKey,
    Schema,
    Table,
    Unique,
    canonical,
)
from querynl.sources.json_file import read
from tests.counting import CountingReader

DIALECT = SQLite(tuple(map(int, sqlite3.sqlite_version.split("."))))

RICH = """
CREATE TABLE "au""thors" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    [e mail] varchar(200) NOT NULL ON CONFLICT REPLACE DEFAULT 'x' COLLATE nocase UNIQUE ON CONFLICT IGNORE,
    `ünï` DECIMAL (10 , 2) DEFAULT -1.5 CHECK (`ünï` > -2), -- a comment, with a ( in it
    born text DEFAULT (datetime('now')),
    initial text GENERATED ALWAYS AS (substr([e mail], 1, 1)) VIRTUAL,
    shout text AS (upper([e mail])) STORED,
    anything,
    CONSTRAINT "odd name" CHECK (length(born) IN (1, 2) OR born IS NULL),
    CHECK (replace(born, 'a', 'b') <> ')') ON CONFLICT FAIL
);
CREATE TABLE books (
    isbn TEXT NOT NULL,
    edition INT NOT NULL,
    author REFERENCES "au""thors" ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED,
    other INTEGER CONSTRAINT other_author REFERENCES "au""thors" (id),
    PRIMARY KEY (isbn COLLATE NOCASE, edition DESC) ON CONFLICT FAIL,
    CONSTRAINT u UNIQUE (author, other),
    FOREIGN KEY (isbn, edition) REFERENCES books (isbn, edition) ON DELETE RESTRICT
);
CREATE TABLE tags (name TEXT PRIMARY KEY, weight REAL) WITHOUT ROWID;
CREATE TABLE facts (k INTEGER NOT NULL PRIMARY KEY, v ANY, b BLOB DEFAULT x'00ff') STRICT;
CREATE TABLE downward (id INTEGER PRIMARY KEY DESC, flag BOOLEAN DEFAULT TRUE);
CREATE TABLE loose (a TEXT PRIMARY KEY, "check" int CONSTRAINT nn NOT NULL);
CREATE UNIQUE INDEX "books by author" ON books (author COLLATE RTRIM DESC, lower(isbn), (edition + 1)) WHERE other > 1;
CREATE INDEX plain ON tags (weight);
CREATE VIEW titles (a, b) AS SELECT isbn, "edition" FROM books -- all of them
;
CREATE VIEW "v;" AS SELECT ';' AS semicolon;
CREATE TRIGGER written INSTEAD OF INSERT ON titles BEGIN
    INSERT INTO books (isbn, edition) VALUES (NEW.a, CASE WHEN NEW.b THEN 1 ELSE 2 END);
    REPLACE INTO tags VALUES ('it''s; END;', 1);
END;
CREATE TRIGGER counted AFTER DELETE ON books WHEN OLD.edition > 1 BEGIN DELETE FROM tags; END;
CREATE VIRTUAL TABLE search USING fts5(title, body, content='');
"""


def memory(script: str = "") -> Connection:
    """A database in memory that holds what a script makes."""
    connection = connect(Target(dialect="sqlite"))
    for statement in DIALECT.split(script):
        connection.execute(statement.sql)
    return connection


def inspected(script: str) -> Schema:
    with memory(script) as connection:
        return DIALECT.inspect(connection)


def table_of(script: str) -> Table:
    return inspected(script).tables[0]


def created(schema: Schema) -> Schema:
    """What SQLite holds after everything in a schema was created."""
    start = Schema(dialect="sqlite")
    made = plan(start, diff(start, schema, DIALECT).operations, DIALECT)
    with memory() as connection:
        for statement in statements(made.up):
            connection.execute(statement.sql)
        return DIALECT.inspect(connection)


# ----------------------------------------------------------------------------------------- inspection


def test_a_rich_schema_is_read_back_as_it_was_written() -> None:
    schema = inspected(RICH)
    assert created(schema) == schema


def test_a_schema_as_inspected_is_a_declared_one() -> None:
    schema = inspected(RICH)
    again = read(msgspec.json.encode(schema), "schema.json")
    assert canonical(DIALECT.localise(again)) == schema


def test_the_number_of_queries_does_not_depend_on_the_number_of_tables() -> None:
    counts = set()
    for number in (1, 30):
        script = "".join(f"CREATE TABLE t{i} (a PRIMARY KEY REFERENCES t0 UNIQUE, b);" for i in range(number))
        with memory(script + "CREATE INDEX i ON t0 (b);") as connection:
            reader = CountingReader(connection)
            DIALECT.inspect(reader)
            counts.add(reader.queries)
    assert counts == {5}


def test_types_are_compared_without_case_and_spaces() -> None:
    types = [column.type for column in table_of('CREATE TABLE t (a Varchar ( 10 ), b "my  type", c)').columns]
    assert types == ["VARCHAR(10)", "MY TYPE", ""]


def test_autoincrement_is_identity() -> None:
    table = table_of("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT)")
    assert table.columns == (Column(name="id", type="INTEGER", nullable=False, identity=Identity()),)
    assert table.primary_key == PrimaryKey(columns=("id",))


@pytest.mark.parametrize(
    ("definition", "options"),
    [
        ("a INTEGER PRIMARY KEY", {}),
        ("a INTEGER NOT NULL PRIMARY KEY", {"not_null": True}),
        ("a TEXT PRIMARY KEY", {"not_null": False}),
        ("a TEXT NOT NULL PRIMARY KEY", {}),
    ],
)
def test_an_unusual_not_null_of_a_key_is_an_option(definition: str, options: dict[str, bool]) -> None:
    column = table_of(f"CREATE TABLE t ({definition})").columns[0]
    assert not column.nullable
    assert column.options == options


def test_constraints_keep_their_names_or_have_none() -> None:
    table = table_of("CREATE TABLE t (a UNIQUE, b CONSTRAINT x UNIQUE, CONSTRAINT y CHECK (a > b), CHECK (b))")
    assert [unique.name for unique in table.uniques] == [None, "x"]
    assert [check.name for check in table.checks] == [None, "y"]


def test_a_foreign_key_may_leave_its_referenced_columns_unsaid() -> None:
    tables = inspected("CREATE TABLE a (x PRIMARY KEY); CREATE TABLE b (y REFERENCES a, z REFERENCES a (x));").tables
    assert [key.referenced_columns for key in tables[1].foreign_keys] == [(), ("x",)]


def test_a_foreign_key_is_spelled_like_its_target() -> None:
    tables = inspected(
        'CREATE TABLE "Users" ("Id" INTEGER PRIMARY KEY); CREATE TABLE b (y REFERENCES users (ID));'
    ).tables
    assert tables[1].foreign_keys == (ForeignKey(columns=("y",), references="Users", referenced_columns=("Id",)),)


def test_constraints_need_no_comma_between_them() -> None:
    table = table_of("CREATE TABLE t (a, b, PRIMARY KEY (a) UNIQUE (b) CHECK (a > 1))")
    assert table.primary_key == PrimaryKey(columns=("a",))
    assert table.uniques == (Unique(columns=("b",)),)
    assert table.checks == (Check(expression="a > 1"),)


def test_index_keys_tell_columns_from_expressions() -> None:
    table = table_of("CREATE TABLE t (a, b); CREATE INDEX i ON t (a COLLATE nocase DESC, b || 'x') WHERE a IS NOT NULL")
    assert table.indexes == (
        Index(
            name="i",
            columns=(IndexColumn(column="a", collation="NOCASE", order="desc"), IndexColumn(expression="b || 'x'")),
            where="a IS NOT NULL",
        ),
    )


def test_shadow_tables_are_their_virtual_tables_business() -> None:
    schema = inspected("CREATE VIRTUAL TABLE search USING fts5(title, tokenize = 'porter')")
    assert schema.tables == (Table(name="search", options={"virtual": "fts5(title, tokenize = 'porter')"}),)


def test_shadow_tables_are_known_by_name_before_sqlite_tells_them() -> None:
    with memory("CREATE VIRTUAL TABLE search USING fts5(title); CREATE TABLE search_for (a)") as connection:
        assert [table.name for table in SQLite((3, 35, 5)).inspect(connection).tables] == ["search", "search_for"]


def test_bookkeeping_tables_are_left_out() -> None:
    assert inspected("CREATE TABLE querynl_history (id); CREATE INDEX i ON querynl_history (id)").tables == ()


def test_internal_tables_are_left_out() -> None:
    script = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES; ANALYZE;"
    assert [table.name for table in inspected(script).tables] == ["t"]


def test_a_trigger_on_a_view_depends_on_it() -> None:
    schema = inspected("CREATE VIEW v AS SELECT 1; CREATE TRIGGER t INSTEAD OF DELETE ON v BEGIN SELECT 1; END")
    assert [need.name for need in schema.triggers[0].depends_on] == ["v"]


# ---------------------------------------------------------------------------------------- expressions


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("((a>0))", "a > 0"),
        ("a  > /* why */ 0", "a > 0"),
        ("length ( a )IN(1,2)", "length(a) IN (1, 2)"),
        ("- 1", "-1"),
        ("a - - 1", "a - -1"),
        ("a -1", "a - 1"),
        ("t . a", "t.a"),
        ("(a) AND (b)", "(a) AND (b)"),
        ("replace(a, ')', '')", "replace(a, ')', '')"),
        ("show > 0", "show > 0"),
    ],
)
def test_expressions_are_spelled_alike(text: str, spelling: str) -> None:
    assert spelled_alike(text) == spelling
    assert spelled_alike(spelling) == spelling


# ------------------------------------------------------------------------------------------ localising


def declared(*columns: Column, **fields: Any) -> Schema:
    return Schema(tables=(Table(name="t", columns=columns, **fields),))


PORTABLE = {
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "decimal(10,2)": "NUMERIC(10,2)",
    "real": "REAL",
    "double": "DOUBLE",
    "text": "TEXT",
    "varchar(200)": "VARCHAR(200)",
    "char(3)": "CHAR(3)",
    "timestamptz": "TEXT",
    "timestamp": "TEXT",
    "date": "TEXT",
    "time": "TEXT",
    "json": "TEXT",
    "uuid": "TEXT",
    "bytes": "BLOB",
}


@pytest.mark.parametrize(("portable", "text"), PORTABLE.items())
def test_portable_types_are_declared(portable: str, text: str) -> None:
    assert DIALECT.localise(declared(Column(name="a", type=portable))).tables[0].columns[0].type == text


def test_boolean_is_checked() -> None:
    table = DIALECT.localise(declared(Column(name="ok", type="bool", default="true"))).tables[0]
    assert table.columns == (Column(name="ok", type="BOOLEAN", default="true"),)
    assert table.checks == (Check(expression="ok IN (0, 1)"),)


def test_an_enum_is_text_with_a_check() -> None:
    schema = declared(Column(name="state", type="mood"))
    schema = Schema(tables=schema.tables, enums=(Enum(name="mood", values=("sad", "it's")),))
    localised = DIALECT.localise(schema)
    assert localised.enums == ()
    assert localised.tables[0].columns[0].type == "TEXT"
    assert localised.tables[0].checks == (Check(expression="state IN ('sad', 'it''s')"),)


@pytest.mark.parametrize(
    "column", [Column(name="id", type="bigserial"), Column(name="id", type="bigint", identity=Identity())]
)
def test_a_counting_column_is_written_as_sqlite_wants_it(column: Column) -> None:
    localised = DIALECT.localise(declared(column, primary_key=PrimaryKey(columns=("id",))))
    made = plan(Schema(), diff(Schema(), localised, DIALECT).operations, DIALECT)
    assert '"id" INTEGER PRIMARY KEY AUTOINCREMENT' in made.up[0].statements[0].sql


def test_a_pinned_schema_declares_any_type() -> None:
    schema = Schema(dialect="sqlite", tables=(Table(name="t", columns=(Column(name="a", type="timestamp"),)),))
    assert DIALECT.localise(schema).tables[0].columns[0].type == "TIMESTAMP"


def test_a_strict_table_has_strict_types() -> None:
    columns = (Column(name="a", type="varchar(9)"), Column(name="b", type="bool"), Column(name="c", type="decimal"))
    table = DIALECT.localise(declared(*columns, options={"strict": True})).tables[0]
    assert [column.type for column in table.columns] == ["TEXT", "INTEGER", "ANY"]


def test_a_declared_schema_is_read_back_equal() -> None:
    schema = Schema(
        tables=(
            Table(
                name="authors",
                columns=(
                    Column(name="id", type="bigint", nullable=False, identity=Identity()),
                    Column(name="email", type="varchar(200)", nullable=False),
                    Column(name="active", type="boolean", nullable=False, default="(true)"),
                    Column(name="born", type="timestamptz", default="CURRENT_TIMESTAMP"),
                ),
                primary_key=PrimaryKey(columns=("id",)),
                uniques=(Unique(columns=("email",)),),
                indexes=(Index(columns=(IndexColumn(expression="lower(email)"),)),),
            ),
            Table(
                name="posts",
                columns=(
                    Column(name="author", type="bigint", nullable=False),
                    Column(name="number", type="integer", nullable=False),
                ),
                primary_key=PrimaryKey(columns=("author", "number")),
                foreign_keys=(ForeignKey(columns=("author",), references="authors", on_delete="cascade"),),
                checks=(Check(expression="number>0"),),
            ),
        )
    )
    localised = named(DIALECT.localise(schema), DIALECT)
    assert diff(created(localised), localised, DIALECT).operations == ()


@pytest.mark.parametrize(
    ("schema", "error", "where"),
    [
        (declared(Column(name="a", type="strng")), TypeUnknown, "$.tables[0].columns[0].type"),
        (declared(Column(name="a", type="int", default="0; DROP TABLE t")), ExpressionInvalid, None),
        (declared(Column(name="a\x00", type="int")), NameTooLong, "$.tables[0].columns[0]"),
        (declared(Column(name="a", type="int", on_update="now()")), SchemaInvalid, "$.tables[0].columns[0].on_update"),
        (declared(Column(name="a", type="int"), options={"engine": "x"}), SchemaInvalid, "$.tables[0].options"),
        (
            declared(Column(name="a", type="int", identity=Identity()), primary_key=PrimaryKey(columns=("b",))),
            SchemaInvalid,
            "$.tables[0].columns[0].identity",
        ),
        (
            declared(Column(name="a", type="int", identity=Identity(increment=2))),
            SchemaInvalid,
            "$.tables[0].columns[0].identity",
        ),
        (
            declared(
                Column(name="a", type="int"),
                exclusions=(Exclusion(elements=(ExclusionElement(column="a", operator="="),)),),
            ),
            SchemaInvalid,
            "$.tables[0].exclusions",
        ),
        (Schema(composite_types=(CompositeType(name="c", attributes=()),)), SchemaInvalid, "$.composite_types"),
        (Schema(sequences=(model.Sequence(name="s"),)), SchemaInvalid, "$.sequences"),
        (Schema(tables=(Table(name="T"), Table(name="t"))), SchemaInvalid, "$.tables[1]"),
        (declared(Column(name="A", type="int"), Column(name="a", type="int")), SchemaInvalid, "$.tables[0].columns[1]"),
    ],
)
def test_what_sqlite_cannot_hold_is_refused(schema: Schema, error: type[Exception], where: str | None) -> None:
    with pytest.raises(error) as caught:
        DIALECT.localise(schema)
    if where is not None:
        assert getattr(caught.value, "where", None) == where


@pytest.mark.parametrize(
    ("declared_type", "expected"),
    [
        ("BIGINT", "INTEGER"),
        ("CHARINT", "INTEGER"),
        ("NCLOB", "TEXT"),
        ("", "BLOB"),
        ("DOUBLE", "REAL"),
        ("DATE", "NUMERIC"),
    ],
)
def test_affinity_follows_the_five_rules(declared_type: str, expected: str) -> None:
    assert affinity(declared_type) == expected


def test_only_a_change_that_keeps_every_value_widens() -> None:
    assert widens("VARCHAR(10)", "TEXT")
    assert widens("INT", "DECIMAL(5,2)")
    assert widens("REAL", "BLOB")
    assert not widens("TEXT", "INTEGER")
    assert not widens("NUMERIC", "REAL")


# -------------------------------------------------------------------------------------------- scripts


def test_a_script_is_read_back_as_it_was_written() -> None:
    schema = inspected(RICH)
    made = statements(plan(Schema(), diff(Schema(), schema, DIALECT).operations, DIALECT).up)
    assert DIALECT.split(DIALECT.script(made)) == made


def test_sqlites_own_shell_takes_the_script() -> None:
    schema = inspected(RICH)
    made = statements(plan(Schema(), diff(Schema(), schema, DIALECT).operations, DIALECT).up)
    with memory() as connection, sqlite3.connect(":memory:") as plain:
        plain.executescript(DIALECT.script(made))
        for statement in made:
            connection.execute(statement.sql)
        names = "SELECT name FROM sqlite_schema ORDER BY name"
        assert plain.execute(names).fetchall() == connection.rows(names)


@pytest.mark.parametrize(
    ("script", "texts"),
    [
        ("SELECT 1;;  ; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("-- a; b\nSELECT ';' /* ; */ ; -- c", ["SELECT ';' /* ; */"]),
        ('SELECT "a;", [b;], `c;`;', ['SELECT "a;", [b;], `c;`']),
        ("create temp trigger t after insert on x begin select 1; end; select 2", None),
        ("CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE WHEN 1 THEN 2 END; END; SELECT 'it''s'", None),
        ("SELECT 'never closed; ", ["SELECT 'never closed;"]),
        ("", []),
    ],
)
def test_a_script_is_split_like_sqlites_shell_does(script: str, texts: list[str] | None) -> None:
    found = [statement.sql for statement in DIALECT.split(script)]
    if texts is None:
        assert len(found) == 2
    else:
        assert found == texts


def test_statements_that_no_transaction_takes_are_told_apart() -> None:
    script = "PRAGMA foreign_keys=OFF; pragma journal_mode = wal; VACUUM; PRAGMA user_version = 1"
    found = DIALECT.split(script)
    assert [statement.transactional for statement in found] == [False, False, False, True]
    assert [statement.session for statement in found] == [True, False, False, False]


def test_the_mark_of_a_question_is_read_back() -> None:
    question = Statement("SELECT 1 WHERE 0", expects_no_rows=True)
    assert DIALECT.split(DIALECT.script([question, Statement("SELECT 2")])) == [question, Statement("SELECT 2")]
