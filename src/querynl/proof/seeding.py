"""Rows for every table of a scratch database, made to exercise what the tables demand of rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects import Dialect, quoted
from querynl.errors import StatementFailed
from querynl.proof.inserts import Inserts, Typed, picked
from querynl.proof.own_types import Types
from querynl.proof.values import Spelling
from querynl.rows import count_rows
from querynl.schema import ForeignKey, Name, Ref, Schema, Table

# A domain's word for the value that it checks.
_VALUE = re.compile(r"\bVALUE\b", re.IGNORECASE)


class Seeding(Struct, frozen=True):
    """The rows that were put into each table, and the tables that took none, with the engine's reason."""

    rows: dict[Name, int]
    refused: dict[Name, str]

    def without_rows(self, schema: Schema) -> list[Name]:
        """The tables that hold none, not even in a partition, though rows were made for them."""
        through = {parent for table in schema.tables if table.key in self.rows for parent in table.inherits}
        there = {*self.rows, *through}
        return [table.key for table in schema.tables if table.key not in there and _takes_rows(table)]


class Sparing(Struct, frozen=True, kw_only=True):
    """Tables that a migration may ask more of than they do now: what their rows must be like, or that there be none."""

    empty: frozenset[Name] = frozenset()
    plain: frozenset[Name] = frozenset()
    # Columns that will not take a null, though they do now.
    required: frozenset[Ref] = frozenset()


def seed(connection: Connection, schema: Schema, dialect: Dialect, *, later: Schema, sparing: Sparing) -> Seeding:
    """Put rows into every table but those left empty, referred ones first.

    Those that are to be plain get rows that they would take `later` as well. A row that the database refuses is
    tried with other values, and otherwise left out.
    """
    seeding = Seeding({}, {})
    tables = list(filter(_takes_rows, _parents_first(schema.tables)))
    spelling = Spelling(dialect.literal, dialect.has_standard_shapes)
    now, then = (Typed(each, Types(each, spelling)) for each in (schema, later))
    for table in tables:
        if table.key in sparing.empty:
            continue
        plain = then if table.key in sparing.plain else None
        inserts = Inserts(table, now, dialect, required=sparing.required, later=plain, filled=seeding.rows)
        count, reason = _inserted(connection, inserts)
        if count and plain:
            count = _accepted(connection, table.key, plain, dialect)
        if count:
            seeding.rows[table.key] = count
        else:
            seeding.refused[table.key] = reason
    _close_circles(connection, tables, seeding, dialect)
    return seeding


def _takes_rows(table: Table) -> bool:
    """Whether rows are made for the table: foreign ones belong to a server, virtual ones to their modules."""
    return table.server is None and "virtual" not in table.options


def _inserted(connection: Connection, inserts: Inserts) -> tuple[int, str]:
    """How many rows the engine took, and why it refused the last that it did not take."""
    together = inserts.together()
    if together is not None and _first_taken(connection, [together]) is None:
        return inserts.count, ""
    count, reason = 0, ""
    for number in range(inserts.count):
        refusal = _first_taken(connection, inserts.ways(number))
        if refusal is None:
            count += 1
        else:
            reason = refusal
    return count, reason


def _accepted(connection: Connection, name: Name, later: Typed, dialect: Dialect) -> int:
    """How many rows are left of the table without those that its later checks refuse."""
    found = [table for table in later.schema.tables if table.key == name]
    for expression in (text for table in found for text in _checks_of(table, later.types, dialect)):
        _first_taken(connection, [f"DELETE FROM {quoted(name, dialect)} WHERE NOT ({expression})"])
    return count_rows(connection, dialect, [name])[name].rows


def _checks_of(table: Table, types: Types, dialect: Dialect) -> Iterator[str]:
    """What the table demands of a row: its own checks, and those of the domains of its columns."""
    yield from (check.expression for check in table.checks)
    for column in table.columns:
        name = dialect.quote(column.name).replace("\\", r"\\")
        yield from (_VALUE.sub(name, check.expression) for check in types.checks(column.type))


def _first_taken(connection: Connection, statements: Iterable[str]) -> str | None:
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


def _close_circles(connection: Connection, tables: list[Table], seeding: Seeding, dialect: Dialect) -> None:
    """Let the first row of each table refer to tables whose rows came after it; nulls stay where that is refused."""
    earlier: set[Name] = set()
    for table in tables:
        earlier.add(table.key)
        if table.key not in seeding.rows or table.primary_key is None:
            continue
        for key in table.foreign_keys:
            if key.target not in earlier and key.target in seeding.rows:
                _first_taken(connection, [_pointing(table, key, table.primary_key.columns[0], dialect)])


def _pointing(table: Table, key: ForeignKey, column: str, dialect: Dialect) -> str:
    """SQL that lets the first row by the column refer to the first that the key's table has."""
    order = [dialect.quote(name) for name in key.referenced_columns]
    values = ", ".join(
        f"{dialect.quote(name)} = {picked(other, key.target, order, 0, dialect)}"
        for name, other in zip(key.columns, order, strict=False)
    )
    first = dialect.quote(column)
    chosen = picked(first, table.key, [first], 0, dialect)
    return f"UPDATE {quoted(table.key, dialect)} SET {values} WHERE {first} = {chosen}"
