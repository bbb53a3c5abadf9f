"""Exact English for operations and plans, made from the operation and never by a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from msgspec import Struct

from querynl.dialects import dialect_named
from querynl.english.attributes import details, differences, index_keys, quoted
from querynl.english.effects import Way, effect
from querynl.english.privileges import changed_privileges, privileges_of
from querynl.english.wording import counted, listed
from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL, target
from querynl.plan import Plan, Reversibility, reversibility_of
from querynl.rows import RowCount
from querynl.schema import (
    Action,
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
    Routine,
    Sequence,
    Table,
    Trigger,
    Unique,
    View,
    kind_of,
)

__all__ = ["Line", "Way", "effect", "explain", "explain_plan"]


class Line(Struct, frozen=True):
    """One operation of a plan: what is done, what that does to data, and what comes back when it is undone.

    `step` counts from 1; operations that the engine makes together have the same.
    """

    step: int
    sentence: str
    effect: str | None
    reversibility: Reversibility


def explain_plan(plan: Plan, *, way: Way = "up", counts: Mapping[Name, RowCount] | None = None) -> list[Line]:
    """What the plan does, or what undoing it does, operation by operation; `counts` are the rows of its tables."""
    dialect = dialect_named(plan.dialect)

    def widens(operation: Operation) -> bool:
        match operation:
            case Change(Column() as before, Column() as after):
                return dialect.widens(before, after)
            case _:
                return False

    return [
        Line(
            number,
            explain(operation),
            effect(operation, widens=widens(operation), rows=_rows(operation, counts or {}), way=way),
            reversibility_of(operation, dialect),
        )
        for number, step in enumerate(plan.up if way == "up" else plan.down, 1)
        for operation in step.operations
    ]


def _rows(operation: Operation, counts: Mapping[Name, RowCount]) -> RowCount | None:
    ref = target(operation)
    if ref is None:
        return None
    return counts.get(Name(ref.namespace, ref.name if ref.kind is Kind.TABLE else ref.table or ""))


def explain(operation: Operation) -> str:
    """The operation as one sentence, with every name as it is written."""
    match operation:
        case Create(Grant() | Ownership() | DefaultPrivileges() as said):
            return changed_privileges(None, said)
        case Drop(Grant() | Ownership() | DefaultPrivileges() as said):
            return changed_privileges(said, None)
        case Change(
            Grant() | Ownership() | DefaultPrivileges() as old, Grant() | Ownership() | DefaultPrivileges() as new
        ):
            return changed_privileges(old, new)
        case Create(obj, table, True):
            return f"Gives the inherited {_described(obj, table, ' of ')} attributes of its own."
        case Drop(obj, table, True):
            return f"Takes its own attributes from the inherited {_described(obj, table, ' of ')}."
        case Create(obj, table):
            return f"{_verb(obj, 'Creates', 'Adds')} {_described(obj, table, ' to ')}."
        case Drop(obj, table):
            return f"Drops {_described(obj, table, ' from ')}."
        case Change(before, after, table):
            return f"Changes {_called(after, table)}: {', '.join(differences(before, after))}."
        case Rename(ref, to):
            owner = "" if ref.table is None else f" of {Name(ref.namespace, ref.table)}"
            name = ref.name if ref.table is not None else str(Name(ref.namespace, ref.name))
            return f"Renames {' '.join(filter(None, (ref.kind.value, name)))}{owner} to {to}."
        case RunSQL(up, _, description, _):
            return f"Runs {counted(len(up), 'SQL statement')}: {description.rstrip('.')}."
        case _:
            assert_never(operation)


def _verb(obj: AnyObject, of_object: str, of_part: str) -> str:
    match obj:
        case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
            return of_part
        case _:
            return of_object


def _described(obj: AnyObject, table: Name | None, preposition: str) -> str:
    """The object with its name and all there is to say of it; a part with the table it goes to or comes from."""
    where = f"{preposition}{table}"
    match obj:
        case Table():
            return _table(obj)
        case Column():
            return f"column {obj.name} ({', '.join(details(obj))}){where}"
        case PrimaryKey() | Unique():
            return f"{_named(obj)} on {listed(obj.columns)}{_bracketed(obj, 'columns')}{where}"
        case ForeignKey():
            return f"{_named(obj)}{where}: {_reference(obj)}"
        case Check():
            return f"{_named(obj)}{where}: {obj.expression}{_bracketed(obj, 'expression')}"
        case Exclusion():
            rest = _bracketed(obj, "elements", "where")
            condition = f", for rows where {obj.where}" if obj.where is not None else ""
            return f"{_named(obj)} on {index_keys(obj.elements)}{rest}{where}{condition}"
        case Index():
            unique = "unique " if obj.unique else ""
            rest = _bracketed(obj, "columns", "unique", "where")
            condition = f", for rows where {obj.where}" if obj.where is not None else ""
            return f"{unique}{_named(obj)} on {index_keys(obj.columns)}{rest}{where}{condition}"
        case Enum():
            values = f"{counted(len(obj.values), 'value')} ({quoted(obj.values)})" if obj.values else "no values"
            return f"{_called(obj, None)} with {values}{_bracketed(obj, 'values')}"
        case View():
            indexes = f" with {counted(len(obj.indexes), 'index')}" if obj.indexes else ""
            return f"{_called(obj, None)}{indexes}{_bracketed(obj, 'indexes', 'materialized')}"
        case Routine():
            return f"{_called(obj, None)}{_bracketed(obj, 'kind', 'arguments')}"
        case Domain() | CompositeType() | Sequence() | Extension() | Namespace() | Trigger() | Policy():
            return f"{_called(obj, None)}{_bracketed(obj)}"
        case Definition():
            return f"{_called(obj, None)}{_bracketed(obj, 'kind', 'arguments')}"
        case Grant() | Ownership() | DefaultPrivileges():
            return privileges_of(obj)
        case _:
            assert_never(obj)


# How the arguments of a definition stand behind its name, where not in brackets.
_ARGUMENTS = {
    Kind.CAST: " to {}",
    Kind.OPERATOR_CLASS: " for {}",
    Kind.OPERATOR_FAMILY: " for {}",
    Kind.TRANSFORM: " for {}",
    Kind.USER_MAPPING: " on server {}",
}


def _called(obj: AnyObject, table: Name | None) -> str:
    """The object by its kind and name, and where it is."""
    match obj:
        case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
            return f"{_named(obj)} of {table}"
        case Trigger() | Policy():
            return f"{_kind(obj)} {obj.name} on {Name(obj.namespace, obj.table)}"
        case Definition():
            where = f" on {Name(obj.namespace, obj.table)}" if obj.table is not None else ""
            name = obj.name if where else str(Name(obj.namespace, obj.name))
            arguments = _ARGUMENTS.get(obj.kind, "({})").format(obj.arguments) if obj.arguments else ""
            return f"{_kind(obj)} {name}{arguments}{where}"
        case Namespace():
            return f"schema {obj.name}"
        case Routine():
            return f"{obj.kind} {Name(obj.namespace, obj.name)}({obj.arguments})"
        case View():
            return f"{'materialized ' if obj.materialized else ''}view {Name(obj.namespace, obj.name)}"
        case Extension():
            within = f" in schema {obj.namespace}" if obj.namespace is not None else ""
            return f"extension {obj.name}{within}"
        case Table() | Enum() | Domain() | CompositeType() | Sequence():
            return f"{_kind(obj)} {Name(obj.namespace, obj.name)}"
        case Grant() | Ownership() | DefaultPrivileges():
            return privileges_of(obj)
        case _:
            assert_never(obj)


def _named(part: Column | PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index) -> str:
    """The kind of a part, and its name if it has one."""
    return _kind(part) if part.name is None else f"{_kind(part)} {part.name}"


def _kind(obj: AnyObject) -> str:
    return kind_of(obj).value


def _bracketed(obj: AnyObject, *without: str) -> str:
    found = details(obj, without=without)
    return f" ({', '.join(found)})" if found else ""


# --------------------------------------------------------------------------------- tables and references


def _table(table: Table) -> str:
    columns = [column.name for column in table.columns]
    named = f" ({listed(columns)})" if columns else ""
    said = [f"table {table.key} with {counted(len(columns), 'column')}{named}"]
    if table.primary_key is not None:
        key = table.primary_key.columns
        said.append(f"{listed(key)} {'is' if len(key) == 1 else 'are'} its primary key")
    said += [f"{listed(key.columns)} refers to {key.target}" for key in table.foreign_keys]
    others = [
        counted(len(parts), noun)
        for parts, noun in (
            (table.uniques, "unique constraint"),
            (table.checks, "check constraint"),
            (table.exclusions, "exclusion constraint"),
            ([index for index in table.indexes if index.unique], "unique index"),
            ([index for index in table.indexes if not index.unique], "index"),
        )
        if parts
    ]
    if others:
        said.append(f"it has {listed(others)}")
    parts = ("columns", "primary_key", "uniques", "foreign_keys", "checks", "exclusions", "indexes")
    return "; ".join((*said, *details(table, without=parts)))


_ON_DELETE: dict[Action, str] = {
    "no action": "",
    "restrict": "a row of {target} that is referred to cannot be deleted",
    "cascade": "deleting a row of {target} deletes the rows that refer to it",
    "set null": "deleting a row of {target} empties {columns} in the rows that refer to it",
    "set default": "deleting a row of {target} sets {columns} to the default in the rows that refer to it",
}
_ON_UPDATE: dict[Action, str] = {
    "no action": "",
    "restrict": "a row of {target} that is referred to keeps its key",
    "cascade": "a new key in {target} is taken over by the rows that refer to it",
    "set null": "a new key in {target} empties {columns} in the rows that refer to it",
    "set default": "a new key in {target} sets {columns} to the default in the rows that refer to it",
}


def _reference(key: ForeignKey) -> str:
    columns = listed(key.columns)
    of = f"{listed(key.referenced_columns)} of " if key.referenced_columns else ""
    said = [f"{columns} refers to {of}{key.target}"]
    actions = (_ON_DELETE[key.on_delete], _ON_UPDATE[key.on_update])
    said += [action.format(target=key.target, columns=columns) for action in actions if action]
    shown = ("columns", "references", "referenced_columns", "references_namespace", "on_delete", "on_update")
    return "; ".join((*said, *details(key, without=shown)))
