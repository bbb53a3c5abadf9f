"""Names for what was declared without one: as PostgreSQL would, within the limit, never twice."""

import pytest

from querynl.dialects import NAMES, dialect_named
from querynl.naming import named, without_names
from querynl.operations import parts_of
from querynl.schema import Check, Column, ForeignKey, Index, IndexColumn, PrimaryKey, Schema, Table, Unique

USERS = Table(
    name="users",
    columns=(Column(name="id", type="integer", nullable=False), Column(name="email", type="text")),
    primary_key=PrimaryKey(columns=("id",)),
    uniques=(Unique(columns=("email",)),),
    foreign_keys=(ForeignKey(columns=("id",), references="users", referenced_columns=("id",)),),
    checks=(Check(expression="length(email) > 3"), Check(expression="id > 0 OR email IS NULL")),
    indexes=(
        Index(columns=(IndexColumn(column="email"), IndexColumn(column="id"))),
        Index(columns=(IndexColumn(expression="lower(email)"),)),
    ),
)
POSTGRESQL = dialect_named("postgresql")


def names(schema: Schema) -> list[str | None]:
    return [part.name for table in schema.tables for part in parts_of(table) if not isinstance(part, Column)]


def test_names_follow_postgresql() -> None:
    assert names(named(Schema(tables=(USERS,)), POSTGRESQL)) == [
        "users_pkey",
        "users_email_key",
        "users_id_fkey",
        "users_email_check",
        "users_check",
        "users_email_id_idx",
        "users_expr_idx",
    ]


def test_what_has_no_name_takes_none_that_is_declared_beside_it() -> None:
    alike = (Check(expression="id > 0", name="first"), Check(expression="id > 0", name="second"))
    live = Schema(tables=(Table(name="users", columns=USERS.columns, checks=alike),))
    half = Table(
        name="users",
        columns=USERS.columns,
        checks=(Check(expression="id > 0", name="first"), Check(expression="id > 0")),
    )
    assert names(named(Schema(tables=(half,)), POSTGRESQL, like=live)) == ["first", "second"]


def test_name_that_is_taken_gets_a_number() -> None:
    checks = (Check(expression="length(email) > 3"), Check(expression="email <> ''"))
    other = Table(name="users_email_check", columns=USERS.columns)
    schema = Schema(tables=(Table(name="users", columns=USERS.columns, checks=checks), other))
    assert names(named(schema, POSTGRESQL)) == ["users_email_check1", "users_email_check2"]


@pytest.mark.parametrize("dialect_name", NAMES)
def test_long_names_fit_the_engine(dialect_name: str) -> None:
    dialect = dialect_named(dialect_name)
    column = "é" * 40
    table = Table(
        name="t" * 60,
        columns=(Column(name=column, type="integer"),),
        indexes=tuple(Index(columns=(IndexColumn(column=column),), unique=bool(n)) for n in range(2)),
    )
    found = names(named(Schema(tables=(table,)), dialect))
    assert len(set(found)) == 2
    assert all(name is not None and dialect.fits(name) for name in found)


def test_name_is_taken_from_what_has_the_same_structure() -> None:
    there = Table(name="users", columns=USERS.columns, uniques=(Unique(columns=("email",), name="one_email"),))
    here = Table(name="users", columns=USERS.columns, uniques=(Unique(columns=("email",)), Unique(columns=("id",))))
    assert names(named(Schema(tables=(here,)), POSTGRESQL, like=Schema(tables=(there,)))) == [
        "one_email",
        "users_id_key",
    ]


def test_names_that_were_made_up_are_forgotten_and_no_others() -> None:
    kept = Check(expression="id > 0", name="positive")
    declared = Schema(tables=(Table(name="users", columns=USERS.columns, uniques=USERS.uniques, checks=(kept,)),))
    whole = named(declared, POSTGRESQL)
    assert names(without_names(whole, declared, whole)) == [None, "positive"]
