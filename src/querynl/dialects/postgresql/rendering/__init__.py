"""Operations as PostgreSQL's statements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import assert_never

from querynl import schema as model
from querynl.dialects.postgresql.rendering import (
    columns,
    constraints,
    definitions,
    indexes,
    objects,
    privileges,
    sequences,
    tables,
    type_changes,
    types,
)
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.arrays import with_settled_arrays
from querynl.dialects.postgresql.spelling import qualified, quote
from querynl.dialects.postgresql.split import split
from querynl.dialects.protocol import Statement
from querynl.operations import Catalog, Change, Create, Drop, Operation, Rename, RunSQL
from querynl.schema import (
    AnyObject,
    Check,
    Column,
    CompositeType,
    DefaultPrivileges,
    Definition,
    Domain,
    Enum,
    Exclusion,
    Extension,
    ForeignKey,
    Grant,
    Index,
    Kind,
    Name,
    Namespace,
    Ownership,
    Policy,
    PrimaryKey,
    Ref,
    Routine,
    Table,
    Trigger,
    Unique,
    View,
)

_NO_TABLE = Name(None, "")


def render(operations: Sequence[Operation], before: Catalog, after: Catalog) -> list[Statement]:
    """The statements for the operations; see `Dialect.render`."""
    around = Around(before, after)
    return [
        statement
        for operation in operations
        for sql in _render(operation, around)
        for statement in split(with_settled_arrays(sql))
    ]


def _render(operation: Operation, around: Around) -> Iterator[str]:
    match operation:
        case Create(obj, table):
            return chain(_create(obj, table or _NO_TABLE, around), privileges.of_new(obj, table, around))
        case Drop(obj, table):
            return _drop(obj, table or _NO_TABLE, around)
        case Change(table=table):
            return _change(operation, table or _NO_TABLE, around)
        case Rename(ref, to):
            return _rename(ref, to, around.before)
        case RunSQL(up):
            return iter(up)
        case _:
            assert_never(operation)


def _create(obj: AnyObject, table: Name, around: Around) -> Iterator[str]:
    match obj:
        case Namespace():
            return objects.create_namespace(obj)
        case Extension():
            return objects.create_extension(obj)
        case Enum():
            return types.create_enum(obj)
        case Domain():
            return types.create_domain(obj)
        case CompositeType():
            return types.create_composite(obj)
        case model.Sequence():
            return sequences.create(obj, around)
        case Routine():
            return objects.create_routine(obj, around)
        case Table():
            return tables.create(obj, around)
        case Column():
            return columns.add(table, obj, around)
        case PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion():
            return constraints.add(table, obj, around)
        case Index():
            return indexes.create(table, obj, around)
        case View():
            return objects.create_view(obj, around)
        case Trigger():
            return objects.create_trigger(obj)
        case Policy():
            return objects.create_policy(obj)
        case Definition():
            return definitions.create(obj)
        case Grant():
            return privileges.change_grant(None, obj, around)
        case Ownership():
            return privileges.change_owner(None, obj, around)
        case DefaultPrivileges():
            return privileges.change_default(None, obj)
        case _:
            assert_never(obj)


def _drop(obj: AnyObject, table: Name, around: Around) -> Iterator[str]:
    match obj:
        case Namespace():
            return objects.drop_namespace(obj)
        case Extension():
            return objects.drop_extension(obj)
        case Enum() | Domain() | CompositeType():
            return types.drop(obj)
        case model.Sequence():
            return sequences.drop(obj, around)
        case Routine():
            return objects.drop_routine(obj, around)
        case Table():
            return tables.drop(obj, around)
        case Column():
            return columns.drop(table, obj, around)
        case PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion():
            return constraints.drop(table, obj, around)
        case Index():
            return indexes.drop(table, obj, around)
        case View():
            return objects.drop_view(obj)
        case Trigger():
            return objects.drop_trigger(obj)
        case Policy():
            return objects.drop_policy(obj)
        case Definition():
            return definitions.drop(obj, around)
        case Grant():
            return privileges.change_grant(obj, None, around)
        case Ownership():
            return privileges.change_owner(obj, None, around)
        case DefaultPrivileges():
            return privileges.change_default(obj, None)
        case _:
            assert_never(obj)


def _change(operation: Change, table: Name, around: Around) -> Iterator[str]:
    old, new = operation.before, operation.after
    match old, new:
        case Namespace(), Namespace():
            return objects.change_namespace(old, new)
        case Extension(), Extension():
            return objects.change_extension(old, new)
        case Enum(), Enum():
            return type_changes.change_enum(old, new, around)
        case Domain(), Domain():
            return type_changes.change_domain(old, new, around)
        case CompositeType(), CompositeType():
            return type_changes.change_composite(old, new, around)
        case model.Sequence(), model.Sequence():
            return sequences.change(old, new, around)
        case Routine(), Routine():
            return objects.change_routine(old, new)
        case Table(), Table():
            return tables.change(old, new, around)
        case Column(), Column():
            changed = columns.change(table, old, new, operation.using, around)
            return chain(changed, privileges.of_changed_column(old, new, table, around))
        case (
            (PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion()),
            (PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion()),
        ):
            return constraints.change(table, old, new, around)
        case Index(), Index():
            return indexes.change(table, old, new, around)
        case View(), View():
            return objects.change_view(old, new)
        case Trigger(), Trigger():
            return objects.change_trigger(old, new)
        case Policy(), Policy():
            return objects.change_policy(old, new)
        case Definition(), Definition():
            return (
                type_changes.change_range(old, new, around)
                if new.kind is Kind.RANGE_TYPE
                else definitions.change(old, new)
            )
        case Grant(), Grant():
            return privileges.change_grant(old, new, around)
        case Ownership(), Ownership():
            return privileges.change_owner(old, new, around)
        case DefaultPrivileges(), DefaultPrivileges():
            return privileges.change_default(old, new)
        case _:
            raise AssertionError(f"{type(old)} does not become {type(new)}")


# The word between ALTER and the name.
_RENAMED = {
    Kind.NAMESPACE: "SCHEMA",
    Kind.ENUM: "TYPE",
    Kind.DOMAIN: "DOMAIN",
    Kind.COMPOSITE_TYPE: "TYPE",
    Kind.SEQUENCE: "SEQUENCE",
}


def _rename(ref: Ref, to: str, before: Catalog) -> Iterator[str]:
    if ref.kind in _RENAMED:
        name = quote(ref.name) if ref.kind is Kind.NAMESPACE else qualified(ref.namespace, ref.name)
        return iter([f"ALTER {_RENAMED[ref.kind]} {name} RENAME TO {quote(to)}"])
    if ref.kind is Kind.INDEX:
        return iter([f"ALTER INDEX {qualified(ref.namespace, ref.name)} RENAME TO {quote(to)}"])
    if ref.kind is Kind.VIEW:
        view = before.get(ref)
        assert isinstance(view, View), f"no {ref}"
        return objects.rename_view(view, to)
    owner = Name(ref.namespace, ref.name if ref.kind is Kind.TABLE else str(ref.table))
    if ref.kind in (Kind.TRIGGER, Kind.POLICY):
        return iter([f"ALTER {ref.kind.upper()} {quote(ref.name)} ON {qualified(*owner)} RENAME TO {quote(to)}"])
    table = before.table(owner)
    assert table is not None, f"no table {owner}"
    if ref.kind is Kind.TABLE:
        return tables.rename(table, to)
    if ref.kind is Kind.COLUMN:
        column = table.column(ref.name)
        assert column is not None, f"no {ref}"
        return tables.rename_column(table, column, to)
    return tables.rename_constraint(owner, ref.name, to)
