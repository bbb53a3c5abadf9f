"""Which values a plan keeps, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.heirs import renames_in_heirs
from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL, names_in_texts
from querynl.rows import read_rows
from querynl.schema import (
    DEFINED_TYPES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    PrimaryKey,
    Schema,
    Table,
    Unique,
    View,
    type_name,
)

# The rows of some columns as texts, in an order of their own.
Rows = list[str]


class Kept(NamedTuple):
    """A table whose rows a plan keeps: its name then, and each column whose values stay, with its name then."""

    table: Name
    columns: dict[str, str]


def rows_elsewhere(schema: Schema) -> set[Name]:
    """The tables that have rows of a foreign server: foreign tables, and those that they are part of."""
    found: set[Name] = set()
    waiting = [table for table in schema.tables if table.server is not None]
    by_name = {table.key: table for table in schema.tables}
    while waiting:
        table = waiting.pop()
        found.add(table.key)
        waiting += [by_name[name] for name in table.inherits if name in by_name and name not in found]
    return found


def kept_by(operations: Sequence[Operation], before: Schema) -> dict[Name, Kept]:
    """The tables of the schema before that are still there afterwards, each with what must not change in it."""
    elsewhere = rows_elsewhere(before)
    kept = {
        table.key: Kept(table.key, {column.name: column.name for column in table.columns if not column.generated})
        for table in before.tables
        if "virtual" not in table.options and table.key not in elsewhere
    }
    for operation in operations:
        for one in (operation, *_in_heirs(operation, before, kept)):
            _follow(one, kept)
    converting = [operation for operation in operations if not _keeps_values(operation)]
    types = _changed_types(converting, before, (CompositeType, Domain, Definition))
    for table in before.tables if types else ():
        for column in table.columns:
            if table.key in kept and type_name(column.type).name in types:
                kept[table.key].columns.pop(column.name, None)
    filled = {operation.table for operation in operations if isinstance(operation, RunSQL)}
    for table in before.tables:
        if table.key in kept and kept[table.key].table in filled:  # what is filled had no value to keep
            for column in table.columns:
                if column.nullable or column.on_update:
                    kept[table.key].columns.pop(column.name, None)
    shown = set(_showing_other_rows(operations, before))
    return {key: found for key, found in kept.items() if found.table not in shown}


def _showing_other_rows(operations: Sequence[Operation], before: Schema) -> Iterator[Name]:
    """The tables that no longer show the rows of the same heirs or partitions."""
    parents = {table.key: set(table.inherits) for table in before.tables}
    waiting: set[Name] = set()
    for operation in operations:
        match operation:
            case Drop(Table() as gone):
                waiting |= set(gone.inherits)
            case Change(Table() as old, Table() as new):
                waiting |= set(old.inherits) ^ set(new.inherits)
    while waiting:
        yield from waiting
        waiting = {name for heir in waiting for name in parents.get(heir, ())}


def _in_heirs(operation: Operation, before: Schema, kept: dict[Name, Kept]) -> Iterator[Operation]:
    """What a change of a table's column does to the tables that have the column from there, by their names then."""
    match operation:
        case Rename(ref, to) if ref.kind is Kind.COLUMN and ref.table is not None:
            first = _first_name(Name(ref.namespace, ref.table), kept)
            rename = Rename(ref._replace(namespace=first.namespace, table=first.name), to)
            for one in renames_in_heirs(before, [rename]):
                heir = _name_then(Name(one.ref.namespace, str(one.ref.table)), kept)
                yield Rename(ref._replace(namespace=heir.namespace, table=heir.name), to)
        case Drop(Column(), Name() as table, inherited=False) | Change(_, Column(), Name() as table):
            first = _first_name(table, kept)
            for name in _families({first}, before) - {first}:
                yield replace(operation, table=_name_then(name, kept))


def _first_name(table: Name, kept: dict[Name, Kept]) -> Name:
    """The name in the schema before of a table that is called so by now."""
    return next((key for key, found in kept.items() if found.table == table), table)


def _name_then(table: Name, kept: dict[Name, Kept]) -> Name:
    """The name that a table of the schema before has by now."""
    return kept[table].table if table in kept else table


def _follow(operation: Operation, kept: dict[Name, Kept]) -> None:
    match operation:
        case Rename(ref, to) if ref.kind is Kind.TABLE:
            for key, (table, columns) in kept.items():
                if table == (ref.namespace, ref.name):
                    kept[key] = Kept(Name(ref.namespace, to), columns)
                    return
        case Rename(ref, to) if ref.kind is Kind.COLUMN:
            columns = _columns_of(Name(ref.namespace, ref.table or ""), kept)
            columns.update({name: to for name, now in columns.items() if now == ref.name})
        case Drop(Table() as gone):
            for key in [key for key, (table, _) in kept.items() if table == gone.key]:
                del kept[key]
        case Drop(Column() as old, Name() as table, inherited=False):
            _forget(old.name, table, kept)
        case Change(Column() as old, Column() as new, Name() as table) if (old.type, old.generated) != (
            new.type,
            new.generated,
        ):
            _forget(old.name, table, kept)


def _keeps_values(operation: Operation) -> bool:
    """Whether it is a change of a domain or range type that converts no value of it."""
    match operation:
        case Change(Domain() as before, Domain() as after):
            return before.type == after.type
        case Change(Definition() as before, Definition() as after):
            return before.definition == after.definition
        case _:
            return False


def _changed_types(operations: Sequence[Operation], before: Schema, kinds: tuple[type[AnyObject], ...]) -> set[str]:
    """The names of the types of these kinds that change, and of those that are made of them."""
    found = [op.before for op in operations if isinstance(op, Change) and isinstance(op.before, kinds)]
    names = {name for obj in found for name in _type_names(obj)}
    made_of = [(domain.name, domain.type) for domain in before.domains]
    made_of += [
        (name, need.name) for each in before.definitions for need in each.depends_on for name in _type_names(each)
    ]
    made_of += [(each.name, attribute.type) for each in before.composite_types for attribute in each.attributes]
    while names and (more := {name for name, text in made_of if type_name(text).name in names} - names):
        names |= more
    return names


def _type_names(obj: AnyObject) -> Iterator[str]:
    """What the types of columns may call it by; nothing where it is no type."""
    if not isinstance(obj, Definition):
        yield from () if obj.name is None else (obj.name,)
    elif obj.kind in DEFINED_TYPES:
        yield from names_in_texts(obj)


def _columns_of(table: Name, kept: dict[Name, Kept]) -> dict[str, str]:
    return next((found.columns for found in kept.values() if found.table == table), {})


def _forget(column: str, table: Name, kept: dict[Name, Kept]) -> None:
    columns = _columns_of(table, kept)
    for name in [name for name, now in columns.items() if now == column]:
        del columns[name]


def rows_of(connection: Connection, table: Name, columns: Collection[str], dialect: Dialect) -> Rows:
    """What `read_rows` finds, as texts in an order of their own."""
    return sorted(map(repr, read_rows(connection, dialect, table, columns)))


def imposed_on(operations: Sequence[Operation], before: Schema) -> set[Name]:
    """The tables of which some operation may refuse rows that are there: the plan's guards are made for that."""
    types = _changed_types(operations, before, (Domain, Enum, CompositeType, Definition))
    using = {
        table.key
        for table in before.tables
        if types and any(type_name(column.type).name in types for column in table.columns)
    }
    made = [op.obj if isinstance(op, Create) else op.after for op in operations if isinstance(op, Create | Change)]
    if any(isinstance(obj, View) and obj.materialized for obj in made):
        return {table.key for table in before.tables}  # its rows are computed at once
    return _families(_names_before({*using, *_imposed_on(operations)}, operations), before)


def _names_before(tables: Iterable[Name], operations: Sequence[Operation]) -> set[Name]:
    """The tables under every name that they have on the way."""
    found = set(tables)
    for operation in reversed(operations):
        if isinstance(operation, Rename) and Name(operation.ref.namespace, operation.to) in found:
            found.add(Name(operation.ref.namespace, operation.ref.name))
    return found


def _families(names: set[Name], schema: Schema) -> set[Name]:
    """The tables, and those that share rows with them: parents, heirs and partitions, however far."""
    links = [(table.key, parent) for table in schema.tables for parent in table.inherits]
    found = set(names)
    while more := {one for link in links if not found.isdisjoint(link) for one in link} - found:
        found |= more
    return found


def _imposed_on(operations: Sequence[Operation]) -> Iterator[Name]:
    for operation in operations:
        match operation:
            case Create(Check() | ForeignKey() | Unique() | PrimaryKey() | Exclusion() | Index(), Name() as table):
                yield table
            case Create(Column() as column, Name() as table) if not column.nullable or column.generated:
                yield table
            case Change(before, after, Name() as table) if not isinstance(before, Index) and before != after:
                yield table
            case Change(Table() as table):
                yield table.key
            case Drop(Table(inherits=(_, *_)) as table):  # rows of other tables may refer to those that it takes along
                yield table.key
            case RunSQL(table=Name() as table):
                yield table
