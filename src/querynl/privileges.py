"""Privileges that a migration leaves as they are: what was granted stays, what is new gets what the database gives."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

from msgspec.structs import replace

from querynl.operations import State
from querynl.rules import Rules
from querynl.schema import (
    FIELDS,
    PRIVILEGE_KINDS,
    Column,
    DefaultPrivileges,
    Grant,
    Kind,
    Name,
    Ownership,
    Ref,
    Schema,
    SchemaObject,
    Table,
    objects,
    ref_of,
)

# What becomes of owners and grants: unseen, kept and told of, or changed like all else.
Privileges = Literal["off", "warn", "manage"]


def without_privileges(schema: Schema) -> Schema:
    """The schema without a word about who may do what."""
    return replace(schema, **{FIELDS[kind]: () for kind in PRIVILEGE_KINDS})


def with_kept_privileges(
    after: Schema, kinds: Collection[Kind], start: Schema, moved: Collection[Ref], rules: Rules
) -> Schema:
    """The schema after, with these kinds of privileges as they are at the start, renames done.

    `moved` is what stands aside at the start and comes back. What is new has what default privileges grant on it.
    """
    before, end = State(start), State(after)
    changes: dict[str, Any] = {}
    for kind in PRIVILEGE_KINDS:
        if kind in kinds:
            stays = (obj for obj in getattr(start, FIELDS[kind]) if _stays(obj, before, end))
            changes[FIELDS[kind]] = tuple(stays)
    kept = replace(after, **changes)
    if Kind.GRANT not in kinds or not kept.default_privileges:
        return kept
    return replace(kept, grants=(*kept.grants, *_arriving(kept, before, moved, rules)))


def _stays(obj: SchemaObject, before: State, end: State) -> bool:
    """Whether what the privilege is on is not taken away."""
    match obj:
        case Grant(column=str(column)):
            return not _goes(obj.object, before, end) and not _loses(obj, column, before, end)
        case Grant() | Ownership():
            return not _goes(obj.object, before, end)
        case DefaultPrivileges(namespace=str(name)):
            return not _goes(Ref(Kind.NAMESPACE, None, name), before, end)
        case _:
            return True


def _goes(ref: Ref, before: State, end: State) -> bool:
    return before.get(ref) is not None and end.get(ref) is None


def _loses(grant: Grant, column: str, before: State, end: State) -> bool:
    """Whether the table stays without the column."""
    had, has = _column(grant, column, before), _column(grant, column, end)
    return had is not None and has is None


def _column(grant: Grant, column: str, catalog: State) -> Column | None:
    table = catalog.table(Name(grant.namespace, grant.name))
    return None if table is None else table.column(column)


def _arriving(after: Schema, before: State, moved: Collection[Ref], rules: Rules) -> Iterator[Grant]:
    """What default privileges grant on the objects, and on the counters of columns, that were not there before."""
    defaults = after.default_privileges
    owners = {owner.object: owner.role for owner in after.owners}
    for obj in objects(after):
        ref = ref_of(obj)
        is_new = before.get(ref) is None and ref not in moved
        if is_new:
            yield from rules.granted_to_new(obj, None, None, defaults)
        if isinstance(obj, Table):
            creator = None if is_new else owners.get(ref)
            for column in _starting_to_count(obj, before.table(obj.key)):
                yield from rules.granted_to_new(column, obj.key, creator, defaults)


def _starting_to_count(table: Table, before: Table | None) -> Iterator[Column]:
    for column in table.columns:
        old = None if before is None else before.column(column.name)
        if column.identity is not None and (old is None or old.identity is None):
            yield column
