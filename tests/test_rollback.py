"""Rolling migrations back: newest first, by the way down they came with, all of one or an exact account of it."""

import pytest

from querynl.errors import DecisionNeeded, MigrationFailed, MigrationIrreversible, UsageInvalid
from querynl.registry import get_migrations
from querynl.runner import newest, statements_to_roll_back
from querynl.schema import Column, Schema, Table
from tests.migrating import CONNECTION, Project, done

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"


@pytest.fixture
def applied(project: Project) -> Project:
    """Three migrations, a table each, that are applied."""
    for migration_id, table in ((A, "a"), (B, "b"), (C, "c")):
        project.write(migration_id, f"CREATE TABLE {table} (id integer);", f"DROP TABLE {table};")
    project.apply()
    return project


def test_the_newest_is_rolled_back_first_and_pending_again(applied: Project) -> None:
    assert done(applied.rollback(steps=2)) == [C, B]

    assert applied.tables() == {"a"}
    assert applied.statuses() == applied.store() == {A: "applied", B: "pending", C: "pending"}
    assert [known.applied_at for known in applied.survey()[1:]] == [None, None]


def test_the_history_remembers_what_was_rolled_back(applied: Project) -> None:
    applied.rollback()

    entry = next(entry for entry in applied.history() if entry.migration_id == C)
    assert (entry.status, entry.direction) == ("rolled back", "down")
    assert entry.applied_at is not None


def test_up_and_down_and_up_again(applied: Project) -> None:
    applied.rollback(steps=3)
    assert applied.tables() == set()

    assert done(applied.apply()) == [A, B, C]
    assert applied.tables() == {"a", "b", "c"}


def test_more_steps_than_there_are_roll_back_all(applied: Project) -> None:
    assert done(applied.rollback(steps=9)) == [C, B, A]
    assert done(applied.rollback()) == []


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("steps", [0, -1])
def test_less_than_one_step_is_refused(applied: Project, steps: int) -> None:
    with pytest.raises(UsageInvalid):
        applied.rollback(steps=steps)


@pytest.mark.engines("sqlite")
def test_the_last_to_be_applied_counts_as_the_newest(applied: Project) -> None:
    applied.write("20260101120000_late", "CREATE TABLE late (id integer);", "DROP TABLE late;")
    applied.apply(out_of_order=True)

    assert done(applied.rollback()) == ["20260101120000_late"]


def test_one_without_a_way_back_stops_everything(applied: Project) -> None:
    applied.write("20260104000000_d", "CREATE TABLE d (id integer);")
    applied.write("20260105000000_e", "CREATE TABLE e (id integer);", "DROP TABLE e;")
    applied.apply()

    with pytest.raises(MigrationIrreversible, match="20260104000000_d"):
        applied.rollback(steps=2)
    assert applied.tables() == {"a", "b", "c", "d", "e"}


@pytest.mark.engines("sqlite")
def test_a_way_back_without_a_statement_is_none(applied: Project) -> None:
    applied.write("20260104000000_d", "CREATE TABLE d (id integer);", "-- to be written\n")
    applied.apply()

    with pytest.raises(MigrationIrreversible):
        applied.rollback()


@pytest.mark.engines("sqlite")
def test_a_way_back_that_was_corrected_since_runs(applied: Project) -> None:
    applied.write(C, "CREATE TABLE c (id integer);", "ALTER TABLE c RENAME TO kept;")

    applied.rollback()

    assert applied.tables() == {"a", "b", "kept"}


@pytest.mark.engines("sqlite")
def test_files_that_are_gone_are_rolled_back_by_what_the_history_kept(
    applied: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUERYNL_DATA_DIR", str(applied.folder / "another machine"))
    for file in applied.folder.glob("*.sql"):
        file.unlink()

    assert done(applied.rollback()) == [C]
    assert applied.tables() == {"a", "b"}


@pytest.mark.engines("postgresql", "sqlite")
def test_a_rollback_that_failed_leaves_the_migration_applied(applied: Project) -> None:
    applied.write(C, "CREATE TABLE c (id integer);", "DROP TABLE c; DROP TABLE nowhere;")

    with pytest.raises(MigrationFailed, match="The rollback of") as caught:
        applied.rollback(steps=2)

    assert caught.value.remedy == f"Nothing of it remains. Correct the cause and roll it back again. Not tried: {B}."
    assert applied.tables() == {"a", "b", "c"}
    assert set(applied.statuses().values()) == set(applied.store().values()) == {"applied"}
    assert "nowhere" in applied.survey()[2].notes[0]
    assert [record.error_message is not None for record in get_migrations(CONNECTION)] == [False, False, True]


@pytest.mark.engines("mysql", "mariadb")
def test_a_rollback_that_failed_halfway_goes_on_from_there(applied: Project) -> None:
    applied.write(C, "CREATE TABLE c (id integer);", "DROP TABLE c; DROP TABLE nowhere;")
    with pytest.raises(MigrationFailed, match="Statement 1 ran and stays, 2 failed"):
        applied.rollback()
    assert applied.statuses()[C] == "partially applied"
    with pytest.raises(DecisionNeeded, match="halfway"):
        applied.apply()
    applied.database.execute("CREATE TABLE nowhere (id integer)")

    assert done(applied.rollback()) == [C]
    assert applied.statuses()[C] == "pending"
    assert applied.tables() == {"a", "b"}


def test_a_migration_of_which_nothing_remained_is_pending_after_a_rollback(applied: Project) -> None:
    applied.write("20260104000000_d", "INSERT INTO nowhere VALUES (1);", "DROP TABLE d;")
    with pytest.raises(MigrationFailed):
        applied.apply()

    assert done(applied.rollback()) == ["20260104000000_d"]
    assert applied.statuses()["20260104000000_d"] == "pending"
    assert applied.tables() == {"a", "b", "c"}


@pytest.mark.engines("mysql", "mariadb")
def test_the_part_that_ran_of_a_script_by_hand_is_not_guessed_at(applied: Project) -> None:
    applied.write("20260104000000_d", "CREATE TABLE d (id integer); INSERT INTO nowhere VALUES (1);", "DROP TABLE d;")
    with pytest.raises(MigrationFailed):
        applied.apply()

    with pytest.raises(MigrationIrreversible, match="Only 1 of 2 statements"):
        applied.rollback()
    assert "d" in applied.tables()


@pytest.mark.engines("mysql", "mariadb")
def test_the_steps_that_ran_of_a_plan_are_undone_exactly(project: Project) -> None:
    columns = (Column(name="id", type="integer", nullable=False),)
    tables = tuple(Table(name=name, columns=columns) for name in ("one", "two", "zzz"))
    project.generate(A, Schema(), Schema(tables=tables))
    project.database.execute("CREATE TABLE two (id integer)")
    with pytest.raises(MigrationFailed, match="Statement 1 ran and stays, 2 failed"):
        project.apply()

    with project.session() as (connection, dialect):
        [known] = newest(project.survey(), 1)
        told = statements_to_roll_back(known, connection, dialect)
    assert [statement.sql for statement in told] == ["DROP TABLE `one`"]
    assert done(project.rollback()) == [A]
    assert project.tables() == {"two"}
    assert project.statuses() == {A: "pending"}
