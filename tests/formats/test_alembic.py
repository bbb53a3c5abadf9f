"""Alembic revisions: real operations, run by real Alembic on real engines, there and back."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from querynl import formats
from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.errors import MigrationInvalid
from querynl.naming import named
from querynl.operations import Create, Operation, RunSQL
from querynl.plan import Plan, plan, statements
from querynl.schema import Check, Column, ForeignKey, Kind, Name, Ownership, PrimaryKey, Schema, Table
from tests.engines import Databases
from tests.formats.alembic_project import AlembicProject
from tests.formats.live import Live, loaded
from tests.formats.pairs import FAILING_REBUILD, PAIRS, Pair
from tests.laws.portable import pairs

NOON = datetime(2025, 10, 16, 12, 0, 0, tzinfo=UTC)
SQLITE = dialect_named("sqlite")
KEY = Column(name="id", type="INTEGER", nullable=False)
WORDS = Table(name="words", columns=(KEY,), primary_key=PrimaryKey(columns=("id",)))
OWNED = Ownership(on=Kind.TABLE, name="words", role="keeper")
EMPTY = Schema(dialect="sqlite")
NEW_TABLE = plan(EMPTY, [Create(WORDS)], SQLITE)

ROWS = "SELECT id, author_id, title FROM posts ORDER BY id"
KEPT = [(10, 1, "One"), (11, 2, "Two")]


def migration(of: Plan, folder: Path, message: str = "Add words") -> formats.NewMigration:
    return formats.new_migration(of, dialect=SQLITE, framework="alembic", message=message, folder=folder, at=NOON)


def code(of: Plan, folder: Path) -> str:
    new = migration(of, folder)
    return new.files[new.path]


@pytest.fixture
def rich(engine: str, databases: Databases) -> Iterator[Live]:
    """A database with rows, and the plan to a schema with nearly everything in it."""
    with loaded(PAIRS[engine], engine, databases) as live:
        yield live


def written(live: Live, folder: Path) -> formats.MigrationFile:
    """The revision of the live plan, written into the folder and found again."""
    new = formats.new_migration(
        live.plan, dialect=live.dialect, framework="alembic", message="Everything", folder=folder, at=NOON
    )
    formats.write(new)
    return formats.read_file(new.path)


# ------------------------------------------------------------------------------------------ real Alembic


def test_alembic_reaches_the_target_and_comes_back(rich: Live, tmp_path: Path) -> None:
    project = AlembicProject(tmp_path / "project", rich.database)
    written(rich, project.versions)

    project.upgrade()
    assert rich.difference_to(rich.after) == ()
    assert rich.database.rows(ROWS) == KEPT

    project.downgrade()
    assert rich.difference_to(rich.before) == ()
    assert rich.database.rows(ROWS) == KEPT


def test_the_offline_sql_does_what_the_operations_do(rich: Live, tmp_path: Path) -> None:
    up, down = formats.scripts(written(rich, tmp_path), rich.dialect)

    rich.run(up)
    assert rich.difference_to(rich.after) == ()

    assert down is not None
    rich.run(down)
    assert rich.difference_to(rich.before) == ()
    assert rich.database.rows(ROWS) == KEPT


def test_new_tables_are_operations_and_not_sql(rich: Live, tmp_path: Path) -> None:
    upgrade = written(rich, tmp_path).text.partition("def downgrade")[0]

    created = re.findall(r'op\.create_table\(\s*"(\w+)"', upgrade)

    new = {table.name for table in rich.after.tables} - {table.name for table in rich.before.tables}
    assert sorted(created) == sorted(new - {"odd"})


def test_the_code_is_formatted_and_clean(rich: Live, tmp_path: Path) -> None:
    path = written(rich, tmp_path).path

    for command in (["format", "--check"], ["check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", str(path)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_foreign_tables_come_change_and_go(databases: Databases, tmp_path: Path) -> None:
    server = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
    pair = Pair(
        before=f"{server} CREATE FOREIGN TABLE f (a text) SERVER s",
        after=f"""{server} CREATE FOREIGN TABLE f (a int NOT NULL, b text) SERVER s;
            COMMENT ON FOREIGN TABLE f IS 'far'; CREATE FOREIGN TABLE g (a int) SERVER s""",
        rows="",
    )
    with loaded(pair, "postgresql", databases) as live:
        project = AlembicProject(tmp_path / "project", live.database)
        written(live, project.versions)
        project.upgrade()
        assert live.difference_to(live.after) == ()
        project.downgrade()
        assert live.difference_to(live.before) == ()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_change_does_the_same_by_alembic_as_by_sql(
    data: st.DataObject, engine: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    dialect = dialect_named(engine)
    pair = data.draw(pairs(dialect))
    before, after = (named(dialect.localise(schema), dialect) for schema in (pair.before, pair.after))
    sides = [
        dialect.script(statements(plan(Schema(), diff(Schema(), side, dialect).operations, dialect).up))
        for side in (before, after)
    ]
    with loaded(Pair(before=sides[0], after=sides[1], rows=""), engine, databases) as live:
        project = AlembicProject(tmp_path_factory.mktemp("project") / "project", live.database)
        if live.plan.up:
            written(live, project.versions)
            project.upgrade()
            assert live.difference_to(live.after) == ()
            project.downgrade()
            assert live.difference_to(live.before) == ()


@pytest.mark.engines("sqlite")
def test_a_rebuild_that_fails_leaves_everything_as_it_was(engine: str, databases: Databases, tmp_path: Path) -> None:
    with loaded(FAILING_REBUILD, engine, databases) as live:
        project = AlembicProject(tmp_path / "project", live.database)
        written(live, project.versions)

        with pytest.raises(Exception, match="CHECK constraint failed"):
            project.upgrade()

        assert live.difference_to(live.before) == ()
        assert live.database.rows("SELECT parent FROM children") == [(1,)]


@pytest.mark.engines("sqlite")
def test_rows_in_the_way_stop_the_migration(engine: str, databases: Databases, tmp_path: Path) -> None:
    pair = Pair(
        before="CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent INTEGER)",
        after="CREATE TABLE nodes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES nodes (id))",
        rows="INSERT INTO nodes VALUES (1, 99)",
    )
    with loaded(pair, engine, databases) as live:
        project = AlembicProject(tmp_path / "project", live.database)
        written(live, project.versions)

        with pytest.raises(RuntimeError, match="There are rows in the way"):
            project.upgrade()

        assert live.difference_to(live.before) == ()
        assert live.database.rows("SELECT id, parent FROM nodes") == [(1, 99)]


@pytest.mark.engines("postgresql")
def test_an_index_named_like_a_foreign_key_is_not_lost(engine: str, databases: Databases, tmp_path: Path) -> None:
    pair = Pair(
        before="CREATE TABLE parents (id integer PRIMARY KEY)",
        after="CREATE TABLE parents (id integer PRIMARY KEY);"
        "CREATE TABLE children (parent integer CONSTRAINT by_parent REFERENCES parents);"
        "CREATE INDEX by_parent ON children (parent)",
        rows="",
    )
    with loaded(pair, engine, databases) as live:
        project = AlembicProject(tmp_path / "project", live.database)
        written(live, project.versions)

        project.upgrade()

        assert live.difference_to(live.after) == ()


@pytest.mark.engines("postgresql")
def test_what_cannot_be_in_a_transaction_is_run_outside(engine: str, databases: Databases, tmp_path: Path) -> None:
    pair = Pair(before="CREATE TABLE words (id integer)", after="CREATE TABLE words (id integer)", rows="")
    with loaded(pair, engine, databases) as live:
        index = RunSQL(
            ("CREATE INDEX CONCURRENTLY by_id ON words (id)",), ("DROP INDEX CONCURRENTLY by_id",), "an index"
        )
        project = AlembicProject(tmp_path / "project", live.database)
        written(
            Live(live.database, live.dialect, live.before, live.after, plan(live.before, [index], live.dialect)),
            project.versions,
        )

        project.upgrade()
        assert live.database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'words'") == [("by_id",)]
        project.downgrade()
        assert live.difference_to(live.before) == ()


# ------------------------------------------------------------------------------------------ the chain


def test_a_revision_follows_the_head_of_the_folder(tmp_path: Path, databases: Databases) -> None:
    with databases.temporary("sqlite") as database:
        project = AlembicProject(tmp_path / "project", database)
        for message in ("One", "Two", "Three"):
            formats.write(migration(NEW_TABLE, project.versions, message))

        assert project.heads() == ["20251016120002"]
        assert [file.id for file in formats.find(project.versions)] == [
            "20251016120000_one",
            "20251016120001_two",
            "20251016120002_three",
        ]


def test_the_first_revision_follows_none(tmp_path: Path) -> None:
    assert "\ndown_revision = None\n" in code(NEW_TABLE, tmp_path)


def test_a_revision_follows_one_that_people_wrote(tmp_path: Path) -> None:
    (tmp_path / "abc_theirs.py").write_text(
        'from typing import Union\n\nrevision: str = "abc"\ndown_revision: Union[str, None] = None\n'
    )

    assert '\ndown_revision = "abc"\n' in code(NEW_TABLE, tmp_path)


def test_several_heads_are_an_error_that_names_them(tmp_path: Path) -> None:
    for name in ("left", "right"):
        (tmp_path / f"{name}.py").write_text(f'revision = "{name}"\ndown_revision = None\n')

    with pytest.raises(MigrationInvalid, match="2 heads: left, right"):
        migration(NEW_TABLE, tmp_path)


def test_a_revision_id_fits_the_version_table(tmp_path: Path) -> None:
    match = re.search(r'^revision = "(\d+)"$', code(NEW_TABLE, tmp_path), re.M)

    assert match is not None
    assert len(match[1]) <= 32


# ------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    "message",
    [
        "quotes \" and ' and \"\"\" and '''",
        'ends in a quote "',
        "ends in a backslash \\",
        "back\\slash \\N{BULLET} \\x41 {braces} %s",
        "two\nlines, and trailing blanks   \nagain",
        "添加标签表 🎉",
        "carriage\rreturn \x00 nul \x1b escape",
    ],
)
def test_any_message_is_a_safe_docstring(message: str, tmp_path: Path, databases: Databases) -> None:
    with databases.temporary("sqlite") as database:
        project = AlembicProject(tmp_path / "project", database)
        new = migration(NEW_TABLE, project.versions, message)
        formats.write(new)

        module = ast.parse(new.files[new.path])
        assert [type(node).__name__ for node in module.body[:3]] == ["Expr", "Import", "ImportFrom"]
        assert project.message("20251016120000").split(maxsplit=1)[0] == message.split(maxsplit=1)[0]
        project.upgrade()


@pytest.mark.parametrize(
    "default",
    ["'it''s'", '\'"""\'', "'back\\slash'", "':name'", "'\\:name'", "'a::b'", "'100%'", "'two\nlines'", "'添加'"],
)
def test_any_default_arrives_as_it_is(default: str, tmp_path: Path, databases: Databases) -> None:
    column = Column(name="word", type="TEXT", default=default)
    table = Table(name="words", columns=(column,))
    with databases.temporary("sqlite") as database:
        project = AlembicProject(tmp_path / "project", database)
        formats.write(migration(plan(EMPTY, [Create(table)], SQLITE), project.versions))

        project.upgrade()

        database.execute("INSERT INTO words DEFAULT VALUES")
        assert database.rows("SELECT word FROM words") == database.rows(f"SELECT {default}")


@pytest.mark.parametrize(
    "name", ["select", "lateral", "nothing", 'a"b', "it's", "a.b", "a:b", "100%", "a b", "Größe", "\\"]
)
def test_any_name_is_written_safely(name: str, engine: str, databases: Databases, tmp_path: Path) -> None:
    dialect = dialect_named(engine)
    key = Column(name=name, type="integer", nullable=False)
    table = Table(
        name=name,
        columns=(key, Column(name="other", type="integer")),
        primary_key=PrimaryKey(columns=(name,)),
        foreign_keys=(ForeignKey(columns=("other",), references=name, referenced_columns=(name,)),),
        checks=(Check(expression=f"{dialect.quote(name)} > 0"),),
    )
    wanted = named(dialect.localise(Schema(tables=(table,))), dialect)
    after = dialect.script(statements(plan(Schema(), [Create(wanted.tables[0])], dialect).up))
    with loaded(Pair(before="SELECT 1;", after=after, rows=""), engine, databases) as live:
        project = AlembicProject(tmp_path / "project", live.database)
        written(live, project.versions)

        project.upgrade()

        assert live.difference_to(live.after) == ()


# ------------------------------------------------------------------------------------------ ways back, and failures


def test_what_has_no_way_back_says_so_when_asked(tmp_path: Path) -> None:
    for_good = RunSQL(("DELETE FROM words",), None, "forget all words", Name(None, "words"))
    new = migration(plan(Schema(dialect="sqlite", tables=(WORDS,)), [for_good], SQLITE), tmp_path)
    formats.write(new)

    assert 'def downgrade() -> None:\n    raise NotImplementedError("There is no way back.")\n' in new.files[new.path]
    assert formats.scripts(formats.read_file(new.path), SQLITE)[1] is None


def test_nothing_that_alembic_has_no_word_for_is_left_out(tmp_path: Path) -> None:
    column = Column(name="word", type="TEXT", options={"not_null_name": "never_null"}, nullable=False)
    table = Table(name="words", columns=(column,))

    text = code(plan(EMPTY, [Create(table)], SQLITE), tmp_path)

    assert 'CONSTRAINT "never_null" NOT NULL' in text


def test_operations_on_sqlite_are_used_where_they_are_exact(tmp_path: Path) -> None:
    start = Schema(dialect="sqlite", tables=(WORDS,))
    added = Create(Column(name="word", type="TEXT"), WORDS.key)

    text = code(plan(start, [added], SQLITE), tmp_path)

    assert 'op.add_column("words", sa.Column("word", sa.Text(), nullable=True))' in text
    assert 'op.drop_column("words", "word")' in text


def test_alembic_missing_is_an_error_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = migration(NEW_TABLE, tmp_path)
    formats.write(new)
    for name in [name for name in sys.modules if name == "alembic" or name.startswith("alembic.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "alembic", None)

    with pytest.raises(MigrationInvalid) as caught:
        formats.scripts(formats.read_file(new.path), SQLITE)

    assert caught.value.remedy == "Install it: pip install 'querynl[alembic]'."


@pytest.mark.parametrize(
    "body",
    [
        "raise ValueError('no')",
        "op.get_bind().execute('SELECT 1').all()",
        "op.drop_constraint('c', 't', type_='check')",
    ],
)
def test_a_revision_that_needs_a_database_is_an_error(body: str, tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(f'from alembic import op\nrevision = "1"\ndown_revision = None\n\ndef upgrade():\n    {body}\n')

    with pytest.raises(MigrationInvalid, match="fails without a database"):
        formats.scripts(formats.read_file(path), SQLITE)


def test_statements_outside_of_transactions_are_told_apart_offline(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        'from alembic import op\nrevision = "1"\ndown_revision = None\n\n\ndef upgrade():\n'
        '    op.execute("CREATE TABLE a (id int)")\n'
        "    with op.get_context().autocommit_block():\n"
        '        op.execute("VACUUM")\n'
        '    op.execute("CREATE TABLE b (id int)")\n\n\ndef downgrade():\n    pass\n'
    )

    up, down = formats.scripts(formats.read_file(path), dialect_named("postgresql"))

    assert [(statement.sql, statement.transactional) for statement in up] == [
        ("CREATE TABLE a (id int)", True),
        ("VACUUM", False),
        ("CREATE TABLE b (id int)", True),
    ]
    assert down == []


@pytest.mark.parametrize("operations", [[Create(WORDS), Create(OWNED)], [Create(WORDS)]])
def test_a_new_table_keeps_the_owner_that_alembic_has_no_word_for(operations: list[Operation], tmp_path: Path) -> None:
    postgresql = dialect_named("postgresql")
    start = Schema(dialect="postgresql", owners=() if len(operations) > 1 else (OWNED,))
    made = plan(start, operations, postgresql)
    new = formats.new_migration(
        made, dialect=postgresql, framework="alembic", message="Owned", folder=tmp_path, at=NOON
    )
    assert 'ALTER TABLE "words" OWNER TO "keeper"' in ast.unparse(ast.parse(new.files[new.path]))
