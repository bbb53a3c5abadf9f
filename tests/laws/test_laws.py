"""The laws of migrations, on generated schemas and live engines.

Up reaches the target; planning again finds nothing; down returns; what is made from an inspected schema
inspects as that schema; a lossless plan keeps every value; JSON round-trips; names stay in their quotes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from querynl.connections import Connection, connect, parse_url
from querynl.decisions import required_columns
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.diff import diff
from querynl.naming import named
from querynl.operations import Change, Create, Operation, Rename, inverse
from querynl.plan import Plan, Reversibility, from_json, plan, statements, to_json
from querynl.schema import Check, Column, ForeignKey, Index, Name, PrimaryKey, Schema, Table, Unique
from querynl.sources import json_file
from querynl.sources.renames import renames_of, with_renames
from tests.engines import Databases
from tests.laws.strategies import Pair, names_in_order, pairs, row, schemas

# Pairs per engine; `make soak` raises it.
PAIRS = int(os.environ.get("QUERYNL_TEST_PAIRS", "200"))
ROWS = 3

law = settings(
    max_examples=PAIRS,
    derandomize="QUERYNL_TEST_PAIRS" not in os.environ,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def sessions(engine: str, databases: Databases) -> Iterator[tuple[Connection, Connection]]:
    """Sessions on two databases of the engine, emptied by each example for itself."""
    with (
        databases.temporary(engine) as first,
        databases.temporary(engine) as second,
        connect(parse_url(first.url)) as one,
        connect(parse_url(second.url)) as other,
    ):
        yield one, other


@law
@given(data=st.data())
def test_pairs_migrate_up_and_down_and_keep_their_rows(
    sessions: tuple[Connection, Connection], data: st.DataObject
) -> None:
    live, other = sessions
    dialect = dialect_named(live.dialect, live.version)
    pair: Pair = data.draw(pairs(dialect))
    before, after = _made(pair.before, live, dialect), _made(pair.after, other, dialect)

    difference = diff(before, after, dialect)
    made = plan(before, difference.operations, dialect, reordered=difference.reordered)
    assert from_json(to_json(made)) == made, "a plan survives being stored"
    assert plan(before, difference.operations, dialect) == replace(made, reordered=()), "a plan is deterministic"

    rows: dict[Name, list[Any]] = {}
    if _takes_rows(difference.operations, dialect):
        rows = _filled(live, before, pair.before, dialect)
    _run(live, statements(made.up))
    reached = dialect.inspect(live)
    assert diff(reached, after, dialect).operations == (), "up reaches the target, and planning again finds nothing"
    _assert_values_kept(rows, live, reached, difference.operations, dialect)
    _run(live, statements(made.down))
    assert diff(dialect.inspect(live), before, dialect).operations == (), "down returns"
    if rows and made.reversibility is Reversibility.LOSSLESS:
        assert _values(live, before, dialect) == rows, "a lossless plan brings every value back"


@law
@given(data=st.data())
def test_what_is_made_from_an_inspected_schema_inspects_as_that_schema(
    sessions: tuple[Connection, Connection], data: st.DataObject
) -> None:
    live, other = sessions
    dialect = dialect_named(live.dialect, live.version)
    declared = data.draw(schemas(dialect))
    assert json_file.read(json_file.write(declared), "law").tables == _with_required_keys(declared).tables
    inspected = _made(declared, live, dialect)
    assert json_file.read(json_file.write(inspected), "law") == inspected, "JSON keeps all of an inspected schema"
    _emptied(other, dialect)
    _run(other, statements(_creation(inspected, dialect).up))
    assert dialect.inspect(other) == inspected


def _with_required_keys(schema: Schema) -> Schema:
    """Reading makes key columns required, as every engine does."""
    tables = []
    for table in schema.tables:
        keys = table.primary_key.columns if table.primary_key else ()
        columns = tuple(replace(c, nullable=c.nullable and c.name not in keys) for c in table.columns)
        tables.append(replace(table, columns=columns))
    return replace(schema, tables=tuple(tables))


def _made(declared: Schema, connection: Connection, dialect: Dialect) -> Schema:
    """What the engine tells of a declared schema, after it alone was made in the database."""
    _emptied(connection, dialect)
    localised = named(dialect.localise(_with_required_keys(declared)), dialect)
    _run(connection, statements(_creation(localised, dialect).up))
    return with_renames(dialect.inspect(connection), renames_of(localised))


def _creation(schema: Schema, dialect: Dialect) -> Plan:
    empty = Schema(dialect=schema.dialect)
    return plan(empty, diff(empty, schema, dialect).operations, dialect)


def _emptied(connection: Connection, dialect: Dialect) -> None:
    here = dialect.inspect(connection)
    gone = plan(here, diff(here, Schema(dialect=here.dialect), dialect).operations, dialect)
    _run(connection, statements(gone.up))
    assert dialect.inspect(connection).tables == ()


def _run(connection: Connection, script: Sequence[Statement]) -> None:
    for statement in script:
        if statement.expects_no_rows:
            assert connection.rows(statement.sql) == [], statement.sql
        else:
            connection.execute(statement.sql)


# ---------------------------------------------------------------------------------------------- rows


def _takes_rows(operations: Sequence[Operation], dialect: Dialect) -> bool:
    """Whether rows that were there before cannot be in the way of any operation, or of its inverse."""
    back = [undo for operation in operations if (undo := inverse(operation)) is not None]
    if any(required_columns(operations)) or any(required_columns(back)) or any(map(_fills_alike, back)):
        return False
    return all(_is_harmless(operation, dialect) for operation in operations)


def _fills_alike(operation: Operation) -> bool:
    """Whether a new column gives every row the same value, which a unique constraint may refuse."""
    return isinstance(operation, Create) and isinstance(operation.obj, Column) and operation.obj.default is not None


def _is_harmless(operation: Operation, dialect: Dialect) -> bool:
    match operation:
        case Create(Table() | Column() | Check() | Index() | Unique() | PrimaryKey()):
            return not _fills_alike(operation)
        case Create(ForeignKey()):
            return False
        case Change(Column() as old, Column() as new):
            return (old.nullable or not new.nullable or old.nullable == new.nullable) and (
                old.type == new.type or dialect.widens(old, new)
            )
        case _:
            return True


def _filled(connection: Connection, schema: Schema, declared: Schema, dialect: Dialect) -> dict[Name, list[Any]]:
    """The values of every table after rows were put into all of them."""
    tables = {table.key: table for table in schema.tables}
    for name in names_in_order(schema):
        for number in range(1, ROWS + 1):
            values = row(tables[name], number, declared)
            columns = ", ".join(dialect.quote(column).replace("%", "%%") for column in values)
            places = ", ".join(["%s"] * len(values))
            table = dialect.quote(name.name).replace("%", "%%")
            connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", tuple(values.values()))
    return _values(connection, schema, dialect)


def _values(connection: Connection, schema: Schema, dialect: Dialect) -> dict[Name, list[Any]]:
    return {table.key: _columns(connection, table, [c.name for c in table.columns], dialect) for table in schema.tables}


def _columns(connection: Connection, table: Table, names: Sequence[str], dialect: Dialect) -> list[Any]:
    if not names:
        return []
    columns = ", ".join(map(dialect.quote, names))
    return sorted(map(repr, connection.rows(f"SELECT {columns} FROM {dialect.quote(table.name)}")))


def _assert_values_kept(
    rows: dict[Name, list[Any]],
    connection: Connection,
    reached: Schema,
    operations: Sequence[Operation],
    dialect: Dialect,
) -> None:
    """Every table that is still there has its rows, and renamed columns have their old values."""
    renamed = {(op.ref.table, op.to): op.ref.name for op in operations if isinstance(op, Rename)}
    for table in reached.tables:
        if table.key not in rows:
            continue
        assert len(connection.rows(f"SELECT 1 FROM {dialect.quote(table.name)}")) == len(rows[table.key])
        for column in table.columns:
            source = renamed.get((table.name, column.name))
            if source is not None:
                found = _columns(connection, table, [column.name], dialect)
                assert len(found) == ROWS
                assert "(None,)" not in found, f"the values of {source} went along to {column.name}"
