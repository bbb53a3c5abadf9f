"""The statements that insert rows into a table, each row in several ways: the engine takes the first that it can."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from querynl.dialects import Dialect, quoted
from querynl.proof.demands import Demands
from querynl.proof.own_types import Types
from querynl.proof.values import Values
from querynl.schema import Column, ForeignKey, Name, Ref, Schema, Table

_FEWEST = 3
_MOST = 8
# How often a row that the database refuses is tried with other values.
_WAYS = 9


class Typed(NamedTuple):
    """A schema, and the values of its types."""

    schema: Schema
    types: Types


class Inserts:
    """What puts rows into one table: plain values in the first row, telling ones in others, nulls in the last.

    `required` are columns that must not be null. With a schema of `later`, the rows are plain ones that it takes as
    well. `filled` says how many rows other tables have.
    """

    def __init__(
        self,
        table: Table,
        now: Typed,
        dialect: Dialect,
        *,
        required: Collection[Ref],
        later: Typed | None,
        filled: Mapping[Name, int],
    ) -> None:
        self._table = table
        self._dialect = dialect
        self._required = {ref.name for ref in required if (ref.namespace, ref.table) == table.key}
        self._filled = filled
        self._demands = Demands(table, now.schema, now.types, dialect)
        self._later = {} if later is None else _later(table.key, later, dialect)
        self._columns = _columns(table, now.schema)
        self._values = {column.name: now.types.values(column.type) for column in self._columns}
        self._placing = {column.name: self._demands.placing(column) for column in self._columns}
        self.count = max(_FEWEST, min(_MOST, self._variety() + 2))

    def together(self) -> str | None:
        """One statement for all rows in their first way; None where they have to come one by one."""
        if any(key.target == self._table.key for key in self._table.foreign_keys):
            return None
        rows = [self._row(number, 0) for number in range(self.count)]
        return self._statement(rows) if len({tuple(row) for row in rows}) == 1 else None

    def ways(self, number: int) -> Iterator[str]:
        """Different statements for the row of that number, the most telling first."""
        tried: set[str] = set()
        for way in range(_WAYS):
            statement = self._statement([self._row(number, way)])
            if statement not in tried:
                tried.add(statement)
                yield statement

    def _variety(self) -> int:
        """How many telling values the column has that has most of them."""
        if self._later:
            return _MOST  # those that the schema of later does not take will go again
        own = (found.telling for found in self._values.values() if found is not None)
        return max(map(len, (*own, *self._placing.values())), default=0)

    def _statement(self, rows: list[dict[str, str]]) -> str:
        columns = ", ".join(map(self._dialect.quote, rows[0]))
        values = ", ".join(f"({', '.join(row.values())})" for row in rows)
        return f"INSERT INTO {quoted(self._table.key, self._dialect)} ({columns}) VALUES {values}"

    def _row(self, number: int, way: int) -> dict[str, str]:
        found = ((column.name, self._value(column, number, way)) for column in self._columns)
        row = {name: value for name, value in found if value is not None}
        for key in self._table.foreign_keys:
            row.update(self._referred(key, number, way, row))
        return row

    def _value(self, column: Column, number: int, way: int) -> str | None:
        """SQL of the column's value; None where the column is left to the engine."""
        if column.generated is not None or column.identity is not None:
            return None
        is_last = number == self.count - 1
        if is_last and way == 0 and column.nullable and column.name not in self._required:
            return "NULL"
        values = self._values[column.name]
        if values is None:
            return "'1'" if not column.nullable and column.default is None else None
        placing = self._placing[column.name]
        if placing and way < 2:
            return placing[number % len(placing)]
        if way == 0 or (way == 1 and not self._demands.checked(column, number)):
            return self._first(column, values, number + way)
        if way == 2:
            return values.plain(number)
        demanded = self._demands.checked(column, number) + placing
        return demanded[(number + max(0, way - 3)) % len(demanded)] if demanded else values.plain(number)

    def _first(self, column: Column, values: Values, number: int) -> str:
        """The value that says most; where it is refused, that of the next row may be taken."""
        if column.name in self._later:
            types, demands, becoming = self._later[column.name]
            demanded = demands.checked(becoming, number)
            if demanded and number > 0:
                return demanded[number % len(demanded)]
            return (types.values(becoming.type) or values).plain(number)
        return values.telling[number - 1] if 0 < number <= len(values.telling) else values.plain(number)

    def _referred(self, key: ForeignKey, number: int, way: int, row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """The values of a row that the key's table has; the first row of a table that refers to itself has none."""
        is_own = key.target == self._table.key
        there = number if is_own else self._filled.get(key.target, 0)
        optional = all(column.nullable for column in self._columns if column.name in key.columns)
        referred = [self._dialect.quote(name) for name in key.referenced_columns]
        if is_own and (number == 0 or way > _WAYS // 2):
            own = zip(key.columns, key.referenced_columns, strict=False)
            yield from ((name, "NULL" if optional else row.get(other, "NULL")) for name, other in own)
            return
        offset = 0 if way == _WAYS - 1 or not there else number % there
        for name, other in zip(key.columns, referred, strict=False):
            if row.get(name) != "NULL":
                yield name, picked(other, key.target, referred, offset, self._dialect)


def _columns(table: Table, schema: Schema) -> tuple[Column, ...]:
    """The columns of the table, and those that it has from the tables that it inherits from."""
    found = {column.name: column for column in table.columns}
    for parent in schema.tables:
        if parent.key in table.inherits:
            found = {column.name: column for column in _columns(parent, schema)} | found
    return tuple(found.values())


Later = dict[str, tuple[Types, Demands, Column]]


def _later(name: Name, later: Typed, dialect: Dialect) -> Later:
    """What the columns of a table will be, by their names: their types, what they must hold, and they themselves."""
    return {
        column.name: (later.types, Demands(table, later.schema, later.types, dialect), column)
        for table in later.schema.tables
        if table.key == name
        for column in _columns(table, later.schema)
    }


def picked(column: str, table: Name, order: list[str], offset: int, dialect: Dialect) -> str:
    """SQL of a value that the column, quoted already, has in the row of that number.

    The query stands within another: some engines let no statement read the table that it writes otherwise.
    """
    return (
        f"(SELECT v FROM (SELECT {column} AS v FROM {quoted(table, dialect)} WHERE {column} IS NOT NULL"
        f" ORDER BY {', '.join(order)} LIMIT 1 OFFSET {offset}) AS picked)"
    )
