"""Type changes whose new values an expression says: the column is built anew beside the old one.

The new values are those of a stored generated column, so that no trigger fires and no ON UPDATE column
moves. It then takes the old one's name and place, and the keys, indexes and checks on it are made again.
Like every generated column it takes no subquery and no function of the moment or of chance:
https://dev.mysql.com/doc/refman/9.5/en/create-table-generated-columns.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from querynl.dialects.expressions import mentions
from querynl.dialects.mysql import definitions
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import NAME_LENGTH, quote
from querynl.schema import Column, Generated, Index, PartT, Table


class Conversion(NamedTuple):
    """A column that becomes another by way of an expression."""

    column: Column
    using: str

    def interim(self, table: Table) -> Column:
        """The generated column that holds the new values for a while."""
        taken = {column.name.lower() for column in table.columns}
        number = 1
        while True:
            suffix = "_converted" + (str(number) if number > 1 else "")
            name = self.column.name[: NAME_LENGTH - len(suffix)] + suffix
            if name.lower() not in taken:
                break
            number += 1
        bare = Column(name=name, type=self.column.type, charset=self.column.charset, collation=self.column.collation)
        return replace(bare, generated=Generated(expression=self.using))


def prepared(conversions: Sequence[Conversion], table: Table, server: Server) -> str:
    """The ALTER TABLE that computes the new values."""
    columns = (definitions.column(conversion.interim(table), server) for conversion in conversions)
    return f"ALTER TABLE {quote(table.name)} " + ", ".join(f"ADD COLUMN {column}" for column in columns)


def place(column: Column, old: Table, new: Table) -> str:
    """FIRST or AFTER for where the column stood."""
    names = [other.name for other in old.columns]
    before = [name for name in names[: names.index(column.name)] if new.column(name) is not None]
    return f" AFTER {quote(before[-1])}" if before else " FIRST"


def finished(conversion: Conversion, old: Table, place: str, server: Server) -> Iterator[str]:
    """The clauses that put the new column in the old one's place."""
    column = conversion.column
    yield f"DROP COLUMN {quote(column.name)}"
    interim = quote(conversion.interim(old).name)
    yield f"CHANGE COLUMN {interim} {definitions.column(column, server)}{place}"


def around(clauses: list[str], conversions: Sequence[Conversion], old: Table, new: Table, server: Server) -> list[str]:
    """The clauses, and those that take away before, and bring back after, what is on the columns and stays."""
    names = {conversion.column.name for conversion in conversions}
    drops, adds = [], []
    if old.primary_key is not None and old.primary_key == new.primary_key and names & set(old.primary_key.columns):
        drops.append("DROP PRIMARY KEY")
        adds.append(f"ADD {definitions.primary_key(old.primary_key)}")
    for index in _staying(old.indexes, new.indexes, lambda index: _on(index, names, server)):
        drops.append(f"DROP INDEX {quote(index.name or '')}")
        adds.append(f"ADD {definitions.index(index, server)}")
    for check in _staying(old.checks, new.checks, lambda check: _mentions(check.expression, names, server)):
        drops.append(definitions.dropped_check(check.name or "", server))
        adds.append(f"ADD {definitions.check(check)}")
    return [*drops, *clauses, *adds]


def _staying(old: tuple[PartT, ...], new: tuple[PartT, ...], uses: Callable[[PartT], bool]) -> Iterator[PartT]:
    return (part for part in old if part in new and uses(part))


def _on(index: Index, names: set[str], server: Server) -> bool:
    return any(key.column in names or _mentions(key.expression or "", names, server) for key in index.columns)


def _mentions(expression: str, names: set[str], server: Server) -> bool:
    return any(mentions(expression, name, server.name) for name in names)
