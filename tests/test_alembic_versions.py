"""Alembic's own table is kept in step: either tool runs the next revision, and both agree on what stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from querynl.errors import UsageInvalid
from querynl.runner import Repair
from tests.engines import Database
from tests.formats.alembic_project import AlembicProject
from tests.migrating import CONNECTION, Project, done

APPLIED, ELSEWHERE, PENDING, MISSING = "applied", "applied by another tool", "pending", "missing"


@pytest.fixture
def alembic(database: Database, tmp_path: Path) -> AlembicProject:
    return AlembicProject(tmp_path / "project", database)


@pytest.fixture
def project(database: Database, alembic: AlembicProject) -> Project:
    return Project(database, alembic.versions)


def write(project: Project, revision: str, *follows: str, needs: str | None = None) -> None:
    """Writes the revision that makes the table of its name, and drops it on the way back."""
    down = follows[0] if len(follows) == 1 else follows or None
    (project.folder / f"{revision}_make.py").write_text(
        f'"""Make {revision}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = {revision!r}\ndown_revision = {down!r}\nbranch_labels = None\ndepends_on = {needs!r}\n\n\n"
        f'def upgrade() -> None:\n    op.create_table({revision!r}, sa.Column("x", sa.Integer))\n\n\n'
        f"def downgrade() -> None:\n    op.drop_table({revision!r})\n"
    )


def statuses(project: Project) -> list[str]:
    return list(project.statuses().values())


def heads(project: Project) -> set[str]:
    return {row[0] for row in project.database.rows("SELECT version_num FROM alembic_version")}


def test_alembic_and_querynl_take_turns(project: Project, alembic: AlembicProject) -> None:
    for one, before in zip("abcdef", (None, *"abcde"), strict=True):
        write(project, one, *([before] if before else []))

    assert done(project.apply(count=1)) == ["a_make"]
    assert alembic.current() == ["a"]
    alembic.upgrade("b")
    assert statuses(project)[:3] == [APPLIED, ELSEWHERE, PENDING]
    assert done(project.apply(count=1)) == ["c_make"]
    assert alembic.current() == ["c"]
    alembic.upgrade("d")
    assert done(project.rollback()) == ["d_make"]
    assert alembic.current() == ["c"]
    alembic.downgrade("b")
    assert statuses(project) == [APPLIED, APPLIED, PENDING, PENDING, PENDING, PENDING]
    assert done(project.apply(count=2)) == ["c_make", "d_make"]
    alembic.upgrade("e")
    assert done(project.rollback(steps=2)) == ["e_make", "d_make"]
    assert alembic.current() == ["c"]
    alembic.upgrade("head")
    assert done(project.apply()) == []

    assert statuses(project)[3:] == [ELSEWHERE] * 3
    assert project.tables() == set("abcdef")


def test_branches_and_dependencies_have_the_heads_that_alembic_gives_them(
    project: Project, alembic: AlembicProject
) -> None:
    write(project, "a")
    write(project, "b", "a")
    write(project, "c", "a")
    write(project, "d", "b", "c")
    write(project, "x")
    write(project, "y", "x", needs="d")
    alembic.upgrade("heads")
    wanted = heads(project)
    alembic.downgrade("base")

    project.apply()
    assert heads(project) == wanted

    project.rollback(steps=3)
    assert len(project.tables() & set("abcdxy")) == 3
    alembic.upgrade("heads")
    assert heads(project) == wanted
    assert project.tables() == set("abcdxy")


@pytest.mark.engines("sqlite")
def test_a_revision_without_a_file_is_missing(project: Project, alembic: AlembicProject) -> None:
    write(project, "a")
    write(project, "b", "a")
    alembic.upgrade()
    (project.folder / "b_make.py").unlink()

    assert project.statuses() == {"a_make": "out of order", "b": MISSING}


def test_ancestors_stand_on_when_a_revision_without_a_file_is_rolled_back(
    project: Project, alembic: AlembicProject
) -> None:
    write(project, "a")
    write(project, "b", "a")
    project.apply()
    (project.folder / "b_make.py").unlink()

    project.rollback()

    assert heads(project) == {"a"}


@pytest.mark.engines("sqlite", "postgresql")
def test_what_a_person_marks_is_marked_for_alembic_too(project: Project, alembic: AlembicProject) -> None:
    write(project, "a")
    write(project, "b", "a")

    for known in project.survey():
        with project.session() as (connection, dialect):
            Repair(known, connection, dialect, connection_name=CONNECTION).mark_applied()
    assert alembic.current() == ["b"]

    with project.session() as (connection, dialect):
        Repair(project.survey()[1], connection, dialect, connection_name=CONNECTION).mark_rolled_back()
    assert alembic.current() == ["a"]
    assert statuses(project) == [APPLIED, PENDING]


@pytest.mark.engines("sqlite")
def test_a_revision_is_not_noted_before_the_one_it_follows(project: Project) -> None:
    write(project, "a")
    write(project, "b", "a")
    last = project.survey()[1]

    with project.session() as (connection, dialect), pytest.raises(UsageInvalid, match="follows a"):
        Repair(last, connection, dialect, connection_name=CONNECTION).mark_applied()

    assert project.history() == []


@pytest.mark.engines("sqlite", "postgresql")
def test_the_table_is_the_one_that_env_py_names(project: Project) -> None:
    write(project, "a")
    env = project.folder.parent / "env.py"
    env.write_text(env.read_text().replace("connection=connection", 'connection=connection, version_table="revisions"'))

    project.apply()

    assert project.database.rows("SELECT version_num FROM revisions") == [("a",)]
