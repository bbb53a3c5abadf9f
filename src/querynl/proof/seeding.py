"""Rows for every table of a scratch database, made to exercise what the tables demand of rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.errors import StatementFailed
from querynl.proof.values import values
from querynl.schema import Check, Column, ForeignKey, Name, Ref, Schema, Table

ROWS = 3
# How often a row that the database refuses is tried with other values.
_TRIES = 8

_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])\d+(?:\.\d+)?")


class Seeding(Struct, frozen=True):
    """The rows that were put into each table, and the tables that took none, with the engine's reason."""

    rows: dict[Name, int]
    refused: dict[Name, str]


def seed(
    connection: Connection, schema: Schema, dialect: Dialect, *, empty: Collection[Name], required: Collection[Ref]
) -> Seeding:
    """Put up to ROWS rows into each table but the `empty` ones, referred ones first.

    `required` are columns that will not take a null, though they do now. A row that the database refuses is
    tried with other values, and otherwise left out.
    """
    enums: dict[str, Sequence[str]] = {}
    for enum in schema.enums:
        enums[enum.name] = enums[str(Name(enum.namespace, enum.name))] = enum.values
    seeding = Seeding({}, {})
    for table in _parents_first(schema.tables):
        if table.key in empty or table.server is not None or "virtual" in table.options:
            continue
        writer = _Writer(table, schema, dialect, enums, required)
        for number in range(ROWS):
            reason = _inserted(connection, writer.statements(number))
            if reason is None:
                seeding.rows[table.key] = seeding.rows.get(table.key, 0) + 1
            elif table.key not in seeding.rows:
                seeding.refused[table.key] = reason
        if table.key in seeding.rows:
            seeding.refused.pop(table.key, None)
    return seeding


def _inserted(connection: Connection, statements: Iterable[str]) -> str | None:
    """None once one of the statements was taken; else why the last was not."""
    reason = "nothing to insert"
    for statement in statements:
        try:
            connection.execute(statement)
        except StatementFailed as error:
            reason = error.what
        else:
            return None
    return reason


def _parents_first(tables: Iterable[Table]) -> Iterator[Table]:
    """The tables, each after those that it refers to, as far as there is no circle."""
    waiting = {table.key: table for table in tables}
    while waiting:
        free = [
            table
            for table in waiting.values()
            if not any(key.target in waiting and key.target != table.key for key in table.foreign_keys)
        ]
        for table in free or [next(iter(waiting.values()))]:
            yield waiting.pop(table.key)


class _Writer:
    """Makes the statements that insert rows into one table."""

    def __init__(
        self,
        table: Table,
        schema: Schema,
        dialect: Dialect,
        enums: dict[str, Sequence[str]],
        required: Collection[Ref],
    ) -> None:
        self._table = table
        self._dialect = dialect
        self._enums = enums
        self._domains = {name: d for d in schema.domains for name in (d.name, str(Name(d.namespace, d.name)))}
        self._required = {ref.name for ref in required if (ref.namespace, ref.table) == table.key}

    def statements(self, number: int) -> Iterator[str]:
        """Different ways to insert the row of that number, the most telling first."""
        tried: set[str] = set()
        for attempt in range(_TRIES):
            statement = self._statement(number, attempt)
            if statement not in tried:
                tried.add(statement)
                yield statement

    def _statement(self, number: int, attempt: int) -> str:
        expressions = {
            column.name: text
            for column in self._table.columns
            if (text := self._value(column, number, attempt)) is not None
        }
        for key in self._table.foreign_keys:
            expressions.update(self._referred(key, number, attempt, expressions))
        table = _quoted(self._table.key, self._dialect)
        columns = ", ".join(map(self._dialect.quote, expressions))
        return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(expressions.values())})"

    def _value(self, column: Column, number: int, attempt: int) -> str | None:
        """SQL of the column's value; None where the column is left to the engine."""
        if column.generated is not None or column.identity is not None:
            return None
        # The last row is of nulls; where they are refused, it is one more.
        if number == ROWS - 1 and attempt == 0 and column.nullable and column.name not in self._required:
            return "NULL"
        domain = self._domains.get(column.type)
        checks = self._table.checks + (domain.checks if domain else ())
        candidates = values(domain.type if domain else column.type, number, self._enums)
        if attempt > 0:
            candidates = candidates[1:] + candidates[:1] if attempt == 1 else candidates[-1:]
        if attempt > 1:
            candidates = self._demanded(column, checks, number + attempt - 2) or candidates
        if not candidates and not column.nullable and column.default is None:
            return "'1'"
        return candidates[0] if candidates else None

    def _demanded(self, column: Column, checks: Sequence[Check], number: int) -> list[str]:
        """One of the values that checks of the column name."""
        is_text = any(word in column.type.lower() for word in ("char", "text"))
        found = [
            literal
            for check in checks
            if self._dialect.mentions(check.expression, column.name) or "value" in check.expression.lower()
            for literal in (_texts_like(check.expression, number) if is_text else _numbers_near(check.expression))
        ]
        return [found[number % len(found)]] if found else []

    def _referred(
        self, key: ForeignKey, number: int, attempt: int, expressions: dict[str, str]
    ) -> Iterator[tuple[str, str]]:
        """The values of a row that the key's table has."""
        if key.target == self._table.key:
            optional = all(column.nullable for column in self._table.columns if column.name in key.columns)
            own = zip(key.columns, key.referenced_columns, strict=False)
            yield from (
                ((name, "NULL") for name in key.columns)
                if optional
                else ((name, expressions.get(referred, "NULL")) for name, referred in own)
            )
            return
        quoted = [self._dialect.quote(name) for name in key.referenced_columns]
        row = number if attempt < _TRIES - 1 else 0
        for name, referred in zip(key.columns, quoted, strict=False):
            if expressions.get(name) != "NULL":
                yield (
                    name,
                    (
                        f"(SELECT {referred} FROM {_quoted(key.target, self._dialect)} WHERE {referred} IS NOT NULL"
                        f" ORDER BY {', '.join(quoted)} LIMIT 1 OFFSET {row})"
                    ),
                )


def _texts_like(expression: str, number: int) -> list[str]:
    """The texts of an expression, with the number in the place of a pattern's wildcards."""
    return [literal.replace("%", str(number)) for literal in _LITERAL.findall(expression) if literal.startswith("'")]


def _numbers_near(expression: str) -> list[str]:
    """The numbers of an expression, and those beside them."""
    numbers = [float(literal) for literal in _LITERAL.findall(expression) if not literal.startswith("'")]
    return [f"'{number + step:g}'" for number in numbers for step in (0, 1, -1)]


def _quoted(name: Name, dialect: Dialect) -> str:
    return ".".join(dialect.quote(part) for part in name if part is not None)
