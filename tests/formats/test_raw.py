"""Raw SQL files: a pair that says what it is, runs on the real engine, and comes back."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from querynl import formats
from querynl.dialects import dialect_named
from querynl.errors import MigrationInvalid
from querynl.operations import Create, Drop, RunSQL
from querynl.plan import Plan, plan
from querynl.schema import Column, Name, PrimaryKey, Schema, Table
from tests.engines import Databases
from tests.formats.live import loaded
from tests.formats.pairs import PAIRS

NOON = datetime(2025, 10, 16, 12, 0, 0, tzinfo=UTC)
SQLITE = dialect_named("sqlite")
WORDS = Table(
    name="words", columns=(Column(name="id", type="INTEGER", nullable=False),), primary_key=PrimaryKey(columns=("id",))
)
NEW_TABLE = plan(Schema(dialect="sqlite"), [Create(WORDS)], SQLITE)


def migration(of: Plan, folder: Path, message: str = "Add words") -> formats.NewMigration:
    return formats.new_migration(of, dialect=SQLITE, framework="raw", message=message, folder=folder, at=NOON)


def test_the_files_reach_the_target_and_come_back(engine: str, databases: Databases, tmp_path: Path) -> None:
    with loaded(PAIRS[engine], engine, databases) as live:
        new = formats.new_migration(
            live.plan, dialect=live.dialect, framework="raw", message="Everything", folder=tmp_path, at=NOON
        )
        formats.write(new)
        (found,) = formats.find(tmp_path)
        up, down = formats.scripts(found, live.dialect)

        live.run(up)
        assert live.difference_to(live.after) == ()
        assert live.database.rows("SELECT id, title FROM posts ORDER BY id") == [(10, "One"), (11, "Two")]

        assert down is not None
        live.run(down)
        assert live.difference_to(live.before) == ()
        assert live.database.rows("SELECT id, title FROM posts ORDER BY id") == [(10, "One"), (11, "Two")]


def test_a_migration_is_a_pair_named_after_the_moment_and_the_message(tmp_path: Path) -> None:
    new = migration(NEW_TABLE, tmp_path)

    assert [path.name for path in new.files] == ["20251016120000_add_words_up.sql", "20251016120000_add_words_down.sql"]


def test_nothing_is_written_before_write(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"

    formats.write(migration(NEW_TABLE, folder))

    assert sorted(path.name for path in folder.iterdir()) == [
        "20251016120000_add_words_down.sql",
        "20251016120000_add_words_up.sql",
    ]


def test_the_head_says_what_the_migration_does_and_how_it_is_undone(tmp_path: Path) -> None:
    new = migration(NEW_TABLE, tmp_path)

    assert new.files[new.path].splitlines()[:3] == [
        "-- Migration: Add words",
        "-- Engine: sqlite",
        "-- Undone by 20251016120000_add_words_down.sql, without loss.",
    ]


def test_the_head_says_that_dropped_rows_do_not_come_back(tmp_path: Path) -> None:
    drop = plan(Schema(dialect="sqlite", tables=(WORDS,)), [Drop(WORDS)], SQLITE)

    new = migration(drop, tmp_path)

    assert "not every row comes back" in new.files[new.path]


def test_without_a_way_back_there_is_no_down_file(tmp_path: Path) -> None:
    for_good = RunSQL(("DELETE FROM words",), None, "forget all words", Name(None, "words"))

    new = migration(plan(Schema(dialect="sqlite", tables=(WORDS,)), [for_good], SQLITE), tmp_path)

    assert [path.name for path in new.files] == ["20251016120000_add_words_up.sql"]
    assert "-- There is no way back." in new.files[new.path]
    assert new.down is None


@pytest.mark.parametrize(
    "message",
    [
        "drop\nDROP TABLE words;",
        "drop\rDROP TABLE words;",
        "drop\u2028DROP TABLE words;",
        "drop\x00DROP TABLE words;",
        "*/ DROP TABLE words; /*",
        "-- x\n-- querynl: expects no rows",
        "添加标签表 🎉",
        "'\"`${x}",
    ],
)
def test_no_message_breaks_out_of_its_comment(message: str, tmp_path: Path) -> None:
    new = migration(NEW_TABLE, tmp_path, message)

    formats.write(new)
    up, _ = formats.scripts(formats.read_file(new.path), SQLITE)

    assert up == [statement for step in NEW_TABLE.up for statement in step.statements]


def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    new = migration(NEW_TABLE, tmp_path)
    down = list(new.files)[1]
    down.write_text("mine")

    with pytest.raises(MigrationInvalid, match="is there already"):
        formats.write(new)

    assert down.read_text() == "mine"
    assert not new.path.exists()


def test_a_folder_that_takes_no_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "migrations").write_text("a file")

    with pytest.raises(MigrationInvalid, match="cannot be written"):
        formats.write(migration(NEW_TABLE, tmp_path / "migrations" / "deeper"))


def test_a_second_migration_of_the_same_second_gets_the_next_one(tmp_path: Path) -> None:
    formats.write(migration(NEW_TABLE, tmp_path))

    assert migration(NEW_TABLE, tmp_path).id == "20251016120001_add_words"


def test_an_id_that_is_taken_elsewhere_is_not_given_again(tmp_path: Path) -> None:
    new = formats.new_migration(
        NEW_TABLE,
        dialect=SQLITE,
        framework="raw",
        message="Add words",
        folder=tmp_path,
        at=NOON,
        taken={"20251016120000_elsewhere"},
    )

    assert new.id == "20251016120001_add_words"
