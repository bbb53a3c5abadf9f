"""Values that a table asks for by its checks and its partitions, read from the literals in their expressions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from querynl.dialects import Dialect
from querynl.proof.own_types import Types
from querynl.schema import Column, Schema, Table

_LITERAL = re.compile(r"'(?:[^']|'')*'|(?<![\w.])\d+(?:\.\d+)?")
_TEXTS = ("char", "text", "clob", "string")


class Demands:
    """What the rows of one table must hold, as far as that can be read."""

    def __init__(self, table: Table, schema: Schema, types: Types, dialect: Dialect) -> None:
        self._table = table
        self._types = types
        self._dialect = dialect
        self._bounds = tuple(_bounds(table, schema))

    def placing(self, column: Column) -> list[str]:
        """Values of a column that put a row into each of the partitions."""
        bounds = [bound for key, bound in self._bounds if self._dialect.mentions(key, column.name)]
        return [value for bound in bounds for value in self._near(column, bound)]

    def checked(self, column: Column, number: int) -> list[str]:
        """Values of a column that its checks speak of, with the number in the place of a pattern's wildcards."""
        named = [
            check.expression for check in self._table.checks if self._dialect.mentions(check.expression, column.name)
        ]
        own = [check.expression for check in self._types.checks(column.type)]
        return [value for text in (*named, *own) for value in self._near(column, text.replace("%", str(number)))]

    def _near(self, column: Column, expression: str) -> Iterator[str]:
        """The literals of an expression, and the numbers beside them."""
        is_text = any(word in column.type.lower() for word in _TEXTS)
        for literal in _LITERAL.findall(expression):
            if literal.startswith("'"):
                yield literal
            elif not is_text:
                yield from (f"'{float(literal) + step:.12g}'" for step in (0, 1, -1))


def _bounds(table: Table, schema: Schema) -> Iterator[tuple[str, str]]:
    """By which expressions rows are told to partitions, and the text that says where these begin and end."""
    own = str(table.options.get("partition_by", ""))
    bound = table.options.get("partition_bound")
    if bound is None:
        yield own, own
    for parent in schema.tables:
        if bound is not None and parent.key in table.inherits:
            yield str(parent.options.get("partition_by", "")), str(bound)
            yield from _bounds(parent, schema)
