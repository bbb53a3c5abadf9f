"""Squashed migrations of Flyway and Alembic: both tools agree with us about them."""

import pytest

from querynl.errors import MigrationInvalid
from tests.cli.shell import Shell, scratch
from tests.engines import Database, Databases
from tests.formats.alembic_project import AlembicProject
from tests.maven import flyway


def revision(shell: Shell, name: str, follows: str | tuple[str, ...] | None) -> None:
    """Writes the revision that makes the table of its name."""
    shell.write(
        f"project/versions/{name}_make.py",
        f'"""Make {name}."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n'
        f"revision = {name!r}\ndown_revision = {follows!r}\nbranch_labels = None\ndepends_on = None\n\n\n"
        f'def upgrade() -> None:\n    op.create_table({name!r}, sa.Column("x", sa.Integer))\n\n\n'
        f"def downgrade() -> None:\n    op.drop_table({name!r})\n",
    )


def statuses(shell: Shell, typed: str) -> dict[str, str]:
    found = shell.done(f"migrate status --format json {typed}").document()["migrations"]
    return {one["id"]: one["status"] for one in found}


def squash(shell: Shell, database: Database, options: str) -> None:
    shell.done(f"migrate squash --confirm --dialect {database.engine} {options} {' '.join(scratch(database))}")


@pytest.mark.engines("postgresql", "sqlite")
def test_alembic_goes_on_from_a_squashed_revision(shell: Shell, database: Database) -> None:
    alembic = AlembicProject(shell.folder / "project", database)
    for name, before in zip("abcd", (None, *"abc"), strict=True):
        revision(shell, name, before)
    typed = f"--dir project/versions -c '{database.url}'"
    shell.done(f"migrate apply --count 3 --confirm {typed}")

    squash(shell, database, "--dir project/versions --from b_make --to c_make")

    assert statuses(shell, typed) == {"a_make": "applied", "c_make": "applied", "d_make": "pending"}
    assert alembic.current() == ["c"]
    alembic.upgrade("head")
    assert statuses(shell, typed) == {"a_make": "applied", "c_make": "applied", "d_make": "applied by another tool"}
    shell.done(f"migrate apply --confirm {typed}")
    shell.done(f"migrate repair c_make --mark-applied --confirm {typed}")
    shell.done(f"migrate rollback --steps 2 --confirm {typed}")
    assert alembic.current() == ["a"]
    alembic.upgrade("head")
    assert alembic.current() == ["d"]
    alembic.downgrade("base")
    database.execute("DROP TABLE querynl_history; DROP TABLE querynl_journal;")
    alembic.upgrade("head")
    assert set(statuses(shell, typed).values()) == {"applied by another tool"}


@pytest.mark.engines("postgresql", "sqlite")
def test_some_of_the_replaced_revisions_are_not_taken_for_all(shell: Shell, database: Database) -> None:
    AlembicProject(shell.folder / "project", database)
    for name, before in zip("abc", (None, *"ab"), strict=True):
        revision(shell, name, before)
    typed = f"--dir project/versions -c '{database.url}'"
    shell.done(f"migrate apply --count 2 --confirm {typed}")
    squash(shell, database, "--dir project/versions")

    assert statuses(shell, typed) == {"c_make": "partially applied"}
    assert "c_make" in shell(f"migrate apply --confirm {typed}").err


@pytest.mark.engines("sqlite")
def test_revisions_that_branch_are_squashed_only_where_they_have_come_together(
    shell: Shell, database: Database
) -> None:
    alembic = AlembicProject(shell.folder / "project", database)
    for name, follows in (("a", None), ("b", "a"), ("c", "a"), ("d", ("b", "c")), ("e", "d")):
        revision(shell, name, follows)
    before = shell.files()

    for choice in ("a_make b_make", "--from b_make --to c_make"):
        refused = shell(f"migrate squash --confirm --dialect sqlite --dir project/versions {choice}")
        assert refused.status == MigrationInvalid.exit_status
        assert "branches" in refused.err
    assert shell.files() == before
    squash(shell, database, "--dir project/versions --from b_make --to d_make")

    alembic.upgrade("head")
    assert alembic.current() == ["e"]
    assert statuses(shell, f"--dir project/versions -c '{database.url}'").keys() == {"a_make", "d_make", "e_make"}


@pytest.mark.engines("postgresql")
def test_flyway_finds_nothing_wrong_where_the_history_took_the_squashed_script(
    shell: Shell, database: Database, databases: Databases
) -> None:
    for version in (1, 2, 3):
        shell.write(f"sql/V{version}__make_t{version}.sql", f"CREATE TABLE t{version} (x int);\n")
        shell.write(f"sql/U{version}__make_t{version}.sql", f"DROP TABLE t{version};\n")
    typed = f"--dir sql -c '{database.url}'"
    shell.done(f"migrate apply --confirm {typed}")
    with databases.temporary(database.engine) as flyways:
        assert flyway(flyways.url, shell.folder / "sql", "migrate").returncode == 0

        squash(shell, database, "--dir sql")

        assert statuses(shell, f"--dir sql -c '{flyways.url}'") == {"V3__make_t3": "applied by another tool"}
        repaired = flyway(flyways.url, shell.folder / "sql", "validate", "repair")
        assert repaired.returncode == 0, repaired.stdout
        assert statuses(shell, f"--dir sql -c '{flyways.url}'") == {"V3__make_t3": "applied by another tool"}
    shell.write("sql/V4__make_t4.sql", "CREATE TABLE t4 (x int);\n")
    shell.done(f"migrate apply --confirm {typed}")
    valid = flyway(database.url, shell.folder / "sql", "validate")
    assert valid.returncode == 0, valid.stdout
    assert statuses(shell, typed) == {"V3__make_t3": "applied", "V4__make_t4": "applied"}
