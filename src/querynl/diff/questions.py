"""Drops beside additions so alike that a rename may be meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from querynl.operations import Create, Drop, Operation
from querynl.schema import AnyObject, Column, Name, Ref, Table, ref_of


class Question(Struct, frozen=True):
    """Something dropped and something alike added: a rename, or not?"""

    dropped: Ref
    added: Ref


def questions_of(operations: Iterable[Operation]) -> Iterator[Question]:
    """Pairs of a drop and an alike creation, each object in at most one pair."""
    operations = list(operations)
    drops = [op for op in operations if isinstance(op, Drop) and isinstance(op.obj, Table | Column)]
    creations = [op for op in operations if isinstance(op, Create) and isinstance(op.obj, Table | Column)]
    by_table: dict[Name | None, list[Create]] = defaultdict(list)
    for creation in creations:
        by_table[creation.table].append(creation)
    for drop in drops:
        candidates = [c for c in by_table[drop.table] if _alike(drop.obj, c.obj)]
        if candidates:
            best = max(candidates, key=lambda c: _likeness(drop.obj, c.obj))
            by_table[drop.table].remove(best)
            yield Question(ref_of(drop.obj, drop.table), ref_of(best.obj, best.table))


def _alike(before: AnyObject, after: AnyObject) -> bool:
    """Whether one could be the other under a new name: a column of the same type, a table of much the same columns."""
    if before.name == after.name:
        return False
    if isinstance(before, Column) and isinstance(after, Column):
        return before.type == after.type and before.generated is None and after.generated is None
    if isinstance(before, Table) and isinstance(after, Table):
        return before.namespace == after.namespace and _shared_columns(before, after) > 0.5
    return False


def _shared_columns(before: Table, after: Table) -> float:
    """The share of columns that both tables have by name and type; 0 to 1."""
    first = {(column.name, column.type) for column in before.columns}
    second = {(column.name, column.type) for column in after.columns}
    return len(first & second) / max(len(first), len(second), 1)


def _likeness(before: AnyObject, after: AnyObject) -> float:
    from difflib import SequenceMatcher

    shared = _shared_columns(before, after) if isinstance(before, Table) and isinstance(after, Table) else 0.0
    return shared + SequenceMatcher(None, before.name or "", after.name or "").ratio()
