"""Real Flyway runs on every engine, so that a test which uses it tests our files and not the set-up."""

import json
from pathlib import Path

from tests.engines import Database
from tests.maven import flyway


def test_flyway_migrates(database: Database, tmp_path: Path) -> None:
    (tmp_path / "V1__word.sql").write_text("CREATE TABLE word (text varchar(20));\nINSERT INTO word VALUES ('one');\n")

    done = flyway(database.url, tmp_path, "migrate")

    assert done.returncode == 0, done.stdout
    assert database.rows("SELECT text FROM word") == [("one",)]
    assert database.rows("SELECT version, success FROM flyway_schema_history") == [("1", 1)]


def test_flyway_reports_a_migration_that_fails(database: Database, tmp_path: Path) -> None:
    (tmp_path / "V1__word.sql").write_text("CREATE TABLE word (text no_such_type((20));\n")

    done = flyway(database.url, tmp_path, "migrate")

    assert done.returncode != 0
    assert "V1__word.sql" in done.stdout


def test_flyway_tells_machines_what_is_pending(database: Database, tmp_path: Path) -> None:
    (tmp_path / "V1__word.sql").write_text("CREATE TABLE word (text varchar(20));\n")

    done = flyway(database.url, tmp_path, "info", "-outputType=json")

    assert [migration["state"] for migration in json.loads(done.stdout)["migrations"]] == ["Pending"]
