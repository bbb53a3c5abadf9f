"""Whatever an apply is struck by, and at whatever moment, the next one finishes its work."""

import sys
from pathlib import Path

import pytest

from querynl.dialects import dialect_named
from querynl.formats import find
from querynl.formats.heading import Replaced, replaced_lines
from tests.engines import Database, Databases
from tests.killing import kinds_of, moments_of, struck_while_applying
from tests.migrating import Project

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"

# Of each kind one: what makes and changes tables, what writes rows, and what refuses a transaction.
SCRIPTS = {
    A: """CREATE TABLE authors (id integer PRIMARY KEY, name varchar(20));
INSERT INTO authors VALUES (1, 'Ada'), (2, 'Bob');
INSERT INTO log (entry) VALUES ('authors');""",
    B: """ALTER TABLE authors ADD COLUMN age integer;
UPDATE authors SET age = 30;
INSERT INTO log (entry) VALUES ('ages');
{alone};
INSERT INTO log (entry) VALUES ('index');""",
    C: """CREATE TABLE books (id integer PRIMARY KEY, author integer);
DROP TABLE drafts;
INSERT INTO log (entry) VALUES ('books');""",
}
ALONE = {
    "postgresql": "CREATE INDEX CONCURRENTLY authors_name ON authors (name)",
    "mysql": "CREATE INDEX authors_name ON authors (name)",
    "mariadb": "CREATE INDEX authors_name ON authors (name)",
    "sqlite": "VACUUM",
}
# How many moments are tried for each kind, spread over all that there are: over all engines 128 strikes.
STRIKES = {"process": 20, "session": 8, "socket": 8}


def project_on(database: Database, engine: str, folder: Path) -> Project:
    project = Project(database, folder)
    database.execute("CREATE TABLE log (entry varchar(20)); CREATE TABLE drafts (id integer);")
    for name, script in SCRIPTS.items():
        project.write(name, script.format(alone=ALONE[engine]))
    return project


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed with SIGKILL")
def test_the_next_apply_finishes_what_was_cut_off(
    databases: Databases, database: Database, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a killed process holds of SQLite's lock between two transactions is free so much later.
    monkeypatch.setattr("querynl.ledger.lock.LEASE_SECONDS", 0.3)
    moments = moments_of(project_on(database, engine, tmp_path / "peace"))
    for first, kind in enumerate(kinds_of(engine), 1 + sorted(ALONE).index(engine)):
        for number in range(STRIKES[kind]):
            moment = first + number * (moments - first) // STRIKES[kind]
            where = f"{kind} at moment {moment} of {moments}"
            databases.empty(database)
            project = project_on(database, engine, tmp_path / f"{kind}{moment}")
            monkeypatch.setenv("QUERYNL_DATA_DIR", str(project.folder / "store"))

            assert struck_while_applying(project, kind, moment), where
            project.apply()

            assert_finished(project, where)


# Before these the run has asked for what is there, and changed nothing.
FIRST_MOMENT, STEP = 14, 4


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed with SIGKILL")
def test_the_next_apply_finishes_what_was_cut_off_while_a_squashed_migration_took_its_place(
    databases: Databases, database: Database, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("querynl.ledger.lock.LEASE_SECONDS", 0.3)
    left: list[list[str]] = []
    # On and on, until those that it replaces are gone.
    while [B] not in left:
        moment = FIRST_MOMENT + STEP * len(left)
        databases.empty(database)
        monkeypatch.setenv("QUERYNL_DATA_DIR", str(tmp_path / f"store{moment}"))
        project = squashed_on(database, engine, tmp_path / str(moment))

        assert struck_while_applying(project, "process", moment), left
        left.append([entry.migration_id for entry in project.history()])
        project.apply()

        assert project.statuses() == {B: "applied", C: "applied"}, left
        assert [entry.migration_id for entry in project.history()] == [B, C], left
        assert database.rows("SELECT entry FROM log ORDER BY entry") == [("books",), ("kept",)], left
    assert left.count([A, B]) == len(left) - 1 > 0


def squashed_on(database: Database, engine: str, folder: Path) -> Project:
    """A database in which two migrations stand that are one by now, and a third is pending."""
    project, dialect = Project(database, folder), dialect_named(engine)
    project.write(A, "CREATE TABLE log (entry varchar(20));")
    project.write(B, "INSERT INTO log (entry) VALUES ('kept');")
    project.apply()
    files = find(folder)
    replaced = replaced_lines([Replaced(file.id, file.checksum(dialect)) for file in files])
    files[0].path.unlink()
    heading = "".join(f"-- {line}\n" for line in replaced)
    project.write(B, f"-- Migration: both\n{heading}\n{''.join(file.text for file in files)}")
    project.write(C, "CREATE TABLE books (id integer);\nINSERT INTO log (entry) VALUES ('books');")
    return project


def assert_finished(project: Project, where: str) -> None:
    """Everything ran once, no row is lost, and the history, the tracking store and the database agree."""
    assert project.statuses() == project.store() == dict.fromkeys(SCRIPTS, "applied"), where
    entries = [entry for (entry,) in project.database.rows("SELECT entry FROM log ORDER BY entry")]
    assert entries == ["ages", "authors", "books", "index"], where
    rows = project.database.rows("SELECT id, name, age FROM authors ORDER BY id")
    assert rows == [(1, "Ada", 30), (2, "Bob", 30)], where
    assert project.tables() == {"authors", "books", "log"}, where
