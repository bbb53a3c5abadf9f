"""Indexes that the engine made by itself for foreign keys, and takes away again once another one would serve.

https://dev.mysql.com/doc/refman/9.5/en/create-table-foreign-keys.html#foreign-key-restrictions

No catalog tells them from others. An index that is given a name of its own, even the one it has, stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from querynl.dialects.mysql.spelling import quote
from querynl.operations import Create, Operation
from querynl.schema import ForeignKey, Index, IndexColumn, PrimaryKey, Table


def kept_beside(operations: Sequence[Operation], old: Table, new: Table) -> Iterator[str]:
    """The clauses that keep such indexes where a new key begins with their columns."""
    made = [op.obj for op in operations if isinstance(op, Create)]
    keys = [_columns(key) for key in made if isinstance(key, PrimaryKey | Index)]
    for index in old.indexes:
        own = _plain_columns(index)
        serves = any(foreign.columns == own for foreign in (*old.foreign_keys, *new.foreign_keys))
        stays = index in new.indexes and index not in made
        if stays and (serves or _is_called_by_column(index)) and any(columns[: len(own)] == own for columns in keys):
            yield _kept(index)


def _columns(key: PrimaryKey | Index) -> tuple[str | None, ...]:
    return key.columns if isinstance(key, PrimaryKey) else tuple(part.column for part in key.columns)


def kept_under(key: ForeignKey, table: Table) -> Iterator[str]:
    """The clauses that keep such indexes where a foreign key comes, for which the engine would make its own."""
    others = {other.name for other in table.foreign_keys} - {key.name}
    for index in table.indexes:
        is_given = _is_called_by_column(index) or index.name in others
        if _plain_columns(index) == key.columns and is_given:
            yield _kept(index)


def _is_called_by_column(index: Index) -> bool:
    """Whether it has the name that is given where the foreign key has none."""
    columns = _plain_columns(index)
    return bool(columns) and re.fullmatch(rf"{re.escape(columns[0])}(_\d+)?", index.name or "") is not None


def _kept(index: Index) -> str:
    name = quote(index.name or "")
    return f"RENAME INDEX {name} TO {name}"


def _plain_columns(index: Index) -> tuple[str, ...]:
    """The columns of an index that is like those the engine makes; none of any other."""
    plain = Index(name=index.name, columns=tuple(IndexColumn(column=key.column) for key in index.columns))
    return tuple(key.column for key in index.columns if key.column) if index == plain else ()
