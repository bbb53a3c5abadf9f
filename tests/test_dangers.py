"""What a migration would do to the rows that are there now is said before anything runs."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from querynl.errors import DecisionNeeded
from querynl.formats import Framework
from querynl.schema import Column, ForeignKey, PrimaryKey, Schema, Table
from tests.engines import Database
from tests.migrating import Project, done

A = "20260101000000_a"
B = "20260102000000_b"

ID = Column(name="id", type="integer", nullable=False)
NOTE = Column(name="note", type="varchar(20)")
AUTHOR = Column(name="author", type="varchar(20)", nullable=False)

EMPTY = Schema()


def schema(*columns: Column, table: str = "posts") -> Schema:
    return Schema(tables=(Table(name=table, columns=columns),))


@pytest.fixture
def project(database: Database, tmp_path: Path) -> Project:
    """A database with a table `posts` of two columns, made by a migration."""
    made = Project(database, tmp_path / "migrations")
    made.generate(A, EMPTY, schema(ID, NOTE))
    made.apply()
    return made


def insert(project: Project) -> None:
    project.database.execute("INSERT INTO posts (id, note) VALUES (1, 'one'), (2, 'two'), (3, NULL)")


def refused(project: Project) -> str:
    """The questions that stop the next apply."""
    with pytest.raises(DecisionNeeded) as caught:
        project.apply()
    return " ".join(caught.value.questions)


def test_a_required_column_without_a_value_is_refused_on_a_table_with_rows(project: Project) -> None:
    insert(project)
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, AUTHOR))

    assert refused(project) == (
        "The column posts.author is NOT NULL without a default, and posts has 3 rows."
        ' Generate it again with --backfill "posts.author = EXPRESSION".'
    )
    assert project.statuses()[B] == "pending"
    with pytest.raises(DecisionNeeded):
        project.apply(allow=["all"])


def test_a_required_column_is_added_to_an_empty_table(project: Project) -> None:
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, AUTHOR))

    assert done(project.apply()) == [B]


def test_dropping_a_table_with_rows_says_how_many_and_wants_to_be_allowed(project: Project) -> None:
    insert(project)
    project.generate(B, schema(ID, NOTE), EMPTY)

    assert refused(project) == "Dropping the table posts loses 3 rows. Allow it with --allow destructive."
    assert project.tables() == {"posts"}
    assert done(project.apply(allow=["destructive"])) == [B]
    assert project.tables() == set()


def test_dropping_a_column_counts_the_rows_that_have_a_value(project: Project) -> None:
    insert(project)
    project.generate(B, schema(ID, NOTE), schema(ID))

    assert "posts.note loses its values in 2 rows" in refused(project)
    assert done(project.apply(allow=["destructive"])) == [B]


def test_dropping_what_is_empty_needs_no_leave(project: Project) -> None:
    project.generate(B, schema(ID, NOTE), EMPTY)

    assert done(project.apply()) == [B]


def test_rows_are_counted_under_the_name_that_a_table_has_before_it_is_renamed(project: Project) -> None:
    insert(project)
    renamed = Table(name="articles", columns=(ID,), renamed_from="posts")
    project.generate(B, schema(ID, NOTE), Schema(tables=(renamed,)))

    assert "articles.note loses its values in 2 rows" in refused(project)


def test_what_an_earlier_pending_migration_makes_has_no_rows_yet(project: Project) -> None:
    insert(project)
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, Column(name="temp", type="integer")))
    project.generate("20260103000000_c", schema(ID, NOTE, Column(name="temp", type="integer")), schema(ID, NOTE))

    assert done(project.apply()) == [B, "20260103000000_c"]


def test_rolling_back_a_table_with_rows_wants_to_be_allowed(project: Project) -> None:
    insert(project)

    with pytest.raises(DecisionNeeded) as caught:
        project.rollback()

    assert caught.value.questions == ("Dropping the table posts loses 3 rows. Allow it with --allow destructive.",)
    assert done(project.rollback(allow=["destructive"])) == [A]


def test_a_required_column_cannot_come_back_without_a_value(project: Project) -> None:
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, AUTHOR))
    project.apply()
    project.generate("20260103000000_c", schema(ID, NOTE, AUTHOR), schema(ID, NOTE))
    project.apply()
    insert(project)

    with pytest.raises(DecisionNeeded) as caught:
        project.rollback(allow=["destructive"])

    assert "posts.author is NOT NULL without a default, and posts has 3 rows" in caught.value.questions[0]
    assert '--backfill "posts.author = EXPRESSION"' in caught.value.questions[0]


@pytest.mark.parametrize("framework", ["raw", "flyway", "alembic"])
def test_generated_files_are_judged_by_their_plan(project: Project, framework: Framework) -> None:
    project.folder.mkdir()
    insert(project)
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, Column(name="stars", type="integer")), framework=framework)
    assert done(project.apply()) == [B]
    project.database.execute("UPDATE posts SET stars = 5 WHERE id < 3")

    with pytest.raises(DecisionNeeded, match="Rolling back") as caught:
        project.rollback()

    assert "posts.stars loses its values in 2 rows" in caught.value.questions[0]
    assert done(project.rollback(allow=["destructive"])) == [B]
    assert project.database.rows("SELECT * FROM posts ORDER BY id") == [(1, "one"), (2, "two"), (3, None)]


def test_a_way_down_that_was_edited_is_judged_by_what_it_says_now(project: Project) -> None:
    project.folder.mkdir()
    project.generate(B, schema(ID, NOTE), schema(ID, NOTE, Column(name="stars", type="integer")), framework="raw")
    project.apply()
    project.database.execute("INSERT INTO posts (id, stars) VALUES (1, 5)")
    down = project.folder / f"{B}_down.sql"
    down.write_text(down.read_text(encoding="utf-8") + "\nDELETE FROM posts;\n", encoding="utf-8")

    with pytest.raises(DecisionNeeded) as caught:
        project.rollback()

    assert "It deletes from posts, which has 1 row." in " ".join(caught.value.questions)
    assert done(project.rollback(allow=["destructive"])) == [B]


def test_a_change_of_a_table_keeps_the_rows_that_refer_to_it(project: Project) -> None:
    key = ForeignKey(columns=("author",), references="authors", referenced_columns=("id",), on_delete="cascade")
    posts = Table(name="articles", columns=(ID, Column(name="author", type="integer")), foreign_keys=(key,))
    authors = Table(name="authors", columns=(ID, NOTE), primary_key=PrimaryKey(columns=("id",)))
    wider = replace(authors, columns=(ID, replace(NOTE, type="varchar(50)"), Column(name="born", type="date")))
    project.generate(B, schema(ID, NOTE), Schema(tables=(*schema(ID, NOTE).tables, authors, posts)))
    project.apply()
    project.database.execute(
        "INSERT INTO authors (id, note) VALUES (1, 'Ada'); INSERT INTO articles (id, author) VALUES (10, 1), (11, 1);"
    )
    for number, (before, after) in enumerate(((authors, wider), (wider, authors)), 3):
        project.generate(f"2026010{number}000000_x", Schema(tables=(before, posts)), Schema(tables=(after, posts)))

    assert len(done(project.apply())) == 2
    assert project.database.rows("SELECT id, author FROM articles ORDER BY id") == [(10, 1), (11, 1)]
    assert project.database.rows("SELECT id, note FROM authors") == [(1, "Ada")]


def test_a_script_by_hand_is_not_judged_on_its_way_up(project: Project) -> None:
    insert(project)
    project.write(B, "DROP TABLE posts;")

    assert done(project.apply()) == [B]
