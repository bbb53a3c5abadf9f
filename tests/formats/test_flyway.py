"""Flyway scripts: real Flyway migrates with them on real engines."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from querynl import formats
from querynl.dialects import dialect_named
from querynl.operations import Create, RunSQL
from querynl.plan import plan
from querynl.schema import Column, Schema, Table
from tests.engines import Databases
from tests.formats.live import Live, loaded
from tests.formats.pairs import FAILING_REBUILD, PAIRS, Pair
from tests.maven import flyway

NOON = datetime(2025, 10, 16, 12, 0, 0, tzinfo=UTC)
SQLITE = dialect_named("sqlite")
WORDS = Table(name="words", columns=(Column(name="id", type="INTEGER"),))

# The database holds the schema before already, which Flyway is told by a baseline.
BASELINE = ("-baselineOnMigrate=true", "-baselineVersion=0")

ROWS = "SELECT id, author_id, title FROM posts ORDER BY id"
KEPT = [(10, 1, "One"), (11, 2, "Two")]


def new_migration(live: Live, folder: Path) -> formats.NewMigration:
    new = formats.new_migration(
        live.plan, dialect=live.dialect, framework="flyway", message="Everything", folder=folder, at=NOON
    )
    formats.write(new)
    return new


def test_flyway_reaches_the_target(engine: str, databases: Databases, tmp_path: Path) -> None:
    with loaded(PAIRS[engine], engine, databases) as live:
        new_migration(live, tmp_path)

        done = flyway(live.database.url, tmp_path, "migrate", *BASELINE)

        assert done.returncode == 0, done.stdout
        assert live.difference_to(live.after) == ()
        assert live.database.rows(ROWS) == KEPT
        history = "SELECT version, description FROM flyway_schema_history WHERE version <> '0'"
        assert live.database.rows(history) == [("20251016120000", "everything")]


def test_the_undo_script_comes_back_from_what_flyway_did(engine: str, databases: Databases, tmp_path: Path) -> None:
    with loaded(PAIRS[engine], engine, databases) as live:
        new = new_migration(live, tmp_path)
        assert flyway(live.database.url, tmp_path, "migrate", *BASELINE).returncode == 0

        (found,) = formats.find(tmp_path)
        _, down = formats.scripts(found, live.dialect)

        assert found.id == new.id
        assert down is not None
        live.run(down)
        assert live.difference_to(live.before) == ()
        assert live.database.rows(ROWS) == KEPT


@pytest.mark.engines("sqlite")
def test_a_rebuild_that_fails_in_flyway_leaves_everything_as_it_was(
    engine: str, databases: Databases, tmp_path: Path
) -> None:
    with loaded(FAILING_REBUILD, engine, databases) as live:
        new_migration(live, tmp_path)

        done = flyway(live.database.url, tmp_path, "migrate", *BASELINE)

        assert done.returncode != 0
        assert "CHECK constraint failed" in done.stdout
        assert live.difference_to(live.before) == ()
        assert live.database.rows("SELECT parent FROM children") == [(1,)]


@pytest.mark.engines("postgresql")
def test_an_index_is_built_concurrently_by_flyway(engine: str, databases: Databases, tmp_path: Path) -> None:
    pair = Pair(before="CREATE TABLE words (id integer)", after="CREATE TABLE words (id integer)", rows="")
    with loaded(pair, engine, databases) as live:
        index = RunSQL(("CREATE INDEX CONCURRENTLY by_id ON words (id)",), None, "an index")
        column = Create(Column(name="word", type="text", default="'${x}'::text"), live.before.tables[0].key)
        concurrent = plan(live.before, [column, index], live.dialect)
        new = new_migration(Live(live.database, live.dialect, live.before, live.after, concurrent), tmp_path)

        # What the script's head asks for.
        done = flyway(live.database.url, tmp_path, "migrate", *BASELINE, "-postgresql.transactional.lock=false")

        assert "-postgresql.transactional.lock=false" in new.files[new.path]
        assert done.returncode == 0, done.stdout
        assert live.database.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'words'") == [("by_id",)]


def test_the_files_are_named_as_flyway_wants_them(tmp_path: Path) -> None:
    new = formats.new_migration(
        plan(Schema(dialect="sqlite"), [Create(WORDS)], SQLITE),
        dialect=SQLITE,
        framework="flyway",
        message="Add words",
        folder=tmp_path,
        at=NOON,
    )

    assert [path.name for path in new.files] == ["V20251016120000__add_words.sql", "U20251016120000__add_words.sql"]


def test_placeholders_are_only_text(tmp_path: Path) -> None:
    table = Table(name="words", columns=(Column(name="word", type="TEXT", default="'${name}'"),))

    new = formats.new_migration(
        plan(Schema(dialect="sqlite"), [Create(table)], SQLITE),
        dialect=SQLITE,
        framework="flyway",
        message="Add words",
        folder=tmp_path,
        at=NOON,
    )

    assert new.files[tmp_path / "V20251016120000__add_words.sql.conf"] == "placeholderReplacement=false\n"
    assert tmp_path / "U20251016120000__add_words.sql.conf" not in new.files
