"""Flyway's own table is kept in step: either tool runs the next migration, and both agree on what ran."""

from pathlib import Path

import pytest

from querynl.errors import DecisionNeeded, HistoryUnusable, MigrationChanged, MigrationFailed
from querynl.runner import Repair
from querynl.runner.frameworks.flyway import checksum
from tests.engines import Database
from tests.maven import flyway
from tests.migrating import CONNECTION, Project, done

# Flyway's own validate takes a pending migration for an error, its migrate does not.
VALIDATE = ("validate", "-ignoreMigrationPatterns=*:pending")
APPLIED, ELSEWHERE, PENDING = "applied", "applied by another tool", "pending"


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    return Project(database, tmp_path / "sql")


def write(project: Project, *versions: int) -> None:
    """Writes, for each version, the script that makes the table of that number, and the one that drops it."""
    project.folder.mkdir(exist_ok=True)
    for version in versions:
        (project.folder / f"V{version}__make_t{version}.sql").write_text(f"CREATE TABLE t{version} (x int);\n")
        (project.folder / f"U{version}__make_t{version}.sql").write_text(f"DROP TABLE t{version};\n")


def migrate(project: Project, *extra: str) -> None:
    """Real Flyway finds nothing wrong with what is there, and applies the rest."""
    ran = flyway(project.database.url, project.folder, "migrate", *VALIDATE, *extra)
    assert ran.returncode == 0, ran.stdout


def statuses(project: Project) -> list[str]:
    return list(project.statuses().values())


def forget(project: Project) -> None:
    """Leaves what ran as Flyway alone would have left it."""
    project.database.execute("DROP TABLE querynl_history; DROP TABLE querynl_journal;")


def versions(project: Project) -> list[str]:
    return [row[0] for row in project.database.rows("SELECT version FROM flyway_schema_history ORDER BY version")]


def test_flyway_and_querynl_take_turns(project: Project) -> None:
    write(project, 1, 2, 3, 4, 5, 6)

    assert done(project.apply(count=1)) == ["V1__make_t1"]
    migrate(project, "-target=2")
    assert statuses(project)[:3] == [APPLIED, ELSEWHERE, PENDING]
    assert done(project.apply(count=1)) == ["V3__make_t3"]
    assert statuses(project)[:4] == [APPLIED, APPLIED, APPLIED, PENDING]
    migrate(project, "-target=4")
    assert done(project.rollback()) == ["V4__make_t4"]
    migrate(project, "-target=5")
    assert statuses(project)[3:] == [ELSEWHERE, ELSEWHERE, PENDING]
    assert done(project.apply()) == ["V6__make_t6"]
    assert done(project.rollback(steps=2)) == ["V6__make_t6", "V5__make_t5"]
    migrate(project)
    assert done(project.apply()) == []

    assert project.tables() == {f"t{number}" for number in range(1, 7)}
    assert versions(project) == ["1", "2", "3", "4", "5", "6"]


@pytest.mark.engines("sqlite", "postgresql")
def test_what_flyway_finds_after_a_rollback_is_as_if_it_had_never_run(project: Project) -> None:
    write(project, 1, 2)
    project.apply()
    project.rollback()

    assert versions(project) == ["1"]
    assert statuses(project) == [APPLIED, PENDING]


def test_the_checksum_is_that_of_flyway() -> None:
    # Of the lines as Java reads them; the figure is one that Flyway 11 wrote.
    assert checksum("\ufeffCREATE TABLE a (x int);\r\n-- é\r\n\r\n") == -518883884
    assert checksum("CREATE TABLE a (x int);\n-- é\n") == -518883884


@pytest.mark.engines("sqlite", "postgresql")
def test_flyways_checksum_follows_where_only_comments_changed(project: Project) -> None:
    write(project, 1, 2)
    project.apply(count=1)
    file = project.folder / "V1__make_t1.sql"
    file.write_text(f"-- Why.\n{file.read_text()}")

    assert statuses(project) == [APPLIED, PENDING]
    project.apply()

    rows = project.database.rows("SELECT checksum FROM flyway_schema_history WHERE version = '1'")
    assert rows == [(checksum(file.read_text()),)]


@pytest.mark.engines("sqlite", "postgresql")
def test_a_file_that_changed_since_flyway_ran_it_stops_apply(project: Project) -> None:
    write(project, 1, 2)
    project.apply()
    forget(project)
    (project.folder / "V1__make_t1.sql").write_text("CREATE TABLE t1 (y int);\n")

    assert statuses(project) == ["changed", ELSEWHERE]
    with pytest.raises(MigrationChanged):
        project.apply()


def test_a_row_that_is_gone_means_that_another_tool_took_it_back(project: Project) -> None:
    write(project, 1, 2)
    project.apply()
    project.database.execute("DELETE FROM flyway_schema_history WHERE version = '2'; DROP TABLE t2;")

    assert statuses(project) == [APPLIED, PENDING]
    assert done(project.apply()) == ["V2__make_t2"]
    assert versions(project) == ["1", "2"]


def test_what_flyways_baseline_stands_for_is_neither_run_nor_rolled_back(project: Project) -> None:
    write(project, 1, 2, 3)
    project.apply(count=2)
    forget(project)
    project.database.execute(
        "UPDATE flyway_schema_history SET type = 'BASELINE', checksum = NULL WHERE version = '2';"
        "DELETE FROM flyway_schema_history WHERE version = '1';"
    )

    assert statuses(project) == [ELSEWHERE, ELSEWHERE, PENDING]
    assert done(project.apply()) == ["V3__make_t3"]
    assert done(project.rollback(steps=3)) == ["V3__make_t3"]


def test_what_failed_in_flyway_waits_for_a_person(project: Project) -> None:
    write(project, 1, 2)
    project.apply(count=1)
    forget(project)
    project.database.execute("UPDATE flyway_schema_history SET success = false")

    assert statuses(project) == ["failed", PENDING]
    with pytest.raises(DecisionNeeded, match="failed in Flyway"):
        project.apply()
    with project.session() as (connection, dialect):
        Repair(project.survey()[0], connection, dialect, connection_name=CONNECTION).mark_applied()

    assert statuses(project) == [APPLIED, PENDING]
    assert project.database.rows("SELECT version FROM flyway_schema_history WHERE success") == [("1",)]


@pytest.mark.engines("sqlite", "postgresql")
def test_a_table_that_only_has_the_name_is_refused_before_anything_runs(project: Project) -> None:
    write(project, 1)
    project.database.execute("CREATE TABLE flyway_schema_history (installed_rank int, version varchar(50))")

    with pytest.raises(HistoryUnusable, match="not Flyway's: it has no checksum, description"):
        project.apply()

    assert project.history() == []


@pytest.mark.engines("mysql", "mariadb")
def test_flyway_is_told_of_a_migration_that_stands_half(project: Project) -> None:
    write(project, 1)
    (project.folder / "V2__half.sql").write_text("CREATE TABLE t2 (x int);\nCREATE TABLE t1 (x int);\n")

    with pytest.raises(MigrationFailed):
        project.apply()

    assert project.database.rows("SELECT version, success FROM flyway_schema_history") == [("1", 1), ("2", 0)]
    ran = flyway(project.database.url, project.folder, "migrate")
    assert ran.returncode != 0
    assert "failed migration" in ran.stdout

    (project.folder / "V2__half.sql").write_text("CREATE TABLE t2 (x int);\nCREATE TABLE t3 (x int);\n")
    assert done(project.apply()) == ["V2__half"]
    assert project.database.rows("SELECT version, success FROM flyway_schema_history") == [("1", 1), ("2", 1)]


@pytest.mark.engines("sqlite", "postgresql")
def test_what_a_person_marks_is_marked_for_flyway_too(project: Project) -> None:
    write(project, 1, 2)

    for known in project.survey():
        with project.session() as (connection, dialect):
            Repair(known, connection, dialect, connection_name=CONNECTION).mark_applied()
    assert versions(project) == ["1", "2"]

    with project.session() as (connection, dialect):
        Repair(project.survey()[1], connection, dialect, connection_name=CONNECTION).mark_rolled_back()
    assert versions(project) == ["1"]
    assert statuses(project) == [APPLIED, PENDING]


@pytest.mark.engines("sqlite", "postgresql")
def test_the_table_is_the_one_that_the_configuration_names(project: Project) -> None:
    write(project, 1)
    (project.folder.parent / "flyway.toml").write_text('[flyway]\ntable = "ran"\n')

    project.apply()

    assert project.database.rows("SELECT version FROM ran") == [("1",)]
    assert statuses(project) == [APPLIED]


@pytest.mark.engines("sqlite", "postgresql")
def test_a_table_that_is_gone_is_written_anew_from_the_history(project: Project) -> None:
    write(project, 1, 2)
    project.apply(count=1)
    project.database.execute("DROP TABLE flyway_schema_history;")

    project.apply()

    assert versions(project) == ["1", "2"]
