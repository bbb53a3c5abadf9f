"""The part of two schemas that a change is about, so that a proof costs what the change does, not the schema."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from querynl.operations import Drop, Operation, Rename, State, names_in_texts, parts_of, table_of, target, texts_of
from querynl.schema import (
    DEFINED,
    DEFINED_TYPES,
    FIELDS,
    ROUTINES,
    SECTIONS,
    CompositeType,
    DefaultPrivileges,
    Definition,
    Domain,
    Enum,
    Grant,
    Kind,
    Name,
    Ownership,
    Policy,
    Ref,
    Routine,
    Schema,
    SchemaObject,
    Sequence,
    Table,
    Trigger,
    View,
    canonical,
    kind_of,
    objects,
    ref_of,
    stated_needs,
)

_WORD = re.compile(r"\w+")

# What the column of a table may need; tables and views are named by queries alone.
_NAMED_BY_TABLES = frozenset({Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE, *ROUTINES, *DEFINED})
_TYPES = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, *DEFINED_TYPES)
# What stands upon tables and may be in the way of a change.
_UPON_TABLES = (Kind.VIEW, Kind.TRIGGER, Kind.POLICY, *ROUTINES, *DEFINED)


class Excerpt(NamedTuple):
    """Two schemas of which only what a change touches is left, with what that needs and what needs it."""

    before: Schema
    after: Schema


def excerpt(before: Schema, after: Schema, operations: Collection[Operation]) -> Excerpt:
    """What the operations touch in both schemas, what that depends on, and what depends on it.

    A table that no operation names stands without the indexes that only make it quicker, and one that is there
    for a foreign key alone without those foreign keys of its own that lead elsewhere: otherwise one table would
    bring all that are linked with it, however far away.
    """
    touched = set(_touched(operations))
    for schema in (before, after):
        touched |= set(_ancestors(touched, schema))
    closure = _Closure(before, after, frozenset(touched), frozenset(_dropped(operations)))
    return Excerpt(closure.part_of(before), closure.part_of(after))


def _touched(operations: Iterable[Operation]) -> Iterator[Ref]:
    """The addresses of the objects that operations are about, under old and new names."""
    for operation in operations:
        ref = target(operation)
        table = table_of(operation)
        if table is not None:
            yield Ref(Kind.TABLE, *table)
            yield Ref(Kind.VIEW, *table)  # an index may be that of a view
        if ref is not None and ref.kind in FIELDS:
            yield ref
            if isinstance(operation, Rename):
                yield ref._replace(name=operation.to)


def _dropped(operations: Iterable[Operation]) -> Iterator[Ref]:
    """The addresses of what goes, for good or to be made anew, and that tables may be made of."""
    for operation in operations:
        ref = target(operation)
        if isinstance(operation, Drop) and ref is not None and ref.kind in _NAMED_BY_TABLES:
            yield ref


def _ancestors(touched: Collection[Ref], schema: Schema) -> Iterator[Ref]:
    """The tables that touched ones inherit from or are partitions of: what these have, they have from there."""
    parents = {table.key: table.inherits for table in schema.tables if table.inherits}
    waiting = [Name(ref.namespace, ref.name) for ref in touched if ref.kind is Kind.TABLE]
    while waiting:
        found = parents.get(waiting.pop(), ())
        yield from (Ref(Kind.TABLE, *name) for name in found)
        waiting += found


class _Closure:
    """The addresses that belong to the excerpt of two schemas."""

    def __init__(self, before: Schema, after: Schema, touched: frozenset[Ref], dropped: frozenset[Ref]) -> None:
        self._touched = touched
        self._dropped = dropped
        self._tables = {Name(ref.namespace, ref.name) for ref in touched if ref.kind is Kind.TABLE}
        self._states = (State(before), State(after))
        others = [obj for schema in (before, after) for obj in objects(schema) if not isinstance(obj, Table)]
        dependents = [obj for obj in others if kind_of(obj) in _UPON_TABLES]
        # A large schema may have many tables, and nothing that would name them.
        tables = (*before.tables, *after.tables) if dependents else ()
        self._names = _Names([*others, *tables])
        types = [obj for obj in others if kind_of(obj) in _TYPES]
        changing = {ref for ref in touched if ref.kind in (*_TYPES, Kind.SEQUENCE)}
        self._types = self._standing_on(changing | dropped, types)
        # A type that changes takes along the tables that have it, with all that they consist of; a sequence those that
        # count with it, whose defaults not every engine makes follow; a routine that goes those that call it.
        typed = {table.key for schema in (before, after) for table in schema.tables if self._has_touched_type(table)}
        self._tables |= typed
        self._touched |= {Ref(Kind.TABLE, *name) for name in typed}
        self._selected = {*self._touched, *self._types}
        for schema in (before, after):
            for table in schema.tables:
                self._select_neighbours(table)
        self._selected |= self._standing_on({*touched, *self._types}, dependents)
        self._select_needs()
        # Who owns what is there, and what is granted on it and on objects to come.
        for obj in others:
            is_about = isinstance(obj, Grant | Ownership) and obj.object in self._selected
            if is_about or isinstance(obj, DefaultPrivileges):
                self._selected.add(ref_of(obj))

    def part_of(self, schema: Schema) -> Schema:
        """The selected objects of one of the schemas, in canonical form."""
        changes: dict[str, Any] = {}
        for field in SECTIONS:
            if field in (FIELDS[Kind.NAMESPACE], FIELDS[Kind.EXTENSION]):
                continue
            found = (obj for obj in getattr(schema, field) if ref_of(obj) in self._selected)
            changes[field] = tuple(self._trimmed(obj) if isinstance(obj, Table) else obj for obj in found)
        return canonical(replace(schema, name=None, unmanaged={}, **changes))

    def _trimmed(self, table: Table) -> Table:
        # An index of a whole table is one with the indexes of its partitions.
        if ref_of(table) in self._touched or table.inherits:
            return table
        keys = tuple(key for key in table.foreign_keys if Ref(Kind.TABLE, *key.target) in self._selected)
        return replace(table, foreign_keys=keys, indexes=tuple(index for index in table.indexes if index.unique))

    def _select_neighbours(self, table: Table) -> None:
        """Select what a touched table refers to, and a table that refers to a touched one."""
        others = {*(key.target for key in table.foreign_keys), *table.inherits}
        if table.key in self._tables:
            self._selected.update(Ref(Kind.TABLE, *name) for name in others)
        elif not others.isdisjoint(self._tables):
            self._selected.add(ref_of(table))

    def _has_touched_type(self, table: Table) -> bool:
        if not self._types:
            return False
        parts = (table, *parts_of(table)) if self._dropped else ()
        texts = (text for column in table.columns for text in (column.type, column.default or ""))
        every = (text for part in parts for text in texts_of(part))
        return any(
            ref in self._types for text in (*texts, *every) for ref in self._names.within(text, _NAMED_BY_TABLES)
        )

    def _standing_on(self, touched: set[Ref], found: Collection[SchemaObject]) -> set[Ref]:
        """What is touched, with those of the objects that stand upon it and upon each other."""
        waiting = {ref_of(obj): set(self._needs(obj)) for obj in found}
        standing = set(touched)
        while more := {ref for ref, needs in waiting.items() if ref not in standing and needs & standing}:
            standing |= more
        return standing

    def _select_needs(self) -> None:
        waiting = list(self._selected)
        while waiting:
            ref = waiting.pop()
            for obj in (found for state in self._states if (found := state.get(ref)) is not None):
                new = set(self._needs(obj)) - self._selected
                self._selected |= new
                waiting += new

    def _needs(self, obj: SchemaObject) -> Iterator[Ref]:
        for need in stated_needs(obj):
            yield need if need.table is None or need.kind in FIELDS else Ref(Kind.TABLE, need.namespace, need.table)
        match obj:
            case Table():
                for text in (text for part in (obj, *parts_of(obj)) for text in texts_of(part)):
                    yield from self._names.within(text, _NAMED_BY_TABLES)
            case View() | Routine() | Trigger() | Definition():
                yield from self._names.within(obj.definition)
            case Policy():
                for text in filter(None, (obj.using, obj.check)):
                    yield from self._names.within(text)
            case Domain() | CompositeType():
                for text in texts_of(obj):
                    yield from self._names.within(text, _NAMED_BY_TABLES)
            case Sequence(owned_by=(table, _)):
                yield Ref(Kind.TABLE, obj.namespace, table)


class _Names:
    """Which objects a text may speak of: those all of whose names' words are in it."""

    def __init__(self, found: Iterable[SchemaObject]) -> None:
        self._by_word: dict[str, set[tuple[frozenset[str], Ref]]] = defaultdict(set)
        for obj in found:
            names: Iterable[str] = ()
            if isinstance(obj, Table | View | Enum | Domain | CompositeType | Sequence | Routine):
                names = (obj.name,)
            elif isinstance(obj, Definition):
                names = names_in_texts(obj)
            for words in map(_words, names):
                self._by_word[min(words, default="")].add((words, ref_of(obj)))

    def within(self, text: str, kinds: Collection[Kind] = tuple(FIELDS)) -> Iterator[Ref]:
        """The objects of these kinds that the text may speak of; too many do no harm."""
        words = _words(text)
        for word in ("", *words):
            for needed, ref in self._by_word.get(word, ()):
                if ref.kind in kinds and needed <= words:
                    yield ref


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower()))
