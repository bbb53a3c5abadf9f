"""What was changed in a database beside its migrations: seen, shown, adopted or gone over."""

import pytest

from querynl.errors import DriftFound
from tests.cli.shell import Shell, scratch
from tests.engines import Database

A = "20260101000000_a"
B = "20260102000000_b"


@pytest.fixture
def typed(shell: Shell, database: Database) -> str:
    """The end of every command; one migration is applied, and another waits."""
    connection = f"-c '{database.url}'"
    shell.write(f"migrations/{A}_up.sql", "CREATE TABLE a (id integer PRIMARY KEY, n varchar(20));")
    shell.write(f"migrations/{A}_down.sql", "DROP TABLE a;")
    shell.done(f"migrate apply --confirm {connection}")
    shell.write(f"migrations/{B}_up.sql", "CREATE TABLE b (id integer PRIMARY KEY);")
    shell.write(f"migrations/{B}_down.sql", "DROP TABLE b;")
    return connection


def test_a_database_that_nobody_changed_has_no_drift(shell: Shell, typed: str) -> None:
    assert "No drift" in shell.done(f"migrate drift --check {typed}").out

    shell.done(f"migrate apply --confirm {typed}")
    shell.done(f"migrate rollback --confirm {typed}")
    assert "No drift" in shell.done(f"migrate drift --check {typed}").out


def test_what_was_changed_beside_stops_both_ways_before_anything_runs(
    shell: Shell, typed: str, database: Database
) -> None:
    database.execute("ALTER TABLE a ADD COLUMN m integer")

    for command in ("apply", "rollback"):
        stopped = shell(f"migrate {command} --confirm {typed}")
        assert stopped.status == DriftFound.exit_status == 6
        assert "column a.m is new" in stopped.err.replace("public.", "")
        assert "migrate drift --adopt" in stopped.err
        assert "--ignore-drift" in stopped.err
    assert shell.done(f"migrate status --format json {typed}").document()["totals"]["applied"] == 1

    shown = shell(f"migrate drift --check {typed}")
    assert shown.status == 6
    assert "Adds column m" in shown.out
    assert shell(f"migrate drift {typed}").status == 0


def test_the_way_by_force_takes_what_is_there_for_what_should_be(shell: Shell, typed: str, database: Database) -> None:
    database.execute("ALTER TABLE a ADD COLUMN m integer")

    shell.done(f"migrate apply --confirm --ignore-drift {typed}")

    assert "No drift" in shell.done(f"migrate drift --check {typed}").out


def test_drift_is_adopted_as_a_migration_that_other_databases_get(shell: Shell, typed: str, database: Database) -> None:
    database.execute("ALTER TABLE a ADD COLUMN m integer")
    where = " ".join(scratch(database))

    adopted = shell.done(f"migrate drift --adopt -m 'keep m' --confirm {where} {typed}")

    assert "Noted as applied" in adopted.out
    assert "m" in (shell.folder / shell.migration("keep_m")).read_text(encoding="utf-8")
    assert "No drift" in shell.done(f"migrate drift --check {typed}").out
    shell.done(f"migrate rollback --confirm {typed}")
    assert [row[0] for row in database.rows("SELECT n FROM a")] == []
    assert "No drift" in shell.done(f"migrate drift --check {typed}").out


def test_a_database_without_a_kept_state_is_not_held_up(shell: Shell, typed: str, database: Database) -> None:
    database.execute("DROP TABLE querynl_state")
    database.execute("ALTER TABLE a ADD COLUMN m integer")

    assert "nothing tells what its last run left" in shell.done(f"migrate drift --check {typed}").out
    assert shell.done(f"migrate drift --format json {typed}").document()["known"] is False
    shell.done(f"migrate apply --confirm {typed}")
    assert "No drift" in shell.done(f"migrate drift --check {typed}").out
