"""Which operations must come before which."""

from __future__ import annotations

from collections.abc import Sequence

from querynl.heirs import links_of_heirs
from querynl.operations import Change, Create, Drop, Operation, Rename, Rewriting, RunSQL, target
from querynl.ordering.needs import Needs
from querynl.schema import Grant, Kind, Name, Ownership, Ref


def predecessors(operations: Sequence[Operation], rewriting: Rewriting) -> dict[int, set[int]]:
    """For the number of each operation, the numbers of those that must come before it."""
    before: dict[int, set[int]] = {number: set() for number in range(len(operations))}
    needs = Needs(operations, rewriting)
    creators, droppers, changers = needs.creators, needs.droppers, needs.changers
    for number, operation in enumerate(operations):
        if (about := privileged(operation)) is not None:
            # Whatever creates an object gives it what the schema has for it by then.
            for ref in about:
                before[number].update(droppers.get(ref, ()))
                for other in creators.get(ref, ()):
                    before[other].add(number)
            continue
        match operation:
            case Create(obj, table):
                for ref in needs.of(obj, table):
                    before[number].update(creators.get(ref, ()), changers.get(ref, ()))
            case Drop(obj, table):
                for ref in needs.of(obj, table):
                    for other in (*droppers.get(ref, ()), *changers.get(ref, ())):
                        before[other].add(number)
            case Change(old, new, table):
                needed = set(needs.of(new, table))
                for ref in needed:
                    before[number].update(creators.get(ref, ()))
                for ref in needs.of(old, table):
                    # What goes and comes back, and is needed still, is there again before the change.
                    for other in () if ref in creators and ref in needed else droppers.get(ref, ()):
                        before[other].add(number)
            case RunSQL(table=Name() as name):
                # Rows are touched after columns came and before those change or go.
                before[number].update(needs.column_creators.get(name, ()))
                for other in needs.column_enders.get(name, ()):
                    before[other].add(number)
    for first, second in links_of_heirs(operations):
        before[second].add(first)
    for taken, givers in needs.names_given_up.items():
        for taker in needs.names_taken.get(taken, ()):
            for giver in givers:
                first, second = (taker, giver) if _goes_on(operations[taker], operations[giver]) else (giver, taker)
                before[second].add(first)
    for number, others in before.items():
        others.discard(number)
    return before


def privileged(operation: Operation) -> tuple[Ref, ...] | None:
    """The addresses of what the operation grants or gives to an owner; None for any other operation."""
    if isinstance(operation, Rename | RunSQL):
        return None
    obj = operation.after if isinstance(operation, Change) else operation.obj
    match obj:
        case Grant(column=str(column)):
            return (obj.object, Ref(Kind.COLUMN, obj.namespace, column, obj.name))
        case Grant() | Ownership():
            return (obj.object,)
        case _:
            return None


def _goes_on(first: Operation, second: Operation) -> bool:
    """Whether the second is about what the first renamed, by its new name."""
    return isinstance(first, Rename) and first.ref._replace(name=first.to) == target(second)
