"""Where columns stand: new ones are put in their place, and as few as possible of the others are moved."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from querynl.dialects.mysql.spelling import quote
from querynl.operations import Change, Create, Drop, Operation
from querynl.schema import Column, Name, Table


def places(old: Table, new: Table, operations: Sequence[Operation]) -> dict[str, str]:
    """FIRST or AFTER for each column that comes or moves, by name; nothing for a new one at the end.

    In the order of the new table, so that what AFTER names is in its own place by then.
    """
    dropped = {op.obj.name for op in operations if isinstance(op, Drop) and isinstance(op.obj, Column)}
    before = [column.name for column in old.columns if column.name not in dropped]
    wanted = [column.name for column in new.columns]
    staying = _in_order([name for name in before if name in set(wanted)], wanted)
    found: dict[str, str] = {}
    for number, name in enumerate(wanted):
        if name not in staying:
            at_end = name not in before and not staying & set(wanted[number:])
            found[name] = "" if at_end else f" AFTER {quote(wanted[number - 1])}" if number else " FIRST"
    return found


def _in_order(names: Sequence[str], wanted: Sequence[str]) -> set[str]:
    """The most names that stand in the wanted order already: a longest increasing subsequence."""
    position = {name: number for number, name in enumerate(wanted)}
    tails: list[int] = []
    chains: list[tuple[str, ...]] = []
    for name in names:
        at = bisect_left(tails, position[name])
        chain = (*(chains[at - 1] if at else ()), name)
        tails[at : at + 1] = [position[name]]
        chains[at : at + 1] = [chain]
    return set(chains[-1]) if chains else set()


def arranged(operations: Sequence[Operation], new: Table, placed: dict[str, str]) -> list[Operation]:
    """The operations with those on placed columns in the columns' order; a mere move is a change that is none."""
    on_column = {
        operation.obj.name if isinstance(operation, Create) else operation.after.name: operation
        for operation in operations
        if isinstance(operation, Create | Change) and isinstance(_subject(operation), Column)
    }
    moving = [
        on_column.get(column.name, Change(column, column, Name(new.namespace, new.name)))
        for column in new.columns
        if column.name in placed
    ]
    rest = [operation for operation in operations if operation not in moving]
    first = next((number for number, operation in enumerate(operations) if operation in moving), len(rest))
    return [*rest[:first], *moving, *rest[first:]]


def _subject(operation: Create | Change) -> object:
    return operation.obj if isinstance(operation, Create) else operation.after
