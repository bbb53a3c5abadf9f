"""The rows of tables: how many there are, counted no further than anyone wants to wait, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct

from querynl.dialects import Dialect, Reader, quoted
from querynl.schema import Name

# Beyond this many rows a table is simply large.
MOST_COUNTED = 100_000

# Tables counted by one query; engines limit how many SELECTs may be joined.
_AT_ONCE = 50


class RowCount(Struct, frozen=True):
    """The rows of a table; `exact` False means at least as many."""

    rows: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.rows:,}" if self.exact else f"more than {self.rows:,}"


def count_rows(
    reader: Reader, dialect: Dialect, tables: Iterable[Name], *, with_value_in: str | None = None
) -> dict[Name, RowCount]:
    """The rows of each table, or those with a value in that column of it, none read beyond MOST_COUNTED."""
    counts: dict[Name, RowCount] = {}
    condition = "" if with_value_in is None else f" WHERE {dialect.quote(with_value_in)} IS NOT NULL"
    for names in _batches(tables):
        query = " UNION ALL ".join(
            f"SELECT {number}, count(*) FROM (SELECT 1 AS one FROM {quoted(name, dialect)}{condition}"
            f" LIMIT {MOST_COUNTED + 1}) AS t{number}"
            for number, name in enumerate(names)
        )
        for number, count in reader.rows(query):
            counts[names[number]] = RowCount(min(count, MOST_COUNTED), exact=count <= MOST_COUNTED)
    return counts


def read_rows(reader: Reader, dialect: Dialect, table: Name, columns: Iterable[str]) -> list[tuple[Any, ...]]:
    """The values of these columns in every row of the table; of no column, as many rows all the same."""
    listed = ", ".join(map(dialect.quote, columns)) or "1"
    return reader.rows(f"SELECT {listed} FROM {quoted(table, dialect)}")


def _batches(names: Iterable[Name]) -> Iterator[Sequence[Name]]:
    remaining = iter(names)
    while batch := list(islice(remaining, _AT_ONCE)):
        yield batch
