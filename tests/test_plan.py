"""A plan: in an order that works, the same to the byte, and back again."""

import random

import pytest
from msgspec.structs import replace

from querynl.dialects import NAMES, Dialect, dialect_named
from querynl.diff import diff
from querynl.naming import named
from querynl.operations import Create, Drop, table_of
from querynl.plan import Plan, Reversibility, fingerprint, from_json, plan, statements, to_json
from querynl.schema import (
    Column,
    Definition,
    Domain,
    ForeignKey,
    Kind,
    PrimaryKey,
    Routine,
    Schema,
    Table,
    Trigger,
    View,
)

EMPTY = Schema()


def table(name: str, *references: str) -> Table:
    """A table with a column and a foreign key for each table that it refers to."""
    return Table(
        name=name,
        columns=(
            Column(name="id", type="integer", nullable=False),
            *(Column(name=f"{target}_id", type="integer") for target in references),
        ),
        primary_key=PrimaryKey(columns=("id",)),
        foreign_keys=tuple(
            ForeignKey(columns=(f"{target}_id",), references=target, referenced_columns=("id",))
            for target in references
        ),
    )


def planned(before: Schema, after: Schema, dialect: Dialect) -> Plan:
    start, end = (named(dialect.localise(schema), dialect) for schema in (before, after))
    return plan(start, diff(start, end, dialect).operations, dialect)


def tables_in_order(steps: Plan) -> list[str]:
    found = [table_of(operation) for step in steps.up for operation in step.operations]
    return list(dict.fromkeys(name.name for name in found if name is not None))


def operations_of(steps: Plan) -> list[Create | Drop]:
    """What comes and goes, in order."""
    found = [operation for step in steps.up for operation in step.operations]
    return [operation for operation in found if isinstance(operation, Create | Drop)]


CHAIN = Schema(tables=(table("a", "b"), table("b", "c"), table("c")))
CYCLE = Schema(tables=(table("a", "b"), table("b", "a"), table("self", "self")))


@pytest.mark.parametrize("name", NAMES)
def test_referred_to_tables_are_made_first_and_dropped_last(name: str) -> None:
    dialect = dialect_named(name)
    assert tables_in_order(planned(EMPTY, CHAIN, dialect)) == ["c", "b", "a"]
    assert tables_in_order(planned(CHAIN, EMPTY, dialect)) == ["a", "b", "c"]


@pytest.mark.parametrize("name", NAMES)
def test_views_of_which_nothing_is_known_but_their_text_come_in_the_order_of_need(name: str) -> None:
    dialect = dialect_named(name)
    views = (View(name="first", definition="SELECT id FROM Second"), View(name="second", definition="SELECT 1 AS id"))
    end = Schema(views=views)
    assert [op.obj.name for op in operations_of(planned(EMPTY, end, dialect))] == ["second", "first"]
    assert [op.obj.name for op in operations_of(planned(end, EMPTY, dialect))] == ["first", "second"]


@pytest.mark.parametrize("name", ["postgresql", "mysql", "mariadb"])
def test_routines_of_which_nothing_is_known_but_their_text_come_in_the_order_of_need(name: str) -> None:
    body = "CREATE FUNCTION {}() RETURNS int RETURN {}"
    called = Routine(name="second", kind="function", definition=body.format("second", "2"))
    calls = Routine(name="first", kind="function", definition=body.format("first", "second() + 1"))
    made = planned(EMPTY, Schema(routines=(calls, called)), dialect_named(name))
    assert [op.obj.name for op in operations_of(made)] == ["second", "first"]


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_a_trigger_of_which_nothing_is_known_but_its_view_is_made_anew_with_it(name: str) -> None:
    view = View(name="v", definition="SELECT id, 1 AS one FROM t")
    trigger = Trigger(name="noted", table="v", definition="CREATE TRIGGER noted INSTEAD OF DELETE ON v ...")
    before = Schema(tables=(table("t"),), views=(view,), triggers=(trigger,))
    after = replace(before, views=(replace(view, definition="SELECT id FROM t"),))
    made = [
        (type(operation).__name__, operation.obj.name)
        for operation in operations_of(planned(before, after, dialect_named(name)))
    ]
    assert made == [("Drop", "noted"), ("Drop", "v"), ("Create", "v"), ("Create", "noted")]


@pytest.mark.parametrize("name", NAMES)
def test_tables_that_refer_to_each_other_are_made_and_dropped(name: str) -> None:
    dialect = dialect_named(name)
    made = planned(EMPTY, CYCLE, dialect)
    assert set(tables_in_order(made)) == {"a", "b", "self"}
    keys = [statement.sql for statement in statements(made.up) if "FOREIGN KEY" in statement.sql]
    assert sum(sql.count("FOREIGN KEY") for sql in keys) == 3
    assert statements(planned(CYCLE, EMPTY, dialect).up)


@pytest.mark.parametrize("name", NAMES)
def test_same_input_in_any_order_gives_the_same_bytes(name: str) -> None:
    dialect = dialect_named(name)
    tables = [*CYCLE.tables, *(table(f"t{number}", "a", "b") for number in range(20))]
    texts = set()
    for seed in range(3):
        random.Random(seed).shuffle(tables)
        schema = Schema(tables=tuple(tables))
        made = planned(EMPTY, schema, dialect)
        texts.add((dialect.script(statements(made.up)), dialect.script(statements(made.down))))
    assert len(texts) == 1


@pytest.mark.parametrize("name", NAMES)
def test_plan_is_read_back_from_its_json(name: str) -> None:
    made = planned(CHAIN, CYCLE, dialect_named(name))
    assert from_json(to_json(made)) == made


def test_fingerprint_is_that_of_the_starting_schema_whatever_its_order() -> None:
    backwards = Schema(tables=tuple(reversed(CHAIN.tables)))
    assert fingerprint(CHAIN) == fingerprint(backwards)
    assert fingerprint(CHAIN) != fingerprint(CYCLE)
    dialect = dialect_named("postgresql")
    assert planned(CHAIN, CYCLE, dialect).fingerprint == planned(CHAIN, EMPTY, dialect).fingerprint


def test_what_comes_back_is_the_least_of_all_steps() -> None:
    dialect = dialect_named("postgresql")
    wide = table("a")
    narrow = replace(wide, columns=wide.columns[:1])
    wider = replace(wide, columns=(*wide.columns, Column(name="x", type="integer")))
    added = planned(Schema(tables=(narrow,)), Schema(tables=(wider, table("b"))), dialect)
    dropped = planned(Schema(tables=(wider,)), Schema(tables=(narrow, table("b"))), dialect)
    assert added.reversibility is Reversibility.LOSSLESS
    assert dropped.reversibility is Reversibility.STRUCTURE_ONLY
    assert len(added.up) == len(added.down)


def test_values_that_may_not_fit_a_type_made_anew_do_not_all_come_back() -> None:
    dialect = dialect_named("postgresql")

    def of(bounds: str) -> Schema:
        text = f"CREATE TYPE public.span AS RANGE (SUBTYPE = {bounds})"
        span = Definition(kind=Kind.RANGE_TYPE, name="span", definition=text)
        return Schema(definitions=(span,), domains=(Domain(name="amount", type=bounds),))

    assert planned(of("integer"), of("bigint"), dialect).reversibility is Reversibility.LOSSLESS
    assert planned(of("bigint"), of("integer"), dialect).reversibility is Reversibility.STRUCTURE_ONLY


def test_nothing_to_do_is_an_empty_plan() -> None:
    made = planned(CHAIN, CHAIN, dialect_named("postgresql"))
    assert (made.up, made.down, made.reversibility) == ((), (), Reversibility.LOSSLESS)
