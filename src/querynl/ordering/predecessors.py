"""Which operations must come before which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from querynl import schema as model
from querynl.heirs import Parents, links_of_heirs
from querynl.operations import Change, Create, Drop, Operation, Rename, Rewriting, RunSQL, target
from querynl.ordering.needs import Needs
from querynl.schema import (
    DEFINED_TYPES,
    AnyObject,
    Column,
    Domain,
    ForeignKey,
    Grant,
    Kind,
    Name,
    Ownership,
    Ref,
    Table,
    ref_of,
)

_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES)


class Predecessors(NamedTuple):
    """For the number of each operation, the numbers of those that come before it.

    `by_name` are the links, from the earlier to the later, that are there for a name which the one gives up and the
    other takes: no engine has two things of one name for a while, as it may have a reference that leads nowhere.
    """

    of: dict[int, set[int]]
    by_name: frozenset[tuple[int, int]]


def predecessors(
    operations: Sequence[Operation], rewriting: Rewriting, parents: Parents, *, guessing: bool = True
) -> Predecessors:
    """What must come before each of the operations; `parents` are those of tables, those that stay as they are too.

    Without `guessing`, only what is known for certain, and not from a name in some text, comes before anything.
    """
    before: dict[int, set[int]] = {number: set() for number in range(len(operations))}
    needs = Needs(operations, rewriting, guessing=guessing)
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
                for name in _referred(obj):
                    before[number].update(needs.table_changers.get(name, ()))
            case Drop(obj, table):
                for ref in needs.of(obj, table):
                    for other in (*droppers.get(ref, ()), *changers.get(ref, ())):
                        before[other].add(number)
                for name in _referred(obj):
                    for other in needs.table_changers.get(name, ()):
                        before[other].add(number)
            case Change(old, new, table):
                _place_change(number, (_itself(old), _itself(new), table), needs, before)
            case RunSQL(table=Name() as name):
                # Rows are touched after columns came and before those change or go.
                before[number].update(needs.column_creators.get(name, ()))
                for other in needs.column_enders.get(name, ()):
                    before[other].add(number)
    for first, second in links_of_heirs(operations, parents):
        before[second].add(first)
    by_name = frozenset(_links_of_names(operations, needs))
    for first, second in by_name:
        before[second].add(first)
    for number, others in before.items():
        others.discard(number)
    return Predecessors(before, by_name)


def _referred(obj: AnyObject) -> Iterator[Name]:
    """The other tables that foreign keys of the object refer to, and whose attributes may rule them out."""
    match obj:
        case Table():
            yield from (key.target for key in obj.foreign_keys if key.target != obj.key)
        case ForeignKey():
            yield obj.target


def _links_of_names(operations: Sequence[Operation], needs: Needs) -> Iterator[tuple[int, int]]:
    for taken, givers in needs.names_given_up.items():
        for taker in needs.names_taken.get(taken, ()):
            for giver in givers:
                yield (taker, giver) if _goes_on(operations, taker, giver) else (giver, taker)


def _place_change(
    number: int, change: tuple[AnyObject, AnyObject, Name | None], needs: Needs, before: dict[int, set[int]]
) -> None:
    """Note that a change comes after what it asks for from then on, and before the end of what it did until then."""
    old, new, table = change
    needed_before, needed = ({*needs.of(obj, table), *_owner(obj)} for obj in (old, new))
    for ref in (*needed, ref_of(new, table)):
        before[number].update(needs.creators.get(ref, ()))
    for ref in needed - needed_before:
        before[number].update(needs.changers.get(ref, ()))
    for ref in needed_before - needed:
        for other in needs.changers.get(ref, ()):
            before[other].add(number)
    # What is only taken back, or only said, of the values of a type is said of the type as it is on that side.
    types = {other for ref in needed & needed_before if ref.kind in _TYPES for other in needs.changers.get(ref, ())}
    if types and _says_less(new, old):
        for other in types - {number}:
            before[other].add(number)
    elif types and _says_less(old, new):
        before[number].update(types)
    for ref in needed_before:
        # What goes and comes back, and is needed still, is there again before the change.
        for other in () if ref in needs.creators and ref in needed else needs.droppers.get(ref, ()):
            before[other].add(number)


def _says_less(first: AnyObject, second: AnyObject) -> bool:
    """Whether a column or domain says of its values nothing but what the other says, and less."""
    if isinstance(first, Domain) and isinstance(second, Domain):
        checks = all(check in second.checks for check in first.checks)
        return checks and first.default in (None, second.default) and first != second
    if isinstance(first, Column) and isinstance(second, Column):
        return first.default is None and second.default is not None
    return False


def _itself(obj: AnyObject) -> AnyObject:
    """The object without its parts, which change by themselves."""
    if not isinstance(obj, Table):
        return obj
    return Table(
        name=obj.name, namespace=obj.namespace, inherits=obj.inherits, of_type=obj.of_type, options=obj.options
    )


def _owner(obj: AnyObject) -> Iterator[Ref]:
    """The column that a sequence goes with.

    A new sequence does not wait for it, as its default may need the sequence: whichever comes second makes the tie.
    """
    if isinstance(obj, model.Sequence) and obj.owned_by is not None:
        table, column = obj.owned_by
        yield Ref(Kind.COLUMN, obj.namespace, column, table)


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


def _goes_on(operations: Sequence[Operation], taker: int, giver: int) -> bool:
    """Whether one operation is about what another renamed, by its new name, and not about what had that name before."""
    first, second = operations[taker], operations[giver]
    if not isinstance(first, Rename) or first.ref._replace(name=first.to) != target(second):
        return False
    return taker < giver or not isinstance(second, Rename)
