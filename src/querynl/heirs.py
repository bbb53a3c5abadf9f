"""The order that tables with parents, and indexes made of those of partitions, ask of operations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from querynl.operations import Change, Create, Drop, Operation, table_of, target
from querynl.schema import Exclusion, Index, Kind, Name, PrimaryKey, Table, Unique

_TABLES_AND_PARTS = frozenset(
    {
        *(Kind.TABLE, Kind.COLUMN, Kind.PRIMARY_KEY, Kind.UNIQUE),
        *(Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION, Kind.INDEX),
    }
)


def links_of_heirs(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """Pairs of numbers of operations, the first of which must come before the second."""
    yield from _parting_first_and_joining_last(operations)
    yield from _parts_of_indexes_first(operations)


def _parting_first_and_joining_last(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """A table parts from its parents before any of them changes, and gets new ones when all are as they will be."""
    moves = [(number, op.before, op.after) for number, op in enumerate(operations) if isinstance(op, Change)]
    on_table: dict[Name | None, list[int]] = defaultdict(list)
    for number, before, after in moves:
        if not isinstance(before, Table) or not isinstance(after, Table) or before.inherits == after.inherits:
            continue
        for other, operation in enumerate(operations) if not on_table else ():
            if (ref := target(operation)) is not None and ref.kind in _TABLES_AND_PARTS:
                on_table[table_of(operation)].append(other)
        gains = not set(after.inherits) <= set(before.inherits)
        for name in {after.key, *set(before.inherits) ^ set(after.inherits)}:
            for other in on_table[name]:
                yield (other, number) if gains else (number, other)


def _parts_of_indexes_first(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """A partition's own part of an index comes before the index of the whole table takes it, and goes with that."""
    named: dict[tuple[type[Operation], str | None], list[int]] = defaultdict(list)
    parts: list[tuple[int, type[Operation], str]] = []
    for number, operation in enumerate(operations):
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, PrimaryKey | Unique | Exclusion | Index):
            verb: type[Operation] = type(operation)
            named[verb, operation.obj.name].append(number)
            if "attached_to" in operation.obj.options:
                parts.append((number, verb, str(operation.obj.options["attached_to"])))
    for number, verb, above in parts:
        for other in named[verb, above]:
            yield (number, other) if verb is Create else (other, number)
