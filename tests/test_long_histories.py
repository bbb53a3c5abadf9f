"""Databases in which very many migrations have run: a command asks no more questions than where few have."""

from pathlib import Path

import pytest

from querynl.ledger import Ledger
from querynl.runner import apply, pending, survey
from tests.engines import Database
from tests.migrating import CONNECTION, Project

pytestmark = pytest.mark.engines("sqlite", "postgresql")

MANY = 10_000
_COPIES = """
WITH RECURSIVE numbers (number) AS (SELECT 11 UNION ALL SELECT number + 1 FROM numbers WHERE number < {count})
INSERT INTO querynl_history
SELECT '1_older_' || number, number, description, framework, NULL, direction, status, checksum, applied_by, started_at,
       applied_at, duration_ms, statements_total, statements_done, error, noted_as, up_script, down_script,
       ledger_version
FROM querynl_history, numbers WHERE run_number = 1
"""


def questions_of_an_apply(project: Project) -> int:
    """How many statements it takes to look at all migrations and apply what is pending."""
    asked = 0
    with project.session() as (connection, dialect):
        rows, execute = connection.rows, connection.execute

        def counted_rows(sql: str, parameters: object = ()) -> object:
            nonlocal asked
            asked += 1
            return rows(sql, parameters)  # type: ignore[arg-type]  # as it was given

        def counted_execute(sql: str, parameters: object = ()) -> int:
            nonlocal asked
            asked += 1
            return execute(sql, parameters)  # type: ignore[arg-type]  # as it was given

        connection.rows, connection.execute = counted_rows, counted_execute  # type: ignore[method-assign, assignment]
        known = survey(Ledger(connection, dialect), connection_name=CONNECTION, folder=project.folder)
        assert len(pending(known)) == 1
        apply(connection, dialect, known, connection_name=CONNECTION)
    return asked


def test_ten_thousand_rows_take_no_more_questions_than_a_few(database: Database, tmp_path: Path) -> None:
    project = Project(database, tmp_path)
    for number in (1, 2):  # the first runs make the tables, too
        project.write(f"{number}_old_{number}", f"CREATE TABLE t{number} (x int);")
        project.apply()
    project.write("3_new", "CREATE TABLE t3 (x int);")
    few = questions_of_an_apply(project)

    database.execute(_COPIES.format(count=MANY + 10))
    project.write("4_newer", "CREATE TABLE t4 (x int);")

    # The scripts that the tracking store has not got yet are read by the five hundred.
    assert questions_of_an_apply(project) <= few + MANY // 500
    project.write("5_newest", "CREATE TABLE t5 (x int);")
    assert questions_of_an_apply(project) == few
    assert len(project.history()) == MANY + 5
