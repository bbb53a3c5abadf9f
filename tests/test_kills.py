"""A process that is killed at any moment of an apply leaves a database that the next apply finishes."""

import sys
from pathlib import Path

import pytest

from tests.engines import Databases
from tests.killing import killed_while_applying
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
    "sqlite": "CREATE INDEX authors_name ON authors (name)",
}
# Every so many moments are tried, beginning with a different one on each engine.
STRIDE = 4


def project_on(databases: Databases, engine: str, folder: Path) -> Project:
    project = Project(databases.create(engine), folder)
    project.database.execute("CREATE TABLE log (entry varchar(20)); CREATE TABLE drafts (id integer);")
    for name, script in SCRIPTS.items():
        project.write(name, script.format(alone=ALONE[engine]))
    return project


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed with SIGKILL")
def test_the_next_apply_finishes_what_a_killed_process_began(databases: Databases, engine: str, tmp_path: Path) -> None:
    kills, moment = 0, 1 + sorted(ALONE).index(engine)
    while True:
        project = project_on(databases, engine, tmp_path / f"{moment}")
        killed = killed_while_applying(project, moment)

        project.apply()

        assert project.statuses() == dict.fromkeys(SCRIPTS, "applied"), f"killed at moment {moment}"
        assert project.store() == dict.fromkeys(SCRIPTS, "applied"), f"killed at moment {moment}"
        entries = [entry for (entry,) in project.database.rows("SELECT entry FROM log ORDER BY entry")]
        assert entries == ["ages", "authors", "books", "index"], f"killed at moment {moment}"
        assert project.database.rows("SELECT id, name, age FROM authors ORDER BY id") == [
            (1, "Ada", 30),
            (2, "Bob", 30),
        ]
        assert project.tables() == {"authors", "books", "log"}
        databases.drop(project.database)
        if not killed:
            break
        kills, moment = kills + 1, moment + STRIDE
    assert kills >= 10, kills
