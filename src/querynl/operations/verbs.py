"""The five verbs, what each is about, and what undoes it."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct

from querynl.schema import AnyObject, Kind, Name, Ref, Table, ref_of


class Create(Struct, frozen=True):
    """An object comes into being; `table` is the one that a part belongs to.

    `inherited`: a parent has the column before and after. Only what the table says otherwise of it comes, and no value.
    """

    obj: AnyObject
    table: Name | None = None
    inherited: bool = False


class Drop(Struct, frozen=True):
    """An object goes; the whole of it is kept, so that it can come back.

    `inherited`: a parent has the column before and after. Only what the table said otherwise of it goes, and no value.
    """

    obj: AnyObject
    table: Name | None = None
    inherited: bool = False


class Change(Struct, frozen=True):
    """An object keeps its name and becomes something else.

    `using` is the expression that turns old values into new ones where a cast alone cannot.
    """

    before: AnyObject
    after: AnyObject
    table: Name | None = None
    using: str | None = None


class Rename(Struct, frozen=True):
    """An object, found at `ref`, gets another name; everything that refers to it follows."""

    ref: Ref
    to: str


class RunSQL(Struct, frozen=True):
    """Statements written by hand or for data, with their own inverse; None says there is none.

    `table` is the table whose rows they touch, where it is one. `lossless` False: the way back leaves
    values other than they were.
    """

    up: tuple[str, ...]
    down: tuple[str, ...] | None
    description: str
    table: Name | None = None
    lossless: bool = True


Operation = Create | Drop | Change | Rename | RunSQL


def inverse(operation: Operation) -> Operation | None:
    """The operation that undoes this one; None where only a person could write it."""
    match operation:
        case Create(obj, table, inherited):
            return Drop(obj, table, inherited)
        case Drop(obj, table, inherited):
            return Create(obj, table, inherited)
        case Change(before, after, table):
            return Change(after, before, table)
        case Rename(ref, to):
            return Rename(ref._replace(name=to), ref.name)
        case RunSQL(up, down, description, table, lossless):
            return None if down is None else RunSQL(down, up, f"Undo: {description}", table, lossless)
        case _:
            assert_never(operation)


def target(operation: Operation) -> Ref | None:
    """The address of what an operation is about, by the name it has before; None for RunSQL."""
    match operation:
        case Create(obj, table) | Drop(obj, table):
            return ref_of(obj, table)
        case Change(before, _, table):
            return ref_of(before, table)
        case Rename(ref, _):
            return ref
        case RunSQL():
            return None
        case _:
            assert_never(operation)


def table_of(operation: Operation) -> Name | None:
    """The table an operation alters or makes, by the name it has before; None where it is about no table."""
    if isinstance(operation, RunSQL):
        return operation.table
    ref = target(operation)
    if ref is None:
        return None
    if ref.kind is Kind.TABLE:
        return Name(ref.namespace, ref.name)
    return Name(ref.namespace, ref.table) if ref.table is not None else None


def forgets_history(operation: Operation) -> bool:
    """Whether a table stops keeping the rows that it had (`system_versioning`), which are lost with that.

    It begins anew where it is to show since and until when they were true.
    """
    match operation:
        case Change(Table() as before, Table() as after):
            is_kept = bool(after.options.get("system_versioning"))
            is_shown_now = "period SYSTEM_TIME" in after.options.keys() - before.options
            return bool(before.options.get("system_versioning")) and (not is_kept or is_shown_now)
        case _:
            return False
