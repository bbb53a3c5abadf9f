"""What a hand-written way back takes away is counted, said, and has to be allowed before anything runs."""

from pathlib import Path

import pytest

from querynl.dialects import dialect_named
from querynl.errors import DecisionNeeded
from querynl.runner.losses import (
    DeletedRows,
    DroppedColumn,
    DroppedTable,
    DroppedWhole,
    Loss,
    RenamedTable,
    losses,
)
from querynl.schema import Name
from tests.engines import Database
from tests.migrating import Project, done

A = "20260101000000_a"
B = "20260102000000_b"

T, U = Name(None, "t"), Name("s", "u")

TOLD: list[tuple[str, str, list[Loss]]] = [
    ("postgresql", 'DROP TABLE IF EXISTS t, "s"."u" CASCADE', [DroppedTable(T), DroppedTable(U)]),
    ("postgresql", "/* a */ drop -- b\n table t", [DroppedTable(T)]),
    ("postgresql", "ALTER TABLE IF EXISTS ONLY s.u DROP COLUMN IF EXISTS a CASCADE", [DroppedColumn(U, "a")]),
    (
        "postgresql",
        'ALTER TABLE t ADD COLUMN c numeric(3, 1), DROP "a""b", ALTER d DROP NOT NULL, DROP CONSTRAINT e',
        [DroppedColumn(T, 'a"b')],
    ),
    ("postgresql", "TRUNCATE TABLE ONLY t, s.u * RESTART IDENTITY", [DeletedRows(T), DeletedRows(U)]),
    ("postgresql", "WITH gone AS (DELETE FROM t RETURNING *) SELECT * FROM gone", [DeletedRows(T)]),
    ("postgresql", "DROP SCHEMA s CASCADE", [DroppedWhole("DROP SCHEMA s CASCADE")]),
    ("postgresql", "DROP TYPE mood CASCADE", [DroppedWhole("DROP TYPE mood CASCADE")]),
    ("postgresql", "DROP SCHEMA s; ", []),
    ("postgresql", "ALTER TABLE s.u RENAME TO t", [RenamedTable(U, Name("s", "t"))]),
    ("postgresql", "CREATE TABLE x (t int REFERENCES t ON DELETE CASCADE)", []),
    ("postgresql", "DROP INDEX t", []),
    ("mysql", "ALTER TABLE `t` DROP PRIMARY KEY, DROP KEY k, DROP `k`", [DroppedColumn(T, "k")]),
    ("mysql", "ALTER TABLE t DROP PARTITION p0, TRUNCATE PARTITION p1", [DeletedRows(T), DeletedRows(T)]),
    ("mysql", "DELETE LOW_PRIORITY a FROM t AS a JOIN s.u ON 1", [DeletedRows(T)]),
    ("mysql", "RENAME TABLE t TO v, s.u TO s.w", [RenamedTable(T, Name(None, "v")), RenamedTable(U, Name("s", "w"))]),
    ("mysql", "DROP SCHEMA s", [DroppedWhole("DROP SCHEMA s")]),
    ("mysql", "DROP TEMPORARY TABLE t", []),
    ("sqlite", "DROP TABLE [t]", [DroppedTable(T)]),
    ("sqlite", "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM t; END", []),
    ("sqlite", "DROP", []),
]


@pytest.mark.parametrize(("spoken", "sql", "found"), TOLD, ids=[sql for _, sql, _ in TOLD])
def test_a_statement_tells_what_it_takes_away(spoken: str, sql: str, found: list[Loss]) -> None:
    dialect = dialect_named(spoken)

    assert list(losses(dialect.tokens(sql.rstrip("; ")), has_namespaces=dialect.has_namespaces)) == found


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    """Two migrations by hand that are applied: a table with two rows, and another column of it."""
    project = Project(database, tmp_path / "migrations")
    project.write(A, "CREATE TABLE a (id integer); INSERT INTO a VALUES (1), (2);", "DROP TABLE a;")
    project.write(B, "ALTER TABLE a ADD COLUMN n integer; CREATE TABLE b (id integer);", "")
    project.apply()
    return project


def way_back(project: Project, script: str) -> None:
    (project.folder / f"{B}_down.sql").write_text(script, encoding="utf-8")


def refused(project: Project, steps: int = 1) -> str:
    """The questions that stop a rollback."""
    with pytest.raises(DecisionNeeded) as caught:
        project.rollback(steps=steps)
    return " ".join(caught.value.questions)


def test_rows_of_a_table_and_values_of_a_column_are_counted_and_have_to_be_allowed(project: Project) -> None:
    way_back(project, "ALTER TABLE A DROP COLUMN N; DROP TABLE b;")
    project.database.execute("UPDATE a SET n = 7 WHERE id = 1")
    by = "A" if project.database.engine == "sqlite" else "a"  # whose catalog finds a table in either case
    if project.database.engine in ("mysql", "mariadb"):
        way_back(project, "ALTER TABLE a DROP COLUMN N; DROP TABLE b;")

    assert refused(project) == (
        f"It drops the column {by}.n, which has 1 row with a value. Allow it with --allow destructive."
    )
    assert project.tables() == {"a", "b"}

    assert done(project.rollback(allow=["destructive"])) == [B]
    assert refused(project) == "It drops the table a, which has 2 rows. Allow it with --allow destructive."
    assert done(project.rollback(allow=["all"])) == [A]


def test_deleted_rows_are_asked_about_whatever_the_table_is_called_by_then(project: Project) -> None:
    way_back(project, "ALTER TABLE a RENAME TO c; DELETE FROM c WHERE id = 1; ALTER TABLE c RENAME TO a; DROP TABLE b;")

    assert refused(project) == "It deletes from c, which has 2 rows. Allow it with --allow destructive."
    assert done(project.rollback(allow=["destructive"])) == [B]


def test_what_holds_nothing_is_dropped_without_a_question(project: Project) -> None:
    way_back(project, "DROP TABLE b; ALTER TABLE a DROP COLUMN n; CREATE TABLE c (id integer); DROP TABLE c;")

    assert done(project.rollback()) == [B]


@pytest.mark.engines("postgresql")
def test_a_schema_that_goes_with_all_that_is_in_it_has_to_be_allowed(project: Project) -> None:
    way_back(project, "CREATE SCHEMA s; DROP SCHEMA s CASCADE;")

    assert refused(project).startswith("It runs DROP SCHEMA s CASCADE, whatever rows that takes along.")
