"""What the commands say and do when a migration stands where it should not."""

import pytest

from querynl.ledger import TABLE
from tests.cli.shell import Shell
from tests.engines import Database

A = "20260101000000_a"
B = "20260102000000_b"


@pytest.fixture
def typed(shell: Shell, database: Database) -> str:
    """The end of every command; two migrations of which the first is applied and the second fails halfway."""
    shell.write(f"migrations/{A}_up.sql", "CREATE TABLE a (id integer);")
    shell.write(f"migrations/{A}_down.sql", "DROP TABLE a;")
    connection = f"-c '{database.url}'"
    shell.done(f"migrate apply --confirm {connection}")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (1, 2, 3);")
    shell.write(f"migrations/{B}_down.sql", "DROP TABLE b;")
    return connection


def statuses(shell: Shell, connection: str) -> dict[str, str]:
    document = shell.done(f"migrate status --format json {connection}").document()
    return {one["id"]: one["status"] for one in document["migrations"]}


def test_repair_without_a_way_shows_what_is_known_and_changes_nothing(shell: Shell, typed: str) -> None:
    assert shell(f"migrate apply --confirm {typed}").status == 4

    told = shell.done(f"migrate repair {B} {typed}")

    assert f"{B} is failed." in told.out
    assert "of 2 statements ran." in told.out
    assert "It failed:" in told.out
    assert "`querynl migrate apply -c " in told.err
    assert statuses(shell, typed) == {A: "applied", B: "failed"}


def test_a_migration_that_failed_is_resumed_once_it_is_corrected(shell: Shell, typed: str, database: Database) -> None:
    shell(f"migrate apply --confirm {typed}")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (1);")

    assert f"Applied {B}" in shell.done(f"migrate repair {B} --resume --confirm {typed}").out

    assert database.rows("SELECT id FROM a") == [(1,)]
    assert statuses(shell, typed) == {A: "applied", B: "applied"}


def test_what_a_person_did_by_hand_is_noted_as_applied(shell: Shell, typed: str, database: Database) -> None:
    database.execute("CREATE TABLE b (id integer)")

    assert shell.done(f"migrate repair {B} --mark-applied --confirm {typed}").out == f"Noted as applied: {B}\n"

    assert statuses(shell, typed) == {A: "applied", B: "applied"}
    assert "up to date" in shell.done(f"migrate apply --confirm {typed}").out


def test_a_file_that_was_edited_after_it_was_applied_is_taken_as_it_is_now(shell: Shell, typed: str) -> None:
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer);")
    shell.done(f"migrate apply --confirm {typed}")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer, n integer);")
    assert statuses(shell, typed)[B] == "changed"

    shell.done(f"migrate repair {B} --mark-applied --confirm {typed}")

    assert statuses(shell, typed)[B] == "applied"


def test_what_a_person_undid_by_hand_is_noted_as_not_applied(shell: Shell, typed: str, database: Database) -> None:
    database.execute("DROP TABLE a")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer);")

    shell.done(f"migrate repair {A} --mark-rolled-back --confirm {typed}")

    assert statuses(shell, typed) == {A: "pending", B: "pending"}
    shell.done(f"migrate apply --confirm {typed}")
    assert statuses(shell, typed) == {A: "applied", B: "applied"}


@pytest.mark.engines("mysql", "mariadb")
def test_the_number_of_statements_that_ran_is_taken_from_a_person(shell: Shell, typed: str, database: Database) -> None:
    shell(f"migrate apply --confirm {typed}")
    database.execute(f"UPDATE {TABLE} SET status = 'running', statements_done = 0 WHERE migration_id = '{B}'")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer);\nINSERT INTO a VALUES (1);")

    shell.done(f"migrate repair {B} --resume --done 1 --confirm {typed}")

    assert database.rows("SELECT id FROM a") == [(1,)]
    assert statuses(shell, typed) == {A: "applied", B: "applied"}


def test_a_migration_is_reverted(shell: Shell, typed: str) -> None:
    shell.done(f"migrate repair {A} --revert --confirm {typed}")

    assert statuses(shell, typed)[A] == "pending"


def test_nothing_is_repaired_without_a_go_ahead(shell: Shell, typed: str) -> None:
    assert shell(f"migrate repair {A} --mark-rolled-back {typed}").status == 7
    assert statuses(shell, typed)[A] == "applied"


@pytest.mark.parametrize("words", ["nowhere --resume", f"{B} --mark-rolled-back", f"{A} --mark-applied --done 1"])
def test_what_cannot_be_repaired_is_wrong_usage(shell: Shell, typed: str, words: str) -> None:
    assert shell(f"migrate repair {words} --confirm {typed}").status == 2


def test_each_operation_of_a_plan_is_compared_with_the_database(shell: Shell, database: Database) -> None:
    connection = f"-c '{database.url}'"
    columns = [{"name": "id", "type": "integer", "nullable": False}]
    shell.write("after.json", {"tables": [{"name": "a", "columns": columns}, {"name": "b", "columns": columns}]})
    shell.done(f"migrate generate --from empty --to after.json -m ab --no-verify {connection}")
    [migration] = shell.done(f"migrate status --format json {connection}").document()["migrations"]
    database.execute("CREATE TABLE a (id integer NOT NULL)")

    told = shell.done(f"migrate repair {migration['id']} {connection}").out

    assert "Creates table a" in told
    assert "Done." in told
    assert "Not done." in told


@pytest.mark.parametrize("framework", ["raw", "flyway", "alembic"])
def test_a_migration_written_by_hand_begins_as_a_file_that_runs(
    shell: Shell, database: Database, framework: str
) -> None:
    connection = f"-c '{database.url}'"

    told = shell.done(f"migrate new -m 'Fill in places' --framework {framework} {connection}").out

    assert "_fill_in_places" in told
    assert list(statuses(shell, connection).values()) == ["pending"]
    shell.done(f"migrate apply --confirm {connection}")
    assert list(statuses(shell, connection).values()) == ["applied"]


def test_a_baseline_notes_what_a_database_has_already(shell: Shell, typed: str, database: Database) -> None:
    database.execute("CREATE TABLE b (id integer)")
    shell.write("migrations/20260103000000_c_up.sql", "CREATE TABLE c (id integer);")

    told = shell.done(f"migrate baseline --to {B} --confirm {typed}").out

    assert told == f"Noted as applied: {B}\n"
    assert statuses(shell, typed) == {A: "applied", B: "applied", "20260103000000_c": "pending"}


def test_a_database_without_migrations_gets_a_first_one_that_is_applied(shell: Shell, database: Database) -> None:
    connection = f"-c '{database.url}'"
    database.execute("CREATE TABLE a (id integer NOT NULL)")

    shell.done(f"migrate baseline --confirm {connection}")

    assert list(statuses(shell, connection).values()) == ["applied"]
    [file] = (shell.folder / "migrations").glob("*_baseline_up.sql")
    assert "CREATE TABLE" in file.read_text(encoding="utf-8")


def test_an_empty_database_has_no_baseline(shell: Shell, database: Database) -> None:
    assert shell(f"migrate baseline --confirm -c '{database.url}'").status == 5
