"""`migrate verify` proves migrations that people wrote, or says exactly what they do not do."""

import re

import pytest

from tests.cli.shell import Result, Shell, schema_of, scratch, table
from tests.engines import Database

PROVED = r"{id}: proved on \w+ [\d.]+.*: {checks} \(\d+\.\d s\)"
CREATE = "CREATE TABLE users (id int PRIMARY KEY, name varchar(40), age int);\n"
NAME = {"name": "name", "type": "varchar(40)"}

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {after!r}


def upgrade():
    print("up")
    {up}


def downgrade():
    {down}
"""


def revision(id: str, after: object, up: str, down: str) -> str:
    return REVISION.format(id=id, after=after, up=up, down=down)


def verify(shell: Shell, database: Database, *words: str) -> Result:
    return shell(["migrate", "verify", *words, "--dialect", database.engine, *scratch(database)])


def write(shell: Shell, **files: str) -> None:
    """Writes raw migrations: `up_1="…"` as `migrations/1_up.sql`."""
    for name, text in files.items():
        way, _, number = name.partition("_")
        shell.write(f"migrations/{number}_{way}.sql", text)


def proved(line: str, id: str, *checks: str) -> bool:
    """Whether the line says that the migration was proved by exactly these checks."""
    said = " ".join(f"{check} ✓" for check in checks)
    return re.fullmatch(PROVED.format(id=re.escape(id), checks=said), line) is not None


@pytest.mark.parametrize("framework", ["raw", "flyway", "alembic"])
def test_what_querynl_writes_is_proved(framework: str, shell: Shell, database: Database) -> None:
    age = {"name": "age", "type": "integer"}
    shell.write("1.json", schema_of(table("users", NAME, indexes=[{"name": "by_name", "columns": ["name"]}])))
    key = {"columns": ["user_id"], "references": "users", "referenced_columns": ["id"]}
    user = {"name": "user_id", "type": "integer"}
    shell.write("2.json", schema_of(table("users", age), table("orders", user, foreign_keys=[key])))
    for before, after in (("empty", "1.json"), ("1.json", "2.json"), ("2.json", "empty")):
        names = ["--from", before, "--to", after, "--framework", framework, "--allow", "all", "-m", f"to {after[0]}"]
        shell.done(["migrate", "generate", *names, "--dialect", database.engine])
    result = verify(shell, database, "migrations")
    assert result.status == 0, result.out + result.err
    lines = [line for line in result.out.splitlines() if not line.startswith("  Note")]
    assert [line.partition(": proved")[2].partition("(")[0].partition(": ")[2] for line in lines] == [
        "up ✓ down ✓ up again ✓ ",
        "up ✓ rows ✓ down ✓ up again ✓ ",
        "up ✓ rows ✓ down ✓ up again ✓ ",
    ]
    assert result.err == ""


def test_a_way_down_that_leads_elsewhere_is_told(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, down_1="DROP TABLE users;", up_2="ALTER TABLE users ADD mail int;", down_2="SELECT 1;")
    write(shell, up_3="CREATE TABLE more (id int);", down_3="DROP TABLE more;")
    result = verify(shell, database, "migrations")
    assert result.status == 1
    first, second, reason, third = result.out.splitlines()
    assert proved(first, "1", "up", "down", "up again")
    assert re.fullmatch(r"2: failed on .*: up ✓ rows ✓", second)
    assert reason == "  after running down, column users.mail should not be there"
    assert proved(third, "3", "up", "rows", "down", "up again")


def test_values_that_change_are_told_unless_that_is_meant(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, up_2="UPDATE users SET age = 7;")
    result = verify(shell, database, "migrations/2_up.sql")
    assert result.status == 1
    assert "after running up, users has the values" in result.out
    assert "-- querynl: allow data" in result.out
    assert verify(shell, database, "migrations/2_up.sql", "--allow", "data").status == 0
    write(shell, up_2="-- querynl: allow data\nUPDATE users SET age = 7;")
    result = verify(shell, database, "migrations/2_up.sql")
    assert result.status == 0
    assert "as allowed." in result.out


def test_rows_that_are_lost_are_counted(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, up_2="DELETE FROM users WHERE id > 1;")
    result = verify(shell, database, "migrations")
    assert result.status == 1
    assert re.search(r"users has \d of \d rows", result.out)


def test_rows_may_be_added(shell: Shell, database: Database) -> None:
    write(
        shell, up_1=CREATE, up_2="INSERT INTO users VALUES (1000, 'x', 1);", down_2="DELETE FROM users WHERE id = 1000;"
    )
    result = verify(shell, database, "migrations/2_up.sql")
    line, note = result.out.splitlines()
    assert proved(line, "2", "up", "rows", "down", "up again")
    assert note == "  Note: users has 1 more rows."


def test_what_is_renamed_is_found_again(shell: Shell, database: Database) -> None:
    write(
        shell,
        up_1=CREATE,
        up_2="ALTER TABLE users RENAME COLUMN name TO title;",
        down_2="ALTER TABLE users RENAME COLUMN title TO name;",
        up_3="ALTER TABLE users RENAME TO people;",
        down_3="ALTER TABLE people RENAME TO users;",
        up_4="ALTER TABLE people DROP COLUMN age;",
    )
    result = verify(shell, database, "migrations")
    assert result.status == 0
    notes = [line.strip() for line in result.out.splitlines() if line.startswith("  ")]
    assert notes == [
        "Note: there is no way down.",
        "Note: column users.name is now title.",
        "Note: table users is now people.",
        "Note: column people.age is gone.",
        "Note: there is no way down.",
    ]


def test_what_the_engine_refuses_stops_those_after_it(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, up_2="-- no\nALTER TABLE nothing ADD x int;", up_3="SELECT 1;", up_4="SELECT 1;")
    result = verify(shell, database, "migrations", "--format", "json")
    assert result.status == 4
    document = result.document()
    first, second = document["migrations"]
    assert (first["id"], first["proved"], first["checks"], first["framework"]) == ("1", True, ["up"], "raw")
    assert (second["proved"], second["where"]) == (False, "ALTER TABLE nothing ADD x int")
    assert second["problem"].startswith("on the way up the engine refused a statement: ")
    assert document["not_tried"] == ["3", "4"]
    assert document["schema_version"] == 1


def test_a_migration_that_refuses_our_rows_is_run_without(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, up_2="ALTER TABLE users ADD CONSTRAINT few CHECK (id > 1000);")
    if database.engine == "sqlite":
        write(shell, up_2="CREATE TABLE few (id int CHECK (id > 1000));\nINSERT INTO few SELECT id FROM users;")
    result = verify(shell, database, "migrations/2_up.sql")
    assert result.status == 0, result.out
    first, why, *_ = result.out.splitlines()
    assert proved(first, "2", "up")
    assert why.startswith("  Note: run without rows, for with rows on the way up the engine refused a statement")


def test_migrations_may_start_from_a_schema_or_a_database(shell: Shell, database: Database) -> None:
    add = "ALTER TABLE users ADD mail int;"
    write(shell, up_1="CREATE TABLE of_before (id int);", up_2=add, down_2="ALTER TABLE users DROP COLUMN mail;")
    shell.write("users.json", schema_of(table("users", NAME)))
    database.execute("CREATE TABLE users (id int PRIMARY KEY)")
    for start in ("users.json", database.url):
        result = verify(shell, database, "migrations/2_up.sql", "--from", start)
        assert result.status == 0, result.out + result.err
        assert proved(result.out.strip(), "2", "up", "rows", "down", "up again")
    result = shell(["migrate", "verify", "migrations", "--from", database.url, *scratch(database)])
    assert result.status == 0, "the engine is that of the database"
    assert [line.split(":")[0] for line in result.out.splitlines() if not line.startswith("  ")] == ["1", "2"]


@pytest.mark.engines("postgresql")
def test_grants_that_stay_are_noted_or_told_or_not_seen(shell: Shell, database: Database) -> None:
    down = "CREATE TABLE users (id int);"
    write(shell, up_1=f"{down} GRANT SELECT ON users TO PUBLIC;", up_2="DROP TABLE users;", down_2=down)
    results = {
        said: verify(shell, database, "migrations/2_up.sql", "--privileges", said) for said in ("manage", "warn", "off")
    }
    assert {said: result.status for said, result in results.items()} == {"manage": 1, "warn": 0, "off": 0}
    said = "after running down, grant on table users to public is missing"
    assert f"  {said}\n" in results["manage"].out
    assert f"  Note: {said}.\n" in results["warn"].out
    assert "grant" not in results["off"].out
    assert said in verify(shell, database, "migrations/2_up.sql").out, "as the setting says"


def test_flyways_are_proved_with_their_undo_and_the_repeatable_ones_twice(shell: Shell, database: Database) -> None:
    shell.write("sql/V1__users.sql", CREATE)
    shell.write("sql/V1.1__mail.sql", "ALTER TABLE users ADD mail int;")
    shell.write("sql/U1.1__mail.sql", "ALTER TABLE users DROP COLUMN mail;")
    shell.write("sql/R__again.sql", "DROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT name FROM users;")
    shell.write("sql/R__once.sql", "CREATE VIEW once AS SELECT name FROM users;")
    shell.write("sql/afterMigrate.sql", "nonsense")
    result = verify(shell, database, "sql")
    assert result.status == 4
    lines = result.out.splitlines()
    assert proved(lines[0], "V1__users", "up")
    assert proved(lines[2], "V1.1__mail", "up", "rows", "down", "up again")
    assert proved(lines[3], "R__again", "up", "rows", "up again")
    assert lines[4].startswith("R__once: failed on ")
    assert lines[5].startswith("  on the way up again the engine refused a statement")
    assert "afterMigrate.sql" in result.err


def test_alembics_are_run_by_alembic(shell: Shell, database: Database) -> None:
    add = "with op.batch_alter_table('users') as batch: batch.add_column(sa.Column('mail', sa.String(9)))"
    drop = "with op.batch_alter_table('users') as batch: batch.drop_column('mail')"
    create = "op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('x', sa.Text))"
    bind = "op.get_bind().execute(sa.text('DELETE FROM users'))"
    shell.write("alembic.ini", "[alembic]\nscript_location = db\n")
    shell.write("db/versions/a.py", revision("a", None, create, "op.drop_table('users')"))
    shell.write("db/versions/b.py", revision("b", "a", add, drop))
    shell.write("db/versions/c.py", revision("c", "a", bind, "raise NotImplementedError('no way')"))
    shell.write("db/versions/m.py", revision("m", ("b", "c"), "pass", "1 / 0"))
    for name in (".", "alembic.ini", "db/versions"):
        result = verify(shell, database, name)
        lines = result.out.splitlines()
        assert result.status == 1
        assert proved(lines[0], "a", "up", "down", "up again")
        assert proved(lines[1], "b", "up", "rows", "down", "up again")
        assert lines[2].startswith("c: failed on ")
        assert re.fullmatch(r"  after running up, users has 0 of \d rows\. If that is meant.*", lines[3])
        assert lines[4].startswith("m: failed on ")
        assert lines[5:] == [
            "  on the way down: The revision fails: ZeroDivisionError: division by zero.",
            "  at db/versions/m.py, line 15",
        ]


def test_only_the_files_that_are_named_are_told_of(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE, up_2="CREATE TABLE two (id int);", up_3="CREATE TABLE three (id int);")
    write(shell, down_2="DROP TABLE two;", down_3="DROP TABLE nothing;")
    result = verify(shell, database, "migrations/2_up.sql", "migrations/2_down.sql")
    assert result.status == 0
    [line] = result.out.splitlines()
    assert proved(line, "2", "up", "rows", "down", "up again")


@pytest.mark.engines("postgresql")
def test_a_statement_that_needs_no_transaction_around_it_gets_none(shell: Shell, database: Database) -> None:
    index = "CREATE INDEX CONCURRENTLY by_name ON users (name);"
    write(shell, up_1=CREATE, up_2=index, down_2="DROP INDEX CONCURRENTLY by_name;")
    block = "with op.get_context().autocommit_block(): "
    up = f"{block}op.create_index('a', 'users', ['name'], postgresql_concurrently=True)"
    assert verify(shell, database, "migrations/2_up.sql").status == 0
    create = "op.create_table('users', sa.Column('name', sa.Text))"
    shell.write("versions/a.py", revision("a", None, create, "op.drop_table('users')"))
    shell.write("versions/b.py", revision("b", "a", up, "op.drop_index('a')"))
    result = verify(shell, database, "versions")
    assert result.status == 0, result.out


@pytest.mark.engines("sqlite")
def test_the_engine_is_told_or_asked_for(shell: Shell, database: Database) -> None:
    write(shell, up_1=CREATE)
    assert shell(["migrate", "verify", "migrations"]).status == 2
    assert shell(["migrate", "verify", "migrations", "-c", database.url]).status == 0
    write(shell, up_1=f"-- Migration: users\n-- Engine: sqlite\n{CREATE}")
    assert shell(["migrate", "verify", "migrations"]).status == 0


@pytest.mark.engines("sqlite")
def test_what_is_no_migration_is_refused(shell: Shell, database: Database) -> None:
    shell.write("plain/schema.sql", CREATE)
    for name in ("plain", "plain/schema.sql", "nowhere", "nowhere/1_up.sql"):
        result = verify(shell, database, name)
        assert (result.status, result.out) == (5, ""), name
