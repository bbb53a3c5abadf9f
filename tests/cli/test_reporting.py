"""What a run came to, as a document for programs and as a log, however it ended; and how far rollback goes."""

import json

import pytest

from tests.cli.shell import Shell, tables
from tests.engines import Database

NAMES = ("20260101000000_a", "20260102000000_b", "20260103000000_c")
A, B, C = NAMES


@pytest.fixture
def typed(shell: Shell, database: Database) -> str:
    """The end of every command; three migrations, a table each, that wait."""
    for name in NAMES:
        shell.write(f"migrations/{name}_up.sql", f"CREATE TABLE {name[-1]} (id integer PRIMARY KEY);")
        shell.write(f"migrations/{name}_down.sql", f"DROP TABLE {name[-1]};")
    return f"-c '{database.url}'"


def test_the_document_of_a_run_says_what_ran(shell: Shell, typed: str) -> None:
    applied = shell.done(f"migrate apply --confirm --format json {typed}").document()

    assert (applied["schema_version"], applied["command"], applied["status"]) == (1, "apply", "done")
    assert [one["id"] for one in applied["migrations"]] == [A, B, C]
    assert all(one["statements"] == 1 and one["seconds"] >= 0 for one in applied["migrations"])
    assert applied["error"] is None

    back = shell.done(f"migrate rollback --confirm --format json {typed}").document()
    assert ([one["id"] for one in back["migrations"]], back["status"]) == ([C], "done")


def test_the_document_of_a_run_that_failed_says_what_ran_before(shell: Shell, typed: str) -> None:
    shell.write(f"migrations/{B}_up.sql", "INSERT INTO nowhere VALUES (1);")

    failed = shell(f"migrate apply --confirm --format json {typed}")

    document = failed.document()
    assert (failed.status, document["status"], document["error"]["code"]) == (4, "failed", "QN4001")
    assert [one["id"] for one in document["migrations"]] == [A]


@pytest.mark.engines("sqlite")
def test_documents_of_what_is_only_noted_or_only_shown(shell: Shell, typed: str, database: Database) -> None:
    shown = shell.done(f"migrate apply --dry-run --format json {typed}").document()
    assert [one["id"] for one in shown["would_run"]] == [A, B, C]

    noted = shell.done(f"migrate baseline --to {A} --confirm --format json {typed}").document()
    assert (noted["noted"], noted["migrations"]) == ([A], [])

    noted = shell.done(f"migrate repair {A} --mark-rolled-back --confirm --format json {typed}").document()
    assert (noted["command"], noted["noted"]) == ("repair", [A])
    refused = shell(f"migrate apply --format json {typed}").document()
    assert (refused["error"]["code"], refused["migrations"]) == ("QN3001", [])
    assert tables(database) == []


@pytest.mark.engines("sqlite")
def test_the_log_has_an_event_on_each_line(shell: Shell, typed: str) -> None:
    lines = shell.done(f"migrate apply --confirm --verbose {typed}").err.splitlines()

    events = [line.split(" ")[1] for line in lines if line.startswith("at=")]
    assert events == ["event=begin", *["event=statement", "event=done"] * 3, "event=end"]
    [statement] = [line for line in lines if f'migration="{B}"' in line and "event=statement" in line]
    assert json.loads(statement.partition(" sql=")[2]) == "CREATE TABLE b (id integer PRIMARY KEY)"


@pytest.mark.engines("sqlite")
def test_rollback_goes_back_to_a_migration_that_stays(shell: Shell, typed: str, database: Database) -> None:
    shell.done(f"migrate apply --confirm {typed}")

    told = shell.done(f"migrate rollback --to {A} --dry-run {typed}").out
    assert [line for line in told.splitlines() if line.startswith("-- 2")] == [f"-- {C}", f"-- {B}"]
    shell.done(f"migrate rollback --to {A} --confirm {typed}")

    assert tables(database) == ["a"]
    assert "ran after" in shell.done(f"migrate rollback --to {A} --confirm {typed}").out
    assert shell(f"migrate rollback --to {C} --confirm {typed}").status == 2
    assert shell(f"migrate rollback --to {A} --steps 1 --confirm {typed}").status == 2
    shell.done(f"migrate rollback --count 1 --confirm {typed}")
    assert tables(database) == []


def test_a_dry_run_leaves_no_trace(shell: Shell, typed: str, database: Database) -> None:
    before = shell.files()

    assert "CREATE TABLE a" in shell.done(f"migrate apply --dry-run {typed}").out

    assert shell.files() == before
    query = {
        "sqlite": "SELECT name FROM sqlite_schema",
        "postgresql": "SELECT relname FROM pg_class WHERE relname LIKE 'querynl%'",
    }.get(database.engine, "SHOW TABLES")
    assert database.rows(query) == []
