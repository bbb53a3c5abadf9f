"""Checksums: of what a migration says, so that its layout may change and nothing else."""

from pathlib import Path

import pytest

from querynl.dialects import dialect_named
from querynl.formats.checksums import checksum, is_checksum_of, is_current
from tests.engines import Database
from tests.migrating import Project

TABLE = "CREATE TABLE words (id int, word varchar(20) DEFAULT 'a  b');\n"

SAME = {
    "line ends": TABLE.replace("\n", "\r\n"),
    "blanks": "CREATE TABLE words(\n\tid int ,word varchar ( 20 )\n\tDEFAULT 'a  b' ) ;",
    "a byte order mark's absence": TABLE.strip(),
    "comments": f"-- Migration: words\n{TABLE}/* of the file */ -- its end",
}
OTHER = {
    "a word": TABLE.replace("id int", "id bigint"),
    "blanks in a literal": TABLE.replace("a  b", "a b"),
    "a sign": TABLE.replace("(20)", "(20, 1)"),
    "words that were one": TABLE.replace("words", "wo rds"),
    "what was a comment": f"-- x\nSELECT 1;\n{TABLE}",
    "a check": f"-- querynl: expects no rows\n{TABLE}",
}


def same(one: str, other: str, engine: str, framework: str = "raw") -> bool:
    dialect = dialect_named(engine)
    return is_checksum_of(checksum(one, framework, dialect), other, framework, dialect)


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_layout_does_not_count(engine: str, other: str) -> None:
    assert same(TABLE, other, engine)


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_what_is_said_counts(engine: str, other: str) -> None:
    assert not same(TABLE, other, engine)


@pytest.mark.parametrize(
    ("dialect", "one", "other"),
    [
        ("postgresql", "SELECT a=-1, b->>'x'", "SELECT a = -1, b ->> 'x'"),
        ("postgresql", "SELECT 1 /* a /* b */ c */ + 2", "SELECT 1 + 2"),
        ("postgresql", "SELECT E'it\\'s -- x'", "SELECT  E'it\\'s -- x'"),
        ("mysql", "SELECT 'it\\'s -- x'", "SELECT  'it\\'s -- x' # why"),
        ("mysql", "SELECT 1--1", "SELECT 1 - -1"),
        ("sqlite", "SELECT [a  b], `c` -- why", "SELECT [a  b],`c`"),
    ],
)
def test_an_engines_own_signs_are_known(dialect: str, one: str, other: str) -> None:
    assert same(one, other, dialect)


@pytest.mark.parametrize(
    ("dialect", "one", "other"),
    [
        ("postgresql", "DO $$ BEGIN  END $$", "DO $$ BEGIN END $$"),
        ("postgresql", "DO $a$ -- x $$ y\n$a$", "DO $a$ -- z $$ y\n$a$"),
        ("postgresql", "SELECT a @> b", "SELECT a @ > b"),
        ("mysql", "SELECT /*! 1 + */ 1", "SELECT /*! 2 + */ 1"),
        ("mysql", "SELECT /*+ NO_ICP(t) */ 1", "SELECT 1"),
        ("mysql", "SELECT 1 --1", "SELECT 1 --2"),
        ("sqlite", "SELECT [a  b]", "SELECT [a b]"),
    ],
)
def test_what_looks_like_layout_and_is_not_counts(dialect: str, one: str, other: str) -> None:
    assert not same(one, other, dialect)


REVISION = '"""Words."""\n\nfrom alembic import op\n\n\ndef upgrade():\n    op.execute("SELECT  1")  # why\n'


def test_a_revision_is_compared_as_python() -> None:
    laid_out = REVISION.replace("    op", "  op").replace("(", "(\n      ").replace("  # why", "").replace("\n", "\r\n")

    assert same(REVISION, laid_out, "sqlite", "alembic")
    assert not same(REVISION, REVISION.replace("SELECT  1", "SELECT 1"), "sqlite", "alembic")
    assert not same(REVISION, REVISION.replace("    op", "    pass\nop"), "sqlite", "alembic")
    assert same("if:\n  '''", "if:\n  '''", "sqlite", "alembic")


def test_the_first_form_is_known() -> None:
    first = "2181a9902b27ead49820b6df31ff0a90cd5c296e11c76978afea98ca0f39415a"

    assert is_checksum_of(first, f"{TABLE} \r\n", "raw", dialect_named("sqlite"))
    assert not is_checksum_of(first, OTHER["a word"], "raw", dialect_named("sqlite"))


@pytest.mark.engines("sqlite")
def test_a_history_with_the_first_form_is_brought_up_to_date(database: Database, tmp_path: Path) -> None:
    project = Project(database, tmp_path)
    project.write("1_words", TABLE)
    project.apply()
    first = "2181a9902b27ead49820b6df31ff0a90cd5c296e11c76978afea98ca0f39415a"
    database.execute(f"UPDATE querynl_history SET checksum = '{first}', ledger_version = 1")
    assert project.statuses() == {"1_words": "applied"}

    project.write("2_more", "CREATE TABLE more (id int);")
    project.apply()

    assert all(is_current(str(entry.checksum)) for entry in project.history())
    project.write("1_words", f"-- The words.\n{TABLE}")
    assert project.statuses() == {"1_words": "applied", "2_more": "applied"}
    project.write("1_words", OTHER["a word"])
    assert project.statuses() == {"1_words": "changed", "2_more": "applied"}
