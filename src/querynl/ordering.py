"""The order of operations: nothing before what it needs, nothing dropped while it is needed.

Where the dependencies leave a choice, the kind of change decides, then the name: the same operations
give the same order.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from msgspec.structs import replace

from querynl import schema as model
from querynl.heirs import links_of_heirs
from querynl.operations import (
    Change,
    Create,
    Drop,
    Operation,
    Rename,
    Rewriting,
    RunSQL,
    names_in_texts,
    parts_of,
    table_of,
    target,
    texts_of,
)
from querynl.schema import (
    DEFINED_TYPES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Exclusion,
    ForeignKey,
    Grant,
    Index,
    Kind,
    Name,
    Ownership,
    Policy,
    PrimaryKey,
    Ref,
    Routine,
    Table,
    Trigger,
    Unique,
    View,
    kind_of,
    ref_of,
    type_name,
)

# Kinds whose names share one space in a namespace on some engine.
_RELATIONS = frozenset(
    {
        *(Kind.TABLE, Kind.VIEW, Kind.SEQUENCE, Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES),
        *(Kind.INDEX, Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.EXCLUSION),
    }
)

# What is there for types, tables and expressions to be made of.
_GROUNDWORK = (
    *(Kind.LANGUAGE, Kind.ACCESS_METHOD, Kind.COLLATION, Kind.CONVERSION, Kind.CAST),
    *(Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS),
    *(Kind.TEXT_SEARCH_PARSER, Kind.TEXT_SEARCH_TEMPLATE),
    *(Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION),
    *(Kind.FOREIGN_DATA_WRAPPER, Kind.SERVER, Kind.USER_MAPPING),
)

_DROP_RANK = {
    # It would otherwise fire for what the migration itself does.
    Kind.EVENT_TRIGGER: 8,
    Kind.SUBSCRIPTION: 9,
    Kind.PUBLICATION: 9,
    Kind.RULE: 10,
    Kind.EVENT: 10,
    Kind.POLICY: 10,
    Kind.TRIGGER: 10,
    Kind.VIEW: 11,
    Kind.FOREIGN_KEY: 12,
    Kind.STATISTICS: 12,
    Kind.CHECK: 13,
    Kind.EXCLUSION: 13,
    Kind.INDEX: 13,
    Kind.UNIQUE: 14,
    Kind.PRIMARY_KEY: 15,
    Kind.COLUMN: 50,
    Kind.TABLE: 80,
    Kind.ROUTINE: 81,
    Kind.TRANSFORM: 81,
    Kind.SEQUENCE: 82,
    **dict.fromkeys(_GROUNDWORK, 82),
    Kind.RANGE_TYPE: 83,
    Kind.BASE_TYPE: 84,
    Kind.DOMAIN: 83,
    Kind.COMPOSITE_TYPE: 83,
    Kind.ENUM: 84,
    Kind.EXTENSION: 85,
    Kind.NAMESPACE: 86,
    Kind.GRANT: 6,
    Kind.OWNERSHIP: 8,
    Kind.DEFAULT_PRIVILEGES: 21,
}
_CREATE_RANK = {
    Kind.NAMESPACE: 20,
    Kind.EXTENSION: 21,
    **dict.fromkeys(_GROUNDWORK, 22),
    Kind.BASE_TYPE: 22,
    Kind.RANGE_TYPE: 23,
    Kind.ENUM: 22,
    Kind.DOMAIN: 23,
    Kind.COMPOSITE_TYPE: 23,
    Kind.SEQUENCE: 24,
    Kind.TABLE: 30,
    Kind.COLUMN: 31,
    Kind.PRIMARY_KEY: 60,
    Kind.UNIQUE: 61,
    Kind.CHECK: 62,
    Kind.EXCLUSION: 62,
    Kind.INDEX: 63,
    Kind.FOREIGN_KEY: 64,
    Kind.STATISTICS: 65,
    Kind.TRANSFORM: 69,
    Kind.ROUTINE: 70,
    Kind.VIEW: 71,
    Kind.TRIGGER: 72,
    Kind.POLICY: 73,
    Kind.RULE: 73,
    Kind.EVENT: 74,
    # What the new owner had as a grant is taken back before, what the old one keeps is granted after.
    Kind.OWNERSHIP: 8,
    Kind.GRANT: 9,
    Kind.DEFAULT_PRIVILEGES: 21,
    Kind.PUBLICATION: 75,
    Kind.SUBSCRIPTION: 76,
    Kind.EVENT_TRIGGER: 77,
}
_CHANGE_RANK = 40
_RUN_SQL_RANK = 35


def ordered(operations: Sequence[Operation], rewriting: Rewriting) -> list[Operation]:
    """The operations in an order that an engine accepts.

    Renames made first, and what is dropped before them to step out of their way, keep their own order.
    """
    renames = [number for number, op in enumerate(operations) if isinstance(op, Rename) and _leads(op)]
    end = renames[-1] + 1 if renames else 0
    leading = [op for op in operations[:end] if _leads(op)]
    others = [op for op in operations[:end] if not _leads(op)] + list(operations[end:])
    others.sort(key=_preference)
    before = _predecessors(others, rewriting)
    return [*leading, *(others[i] for i in _sorted(before, _places(others, before)))]


def grouped(
    operations: Sequence[Operation], grouping: Sequence[bool], rewriting: Rewriting, *, references_ahead: bool
) -> list[list[Operation]]:
    """Operations on one table that are rendered together, in one list; the rest alone.

    `operations` are in order already; `grouping` says of each whether it joins its table's group. A
    group stands where its first member stood; an operation on the table that does not join ends it, and so
    does one that needs what only comes after the group. With `references_ahead`, no table needs another
    to be changed first, and only the names of indexes can be in the way.
    """
    groups: list[list[Operation]] = []
    group_of: list[int] = []
    open_groups: dict[Name, int] = {}
    before: dict[int, set[int]] | None = None
    for number, (operation, joins) in enumerate(zip(operations, grouping, strict=True)):
        name = table_of(operation)
        place = open_groups.get(name) if joins and name is not None else None
        if place is not None and place < len(groups) - 1:
            before = _predecessors(operations, rewriting) if before is None else before
            late = (other for other in before[number] if other < number and group_of[other] > place)
            if any(not references_ahead or _share_names(operation, operations[other]) for other in late):
                place = None
        if place is None:
            place = len(groups)
            groups.append([])
            if joins and name is not None:
                open_groups[name] = place
            else:
                _close(open_groups, operation)
        groups[place].append(operation)
        group_of.append(place)
    return groups


def with_privileges_joined(groups: Sequence[Sequence[Operation]]) -> list[list[Operation]]:
    """The groups, where the owner and the grants of an object that comes or goes stand with it.

    They have no statements of their own then.
    """
    homes: dict[Ref, int] = {}
    for verb in (Drop, Create):
        for number, group in enumerate(groups):
            for operation in group:
                if isinstance(operation, verb) and _privileged(operation) is None:
                    homes.update(dict.fromkeys(_refs(operation.obj, operation.table), number))
    joined = [list(group) for group in groups]
    for number, group in enumerate(groups):
        home = next((homes[ref] for ref in _privileged(group[0]) or () if ref in homes), None)
        if home is not None:
            place = 0 if isinstance(groups[home][0], Drop) else len(joined[home])
            joined[home].insert(place, group[0])
            joined[number].clear()
    return [group for group in joined if group]


def _share_names(operation: Operation, other: Operation) -> bool:
    """Whether the one is about an index, and the other about what such a name may not be shared with."""
    first, second = target(operation), target(other)
    if first is None or second is None:
        return False
    return first.kind is Kind.INDEX and second.kind in (Kind.INDEX, Kind.TABLE, Kind.VIEW)


def _close(open_groups: dict[Name, int], operation: Operation) -> None:
    """An operation that stands alone ends the groups whose later members might need it."""
    name = table_of(operation)
    if name is None:
        open_groups.clear()
    else:
        open_groups.pop(name, None)


def with_cycles_split(operations: Sequence[Operation]) -> list[Operation]:
    """The operations with foreign keys of a cycle of tables taken out of their tables, to be created after
    all of them, or dropped before."""
    result: list[Operation] = [op for op in operations if not _is_whole_table(op)]
    for verb in (Create, Drop):
        tables = {op.obj.key: op.obj for op in operations if isinstance(op, verb) and isinstance(op.obj, Table)}
        for table, separate in _split(tables):
            result.append(verb(table))
            result += [verb(key, table.key) for key in separate]
    return result


def _is_whole_table(operation: Operation) -> bool:
    return isinstance(operation, Create | Drop) and isinstance(operation.obj, Table)


def _split(tables: dict[Name, Table]) -> Iterator[tuple[Table, tuple[ForeignKey, ...]]]:
    """Tables in an order in which each refers to earlier ones, with the foreign keys for which there is none."""
    waiting = {
        name: {key.target for key in table.foreign_keys if key.target in tables and key.target != name}
        for name, table in tables.items()
    }
    followers: dict[Name, list[Name]] = defaultdict(list)
    for name, needs in waiting.items():
        for need in needs:
            followers[need].append(name)
    ready = [(str(name), name) for name, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    done: set[Name] = set()
    undone = sorted(waiting, key=str)
    position = 0
    while len(done) < len(tables):
        if ready:
            _, name = heapq.heappop(ready)
        else:  # every table left is in a cycle, or behind one
            while undone[position] in done:
                position += 1
            name = undone[position]
        if name in done:
            continue
        done.add(name)
        table = tables[name]
        ahead = tuple(key for key in table.foreign_keys if key.target in tables and key.target not in done)
        kept = tuple(key for key in table.foreign_keys if key not in ahead)
        yield (replace(table, foreign_keys=kept) if ahead else table), ahead
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower] and follower not in done:
                heapq.heappush(ready, (str(follower), follower))


# ------------------------------------------------------------------------------------- dependencies


def _leads(operation: Operation) -> bool:
    """Whether it comes first: what is renamed, so that everything else speaks of it by its new name, and what steps
    aside for that."""
    if isinstance(operation, Drop):
        return isinstance(operation.obj, View | Trigger | Routine | Policy | Definition | Index)
    return isinstance(operation, Rename) and operation.ref.kind in (
        Kind.NAMESPACE,
        Kind.ENUM,
        Kind.DOMAIN,
        Kind.COMPOSITE_TYPE,
        Kind.SEQUENCE,
        Kind.TABLE,
        Kind.VIEW,
        Kind.COLUMN,
    )


def _preference(operation: Operation) -> tuple[int, tuple[str, str, str, str]]:
    ref = target(operation)
    order = ("", "", "", operation.description) if isinstance(operation, RunSQL) else ref.order if ref else ("",) * 4
    match operation:
        case Drop(obj):
            return _DROP_RANK[kind_of(obj)], order
        case Create(obj):
            return _CREATE_RANK[kind_of(obj)], order
        case RunSQL():
            return _RUN_SQL_RANK, order
        case Rename():
            return _CHANGE_RANK - 1, order
        case Change(_, Grant()):
            return _CREATE_RANK[Kind.OWNERSHIP] - 1, order
        case Change(_, after):
            # Types and sequences change before the columns that have them, routines and views after.
            rank = _CREATE_RANK[kind_of(after)]
            return (
                rank if rank < _CREATE_RANK[Kind.TABLE] or rank >= _CREATE_RANK[Kind.ROUTINE] else _CHANGE_RANK
            ), order


def _predecessors(operations: Sequence[Operation], rewriting: Rewriting) -> dict[int, set[int]]:
    """For the number of each operation, the numbers of those that must come before it."""
    before: dict[int, set[int]] = {number: set() for number in range(len(operations))}
    needs = _Needs(operations, rewriting)
    creators, droppers, changers = needs.creators, needs.droppers, needs.changers
    for number, operation in enumerate(operations):
        if (about := _privileged(operation)) is not None:
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
                for ref in needs.of(new, table):
                    before[number].update(creators.get(ref, ()))
                for ref in needs.of(old, table):
                    # What goes and comes back is there again before the change, or was never in its way.
                    for other in () if ref in creators else droppers.get(ref, ()):
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


def _privileged(operation: Operation) -> tuple[Ref, ...] | None:
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


class _Needs:
    """What each operation makes, ends and needs, found by address."""

    def __init__(self, operations: Sequence[Operation], rewriting: Rewriting) -> None:
        self._rewriting = rewriting
        self.creators: dict[Ref, list[int]] = defaultdict(list)
        self.droppers: dict[Ref, list[int]] = defaultdict(list)
        self.changers: dict[Ref, list[int]] = defaultdict(list)
        self.column_creators: dict[Name, list[int]] = defaultdict(list)
        self.column_enders: dict[Name, list[int]] = defaultdict(list)
        # Names by the space they must be unique in.
        self.names_taken: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self.names_given_up: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._called: dict[str, set[Ref]] = defaultdict(set)
        self._moving_columns: dict[Name, set[str]] = defaultdict(set)
        for number, operation in enumerate(operations):
            self._note(number, operation)

    def _note(self, number: int, operation: Operation) -> None:
        ref = target(operation)
        if ref is not None and ref.kind is Kind.COLUMN and ref.table is not None:
            self._moving_columns[Name(ref.namespace, ref.table)].add(ref.name)
        match operation:
            case Create(obj, table):
                for ref in _refs(obj, table):
                    self.creators[ref].append(number)
                self._note_names(self.names_taken, number, obj, table)
                if isinstance(obj, Column) and table is not None:
                    self.column_creators[table].append(number)
                self._note_called(obj)
            case Drop(obj, table):
                for ref in _refs(obj, table):
                    self.droppers[ref].append(number)
                self._note_names(self.names_given_up, number, obj, table)
                if isinstance(obj, Column) and table is not None:
                    self.column_enders[table].append(number)
                self._note_called(obj)
            case Change(before, after, table):
                # What is part of a table minds what becomes of its neighbours, not of the table's attributes.
                if not isinstance(after, Table):
                    self.changers[ref_of(after, table)].append(number)
                if isinstance(before, Column) and table is not None:
                    self.column_enders[table].append(number)
            case Rename(ref, to):
                self.names_given_up[self._space(ref)].append(number)
                self.names_taken[self._space(ref._replace(name=to))].append(number)

    def _note_called(self, obj: AnyObject) -> None:
        if isinstance(obj, Routine | model.Sequence):
            self._called[obj.name].add(ref_of(obj))
        elif isinstance(obj, Definition):
            for name in names_in_texts(obj):
                self._called[name].add(ref_of(obj))

    def _note_names(
        self, names: dict[tuple[str, ...], list[int]], number: int, obj: AnyObject, table: Name | None
    ) -> None:
        holder = Name(obj.namespace, obj.name) if isinstance(obj, Table | View) else table
        parts = parts_of(obj) if isinstance(obj, Table | View) else ()
        for named in (obj, *parts):
            if named.name is not None:
                names[self._space(ref_of(named, holder))].append(number)
        if isinstance(obj, PrimaryKey) and table is not None:  # a table has one, whatever its name
            names[Kind.PRIMARY_KEY, table.namespace or "", table.name].append(number)

    def _space(self, ref: Ref) -> tuple[str, ...]:
        """What a name must be unique in, and the name."""
        name = self._rewriting.folded(ref.kind, ref.name)
        if ref.table is not None and not self._rewriting.shares_names(ref.kind):
            return (ref.kind, ref.namespace or "", ref.table, name)
        if ref.kind in _RELATIONS:
            return (ref.namespace or "", name)
        if ref.kind is Kind.ROUTINE:
            return (ref.namespace or "", name.split("(")[0], "()")
        return (ref.kind, ref.namespace or "", name)

    def of(self, obj: AnyObject, table: Name | None) -> Iterator[Ref]:
        """The addresses of what an object needs to exist."""
        namespace = table.namespace if table is not None else getattr(obj, "namespace", None)
        if namespace is not None:
            yield Ref(Kind.NAMESPACE, None, namespace)
        if table is not None:
            yield Ref(Kind.TABLE, *table)
        match obj:
            case Table():
                yield from (Ref(Kind.TABLE, *parent) for parent in obj.inherits)
                if obj.of_type is not None:
                    yield from self._of_type(obj.of_type)
                yield from self._of_texts(obj)
                for part in parts_of(obj):
                    yield from (ref for ref in self._of_part(part, obj.key) if ref.table != obj.name)
            case Trigger() | Policy():
                yield Ref(Kind.TABLE, obj.namespace, obj.table)
                yield Ref(Kind.VIEW, obj.namespace, obj.table)
                yield from (need.ref for need in obj.depends_on)
            case Definition():
                if obj.table is not None:
                    yield from (Ref(kind, obj.namespace, obj.table) for kind in (Kind.TABLE, Kind.VIEW))
                yield from (need.ref for need in obj.depends_on)
                if not obj.depends_on:  # written by hand
                    yield from self._of_statement(obj)
            case View() | Routine():
                yield from (need.ref for need in obj.depends_on)
            case Domain():
                yield from self._of_type(obj.type)
                yield from self._of_texts(obj)
                yield from (need.ref for need in obj.depends_on)
            case CompositeType():
                yield from self._of_texts(obj)
                for attribute in obj.attributes:
                    yield from self._of_type(attribute.type)
            case model.Sequence(owned_by=(owner, column)):
                yield Ref(Kind.COLUMN, obj.namespace, column, owner)
            case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
                assert table is not None
                yield from self._of_part(obj, table)

    def _of_part(self, part: AnyObject, table: Name) -> Iterator[Ref]:
        def column(name: str, of: Name = table) -> Ref:
            return Ref(Kind.COLUMN, of.namespace, name, of.name)

        yield from self._of_texts(part)
        match part:
            case Column():
                yield from self._of_type(part.type)
                if part.generated is not None:
                    yield from self._of_columns(part.generated.expression, table)
            case PrimaryKey() | Unique():
                yield from map(column, (*part.columns, *part.include))
            case ForeignKey():
                yield from map(column, part.columns)
                yield Ref(Kind.TABLE, *part.target)
                yield from (column(name, part.target) for name in part.referenced_columns)
                yield _keys(part.target)
            case Check():
                yield from self._of_columns(part.expression, table)
            case Index() | Exclusion():
                keys = part.columns if isinstance(part, Index) else part.elements
                yield from map(column, part.include)
                for key in keys:
                    if key.column is not None:
                        yield column(key.column)
                for text in (*(key.expression for key in keys), part.where):
                    yield from self._of_columns(text, table)

    def _of_columns(self, expression: str | None, table: Name) -> Iterator[Ref]:
        """The table's columns that come, change or go in this migration and that the expression names."""
        if expression:
            for name in self._moving_columns.get(table, ()):
                if self._rewriting.mentions(expression, name):
                    yield Ref(Kind.COLUMN, table.namespace, name, table.name)

    def _of_type(self, text: str) -> Iterator[Ref]:
        """An enum, domain or other type of the schema that a column's type may name."""
        name = type_name(text)
        for kind in (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES):
            yield Ref(kind, *name)

    def _of_statement(self, definition: Definition) -> Iterator[Ref]:
        """What comes or goes in this migration and is named by a word of the statement that is not its own name."""
        for name, refs in self._called.items():
            own = name == definition.name or not name.isidentifier()
            if not own and self._rewriting.mentions(definition.definition, name):
                yield from refs

    def _of_texts(self, obj: AnyObject) -> Iterator[Ref]:
        """Routines, sequences and the like that come or go in this migration and that the object's texts name."""
        if not self._called:
            return
        for text in texts_of(obj):
            for name, refs in self._called.items():
                if name in text or name.replace('"', '""') in text:
                    yield from refs


def _keys(table: Name) -> Ref:
    """Stands for every key of a table that a foreign key may refer to."""
    return Ref(Kind.UNIQUE, table.namespace, "", table.name)


def _refs(obj: AnyObject, table: Name | None) -> Iterator[Ref]:
    """The addresses that come and go with an object."""
    yield ref_of(obj, table)
    if isinstance(obj, Table):
        for part in (*obj.columns, *obj.uniques, *obj.indexes, *((obj.primary_key,) if obj.primary_key else ())):
            yield ref_of(part, obj.key)
    elif table is not None and (isinstance(obj, PrimaryKey | Unique) or (isinstance(obj, Index) and obj.unique)):
        yield _keys(table)
    if isinstance(obj, View):
        for index in obj.indexes:
            yield ref_of(index, Name(obj.namespace, obj.name))


def _places(operations: Sequence[Operation], before: dict[int, set[int]]) -> list[int]:
    """The place that each operation would like: its own, or that of the groundwork that waits for it.

    An operator or cast comes with its functions before the tables and functions whose texts may use it.
    """
    places = list(range(len(operations)))
    for number, operation in enumerate(operations):
        if isinstance(operation, Create) and kind_of(operation.obj) in _GROUNDWORK:
            waiting = [number]
            while waiting:
                for earlier in before[waiting.pop()]:
                    if places[earlier] > number:
                        places[earlier] = number
                        waiting.append(earlier)
    return places


def _sorted(before: dict[int, set[int]], places: Sequence[int]) -> list[int]:
    """The numbers in topological order, the one with the lowest place first wherever there is a choice."""
    while True:
        sorter: TopologicalSorter[int] = TopologicalSorter(before)
        try:
            sorter.prepare()
        except CycleError as error:
            # The engine may still accept some order: give up the link that goes most against preference.
            cycle: list[int] = error.args[1]
            first, second = max(pairwise(cycle), key=lambda link: (link[0] - link[1], link))
            before[second].discard(first)
            continue
        break
    result: list[int] = []
    ready: list[tuple[int, int]] = []
    while sorter.is_active():
        for number in sorter.get_ready():
            heapq.heappush(ready, (places[number], number))
        _, number = heapq.heappop(ready)
        sorter.done(number)
        result.append(number)
    return result
