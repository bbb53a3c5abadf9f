"""What operations mean to tables with parents, and the order that these ask of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec.structs import replace

from querynl.operations import Change, Create, Drop, Operation, Rename, State, parts_of, table_of, target
from querynl.schema import Column, Exclusion, Index, Kind, Name, PrimaryKey, Schema, Table, Unique, ref_of

Parents = Mapping[Name, Iterable[Name]]

_TABLES_AND_PARTS = frozenset(
    {
        *(Kind.TABLE, Kind.COLUMN, Kind.PRIMARY_KEY, Kind.UNIQUE),
        *(Kind.FOREIGN_KEY, Kind.CHECK, Kind.EXCLUSION, Kind.INDEX),
    }
)


def renames_in_heirs(before: Schema, renames: Sequence[Rename]) -> Iterator[Rename]:
    """The renames of columns as they happen to the tables that have these from a renamed column's."""
    for rename in renames:
        waiting = [Name(rename.ref.namespace, rename.ref.table)] if rename.ref.table is not None else []
        while waiting and rename.ref.kind is Kind.COLUMN:
            parent = waiting.pop()
            heirs = [table for table in before.tables if parent in table.inherits]
            waiting += (heir.key for heir in heirs)
            yield from (Rename(rename.ref._replace(namespace=h.namespace, table=h.name), rename.to) for h in heirs)


def with_incomplete_apart(operations: Sequence[Operation]) -> list[Operation]:
    """The operations with indexes that not all partitions have their part of taken out of new tables, with those parts.

    A partition that is made when such an index is there would get its part by itself.
    """
    made = [op.obj for op in operations if isinstance(op, Create) and isinstance(op.obj, Table)]
    apart = {str(index.name) for table in made for index in table.indexes if index.options.get("only")}
    while more := {str(i.name) for t in made for i in t.indexes if i.options.get("attached_to") in apart} - apart:
        apart |= more
    result: list[Operation] = []
    for operation in operations:
        if not apart or not isinstance(operation, Create) or not isinstance(operation.obj, Table):
            result.append(operation)
            continue
        table = operation.obj
        later = tuple(index for index in table.indexes if index.name in apart)
        result.append(Create(replace(table, indexes=tuple(index for index in table.indexes if index not in later))))
        result += (Create(index, table.key) for index in later)
    return result


def meanwhile(operations: Sequence[Operation], start: State, end: State) -> tuple[State, State]:
    """The states with the tables that leave or get parents as they stand between these two changes."""
    moves = [(before, after) for _, before, after in _moves(operations)]
    if not moves:
        return start, end
    first, last = State(start.schema()), State(end.schema())
    for before, after in moves:
        if set(after.inherits) - set(before.inherits):
            last.update({ref_of(before): before})
        else:
            first.update({ref_of(after): after})
    return first, last


def _moves(operations: Sequence[Operation]) -> Iterator[tuple[int, Table, Table]]:
    """The changes of a table's parents, with their numbers and the table before and after."""
    for number, operation in enumerate(operations):
        if isinstance(operation, Change):
            before, after = operation.before, operation.after
            if isinstance(before, Table) and isinstance(after, Table) and before.inherits != after.inherits:
                yield number, before, after


def parents_of(before: Schema, operations: Sequence[Operation]) -> Parents:
    """The parents that each table has at any time of a migration, by the names that they have by then."""
    found: dict[Name, set[Name]] = {table.key: set(table.inherits) for table in before.tables if table.inherits}
    for operation in operations:
        match operation:
            case Rename(ref, to) if ref.kind is Kind.TABLE:
                old, new = Name(ref.namespace, ref.name), Name(ref.namespace, to)
                if old in found:
                    found[new] = set(found[old])
                for parents in found.values():
                    parents.update({new} if old in parents else ())
            case Create(Table() as table) | Change(_, Table() as table) if table.inherits:
                found.setdefault(table.key, set()).update(table.inherits)
    return found


def links_of_heirs(operations: Sequence[Operation], parents: Parents) -> Iterator[tuple[int, int]]:
    """Pairs of numbers of operations, the first of which must come before the second."""
    yield from _after_columns_from_above(operations, parents)
    yield from _words_about_columns_from_above(operations, parents)
    yield from _partitions_before_incomplete_indexes(operations)
    yield from _parting_first_and_joining_last(operations)
    yield from _parts_of_indexes_first(operations, parents)
    yield from _indexes_in_the_order_of_the_parents(operations)
    yield from _own_columns_apart_from_those_of_parents(operations)


def _indexes_in_the_order_of_the_parents(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """The indexes of a table that gets parents come in the order in which those of its parents do.

    The engine takes the first that is alike for the part of a whole table's index, whatever differs in the order of
    the rows and the like: https://www.postgresql.org/docs/current/sql-altertable.html
    """
    made: dict[tuple[type[Operation], Name | None], dict[str | None, int]] = defaultdict(dict)
    for number, operation in enumerate(operations):
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, Index):
            made[type(operation), operation.table][operation.obj.name] = number
    for _, before, after in _moves(operations) if made else ():
        joins = bool(set(after.inherits) - set(before.inherits))
        numbers = made.get((Create if joins else Drop, after.key), {})
        indexes = before.indexes if joins else after.indexes
        in_order = [numbers[index.name] for index in indexes if index.name in numbers]
        yield from pairwise(in_order if joins else reversed(in_order))


def _own_columns_apart_from_those_of_parents(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """An heir goes before a parent gets a column of a name that it has, and comes after a parent has lost one.

    The engine would take the two columns for one, and refuse where they differ.
    """
    columns = {
        (type(operation), operation.table, operation.obj.name): number
        for number, operation in enumerate(operations)
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, Column)
    }
    for number, operation in enumerate(operations if columns else ()):
        if not isinstance(operation, Create | Drop) or not isinstance(operation.obj, Table):
            continue
        for parent in operation.obj.inherits:
            for column in operation.obj.columns:
                if isinstance(operation, Drop) and (other := columns.get((Create, parent, column.name))) is not None:
                    yield number, other
                if isinstance(operation, Create) and (other := columns.get((Drop, parent, column.name))) is not None:
                    yield other, number


def _after_columns_from_above(operations: Sequence[Operation], parents: Parents) -> Iterator[tuple[int, int]]:
    """A table comes when the columns that it has from its parents' parents are as they will be, and goes before."""
    moving: dict[Name | None, list[int]] = defaultdict(list)
    for number, operation in enumerate(operations if parents else ()):
        ref = target(operation)
        if ref is not None and ref.kind is Kind.COLUMN and not isinstance(operation, Rename):
            moving[table_of(operation)].append(number)
    for number, operation in enumerate(operations if moving else ()):
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, Table):
            for above in _above(operation.obj.inherits, parents):
                for other in moving.get(above, ()):
                    if isinstance(operation, Create) and not isinstance(operations[other], Drop):
                        yield (other, number)
                    elif isinstance(operation, Drop) and not isinstance(operations[other], Create):
                        yield (number, other)


def _words_about_columns_from_above(operations: Sequence[Operation], parents: Parents) -> Iterator[tuple[int, int]]:
    """What a table says otherwise of a column that stays a parent's is said before that column changes, and taken back
    after: whatever is given up becomes what the parents say in the end. Of a column that a parent makes anew it is
    taken back before, so that the one column goes from both, and said again after."""
    about: dict[tuple[Name | None, str], list[int]] = defaultdict(list)
    taken: list[tuple[int, Create | Drop, str]] = []
    for number, operation in enumerate(operations if parents else ()):
        ref = target(operation)
        if ref is not None and ref.kind is Kind.COLUMN and not isinstance(operation, Rename):
            about[table_of(operation), ref.name].append(number)
            if isinstance(operation, Create | Drop) and operation.inherited:
                taken.append((number, operation, ref.name))
    for number, operation, column in taken:
        for above in _above([name for name in [operation.table] if name is not None], parents):
            for other in about.get((above, column), ()):
                parents_own = operations[other]
                is_made_anew = isinstance(parents_own, Create | Drop) and not parents_own.inherited
                if not is_made_anew:
                    yield (number, other) if isinstance(operation, Create) else (other, number)
                elif type(parents_own) is type(operation):
                    yield (other, number) if isinstance(operation, Create) else (number, other)


def _above(names: Iterable[Name], parents: Parents) -> set[Name]:
    """The parents of the tables, and theirs, however far."""
    found: set[Name] = set()
    waiting = list(names)
    while waiting:
        more = set(parents.get(waiting.pop(), ())) - found
        found |= more
        waiting += more
    return found


def _partitions_before_incomplete_indexes(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    incomplete: dict[Name | None, list[int]] = defaultdict(list)
    for number, operation in enumerate(operations):
        if isinstance(operation, Create) and isinstance(operation.obj, Index) and operation.obj.options.get("only"):
            incomplete[operation.table].append(number)
    for number, operation in enumerate(operations if incomplete else ()):
        if isinstance(operation, Create) and isinstance(operation.obj, Table):
            for parent in operation.obj.inherits:
                yield from ((number, index) for index in incomplete.get(parent, ()))


def _parting_first_and_joining_last(operations: Sequence[Operation]) -> Iterator[tuple[int, int]]:
    """A table parts from its parents before any of them changes, and gets new ones when all are as they will be.

    Where a parent loses heirs and gets others, the former go first.
    """
    moves = list(_moves(operations))
    on_table = _by_table(operations) if moves else {}
    parting: dict[Name, list[int]] = defaultdict(list)
    joining: dict[Name, list[int]] = defaultdict(list)
    for number, operation in enumerate(operations):
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, Table):
            for parent in operation.obj.inherits:
                (joining if isinstance(operation, Create) else parting)[parent].append(number)
    for number, before, after in moves:
        gained, lost = set(after.inherits) - set(before.inherits), set(before.inherits) - set(after.inherits)
        for parent in gained:
            joining[parent].append(number)
        for parent in lost:
            parting[parent].append(number)
        for name in {after.key, *gained, *lost}:
            for other in on_table.get(name, ()):
                yield (other, number) if gained or _is_renamed_before(operations[other], before) else (number, other)
    for parent, numbers in joining.items():  # partitions must not overlap
        yield from ((first, number) for number in numbers for first in parting[parent])


def _is_renamed_before(operation: Operation, table: Table) -> bool:
    """Whether the table has a part under the name that the operation gives it."""
    if not isinstance(operation, Rename):
        return False
    return operation.ref._replace(name=operation.to) in {ref_of(part, table.key) for part in parts_of(table)}


def _by_table(operations: Sequence[Operation]) -> dict[Name | None, list[int]]:
    """The numbers of what is done to each table and its parts, and of the coming and going of its heirs."""
    found: dict[Name | None, list[int]] = defaultdict(list)
    for number, operation in enumerate(operations):
        if (ref := target(operation)) is not None and ref.kind in _TABLES_AND_PARTS:
            found[table_of(operation)].append(number)
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, Table):
            for parent in operation.obj.inherits:
                found[parent].append(number)
    return found


def _parts_of_indexes_first(operations: Sequence[Operation], parents: Parents) -> Iterator[tuple[int, int]]:
    """A partition's own part of an index comes before the index of the whole table takes it, and goes with that.

    Between the two may be a part of which nothing is said, of a partition that has partitions.
    """
    named: dict[tuple[type[Operation], str | None], list[int]] = defaultdict(list)
    on_table: dict[tuple[type[Operation], Name | None], list[int]] = defaultdict(list)
    parts: list[tuple[int, Create | Drop, str]] = []
    for number, operation in enumerate(operations):
        if isinstance(operation, Create | Drop) and isinstance(operation.obj, PrimaryKey | Unique | Exclusion | Index):
            named[type(operation), operation.obj.name].append(number)
            on_table[type(operation), operation.table].append(number)
            if "attached_to" in operation.obj.options:
                parts.append((number, operation, str(operation.obj.options["attached_to"])))
    for number, operation, above in parts:
        verb: type[Operation] = type(operation)
        topmost = _above(parents.get(operation.table, ()), parents) if operation.table is not None else ()
        for other in named[verb, above] or [one for table in topmost for one in on_table[verb, table]]:
            yield (number, other) if verb is Create else (other, number)
