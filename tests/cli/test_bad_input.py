"""What cannot be done is refused: with a clear error, its exit status, and nothing changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Result, Shell, everything, inspect, schema_of, scratch, table, tables
from tests.engines import Database, Databases
from tests.test_connections import account

USAGE, FAILED_TO_CONNECT, REFUSED, INVALID, DIFFERS, UNDECIDED = 2, 3, 4, 5, 6, 7

NAME = {"name": "name", "type": "varchar(100)"}
USERS = schema_of(table("users", NAME))


@pytest.fixture
def lived_in(shell: Shell, database: Database) -> Database:
    """A database with a table that has a row, made by an applied migration, and the connection `app` to it."""
    shell.write("users.json", USERS)
    shell.done(["connect", "add", "app", "--url", database.url])
    shell.done("migrate generate --from empty --to users.json -m 'add users' -c app")
    shell.done("migrate apply --confirm -c app")
    database.execute("INSERT INTO users (id, name) VALUES (1, 'Ada')")
    return database


def refused(shell: Shell, database: Database, command: str | list[str], status: int, *said: str) -> Result:
    """Asserts that a command ends with that status, says that on standard error, and changes nothing."""
    before = everything(shell, database)
    result = shell(command)
    assert result.status == status, f"{command}\n{result.out}{result.err}"
    for text in said:
        assert text in result.err
    assert everything(shell, database) == before
    assert "Traceback" not in result.err
    return result


GENERATE = "migrate generate --from users.json -c app -m more --to "


# ------------------------------------------------------------------------------------------ schema files


def column(**attributes: Any) -> dict[str, Any]:
    return schema_of(table("users", {**NAME, **attributes}))


BAD_FILES: dict[str, tuple[object, list[str]]] = {
    "broken JSON": ('{"tables": [\n  {,}]}', ["QN1201", "bad.json, line 2, column 4", "Correct the syntax"]),
    "JSON that ends early": ('{"tables": [', ["QN1201", "bad.json, line 1"]),
    "a list": ([], ["QN1203", "A schema is a JSON object", "bad.json"]),
    "another version": ({"querynl": 2}, ["QN1203", "format 2", "$.querynl"]),
    "an unknown key": ({"tabels": []}, ["QN1202", "'tabels'", "bad.json, $", "'tables'"]),
    "an unknown key of a column": (
        column(nulable=True),
        ["QN1202", "'nulable'", "bad.json, $.tables[0].columns[1]", "'nullable'"],
    ),
    "a value of the wrong kind": (column(nullable="no"), ["QN1203", "bad.json, $.tables[0].columns[1].nullable"]),
    "a table twice": (schema_of(table("t"), table("t")), ["QN1203", "table t", "bad.json, $.tables[1]"]),
    "a column twice": (schema_of(table("t", NAME, NAME)), ["QN1203", "t.name", "bad.json, $.tables[0].columns[2]"]),
    "a key of a column that is missing": (
        schema_of(table("t", uniques=[{"columns": ["nam"]}])),
        ["QN1203", "'nam'", "bad.json, $.tables[0].uniques[0].columns"],
    ),
    "a foreign key to nowhere": (
        schema_of(table("t", foreign_keys=[{"columns": ["id"], "references": "nowhere"}])),
        ["QN1203", "'nowhere'", "bad.json, $.tables[0].foreign_keys[0].references"],
    ),
    "a foreign key to a column that is missing": (
        schema_of(table("t", foreign_keys=[{"columns": ["id"], "references": "t", "referenced_columns": ["ID2"]}])),
        ["QN1203", "'ID2'", "bad.json, $.tables[0].foreign_keys[0].referenced_columns"],
    ),
    "a type that goes on": (
        column(type="INTEGER; DROP TABLE users"),
        ["QN1204", "INTEGER; DROP TABLE users", "bad.json, $.tables[0].columns[1].type"],
    ),
    "a default that goes on": (
        column(default="0; DELETE FROM users"),
        ["QN1206", "0; DELETE FROM users", "bad.json, $.tables[0].columns[1].default"],
    ),
    "a default that closes a bracket": (column(default="0) , x int DEFAULT (1"), ["QN1206", "default"]),
    "a default with a comment": (column(default="0 -- "), ["QN1206", "comment", "default"]),
    "a check that goes on": (
        schema_of(table("users", NAME, checks=[{"expression": "id > 0; DROP TABLE users"}])),
        ["QN1206", "bad.json, $.tables[0].checks[0].expression"],
    ),
    "a character set that goes on": (column(charset="utf8mb4; DROP TABLE users"), ["QN1203", "columns[1].charset"]),
    "an index method that goes on": (
        schema_of(table("users", NAME, indexes=[{"columns": ["id"], "method": "btree; DROP TABLE users"}])),
        ["QN1203", "bad.json, $.tables[0].indexes[0].method"],
    ),
    "an index expression that is a query": (
        schema_of(table("users", NAME, indexes=[{"columns": [{"expression": "(SELECT 1 FROM users"}]}])),
        ["QN1206", "bad.json, $.tables[0].indexes[0]"],
    ),
}


@pytest.mark.parametrize(("content", "said"), BAD_FILES.values(), ids=BAD_FILES)
def test_schema_file_that_is_wrong_is_refused(
    shell: Shell, lived_in: Database, content: object, said: list[str]
) -> None:
    shell.write("bad.json", content)
    refused(shell, lived_in, GENERATE + "bad.json", INVALID, *said)
    refused(shell, lived_in, ["schema", "apply", "bad.json", "-c", "app", "-y", *scratch(lived_in)], INVALID, *said)


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_type_that_the_engine_does_not_have_is_refused(shell: Shell, lived_in: Database) -> None:
    shell.write("bad.json", column(type="wobble(3)"))
    refused(
        shell, lived_in, GENERATE + "bad.json", INVALID, "QN1204", "wobble", "bad.json, $.tables[0].columns[1].type"
    )


@pytest.mark.engines("mysql", "mariadb")
def test_collation_that_goes_on_is_refused(shell: Shell, lived_in: Database) -> None:
    hostile = "utf8mb4_bin; DROP TABLE users"
    shell.write("bad.json", column(collation=hostile))
    refused(
        shell, lived_in, GENERATE + "bad.json", INVALID, "QN1203", hostile, "bad.json, $.tables[0].columns[1].collation"
    )
    shell.write("bad.json", schema_of(table("users", NAME, options={"collation": hostile})))
    refused(
        shell, lived_in, GENERATE + "bad.json", INVALID, "QN1203", hostile, "bad.json, $.tables[0].options.collation"
    )


@pytest.mark.engines("postgresql", "mysql", "mariadb")
@pytest.mark.parametrize(
    ("content", "path"),
    [
        (schema_of(table("u" * 65)), "$.tables[0]"),
        (schema_of(table("users", {"name": "é" * 65, "type": "integer"})), "$.tables[0].columns[1]"),
        (schema_of(table("users", indexes=[{"name": "i" * 65, "columns": ["id"]}])), "$.tables[0].indexes[0]"),
    ],
    ids=["table", "column", "index"],
)
def test_name_that_the_engine_would_cut_is_refused(
    shell: Shell, lived_in: Database, content: object, path: str
) -> None:
    shell.write("bad.json", content)
    refused(shell, lived_in, GENERATE + "bad.json", INVALID, "QN1205", f"bad.json, {path}", "Shorten it")


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("missing.json", INVALID, ["QN1207", "no such file", "missing.json", "Check the path"]),
        ("missing/", INVALID, ["QN1207", "missing"]),
        ("users.json/inside.json", INVALID, ["QN1207", "Not a directory", "users.json/inside.json"]),
        ("folder", INVALID, ["QN1207", "no .sql file", "folder"]),
        ("latin.json", INVALID, ["QN1207", "not UTF-8", "latin.json", "Save it as UTF-8"]),
        ("note.txt", INVALID, ["QN1207", "no schema file", "note.txt"]),
        ("shop", INVALID, ["QN1102", "'shop'", "querynl connect add"]),
        ("ap", INVALID, ["QN1102", "'ap'", "Did you mean app?"]),
        ("postgres//db", INVALID, ["QN1207", "no such file"]),
        ("oracle://host/db", USAGE, ["QN2001", "'oracle'", "postgresql://user@host/database"]),
        ("postgresql://me:hush-hush@host:99999/db", USAGE, ["QN2001", "port"]),
        ("sqlite://file.db", USAGE, ["QN2001", "three slashes"]),
    ],
)
@pytest.mark.engines("sqlite")
def test_source_that_is_not_there_is_refused(
    shell: Shell, lived_in: Database, source: str, status: int, said: list[str]
) -> None:
    shell.write("folder/readme.txt", "")
    shell.write("note.txt", "")
    (shell.folder / "latin.json").write_bytes('{"name": "é"}'.encode("latin-1"))
    result = refused(shell, lived_in, GENERATE + source, status, *said)
    assert "hush-hush" not in result.err


def test_sql_that_the_engine_refuses_is_named_with_its_line(shell: Shell, lived_in: Database) -> None:
    shell.write("schema.sql", "CREATE TABLE a (id int);\n\nCREATE TABEL b (id int);\n")
    refused(
        shell, lived_in, [*GENERATE.split(), "schema.sql", *scratch(lived_in)], INVALID, "QN1208", "schema.sql, line 3"
    )


# ------------------------------------------------------------------------------------------- connections


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    "command",
    ["migrate status", "migrate apply --confirm", "migrate rollback --confirm", "query tables", "schema inspect"],
)
def test_unknown_connection_is_refused(shell: Shell, lived_in: Database, command: str) -> None:
    refused(shell, lived_in, f"{command} -c ap", INVALID, "QN1102", "'ap'", "connections.toml", "Did you mean app?")


@pytest.mark.parametrize("engine_name", ["postgresql", "mysql", "mariadb"])
def test_server_that_is_down_is_said_to_be(shell: Shell, engine_name: str) -> None:
    url = f"{engine_name}://me@127.0.0.1:1/app"
    for command in ("migrate status", "migrate apply --confirm", "query tables", "schema inspect"):
        result = shell([*command.split(), "-c", url])
        assert result.status == FAILED_TO_CONNECT, result.err
        assert "QN2002" in result.err
        assert "127.0.0.1" in result.err
    assert shell(["connect", "add", "app", "--url", url]).status == FAILED_TO_CONNECT
    assert shell.done("connect list --format json").document()["connections"] == []


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_wrong_password_is_refused_and_told_to_nobody(
    shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with account(database, "right-one") as target:
        monkeypatch.setenv("MYSQL_PWD" if database.engine != "postgresql" else "PGPASSWORD", "hush-hush")
        for command in ("migrate status", "migrate apply --confirm", "query tables --debug"):
            result = shell([*command.split(), "-c", target.url()])
            assert result.status == FAILED_TO_CONNECT, result.err
            assert "QN2003" in result.err
            assert target.username is not None
            assert target.username in result.err
            assert "hush-hush" not in result.out + result.err
        assert shell(["connect", "add", "app", "--url", target.url()]).status == FAILED_TO_CONNECT
        assert shell.done("connect list --format json").document()["connections"] == []


# -------------------------------------------------------------------------------------------- migrations


@pytest.mark.parametrize("command", ["apply --confirm", "status", "rollback --confirm"])
def test_empty_migration_folder_is_refused(shell: Shell, database: Database, command: str) -> None:
    shell.write("empty/readme.txt", "")
    refused(shell, database, f"migrate {command} --dir empty -c {database.url}", INVALID, "QN1207", "empty", "generate")
    refused(shell, database, f"migrate {command} --dir gone -c {database.url}", INVALID, "QN1207", "gone")


def test_applied_migration_that_was_edited_stops_everything(shell: Shell, lived_in: Database) -> None:
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    shell.done(GENERATE + "more.json")
    applied = shell.migration("add_users")
    shell.write(applied, (shell.folder / applied).read_text() + "\nDROP TABLE users;\n")
    said = ("QN4003", Path(applied).name, "edited", "Restore the file", "Nothing was run")
    refused(shell, lived_in, "migrate apply --confirm -c app", INVALID, *said)
    listed = shell.done("migrate status --format json -c app").document()["migrations"]
    assert [migration["status"] for migration in listed] == ["changed", "pending"]


def test_column_that_needs_a_value_is_asked_about_when_it_is_generated(shell: Shell, lived_in: Database) -> None:
    shell.write("age.json", schema_of(table("users", NAME, {"name": "age", "type": "integer", "nullable": False})))
    said = ("QN3001", "users.age", '--backfill "users.age = EXPRESSION"', "--allow data")
    refused(shell, lived_in, GENERATE + "age.json", UNDECIDED, *said)


def test_column_that_needs_a_value_stops_apply_when_rows_came_later(shell: Shell, lived_in: Database) -> None:
    lived_in.execute("DELETE FROM users")
    shell.write("age.json", schema_of(table("users", NAME, {"name": "age", "type": "integer", "nullable": False})))
    shell.done(f"{GENERATE} age.json --allow data")
    lived_in.execute("INSERT INTO users (id) VALUES (1)")
    refused(shell, lived_in, "migrate apply --confirm -c app", UNDECIDED, "QN3001", "users.age", "1 row", "--backfill")
    lived_in.execute("DELETE FROM users")
    shell.done("migrate apply --confirm -c app")


def test_backfill_gives_the_rows_their_value(shell: Shell, lived_in: Database) -> None:
    shell.write("age.json", schema_of(table("users", NAME, {"name": "age", "type": "integer", "nullable": False})))
    shell.done([*GENERATE.split(), "age.json", "--backfill", "users.age = 40 + 2"])
    shell.done("migrate apply --confirm -c app")
    assert lived_in.rows("SELECT name, age FROM users") == [("Ada", 42)]
    column = inspect(lived_in).tables[0].column("age")
    assert column is not None
    assert not column.nullable


def test_type_change_that_the_rows_do_not_fit_is_refused_by_the_database(shell: Shell, lived_in: Database) -> None:
    # A STRICT table is how SQLite keeps to its types.
    options = {
        "options": {"strict": True},
        "columns": [{"name": "id", "type": "INTEGER"}, {"name": "a", "type": "TEXT"}],
    }
    before = {**table("words"), **(options if lived_in.engine == "sqlite" else {})}
    pinned = {"dialect": lived_in.engine}
    if lived_in.engine != "sqlite":
        before["columns"] = [*before["columns"], {"name": "a", "type": "text"}]
    after = {**before, "columns": [before["columns"][0], {"name": "a", "type": "INTEGER"}]}
    shell.write("before.json", schema_of(table("users", NAME), before, **pinned))
    shell.write("after.json", schema_of(table("users", NAME), after, **pinned))
    shell.done(["schema", "apply", "before.json", "-c", "app", "-y", *scratch(lived_in)])
    lived_in.execute("INSERT INTO words (id, a) VALUES (1, '7'), (2, 'seven')")
    using = {"postgresql": ["--using", "words.a = a::integer"]}.get(lived_in.engine, [])
    shell.done(["migrate", "generate", "--from", "before.json", "--to", "after.json", "-c", "app", *using])
    schema = inspect(lived_in)

    result = shell("migrate apply --confirm -c app")

    assert result.status == REFUSED, result.err
    assert "QN4001" in result.err
    assert "words" in result.err
    assert inspect(lived_in) == schema
    assert lived_in.rows("SELECT a FROM words ORDER BY id") == [("7",), ("seven",)]
    *_, failed = shell.done("migrate status --format json -c app").document()["migrations"]
    assert failed["status"] == "failed"
    assert failed["error"]
    lived_in.execute("UPDATE words SET a = '8' WHERE id = 2")
    shell.done("migrate apply --confirm -c app")
    assert lived_in.rows("SELECT a FROM words ORDER BY id") == [(7,), (8,)]


def test_statement_that_the_database_refuses_leaves_what_it_says(shell: Shell, lived_in: Database) -> None:
    up = "CREATE TABLE one (id int);\nCREATE TABLE users (id int);\nCREATE TABLE three (id int);\n"
    shell.write("migrations/20990101000000_three_up.sql", up)
    result = shell("migrate apply --confirm -c app")
    assert result.status == REFUSED
    assert "failed at statement 2 of 3" in result.err
    if lived_in.engine in ("postgresql", "sqlite"):
        assert "Nothing of it remains" in result.err
        assert tables(lived_in) == ["users"]
    else:
        assert "Statement 1 ran and stays, 2 failed, 3 was not tried" in result.err
        assert tables(lived_in) == ["one", "users"]


def test_two_migrations_of_one_second_have_different_ids(shell: Shell, lived_in: Database) -> None:
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    for _ in range(3):
        shell.done(GENERATE + "more.json")
    listed = shell.done("migrate status --format json -c app").document()["migrations"]
    assert len({migration["id"][:14] for migration in listed}) == 4
    assert len([name for name in shell.files() if name.endswith("_up.sql")]) == 4


@pytest.mark.engines("sqlite")
def test_generate_never_writes_over_a_file(shell: Shell, lived_in: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another process may write the very file between the choice of its name and its opening.
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    monkeypatch.setattr("querynl.formats.naming.new_id", lambda *_: "20990101000000_more")
    shell.write("migrations/20990101000000_more_down.sql", "mine")
    refused(shell, lived_in, GENERATE + "more.json", INVALID, "QN4004", "is there already")


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("message", ["", "   ", "\n"])
def test_empty_message_is_refused(shell: Shell, lived_in: Database, message: str) -> None:
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    command = ["migrate", "generate", "--from", "users.json", "--to", "more.json", "-c", "app", "-m", message]
    refused(shell, lived_in, command, INVALID, "QN4004", "The message is empty")


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("migrate rollback --steps 0", "--steps"),
        ("migrate rollback --steps -1", "--steps"),
        ("migrate apply --count 0", "--count"),
        ("migrate apply --to nowhere --confirm", "nowhere is not pending"),
        ("migrate generate", "--to"),
        ("migrate generate --to users.json --dialect oracle", "oracle"),
        ("migrate generate --to users.json --framework sqitch", "sqitch"),
        ("migrate generate --to empty --allow everything", "everything"),
        ("migrate generate --to empty --rename users", "--rename 'users'"),
        ("migrate generate --to empty --backfill users=1", "--backfill 'users=1'"),
        ("migrate stauts", "status"),
        ("migate status", "migrate"),
        ("connect add", "NAME"),
        ("connect add app --url sqlite:///other.db", "'app'"),
        ("connect add other", "--db-type"),
        ("connect add other --db-type sqlite", "--database"),
        ("connect add other --url sqlite:///a.db --host b", "--url"),
        ("connect add other --url nonsense", "://"),
        ("schema design blog --output users.json", "users.json"),
    ],
)
def test_wrong_usage_is_said(shell: Shell, lived_in: Database, command: str, said: str) -> None:
    refused(shell, lived_in, f"{command} -c app", USAGE, said)


def test_no_connection_at_all_is_wrong_usage(shell: Shell) -> None:
    result = shell("migrate status")
    assert result.status == USAGE
    assert "--connection" in result.err


# ---------------------------------------------------------------------------------------------- answers


def possible_rename(shell: Shell) -> None:
    shell.write("renamed.json", schema_of(table("users", {**NAME, "name": "full_name"})))


def test_possible_rename_without_an_answer_stops(shell: Shell, lived_in: Database) -> None:
    possible_rename(shell)
    said = ("QN3001", "users.name", "--rename users.name:full_name", "--allow destructive", "nothing was written")
    refused(shell, lived_in, GENERATE + "renamed.json", UNDECIDED, *said)
    apply = ["schema", "apply", "renamed.json", "-c", "app", "--confirm", *scratch(lived_in)]
    refused(shell, lived_in, apply, UNDECIDED, *said[:-1])


def test_rename_that_is_declared_keeps_the_values(shell: Shell, lived_in: Database) -> None:
    possible_rename(shell)
    shell.done(f"{GENERATE} renamed.json --rename users.name:full_name")
    shell.done("migrate apply --confirm -c app")
    assert lived_in.rows("SELECT full_name FROM users") == [("Ada",)]


def test_loss_that_is_allowed_for_writing_is_asked_about_again_for_the_rows(shell: Shell, lived_in: Database) -> None:
    possible_rename(shell)
    shell.done(f"{GENERATE} renamed.json --allow destructive")
    said = ("QN3001", "users.name", "1 row", "--allow destructive")
    refused(shell, lived_in, "migrate apply --confirm -c app", UNDECIDED, *said)
    shell.done("migrate apply --confirm -c app --allow destructive")
    assert lived_in.rows("SELECT full_name FROM users") == [(None,)]


@pytest.mark.engines("sqlite")
def test_dropped_table_stops_and_names_what_allows_it(shell: Shell, lived_in: Database) -> None:
    refused(shell, lived_in, GENERATE + "empty", UNDECIDED, "QN3001", "table users", "--allow destructive")


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    "command", ["migrate apply", "migrate rollback", "connect remove app", "schema apply more.json"]
)
def test_go_ahead_that_nobody_can_give_is_an_open_question(shell: Shell, lived_in: Database, command: str) -> None:
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    shell.done(GENERATE + "more.json")
    refused(shell, lived_in, f"{command} -c app", UNDECIDED, "QN3001", "--confirm")


@pytest.mark.parametrize("command", [GENERATE, "schema diff users.json "])
def test_check_finds_a_difference_and_writes_nothing(shell: Shell, lived_in: Database, command: str) -> None:
    shell.write("more.json", schema_of(table("users", NAME), table("tags")))
    before = everything(shell, lived_in)
    result = shell([*f"{command} more.json --check -c app".split(), *scratch(lived_in)])
    assert result.status == DIFFERS
    assert "Creates table tags" in result.out
    assert everything(shell, lived_in) == before
    assert shell.done(f"{command} users.json --check -c app").status == 0


def test_no_difference_is_a_sentence_and_no_file(shell: Shell, lived_in: Database) -> None:
    before = everything(shell, lived_in)
    for command in (f"{GENERATE} users.json", "migrate generate --to users.json -c app"):
        result = shell.done([*command.split(), *scratch(lived_in)])
        assert result.out == "No difference: the two schemas are the same. Nothing was written.\n"
    assert everything(shell, lived_in) == before


@pytest.mark.parametrize("write", [lambda shell: shell.write("querynl.toml", "connection = 1\n"), None])
def test_configuration_that_is_wrong_is_refused(shell: Shell, write: Callable[[Shell], str] | None) -> None:
    if write is not None:
        write(shell)
    words = ["config", "show", *([] if write is not None else ["--config", "none.toml"])]
    result = shell(words)
    assert result.status == INVALID
    assert "QN1101" in result.err
    assert ("querynl.toml:1" if write is not None else "none.toml") in result.err


def test_errors_never_tell_a_password_of_a_url(shell: Shell, databases: Databases) -> None:
    del databases
    result = shell(["migrate", "status", "-c", "postgresql://me:hush-hush@127.0.0.1:1/app", "--debug"])
    assert result.status == FAILED_TO_CONNECT
    assert "Traceback" in result.err
    assert "hush-hush" not in result.out + result.err
    assert json.dumps("hush-hush") not in result.err
