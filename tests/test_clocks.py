"""A clock of the client that jumps back changes no order, no lock, and what no run comes to."""

import sys
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from tests.engines import Database
from tests.killing import struck_while_applying
from tests.migrating import Project, done

A = "20260101000000_a"
B = "20260102000000_b"
C = "20260103000000_c"


class JumpingBack(datetime):
    """A wall clock that shows an hour less each time it is looked at."""

    looks = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a plain moment, as is kept
        JumpingBack.looks += 1
        return datetime(2026, 6, 1, tzinfo=UTC) - timedelta(hours=JumpingBack.looks)


@pytest.fixture
def project(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose commands all look at such a clock."""
    for room in ("execution", "drift", "repair", "store"):
        monkeypatch.setattr(f"querynl.runner.{room}.datetime", JumpingBack)
    project = Project(database, tmp_path / "migrations")
    for id, table in ((A, "a"), (B, "b"), (C, "c")):
        project.write(id, f"CREATE TABLE {table} (id integer); INSERT INTO {table} VALUES (1);", f"DROP TABLE {table};")
    return project


def test_the_history_is_in_the_order_of_its_runs(project: Project) -> None:
    assert done(project.apply(count=2)) == [A, B]
    assert done(project.apply()) == [C]

    entries = project.history()
    assert [entry.migration_id for entry in entries] == [A, B, C]
    assert [entry.run_number for entry in entries] == [1, 2, 3]
    assert sorted(entries, key=lambda entry: entry.started_at, reverse=True) == entries
    assert all(entry.duration_ms is not None and entry.duration_ms >= 0 for entry in entries)
    assert project.statuses() == project.store() == {A: "applied", B: "applied", C: "applied"}

    assert done(project.rollback(steps=2, allow=["destructive"])) == [C, B]
    assert done(project.apply()) == [B, C]
    assert [entry.run_number for entry in project.history()] == [1, 6, 7]


@pytest.mark.skipif(sys.platform == "win32", reason="a process is killed with SIGKILL")
def test_what_was_cut_off_is_finished(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("querynl.ledger.lock.LEASE_SECONDS", 0.3)
    assert struck_while_applying(project, "process", 30)

    project.apply()

    assert project.statuses() == project.store() == {A: "applied", B: "applied", C: "applied"}
    assert [project.database.rows(f"SELECT id FROM {table}") for table in "abc"] == [[(1,)]] * 3
