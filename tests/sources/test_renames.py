"""Renames that a source declares, once an engine has read it."""

from pathlib import Path

import pytest

from querynl.config import load_settings
from querynl.generation import Answers, propose
from querynl.operations import Drop, Rename, target
from querynl.schema import (
    Attribute,
    Column,
    CompositeType,
    Domain,
    Enum,
    Index,
    IndexColumn,
    Kind,
    Name,
    Schema,
    Sequence,
    Table,
    View,
)
from querynl.sources import Declared, read_source
from querynl.sources.renames import renames_of, with_renames
from tests.engines import Database
from tests.sources.reading import compared


def renamed(folder: Path, database: Database, before: str, after: Schema) -> set[tuple[Kind, str, str]]:
    """The renames that lead from the SQL to the schema, which an engine has both read; nothing is dropped for them."""
    script = folder / "before.sql"
    script.write_text(before, encoding="utf-8")
    source = read_source(str(script), load_settings())
    operations = propose(compared(source, Declared(schema=after, origin="after.json"), database), Answers()).operations
    assert not [target(operation) for operation in operations if isinstance(operation, Drop)]
    return {(op.ref.kind, op.ref.name, op.to) for op in operations if isinstance(op, Rename)}


@pytest.mark.engines("postgresql", "mysql", "mariadb", "sqlite")
def test_tables_columns_and_indexes_are_renamed(tmp_path: Path, database: Database) -> None:
    before = "CREATE TABLE people (nick int); CREATE INDEX by_nick ON people (nick);"
    column = Column(name="name", type="integer", renamed_from="nick")
    index = Index(name="by_name", columns=(IndexColumn(column="name"),), renamed_from="by_nick")
    table = Table(name="users", columns=(column,), indexes=(index,), renamed_from="people")
    found = renamed(tmp_path, database, before, Schema(tables=(table,)))
    assert {(Kind.TABLE, "people", "users"), (Kind.COLUMN, "nick", "name")} <= found


@pytest.mark.engines("postgresql")
def test_types_sequences_views_and_indexes_are_renamed(tmp_path: Path, database: Database) -> None:
    before = """
        CREATE TYPE mood AS ENUM ('good');
        CREATE DOMAIN amount AS int;
        CREATE TYPE spot AS (x int);
        CREATE SEQUENCE counter;
        CREATE TABLE t (a amount, m mood, s spot);
        CREATE INDEX on_a ON t (a);
        CREATE MATERIALIZED VIEW v AS SELECT 1 AS one;
        CREATE INDEX on_one ON v (one);"""
    columns = tuple(Column(name=name, type=of) for name, of in (("a", "price"), ("m", "feeling"), ("s", "point_of")))
    on_a = Index(name="t_by_a", columns=(IndexColumn(column="a"),), renamed_from="on_a")
    on_one = Index(name="v_by_one", columns=(IndexColumn(column="one"),), renamed_from="on_one")
    after = Schema(
        dialect="postgresql",
        enums=(Enum(name="feeling", values=("good",), renamed_from="mood"),),
        domains=(Domain(name="price", type="integer", renamed_from="amount"),),
        composite_types=(
            CompositeType(name="point_of", attributes=(Attribute(name="x", type="integer"),), renamed_from="spot"),
        ),
        sequences=(Sequence(name="tally", renamed_from="counter"),),
        tables=(Table(name="t", columns=columns, indexes=(on_a,)),),
        views=(View(name="w", definition="SELECT 1 AS one", materialized=True, indexes=(on_one,), renamed_from="v"),),
    )
    assert renamed(tmp_path, database, before, after) == {
        (Kind.ENUM, "mood", "feeling"),
        (Kind.DOMAIN, "amount", "price"),
        (Kind.COMPOSITE_TYPE, "spot", "point_of"),
        (Kind.SEQUENCE, "counter", "tally"),
        (Kind.INDEX, "on_a", "t_by_a"),
        (Kind.VIEW, "v", "w"),
        (Kind.INDEX, "on_one", "v_by_one"),
    }


def test_a_name_is_found_as_it_is_before_it_is_found_without_case() -> None:
    schema = Schema(tables=(Table(name="Users"), Table(name="users"), Table(name="tags")))
    declared = dict.fromkeys(renames_of(Schema(tables=(Table(name="users", renamed_from="old"),))), "old")
    declared |= dict.fromkeys(renames_of(Schema(tables=(Table(name="TAGS", renamed_from="x"),))), "labels")
    found = {table.key: table.renamed_from for table in with_renames(schema, declared).tables}
    assert found == {Name(None, "Users"): None, Name(None, "users"): "old", Name(None, "tags"): "labels"}
