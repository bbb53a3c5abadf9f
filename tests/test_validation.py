"""A schema that contradicts itself is refused, at the JSON path of the contradiction."""

import pytest
from msgspec.structs import replace

from querynl.errors import SchemaInvalid
from querynl.schema import (
    Attribute,
    Check,
    Column,
    CompositeType,
    Enum,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    PrimaryKey,
    Schema,
    Table,
    Trigger,
    Unique,
)
from querynl.validation import problems, validate

ID = Column(name="id", type="integer")
KEY = PrimaryKey(columns=("id",))


def paths(schema: Schema) -> list[str]:
    return [problem.path for problem in problems(schema)]


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        (Schema(tables=(Table(name="t"),)), "$.tables[0].columns"),
        (Schema(tables=(Table(name="", columns=(ID,)),)), "$.tables[0].name"),
        (Schema(tables=(Table(name="t", columns=(ID,)), Table(name="t", columns=(ID,)))), "$.tables[1]"),
        (Schema(tables=(Table(name="t", columns=(ID, ID)),)), "$.tables[0].columns[1]"),
        (
            Schema(tables=(Table(name="t", columns=(ID,), primary_key=PrimaryKey(columns=("no",))),)),
            "$.tables[0].primary_key",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), uniques=(Unique(columns=("no",)),)),)),
            "$.tables[0].uniques[0].columns",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), indexes=(Index(columns=(IndexColumn(column="no"),)),)),)),
            "$.tables[0].indexes[0].columns[0]",
        ),
        (Schema(tables=(Table(name="t", columns=(replace(ID, name=""),)),)), "$.tables[0].columns[0].name"),
        (
            Schema(tables=(Table(name="t", columns=(replace(ID, default="1", identity=Identity()),)),)),
            "$.tables[0].columns[0]",
        ),
        (
            Schema(tables=(Table(name="t", columns=(replace(ID, type="text", identity=Identity()),)),)),
            "$.tables[0].columns[0].identity",
        ),
        (
            Schema(tables=(Table(name="t", columns=(replace(ID, charset="x; DROP TABLE t"),)),)),
            "$.tables[0].columns[0].charset",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), uniques=(Unique(columns=()),)),)),
            "$.tables[0].uniques[0].columns",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), primary_key=PrimaryKey(columns=("id", "id"))),)),
            "$.tables[0].primary_key",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), indexes=(Index(columns=()),)),)),
            "$.tables[0].indexes[0].columns",
        ),
        (
            Schema(tables=(Table(name="t", columns=(ID,), indexes=(Index(columns=(IndexColumn(),)),)),)),
            "$.tables[0].indexes[0].columns[0]",
        ),
        (
            Schema(
                tables=(
                    Table(
                        name="t", columns=(ID,), indexes=(Index(columns=(IndexColumn(column="id"),), method="a; b"),)
                    ),
                )
            ),
            "$.tables[0].indexes[0].method",
        ),
        (Schema(enums=(Enum(name="e", values=()),)), "$.enums[0].values"),
        (Schema(enums=(Enum(name="e", values=("a", "b", "a")),)), "$.enums[0].values[2]"),
        (Schema(triggers=(Trigger(name="x", table="no", definition=""),)), "$.triggers[0].table"),
    ],
)
def test_problem_is_found_where_it_is(schema: Schema, path: str) -> None:
    assert paths(schema) == [path]


def test_foreign_key_needs_as_many_columns_as_it_refers_to() -> None:
    users = Table(name="users", columns=(ID, Column(name="x", type="integer")), primary_key=KEY)
    link = ForeignKey(columns=("id", "x"), references="users")
    assert paths(Schema(tables=(users, Table(name="t", columns=users.columns, foreign_keys=(link,))))) == [
        "$.tables[1].foreign_keys[0]"
    ]


def test_names_that_differ_only_in_their_namespace_are_two() -> None:
    tables = (Table(name="t", columns=(ID,)), Table(name="t", namespace="app", columns=(ID,)))
    assert paths(Schema(tables=tables)) == []


@pytest.mark.parametrize(
    ("count", "said"), [(1, ""), (2, "There is 1 more problem."), (3, "There are 2 more problems.")]
)
def test_first_problem_is_told_with_how_many_there_are(count: int, said: str) -> None:
    schema = Schema(tables=tuple(Table(name=f"t{number}") for number in range(count)))
    with pytest.raises(SchemaInvalid) as caught:
        validate(schema)
    assert caught.value.what == f"Table 't0' has no columns. {said}".strip()
    assert caught.value.where == "$.tables[0].columns"


def test_names_of_constraints_of_two_kinds_are_the_engines_to_judge() -> None:
    key = ForeignKey(name="c", columns=("id",), references="t", referenced_columns=("id",))
    table = Table(
        name="t", columns=(ID,), primary_key=KEY, foreign_keys=(key,), checks=(Check(name="c", expression="id > 0"),)
    )
    assert paths(Schema(tables=(table,))) == ["$.tables[0].checks[0]"]
    assert paths(Schema(dialect="mysql", tables=(table,))) == []
    twice = replace(table, foreign_keys=(key, key), checks=())
    assert paths(Schema(dialect="mysql", tables=(twice,))) == ["$.tables[0].foreign_keys[1]"]


def test_a_table_has_the_columns_of_its_parents() -> None:
    parent = Table(name="animals", columns=(ID,))
    heir = Table(name="dogs", inherits=(parent.key,), indexes=(Index(columns=(IndexColumn(column="id"),)),))
    assert paths(Schema(tables=(parent, heir))) == []


def test_a_table_has_the_columns_of_its_type() -> None:
    kind = CompositeType(name="kind", namespace="app", attributes=(Attribute(name="id", type="integer"),))
    keyed = Table(name="a", of_type="app.kind", primary_key=PrimaryKey(columns=("id",)))
    link = ForeignKey(columns=("id",), references="a", referenced_columns=("id",))
    linked = Table(name="b", of_type="app.kind", foreign_keys=(link,))
    assert paths(Schema(composite_types=(kind,), tables=(keyed, linked))) == []
    assert paths(Schema(composite_types=(kind,), tables=(replace(keyed, of_type="other"),))) != []
