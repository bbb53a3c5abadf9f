"""The commands of schemas, and every kind of source that they read."""

from __future__ import annotations

import pytest

from querynl.registry import get_migrations
from tests.cli.shell import USERS, Shell, everything, schema_of, scratch, tables
from tests.engines import Database

# Everything whose spelling an engine changes: types, defaults, checks, keys without a name.
RICH = schema_of(
    {
        "name": "users",
        "comment": "who writes",
        "columns": [
            {"name": "id", "type": "bigint", "identity": True},
            {"name": "email", "type": "varchar(200)", "nullable": False},
            {"name": "active", "type": "boolean", "nullable": False, "default": "true"},
            {"name": "score", "type": "decimal(8,2)", "default": "0"},
            {"name": "state", "type": "user_state", "nullable": False, "default": "'draft'"},
            {"name": "born", "type": "date"},
            {"name": "seen_at", "type": "timestamptz", "nullable": False, "default": "CURRENT_TIMESTAMP"},
            {"name": "data", "type": "json"},
            {"name": "token", "type": "uuid"},
            {"name": "picture", "type": "bytes"},
        ],
        "primary_key": ["id"],
        "uniques": [{"columns": ["email"]}],
        "checks": [
            {"name": "score_in_range", "expression": "score >= 0 AND score <= 100"},
            {"expression": "length(email) > 3"},
        ],
        "indexes": [{"columns": [{"column": "born", "order": "desc"}]}],
    },
    {
        "name": "posts",
        "columns": [
            {"name": "id", "type": "serial"},
            {"name": "author_id", "type": "bigint", "nullable": False},
            {"name": "parent_id", "type": "integer"},
        ],
        "primary_key": ["id"],
        "foreign_keys": [
            {"columns": ["author_id"], "references": "users", "referenced_columns": ["id"], "on_delete": "cascade"},
            {"columns": ["parent_id"], "references": "posts", "referenced_columns": ["id"]},
        ],
    },
    enums=[{"name": "user_state", "values": ["draft", "live"]}],
)


def test_schema_apply_comes_to_rest(shell: Shell, database: Database) -> None:
    shell.write("rich.json", RICH)
    command = ["schema", "apply", "rich.json", "-c", database.url, "--confirm", *scratch(database)]
    assert "Creates table users" in shell.done(command).out
    reached = everything(shell, database)

    assert "in that state already" in shell.done(command).out
    assert everything(shell, database) == reached
    for sides in (["rich.json", database.url], [database.url, "rich.json"]):
        shell.done(["schema", "diff", *sides, "--check", *scratch(database)])


def test_schema_apply_is_recorded_and_rolled_back_like_a_migration(shell: Shell, database: Database) -> None:
    shell.write("rich.json", RICH)
    shell.done(["schema", "apply", "rich.json", "-c", database.url, "--confirm", *scratch(database)])
    [record] = get_migrations()
    assert (record.status, record.description) == ("applied", "apply rich.json")
    shell.done(["migrate", "rollback", "-c", database.url, "--confirm"])
    assert tables(database) == []


def test_schema_apply_dry_run_prints_the_sql_and_changes_nothing(shell: Shell, database: Database) -> None:
    shell.write("users.json", USERS)
    before = everything(shell, database)
    command = ["schema", "apply", "users.json", "-c", database.url, *scratch(database)]
    printed = shell.done([*command, "--dry-run"]).out
    assert everything(shell, database) == before
    database.execute(printed)
    assert "in that state already" in shell.done([*command, "--confirm"]).out


def test_inspected_schema_is_a_schema_file_of_the_same_state(shell: Shell, database: Database) -> None:
    shell.write("rich.json", RICH)
    shell.done(["schema", "apply", "rich.json", "-c", database.url, "--confirm", *scratch(database)])
    shell.done(["schema", "inspect", "-c", database.url, "-o", "live.json"])
    shell.done(["schema", "diff", "live.json", database.url, "--check", *scratch(database)])
    shell.done(["schema", "validate", "live.json"])


@pytest.mark.engines("sqlite")
def test_designed_schema_is_valid_for_every_engine(shell: Shell, databases: object) -> None:
    printed = shell.done('schema design "blog with posts, comments, and tags"')
    assert "Assumed" in printed.err, "assumptions are no part of the result"
    shell.write("blog.json", printed.out)
    assert "postgresql, mysql, mariadb, sqlite" in shell.done("schema validate blog.json").out
    assert shell("schema design blog -o blog.json").status == 2
    shell.done("schema design library -o blog.json --force")


def test_text_that_names_nothing_is_said_not_to_be_understood(shell: Shell) -> None:
    result = shell("schema design qwerty")
    assert result.status == 1
    assert "QN6001" in result.err
    assert result.out == ""


@pytest.mark.engines("sqlite")
def test_json_schema_is_printed(shell: Shell, databases: object) -> None:
    printed = shell.done("schema --json-schema").document()
    assert printed["title"] == "QueryNL schema file"
    assert "Table" in printed["$defs"]


# --------------------------------------------------------------------------------------------- sources


def test_every_kind_of_source_tells_the_same(shell: Shell, database: Database) -> None:
    text = "CREATE TABLE users (id integer PRIMARY KEY, name varchar(100) NOT NULL);\n"
    shell.write("users.json", USERS)
    shell.write("users.sql", text)
    shell.write("folder/1.sql", "CREATE TABLE users (id integer PRIMARY KEY);\n")
    shell.write("folder/2.sql", "ALTER TABLE users ADD COLUMN name varchar(100) NOT NULL DEFAULT '';\n")
    database.execute(text)
    shell.done(["connect", "add", "app", "--url", database.url])
    options = ["--check", "-c", "app", *scratch(database)]
    for source in ("users.sql", database.url, "app"):
        shell.done(["schema", "diff", "users.json", source, *options])
        shell.done(["schema", "diff", source, "users.json", *options])
    changed = shell(["schema", "diff", "app", "folder", *options])
    assert changed.status == 6
    assert "Changes column name of users: gets the default" in changed.out
    assert "Drops table users" in shell(["schema", "diff", "users.sql", "empty", *options]).out


@pytest.mark.engines("sqlite")
def test_rename_is_declared_in_sql_by_a_comment(shell: Shell, databases: object) -> None:
    shell.write("v1.sql", "CREATE TABLE users (id integer PRIMARY KEY, name text);\n")
    shell.write("v2.sql", "CREATE TABLE users (id integer PRIMARY KEY,\n  full_name text -- renamed from name\n);\n")
    printed = shell.done("migrate generate --from v1.sql --to v2.sql --dialect sqlite --dry-run").out
    assert 'RENAME COLUMN "name" TO "full_name"' in printed


@pytest.mark.engines("sqlite")
def test_file_of_the_older_program_is_read_with_a_note(shell: Shell, databases: object) -> None:
    key = {"name": "id", "type": "INTEGER", "nullable": False, "primary_key": True, "unique": False}
    column = {"name": "user_id", "type": "INTEGER", "nullable": False, "primary_key": False, "unique": False}
    document = {
        "id": "1",
        "name": "blog",
        "tables": [{"name": "users", "columns": [key]}, {"name": "posts", "columns": [key, column]}],
        "relationships": [
            {"from_table": "posts", "from_column": "user_id", "to_table": "users", "to_column": "id"},
        ],
    }
    shell.write("old.json", document)
    result = shell.done("migrate generate --from empty --to old.json --dialect sqlite --dry-run")
    assert "querynl-cli 0.2" in result.err
    assert 'REFERENCES "users" ("id")' in result.out
