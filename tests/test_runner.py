"""What is known of migrations, and applying them: oldest first, each once, all of one or an exact account of it."""

from pathlib import Path

import pytest

from querynl.dialects import Statement
from querynl.errors import (
    DecisionNeeded,
    MigrationChanged,
    MigrationFailed,
    MigrationInvalid,
    MigrationMissing,
    MigrationOutOfOrder,
    SourceUnreadable,
)
from querynl.ledger import Ledger
from querynl.registry import MigrationRecord, get_migrations, save_migration_record, update_migration_status
from querynl.runner import pending, statements_to_apply
from tests.migrating import CONNECTION, Project, done

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"


@pytest.fixture
def three(project: Project) -> Project:
    """Three migrations, a table each."""
    for migration_id, table in ((B, "b"), (A, "a"), (C, "c")):
        project.write(migration_id, f"CREATE TABLE {table} (id integer);", f"DROP TABLE {table};")
    return project


def record(migration_id: str, sql: str = "SELECT 1", *, file: Path | None = None, checksum: str | None = None) -> None:
    """Puts a migration into the tracking store."""
    path = None if file is None else str(file)
    save_migration_record(
        MigrationRecord(
            migration_id=migration_id, connection_name=CONNECTION, sql_content=sql, file=path, checksum=checksum
        )
    )


# ------------------------------------------------------------------------------------- what is known


@pytest.mark.engines("sqlite")
def test_files_the_store_does_not_have_are_pending_and_said_to_be_adopted(three: Project) -> None:
    known = three.survey()

    assert [migration.id for migration in known] == [A, B, C]
    assert {migration.status for migration in known} == {"pending"}
    assert known[0].notes == (f"{A}_up.sql is adopted: it was not in the tracking store.",)


@pytest.mark.engines("sqlite")
def test_a_survey_changes_nothing(three: Project) -> None:
    three.survey()

    assert three.store() == {}
    assert three.database.rows("SELECT name FROM sqlite_schema") == []


@pytest.mark.engines("sqlite")
def test_a_folder_that_nobody_named_may_be_missing(project: Project) -> None:
    assert project.survey() == []


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_that_was_named_must_hold_migrations(project: Project, exists: bool) -> None:
    if exists:
        project.folder.mkdir()

    with pytest.raises(SourceUnreadable):
        project.survey(named=True)


@pytest.mark.engines("sqlite")
def test_records_and_files_come_in_the_order_of_their_ids(project: Project) -> None:
    project.write(B, "CREATE TABLE b (id integer);")
    record(C)
    record(A)

    assert [migration.id for migration in project.survey()] == [A, B, C]


@pytest.mark.engines("sqlite")
def test_a_recorded_file_outside_the_folder_is_found(project: Project, tmp_path: Path) -> None:
    elsewhere = Project(project.database, tmp_path / "elsewhere")
    file = elsewhere.write(A, "CREATE TABLE a (id integer);")
    elsewhere.write(B, "CREATE TABLE b (id integer);")
    record(A, "CREATE TABLE a (id integer);", file=file)

    [known] = project.survey()

    assert known.file is not None
    assert known.path == file


@pytest.mark.engines("sqlite")
def test_an_edited_pending_file_runs_and_is_said_to_be_edited(project: Project) -> None:
    project.write(A, "CREATE TABLE edited (id integer);")
    record(A, "CREATE TABLE generated (id integer);", checksum="0" * 64)

    assert "edited since it was generated" in project.survey()[0].notes[0]

    project.apply()

    assert project.tables() == {"edited"}
    [kept] = get_migrations(CONNECTION)
    assert "edited" in kept.sql_content
    [known] = project.survey()
    assert known.entry is not None
    assert kept.checksum == known.entry.checksum
    assert not known.edited


@pytest.mark.engines("sqlite")
def test_a_pending_record_whose_file_is_gone_runs_from_the_store(project: Project) -> None:
    record(A, "CREATE TABLE a (id integer);", file=project.folder / f"{A}_up.sql")

    [known] = project.survey()

    assert known.status == "pending"
    assert "is gone" in known.notes[0]
    assert done(project.apply()) == [A]
    assert project.tables() == {"a"}


@pytest.mark.engines("sqlite")
def test_an_applied_migration_whose_file_is_gone_is_missing(three: Project) -> None:
    three.apply()
    (three.folder / f"{B}_up.sql").unlink()

    assert three.statuses() == {A: "applied", B: "missing", C: "applied"}


def test_the_history_counts_and_not_what_the_store_says(three: Project) -> None:
    three.apply()
    update_migration_status(A, CONNECTION, "pending")
    record("20260104000000_d")
    update_migration_status("20260104000000_d", CONNECTION, "applied")

    assert three.statuses() == {A: "applied", B: "applied", C: "applied", "20260104000000_d": "pending"}
    assert done(three.apply()) == ["20260104000000_d"]
    assert set(three.store().values()) == {"applied"}


def test_what_another_machine_applied_is_known_and_adopted(three: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    three.apply()
    monkeypatch.setenv("QUERYNL_DATA_DIR", str(three.folder / "another machine"))
    assert three.store() == {}

    assert set(three.statuses().values()) == {"applied"}
    assert done(three.apply()) == []
    assert three.store() == {A: "applied", B: "applied", C: "applied"}


# ------------------------------------------------------------------------------------------ applying


def test_pending_migrations_are_applied_oldest_first_and_once(three: Project) -> None:
    assert done(three.apply()) == [A, B, C]
    assert done(three.apply()) == []

    assert three.tables() == {"a", "b", "c"}
    assert [(entry.migration_id, entry.status, entry.statements_done) for entry in three.history()] == [
        (A, "applied", 1),
        (B, "applied", 1),
        (C, "applied", 1),
    ]
    assert three.store() == {A: "applied", B: "applied", C: "applied"}
    assert all(known.applied_at is not None and not known.notes for known in three.survey())


def test_progress_names_each_statement_before_it_runs(three: Project) -> None:
    seen: list[tuple[str, int, int, str]] = []

    def note(migration_id: str, number: int, total: int, statement: Statement) -> None:
        seen.append((migration_id, number, total, statement.sql))

    three.write(A, "CREATE TABLE a (id integer); INSERT INTO a VALUES (1);")
    three.apply(progress=note)

    assert seen == [
        (A, 1, 2, "CREATE TABLE a (id integer)"),
        (A, 2, 2, "INSERT INTO a VALUES (1)"),
        (B, 1, 1, "CREATE TABLE b (id integer)"),
        (C, 1, 1, "CREATE TABLE c (id integer)"),
    ]


def test_a_percent_sign_reaches_the_server_as_it_is(project: Project) -> None:
    project.write(A, "CREATE TABLE a (word varchar(20)); INSERT INTO a VALUES ('100%s %');")

    project.apply()

    assert project.database.rows("SELECT word FROM a") == [("100%s %",)]


def test_an_applied_file_that_was_edited_stops_everything(three: Project) -> None:
    (three.folder / f"{C}_up.sql").rename(three.folder / "later")
    three.apply()
    (three.folder / "later").rename(three.folder / f"{C}_up.sql")
    three.write(A, "CREATE TABLE other (id integer);")

    assert three.statuses() == {A: "changed", B: "applied", C: "pending"}
    with pytest.raises(MigrationChanged, match=A):
        three.apply()
    assert three.tables() == {"a", "b"}


@pytest.mark.engines("sqlite")
def test_line_endings_and_blanks_at_line_ends_are_no_edit(three: Project) -> None:
    three.apply()
    three.write(A, "CREATE TABLE a (id integer);  \r\n\r\n")

    assert three.statuses()[A] == "applied"


@pytest.mark.engines("postgresql", "sqlite")
def test_nothing_remains_of_a_migration_that_failed(three: Project) -> None:
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1);")

    with pytest.raises(MigrationFailed) as caught:
        three.apply()

    assert "failed at statement 3 of 3" in caught.value.what
    assert "nowhere" in caught.value.what
    assert caught.value.where == "INSERT INTO nowhere VALUES (1)"
    assert caught.value.remedy == f"Nothing of it remains. Correct the cause and apply it again. Not tried: {C}."
    assert three.tables() == {"a"}
    assert three.database.rows("SELECT id FROM a") == []
    assert three.statuses() == {A: "applied", B: "failed", C: "pending"}
    assert three.store() == {A: "applied", B: "failed"}
    assert "nowhere" in (three.survey()[1].error or "")


def test_a_failed_migration_is_applied_again_once_it_is_corrected(three: Project) -> None:
    three.write(B, "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed):
        three.apply()
    three.write(B, "CREATE TABLE b (id integer);")

    assert done(three.apply()) == [B, C]
    assert three.tables() == {"a", "b", "c"}
    assert set(three.statuses().values()) == set(three.store().values()) == {"applied"}
    assert all(known.error is None for known in three.survey())


@pytest.mark.engines("mysql", "mariadb")
def test_the_account_of_a_failure_says_which_statements_stand(three: Project) -> None:
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO a VALUES (1); INSERT INTO nowhere VALUES (1); SELECT 1;")

    with pytest.raises(MigrationFailed) as caught:
        three.apply()

    assert "failed at statement 3 of 4" in caught.value.what
    assert caught.value.remedy == (
        "Statements 1 to 2 ran and stay, 3 failed, 4 was not tried."
        f" Correct the cause and apply it again: it goes on with statement 3. Not tried: {C}."
    )
    assert three.tables() == {"a", "b"}
    assert three.statuses() == {A: "applied", B: "failed", C: "pending"}


@pytest.mark.engines("mysql", "mariadb")
def test_a_failed_migration_goes_on_after_the_statements_that_ran(three: Project) -> None:
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO b VALUES (1); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed):
        three.apply()
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO b VALUES (1); INSERT INTO b VALUES (2);")

    assert done(three.apply()) == [B, C]
    assert three.database.rows("SELECT id FROM b ORDER BY id") == [(1,), (2,)]


@pytest.mark.engines("mysql", "mariadb")
def test_settings_of_the_session_are_made_again_when_a_migration_goes_on(project: Project) -> None:
    start = "SET SESSION sql_mode = 'ANSI_QUOTES';\nCREATE TABLE \"a\" (id integer);\n"
    project.write(A, start + "INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed, match="Statements 1 to 2 ran and stay"):
        project.apply()
    project.write(A, start + 'CREATE TABLE "b" (id integer);')

    assert done(project.apply()) == [A]
    assert project.tables() == {"a", "b"}


@pytest.mark.engines("mysql", "mariadb")
def test_nothing_runs_while_a_later_migration_needs_a_decision(three: Project) -> None:
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed):
        three.apply()
    three.write(B, "SELECT 1; SELECT 2;")
    three.write("20260101120000_late", "CREATE TABLE late (id integer);")

    with pytest.raises(DecisionNeeded):
        three.apply()
    assert three.tables() == {"a", "b"}


@pytest.mark.engines("mysql", "mariadb")
def test_what_ran_of_a_failed_migration_may_not_be_rewritten(three: Project) -> None:
    three.write(B, "CREATE TABLE b (id integer); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed):
        three.apply()
    three.write(B, "CREATE TABLE other (id integer); SELECT 1;")

    with pytest.raises(DecisionNeeded, match="edited where it has run already"):
        three.apply()
    assert three.tables() == {"a", "b"}


def test_a_check_that_finds_rows_fails_the_migration_and_shows_them(project: Project) -> None:
    project.write(
        A,
        "CREATE TABLE a (id integer);\nINSERT INTO a VALUES (7);\n"
        "-- querynl: expects no rows\nSELECT id FROM a WHERE id > 5;\nCREATE TABLE never (id integer);",
    )

    with pytest.raises(MigrationFailed, match=r"1 row.*\(7,\)"):
        project.apply()
    assert "never" not in project.tables()


@pytest.mark.parametrize("statement", ["COMMIT", "BEGIN", "START TRANSACTION", "ROLLBACK", "/* so */ commit work"])
def test_a_script_that_ends_transactions_by_itself_is_refused_before_anything_runs(
    three: Project, statement: str
) -> None:
    three.write(B, f"CREATE TABLE b (id integer); {statement}; CREATE TABLE b2 (id integer);")

    with pytest.raises(MigrationInvalid, match="Statement 2"):
        three.apply()
    assert three.tables() == set()


def test_an_empty_script_is_applied_and_recorded(project: Project) -> None:
    project.write(A, "-- nothing to do\n")

    assert done(project.apply()) == [A]
    assert project.statuses() == {A: "applied"}


@pytest.mark.engines("sqlite")
def test_settings_of_the_session_are_made_before_the_transaction_and_restored_after_a_failure(
    project: Project,
) -> None:
    project.database.execute(
        "CREATE TABLE parents (id integer PRIMARY KEY);"
        "CREATE TABLE children (parent integer REFERENCES parents ON DELETE CASCADE);"
        "INSERT INTO parents VALUES (1); INSERT INTO children VALUES (1);"
    )
    project.write(
        A, "CREATE TABLE x (id);\nPRAGMA foreign_keys = OFF;\nDELETE FROM parents;\nPRAGMA foreign_keys = ON;\n"
    )
    project.write(B, "PRAGMA foreign_keys = OFF;\nDROP TABLE nowhere;\nPRAGMA foreign_keys = ON;\n")
    project.write(C, "INSERT INTO children VALUES (99);")

    with pytest.raises(MigrationFailed, match=B):
        project.apply()
    assert project.database.rows("SELECT parent FROM children") == [(1,)]
    project.write(B, "SELECT 1")
    with pytest.raises(MigrationFailed, match="FOREIGN KEY"):
        project.apply()


@pytest.mark.engines("postgresql")
def test_a_statement_that_refuses_a_transaction_runs_alone(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE TABLE b (id int);")

    assert done(project.apply()) == [A]
    assert project.database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'a'") == [("a_id",)]


@pytest.mark.engines("postgresql")
def test_what_was_committed_before_a_statement_that_ran_alone_stays_and_is_not_run_again(project: Project) -> None:
    start = "CREATE TABLE a (id int);\nINSERT INTO a VALUES (1);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\n"
    project.write(A, start + "CREATE TABLE b (id int);\nINSERT INTO nowhere VALUES (1);")

    with pytest.raises(MigrationFailed, match="Statements 1 to 3 ran and stay, 4 ran and was rolled back, 5 failed"):
        project.apply()
    project.write(A, start + "CREATE TABLE b (id int);")

    assert done(project.apply()) == [A]
    assert project.database.rows("SELECT id FROM a") == [(1,)]


@pytest.mark.engines("postgresql")
def test_a_constraint_checked_at_commit_fails_the_migration(project: Project) -> None:
    project.write(
        A,
        "CREATE TABLE a (id int PRIMARY KEY);\n"
        "CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO b VALUES (1);",
    )

    with pytest.raises(MigrationFailed, match="when the transaction was committed"):
        project.apply()
    assert project.tables() == set()
    assert project.statuses() == {A: "failed"}


@pytest.mark.engines("postgresql")
def test_a_migration_may_empty_the_search_path_as_dumps_do(project: Project) -> None:
    project.write(A, "SELECT pg_catalog.set_config('search_path', '', false);\nCREATE TABLE public.a (id int);")

    assert done(project.apply()) == [A]
    assert project.statuses() == {A: "applied"}


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_a_password_is_kept_out_of_errors(project: Project) -> None:
    statement = {
        "postgresql": "ALTER ROLE nobody_there PASSWORD 'hunter2'",
        "mysql": "ALTER USER 'nobody'@'nowhere' IDENTIFIED BY 'hunter2'",
        "mariadb": "ALTER USER 'nobody'@'nowhere' IDENTIFIED BY 'hunter2'",
    }[project.database.engine]
    project.write(A, statement)

    with pytest.raises(MigrationFailed) as caught:
        project.apply()

    assert "hunter2" not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_callback_that_raises_is_an_account_too(three: Project) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("the terminal is gone")

    with pytest.raises(RuntimeError, match="terminal"):
        three.apply(progress=refuse)
    assert three.tables() == set()
    assert three.statuses()[A] == "failed"


def test_the_statements_that_would_run_are_told_without_running_them(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer);\n-- querynl: expects no rows\nSELECT 1 FROM a;")

    with project.session() as (connection, dialect):
        [known] = pending(project.survey())
        told = statements_to_apply(known, connection, dialect)

        assert [statement.sql for statement in told] == ["CREATE TABLE a (id integer)", "SELECT 1 FROM a"]
        assert Ledger(connection, dialect).entries() == []
    assert project.tables() == set()


@pytest.mark.engines("mysql", "mariadb")
def test_the_statements_left_of_a_failed_migration_are_told(project: Project) -> None:
    project.write(A, "CREATE TABLE a (id integer); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(MigrationFailed):
        project.apply()

    with project.session() as (connection, dialect):
        told = statements_to_apply(project.survey()[0], connection, dialect)

    assert [statement.sql for statement in told] == ["INSERT INTO nowhere VALUES (1)"]


@pytest.mark.engines("sqlite")
def test_what_comes_before_an_applied_migration_is_out_of_order_and_runs_when_asked(three: Project) -> None:
    three.apply()
    three.write("20260101120000_late", "CREATE TABLE late (id integer);")

    assert three.statuses()["20260101120000_late"] == "out of order"
    with pytest.raises(MigrationOutOfOrder, match="20260101120000_late"):
        three.apply()
    assert done(three.apply(out_of_order=True)) == ["20260101120000_late"]


@pytest.mark.engines("sqlite")
def test_the_missing_file_of_an_applied_migration_stops_the_next_until_it_is_allowed(three: Project) -> None:
    three.apply()
    gone = sorted(three.folder.glob("*_up.sql"))[0]
    gone.unlink()
    three.write("20270101000000_next", "CREATE TABLE next_one (id integer);")

    with pytest.raises(MigrationMissing, match=gone.name.removesuffix("_up.sql")):
        three.apply()
    assert done(three.apply(ignore_missing=True)) == ["20270101000000_next"]
