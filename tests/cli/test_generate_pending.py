"""`migrate generate` for a database in which other migrations are still pending."""

import re

import pytest

from tests.cli.shell import Shell, inspect, schema_of, scratch, table
from tests.engines import Database

NAME = {"name": "name", "type": "varchar(40)"}
AGE = {"name": "age", "type": "integer"}


def generate(shell: Shell, database: Database, to: str) -> str:
    command = ["migrate", "generate", "-c", database.url, "--to", to, "-m", to.removesuffix(".json")]
    return shell.done([*command, *scratch(database)]).err


@pytest.fixture
def first(shell: Shell, database: Database) -> None:
    """A migration for an empty database, which is pending."""
    shell.write("people.json", schema_of(table("people", NAME)))
    shell.write("ages.json", schema_of(table("people", NAME, AGE)))
    generate(shell, database, "people.json")


@pytest.mark.usefixtures("first")
def test_the_migration_after_one_that_is_pending_goes_on_from_there(shell: Shell, database: Database) -> None:
    said = generate(shell, database, "ages.json")

    assert re.search(r"Note: the schema before is that of .* with what is pending there: \d{14}_people\.", said)
    assert b"CREATE TABLE" not in shell.files()[shell.migration("ages")]
    shell.done(["migrate", "apply", "-c", database.url, "--confirm"])
    [people] = [found for found in inspect(database).tables if found.name == "people"]
    assert [column.name for column in people.columns] == ["id", "name", "age"]


@pytest.mark.usefixtures("first")
def test_there_is_no_difference_to_a_schema_that_the_pending_migration_leads_to(
    shell: Shell, database: Database
) -> None:
    command = ["migrate", "generate", "-c", database.url, "--to", "people.json", "--check", *scratch(database)]

    assert "No difference" in shell.done(command).out


@pytest.mark.usefixtures("first")
def test_a_pending_migration_whose_file_is_gone_counts_as_it_was_recorded(shell: Shell, database: Database) -> None:
    (shell.folder / shell.migration("people")).unlink()

    generate(shell, database, "ages.json")

    assert b"CREATE TABLE" not in shell.files()[shell.migration("ages")]


@pytest.mark.engines("mysql", "mariadb")
def test_after_a_migration_that_stopped_in_its_middle_nothing_is_planned(shell: Shell, database: Database) -> None:
    shell.write("migrations/20260101000000_half_up.sql", "CREATE TABLE a (id int);\nCREATE TABLE a (id int);\n")
    shell.write("ages.json", schema_of(table("people", AGE)))
    assert shell(["migrate", "apply", "-c", database.url, "--confirm"]).status == 4
    files = shell.files()

    result = shell(["migrate", "generate", "-c", database.url, "--to", "ages.json", *scratch(database)])

    assert result.status == 5
    assert "20260101000000_half did not end" in result.err
    assert "Settle it first: `querynl migrate status" in result.err
    assert shell.files() == files


@pytest.mark.engines("sqlite")
def test_after_a_migration_that_failed_in_another_tool_nothing_is_planned(shell: Shell, database: Database) -> None:
    shell.write("migrations/V1__first.sql", "CREATE TABLE first (id integer);\n")
    shell.done(["migrate", "apply", "-c", database.url, "--confirm"])
    # As though Flyway alone had run it, and had not come to its end.
    database.execute("DELETE FROM querynl_history; UPDATE flyway_schema_history SET success = 0")
    shell.write("people.json", schema_of(table("people", AGE)))

    result = shell(["migrate", "generate", "-c", database.url, "--to", "people.json"])

    assert result.status == 5
    assert "did not end" in result.err
