"""A folder of migrations is a schema: the state that its files add up to."""

import re
import sys
from pathlib import Path

import pytest

from querynl.config import load_settings
from querynl.errors import MigrationInvalid, SourceUnreadable, SQLFileInvalid
from querynl.schema import Schema
from querynl.sources import Migrations, read_source
from tests.cli.shell import Shell, scratch
from tests.engines import Database
from tests.sources.reading import read, write

CREATE = "CREATE TABLE users (id int PRIMARY KEY);\n"
ADD = "ALTER TABLE users ADD name varchar(40);\n"
VIEW = "CREATE VIEW names AS SELECT name FROM users;\n"

REVISION = '''"""{words}"""
import sqlalchemy as sa
from alembic import op
{imports}
revision = {id!r}
down_revision = {down!r}

def upgrade():
    print("going up")
    {up}

def downgrade():
    raise NotImplementedError
'''


def revision(id: str, down: object, up: str, imports: str = "") -> str:
    return REVISION.format(words=id, id=id, down=down, up=up, imports=imports)


def columns(schema: Schema) -> dict[str, list[str]]:
    return {table.name: [column.name for column in table.columns] for table in schema.tables}


def test_raw_migrations_run_in_order(tmp_path: Path, database: Database) -> None:
    write(
        tmp_path, {"2_name_up.sql": ADD, "2_name_down.sql": "nonsense", "1_users_up.sql": f"BEGIN;\n{CREATE}COMMIT;\n"}
    )
    assert columns(read(database, tmp_path)) == {"users": ["id", "name"]}


def test_flyways_run_by_version_and_the_repeatable_ones_last(tmp_path: Path, database: Database) -> None:
    write(
        tmp_path,
        {
            "V10__name.sql": ADD,
            "V2.1__users.sql": CREATE,
            "R__a_names.sql": f"-- ${{of}} ${{all}} ${{all}}\n{VIEW}",
            "U10__name.sql": "nonsense",
            "afterMigrate.sql": "nonsense",
            "B10__base.sql": "nonsense",
        },
    )
    schema = read(database, tmp_path)
    assert columns(schema) == {"users": ["id", "name"]}
    assert [view.name for view in schema.views] == ["names"]
    assert read_source(str(tmp_path), load_settings()).notes == (
        "Left out, as Flyway alone runs them: B10__base.sql, afterMigrate.sql.",
        "R__a_names.sql is run with Flyway's placeholders as they stand: ${all}, ${of}.",
    )


def test_flyways_baseline_stands_for_what_is_gone(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"V10__name.sql": ADD, "B9.5__base.sql": CREATE, "B9__base.sql": "nonsense"})
    assert columns(read(database, tmp_path)) == {"users": ["id", "name"]}
    assert read_source(str(tmp_path), load_settings()).notes == ("Left out, as Flyway alone runs them: B9__base.sql.",)


ALEMBIC = {
    "alembic.ini": "[alembic]\nscript_location = %(here)s/db\n",
    "db/env.py": "raise SystemExit('env.py is not run')",
    "db/versions/a.py": revision("a", None, "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True))"),
    "db/versions/m.py": revision(
        "m", ("b", "c"), "assert not context.is_offline_mode()", imports="from alembic import context"
    ),
    "db/versions/c.py": revision(
        "c", "a", "with op.batch_alter_table('users') as batch: batch.add_column(sa.Column('mail', KIND))",
        imports="from kinds import KIND",
    ),
    "db/versions/b.py": revision(
        "b", "a", "[found] = [table for table in sa.inspect(op.get_bind()).get_table_names()]\n"
        "    op.add_column(found, sa.Column('name', sa.String(40)))",
    ),
    "kinds.py": "import sqlalchemy as sa\nKIND = sa.String(80)\n",
}  # fmt: skip


@pytest.mark.parametrize("name", ["", "alembic.ini", "db", "db/versions"])
def test_alembics_run_on_a_database_along_their_branches(
    name: str,
    tmp_path: Path,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(tmp_path, ALEMBIC)
    monkeypatch.chdir(tmp_path)
    assert columns(read(database, tmp_path / name)) == {"users": ["id", "name", "mail"]}
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("going up")) == ("", 4)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"1_up.sql": CREATE, "schema.sql": VIEW}, r"schema\.sql is no migration, while 1_up\.sql is one\."),
        ({"V1__a.sql": CREATE, "more/V2__b.sql": ADD}, r"V2__b\.sql is in a folder below"),
        ({"1_a.up.sql": CREATE, "1_a.down.sql": "x"}, r"is a migration of a form that is not read yet"),
        ({"1_down.sql": CREATE}, r"and no migration that leads up"),
        ({"readme.md": ""}, r"holds no \.sql file, and no migration"),
    ],
)
def test_what_cannot_be_told_is_refused(
    files: dict[str, str], message: str, tmp_path: Path, database: Database
) -> None:
    write(tmp_path, files)
    with pytest.raises(SourceUnreadable, match=message):
        read(database, tmp_path)


@pytest.mark.engines("sqlite")
def test_a_revision_without_the_one_it_follows_is_refused(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"b.py": revision("b", "a", "pass")})
    with pytest.raises(MigrationInvalid, match="follows a, which is not there"):
        read(database, tmp_path)


def test_a_revision_that_fails_is_told_with_its_line(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"a.py": revision("a", None, "1 / 0")})
    with pytest.raises(MigrationInvalid, match="ZeroDivisionError") as caught:
        read(database, tmp_path)
    assert str(caught.value.where).endswith("a.py, line 10")


@pytest.mark.engines("sqlite")
def test_without_alembic_it_says_what_to_install(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a.py": revision("a", None, "pass")})
    monkeypatch.setitem(sys.modules, "alembic", None)
    with pytest.raises(MigrationInvalid, match="There is no Python package alembic") as caught:
        read(database, tmp_path)
    assert caught.value.remedy == "Install it: pip install 'querynl[alembic]'."


def test_a_statement_that_is_refused_is_told_with_its_line(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"1_up.sql": CREATE, "2_up.sql": f"-- more\n{ADD}{VIEW}{VIEW}"})
    with pytest.raises(SQLFileInvalid, match=r"2_up\.sql, line 3: CREATE VIEW names"):
        read(database, tmp_path)


def test_migrations_lead_to_a_file(shell: Shell, database: Database) -> None:
    shell.write("migrations/1_users_up.sql", f"-- Migration: users\n-- Engine: {database.engine}\n{CREATE}")
    shell.write("schema.sql", "CREATE TABLE users (id int PRIMARY KEY, name varchar(40));")
    result = shell.done(
        ["migrate", "generate", "--from", "migrations", "--to", "schema.sql", "-m", "name", *scratch(database)]
    )
    assert "ADD" in shell.files()[shell.migration("name")].decode()
    assert re.search(r"Migration \d{14}_", result.out)
    source = read_source("migrations", load_settings())
    assert isinstance(source, Migrations)
    assert source.dialect == database.engine
    again = shell.done(["migrate", "generate", "--from", "migrations", "--to", "schema.sql", *scratch(database)])
    assert again.out.startswith("No difference")


def test_the_history_of_another_tool_is_left_alone(shell: Shell, database: Database) -> None:
    database.execute(f"{CREATE}CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY);")
    shell.write("schema.sql", CREATE)
    result = shell.done(["migrate", "generate", "--to", "schema.sql", "-c", database.url, *scratch(database)])
    assert result.out.startswith("No difference")
    assert "Left alone: alembic_version" in result.err
