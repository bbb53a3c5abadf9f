"""Several migrations made one: proved equal, taken as applied where they are, refused where only some are."""

import os
from pathlib import Path

import pytest

from querynl.errors import DecisionNeeded, DriftFound, MigrationInvalid, MigrationMissing, UsageInvalid
from querynl.histories import without_histories
from tests.cli.shell import Shell, inspect, scratch
from tests.engines import Database, Databases

A, B, C = "20260101000000_make_a", "20260102000000_more_a", "20260103000000_make_b"
ALL = {
    A: ("CREATE TABLE a (id integer PRIMARY KEY, n varchar(20));", "DROP TABLE a;"),
    B: ("ALTER TABLE a ADD COLUMN m integer;", "ALTER TABLE a DROP COLUMN m;"),
    C: ("CREATE TABLE b (id integer PRIMARY KEY, v varchar(9) DEFAULT 'x' NOT NULL);", "DROP TABLE b;"),
}


@pytest.fixture
def typed(shell: Shell, database: Database) -> str:
    """The end of commands on the database; the folder holds three migrations."""
    for id, (up, down) in ALL.items():
        write(shell, id, up, down)
    return f"-c '{database.url}'"


def write(shell: Shell, id: str, up: str, down: str) -> None:
    shell.write(f"migrations/{id}_up.sql", up)
    shell.write(f"migrations/{id}_down.sql", down)


def squash(shell: Shell, database: Database, options: str = "") -> str:
    return shell.done(f"migrate squash --confirm --dialect {database.engine} {options} {where(database)}").out


def where(database: Database) -> str:
    return " ".join(scratch(database))


def applied(shell: Shell, typed: str) -> dict[str, str]:
    found = shell.done(f"migrate status --format json {typed}").document()["migrations"]
    return {one["id"]: one["status"] for one in found}


def test_a_squashed_migration_does_what_the_old_ones_did_and_leads_back(
    shell: Shell, typed: str, database: Database, databases: Databases
) -> None:
    shell.done(f"migrate apply --confirm {typed}")
    wanted = without_histories(inspect(database))[0]

    said = squash(shell, database, "-m 'all of it'")

    assert f"Migration {C} replaces 3" in said
    assert sorted(Path(name).name for name in shell.files() if name.startswith("migrations")) == [
        f"{C}_down.sql",
        f"{C}_up.sql",
    ]
    text = (shell.folder / f"migrations/{C}_up.sql").read_text(encoding="utf-8")
    assert text.startswith("-- Migration: all of it\n")
    assert [line.split()[-1] for line in text.splitlines() if "Replaces:" in line] == [A, B, C]
    with databases.temporary(database.engine) as other:
        shell.done(f"migrate apply --confirm -c '{other.url}'")
        assert without_histories(inspect(other))[0].tables == wanted.tables
        shell.done(f"migrate rollback --confirm -c '{other.url}'")
        assert without_histories(inspect(other))[0].tables == ()


def test_a_database_with_all_of_them_takes_the_squashed_one_as_applied(
    shell: Shell, typed: str, database: Database
) -> None:
    shell.done(f"migrate apply --confirm {typed}")
    database.execute("INSERT INTO a (id, n) VALUES (1, 'kept')")

    squash(shell, database)

    assert applied(shell, typed) == {C: "applied"}
    assert "Nothing to apply" in shell.done(f"migrate apply --confirm {typed}").out
    write(shell, "20260104000000_make_c", "CREATE TABLE c (id integer PRIMARY KEY);", "DROP TABLE c;")
    shell.done(f"migrate apply --confirm {typed}")
    assert [row[0] for row in database.rows("SELECT migration_id FROM querynl_history ORDER BY run_number")] == [
        C,
        "20260104000000_make_c",
    ]
    assert database.rows("SELECT n FROM a") == [("kept",)]
    assert applied(shell, typed) == {C: "applied", "20260104000000_make_c": "applied"}
    shell.done(f"migrate rollback --steps 2 --confirm --allow destructive {typed}")
    assert without_histories(inspect(database))[0].tables == ()
    shell.done(f"migrate apply --confirm {typed}")
    assert database.rows("SELECT n FROM a") == []


def test_drift_is_seen_by_the_run_that_takes_the_squashed_one_into_the_history(
    shell: Shell, typed: str, database: Database
) -> None:
    shell.done(f"migrate apply --confirm {typed}")
    squash(shell, database)
    write(shell, "20260104000000_make_c", "CREATE TABLE c (id integer PRIMARY KEY);", "DROP TABLE c;")
    database.execute("ALTER TABLE a ADD COLUMN by_hand integer")

    stopped = shell(f"migrate apply --confirm {typed}")

    assert stopped.status == DriftFound.exit_status
    assert "by_hand" in stopped.err


def test_a_database_with_some_of_them_is_refused_with_the_first_that_lacks(
    shell: Shell, typed: str, database: Database
) -> None:
    shell.done(f"migrate apply --count 1 --confirm {typed}")
    old = {name: content for name, content in shell.files().items() if name.startswith("migrations")}
    squash(shell, database)
    new = {name: content for name, content in shell.files().items() if name.startswith("migrations")}

    refused = shell(f"migrate apply --confirm {typed}")

    assert refused.status == MigrationMissing.exit_status
    assert B in refused.err
    assert "Check out the files from before" in refused.err
    assert applied(shell, typed) == {C: "partially applied"}
    for name, content in old.items():
        shell.write(name, content.decode())
    shell.done(f"migrate apply --confirm {typed}")
    for name in old.keys() - new.keys():
        (shell.folder / name).unlink()
    for name, content in new.items():
        shell.write(name, content.decode())
    assert applied(shell, typed) == {C: "applied"}


def test_what_writes_rows_is_named_and_nothing_is_written(shell: Shell, typed: str, database: Database) -> None:
    write(shell, "20260104000000_fill", "INSERT INTO a (id) VALUES (1);", "DELETE FROM a;")
    before = shell.files()

    stopped = shell(f"migrate squash --confirm --dialect {database.engine} {where(database)}")

    assert stopped.status == DecisionNeeded.exit_status == 7
    assert "20260104000000_fill writes rows of" in stopped.err
    assert shell.files() == before
    squash(shell, database, f"--to {C}")
    shell.done(f"migrate apply --confirm {typed}")
    assert database.rows("SELECT id FROM a") == [(1,)]


def test_values_that_are_changed_count_as_rows_that_are_written(shell: Shell, typed: str, database: Database) -> None:
    write(shell, "20260104000000_change", "UPDATE a SET n = 'same';", "SELECT 1;")

    stopped = shell(f"migrate squash --from {C} --confirm --dialect {database.engine} {where(database)}")

    assert stopped.status == 7
    assert "20260104000000_change writes rows of" in stopped.err


def test_a_new_column_that_is_filled_counts_as_rows_that_are_written(
    shell: Shell, typed: str, database: Database
) -> None:
    D = "20260104000000_fill_f"
    write(shell, D, "ALTER TABLE a ADD COLUMN f integer; UPDATE a SET f = 7;", "ALTER TABLE a DROP COLUMN f;")

    stopped = shell(f"migrate squash --from {C} --confirm --dialect {database.engine} {where(database)}")

    assert stopped.status == 7
    assert f"{D} writes rows of" in stopped.err


def test_a_rename_among_them_is_asked_for_and_keeps_its_rows(shell: Shell, typed: str, database: Database) -> None:
    write(shell, "20260104000000_o", "ALTER TABLE a RENAME COLUMN n TO o;", "ALTER TABLE a RENAME COLUMN o TO n;")
    shell.done(f"migrate apply --to {B} --confirm {typed}")
    database.execute("INSERT INTO a (id, n) VALUES (1, 'kept')")

    stopped = shell(f"migrate squash --from {C} --confirm --dialect {database.engine} {where(database)}")
    assert stopped.status == 7
    assert "--rename a.n:o" in stopped.err
    squash(shell, database, f"--from {C} --rename a.n:o")

    shell.done(f"migrate apply --confirm {typed}")
    assert database.rows("SELECT o FROM a") == [("kept",)]


def test_a_squashed_one_is_squashed_again(shell: Shell, typed: str, database: Database, databases: Databases) -> None:
    shell.done(f"migrate apply --confirm {typed}")
    squash(shell, database, f"{A} {B}")
    with databases.temporary(database.engine) as other:
        shell.done(f"migrate apply --confirm -c '{other.url}'")

        squash(shell, database)

        assert applied(shell, typed) == {C: "applied"}
        assert applied(shell, f"-c '{other.url}'") == {C: "applied"}
    shell.done(f"migrate rollback --confirm {typed}")
    assert without_histories(inspect(database))[0].tables == ()


def test_an_old_file_beside_the_squashed_one_is_refused(shell: Shell, typed: str, database: Database) -> None:
    squash(shell, database)
    write(shell, A, *ALL[A])

    refused = shell(f"migrate apply --confirm {typed}")

    assert refused.status == MigrationInvalid.exit_status
    assert f"{A}_up.sql is there beside {C}_up.sql" in refused.err


@pytest.mark.engines("sqlite")
def test_a_trial_and_a_wrong_choice_change_nothing(shell: Shell, typed: str, database: Database) -> None:
    before = shell.files()

    shown = shell.done("migrate squash --dry-run --dialect sqlite").out

    assert 'CREATE TABLE "a"' in shown
    assert shell("migrate squash --dialect sqlite").status == 7
    for choice in (f"{A} {C}", "--from nothing", f"--from {C}", f"{A} {B} --to {C}"):
        assert shell(f"migrate squash --confirm --dialect sqlite {choice}").status == UsageInvalid.exit_status
    assert shell.files() == before


@pytest.mark.engines("sqlite")
def test_a_file_that_cannot_be_written_leaves_all_as_it_was(
    shell: Shell, typed: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shell.files()
    replaced: list[str] = []
    replace = os.replace

    def replace_one(old: Path, new: Path) -> None:
        if replaced:
            raise OSError(28, "No space left on device", str(new))
        replaced.append(new.name)
        replace(old, new)

    monkeypatch.setattr("os.replace", replace_one)
    refused = shell("migrate squash --confirm --dialect sqlite")

    assert refused.status == MigrationInvalid.exit_status
    assert "No space left" in refused.err
    assert replaced == [f"{C}_up.sql"]
    assert shell.files() == before
