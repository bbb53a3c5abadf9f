"""Grants, owners and default privileges as SQL.

Whatever creates an object gives it the owner and the grants that the schema after has for it. A grant is a
statement of its own only where its object is in place already.

https://www.postgresql.org/docs/current/sql-grant.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from querynl.dialects.postgresql.privileges import (
    EVERYBODY,
    OWNED,
    PRIVILEGES,
    RANK,
    Held,
    built_in,
    default_built_in,
    held,
    of_new_object,
    without_grant,
)
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.columns import counter
from querynl.dialects.postgresql.rendering.owners import PUBLIC, address, has_own_owner, owner, owner_set
from querynl.dialects.postgresql.spelling import qualified, quote
from querynl.operations import Catalog
from querynl.schema import (
    ROUTINES,
    AnyObject,
    Column,
    DefaultPrivileges,
    Grant,
    Kind,
    Name,
    Ownership,
    Part,
    Ref,
    Routine,
    Table,
    ownership_of,
    ref_of,
)

# What GRANT calls each kind of object.
_WORDS = {
    Kind.NAMESPACE: "SCHEMA",
    Kind.TABLE: "TABLE",
    Kind.VIEW: "TABLE",
    Kind.SEQUENCE: "SEQUENCE",
    **dict.fromkeys(ROUTINES, "ROUTINE"),
    Kind.ENUM: "TYPE",
    Kind.DOMAIN: "TYPE",
    Kind.COMPOSITE_TYPE: "TYPE",
    Kind.BASE_TYPE: "TYPE",
    Kind.RANGE_TYPE: "TYPE",
    Kind.LANGUAGE: "LANGUAGE",
    Kind.FOREIGN_DATA_WRAPPER: "FOREIGN DATA WRAPPER",
    Kind.SERVER: "FOREIGN SERVER",
}


# ------------------------------------------------------------------------------------------ in place


def change_grant(old: Grant | None, new: Grant | None, around: Around) -> Iterator[str]:
    """What a role may do with an object from now on; nothing where the object goes, or is still to come."""
    grant = new or old
    assert grant is not None
    on = _Place.of(grant, around.before)
    if on is None or _Place.of(grant, around.after) is None:
        return
    without = without_grant(grant)
    before, after = (without if said is None else held(said, without) for said in (old, new))
    role = _role(grant.role, grant.object, around.after)
    yield from _statements(on, role, before, after)
    if grant.column is None and any(privilege not in after or before[privilege] for privilege in before):
        yield from _restored(grant, before, around.after)


def _restored(grant: Grant, before: Held, after: Catalog) -> Iterator[str]:
    """What REVOKE on a table took from the role's grants on columns along with it."""
    for other in after.grants_on(grant.object):
        if other.column is not None and (other.on, other.role) == (grant.on, grant.role):
            on = _Place.of(other, after)
            kept = {privilege: passes for privilege, passes in held(other, {}).items() if privilege in before}
            if on is not None:
                yield from _statements(on, _role(other.role, other.object, after), {}, kept)


def change_owner(old: Ownership | None, new: Ownership | None, around: Around) -> Iterator[str]:
    """The new owner; nothing where the object goes, is still to come, or belongs to a table."""
    one = new or old
    assert one is not None
    if has_own_owner(one.object, around.before) and has_own_owner(one.object, around.after):
        yield owner_set(one.object, around.after)


def change_default(old: DefaultPrivileges | None, new: DefaultPrivileges | None) -> Iterator[str]:
    """What a role may do with objects that are created from now on."""
    default = new or old
    assert default is not None
    words = ["ALTER DEFAULT PRIVILEGES"]
    if default.owner is not None:
        words.append(f"FOR ROLE {quote(default.owner)}")
    if default.namespace is not None:
        words.append(f"IN SCHEMA {quote(default.namespace)}")
    without = default_built_in(default)
    before, after = (without if said is None else held(said, without) for said in (old, new))
    owner = "CURRENT_USER" if default.owner is None else quote(default.owner)
    role = owner if default.role is None else _named(default.role)
    for statement in _statements(_Place(default.objects.upper()), role, before, after):
        yield " ".join([*words, statement])


# ----------------------------------------------------------------------------------------- new objects


class _Target(NamedTuple):
    """Something new: what each role may do with it by itself, and what each is to be able to do."""

    on: _Place
    found: dict[str | None, Held]
    wanted: dict[str | None, Held]


def of_new(obj: AnyObject, table: Name | None, around: Around) -> Iterator[str]:
    """The owner and the grants of an object that was just created, by the schema after.

    What default privileges gave it by themselves, and it should not have, is revoked.
    """
    if isinstance(obj, Part):
        if isinstance(obj, Column) and table is not None:
            yield from of_new_column(obj, table, around)
        return
    ref = ref_of(obj)
    if ref.kind in OWNED:
        targets = list(_targets(obj, ref, around)) if ref.kind in PRIVILEGES else []
        yield from _settled(targets, ref, around, is_new=True)


def of_new_column(column: Column, table: Name, around: Around) -> Iterator[str]:
    """The grants on a column that was just added to a table, and on its counter."""
    targets = list(_column_targets(column, table, around, _owner_of_table(table, around.after)))
    yield from _settled(targets, Ref(Kind.TABLE, *table), around)


def of_changed_column(old: Column, new: Column, table: Name, around: Around) -> Iterator[str]:
    """The grants on a column, or on its counter, where a change makes one of them anew."""
    if new.generated is not None and old.generated is None:
        yield from of_new_column(new, table, around)
    elif new.identity is not None and (old.identity is None or old.identity.serial != new.identity.serial):
        owner_now = _owner_of_table(table, around.after)
        # The sequence of an identity is the table owner's from the start; that of a serial was given to them.
        target = _counter_target(new, table, around, None if new.identity.serial else owner_now)
        if new.identity.serial and owner_now is not None:
            target.found.pop(owner_now, None)
        yield from _settled([target], Ref(Kind.TABLE, *table), around)


def _targets(obj: AnyObject, ref: Ref, around: Around) -> Iterator[_Target]:
    grants = [grant for grant in around.after.grants_on(ref) if grant.column is None]
    on = _Place(_place_of(ref, around.after))
    yield _target(on, ref, grants, around, creator=None)
    if isinstance(obj, Table):
        for column in obj.columns:
            if column.identity is not None:
                yield _counter_target(column, obj.key, around, None)
    columns = {grant.column for grant in around.after.grants_on(ref) if grant.on is ref.kind}
    for name in sorted(name for name in columns if name is not None):
        yield _granted_on_column(name, ref, around)


def _column_targets(column: Column, table: Name, around: Around, creator: str | None) -> Iterator[_Target]:
    yield _granted_on_column(column.name, Ref(Kind.TABLE, *table), around)
    if column.identity is not None:
        yield _counter_target(column, table, around, creator)


def _granted_on_column(column: str, ref: Ref, around: Around) -> _Target:
    grants = around.after.grants_on(ref)
    wanted = {grant.role: held(grant, {}) for grant in grants if grant.column == column and grant.on is ref.kind}
    return _Target(_Place(_place_of(ref, around.after), column), {}, wanted)


def _counter_target(column: Column, table: Name, around: Around, creator: str | None) -> _Target:
    """The sequence behind a column, which has the owner of the table from the start."""
    grants = around.after.grants_on(Ref(Kind.TABLE, *table))
    given = [grant for grant in grants if grant.column == column.name and grant.on is Kind.SEQUENCE]
    name = counter(table, column).name
    on = _Place(f"SEQUENCE {qualified(table.namespace, name)}")
    return _target(on, Ref(Kind.SEQUENCE, table.namespace, name), given, around, creator=creator)


def _target(on: _Place, ref: Ref, grants: Iterable[Grant], around: Around, *, creator: str | None) -> _Target:
    every = around.before.of_kind(Kind.DEFAULT_PRIVILEGES)
    defaults = [found for found in every if isinstance(found, DefaultPrivileges) and found.owner == creator]
    wanted = {role: built_in(ref.kind, ref.name, role) for role in (None, EVERYBODY)}
    wanted |= {grant.role: held(grant, without_grant(grant)) for grant in grants}
    return _Target(on, of_new_object(ref, defaults), wanted)


def _settled(targets: Iterable[_Target], holder: Ref, around: Around, *, is_new: bool = False) -> Iterator[str]:
    """The statements that leave the targets with what is wanted.

    A new object has its creator as the owner first. What goes, goes before another gets it: privileges of that
    other one would be the owner's then.
    """
    for target in targets:
        for role in _in_order(target.found):
            kept = _shared(target.found[role], target.wanted.get(role, {}))
            said = "CURRENT_USER" if role is None and is_new else _role(role, holder, around.after)
            yield from _statements(target.on, said, target.found[role], kept)
    if is_new and isinstance(around.after.get(ownership_of(holder)), Ownership):
        yield owner_set(holder, around.after)
    for target in targets:
        for role in _in_order(target.wanted):
            wanted = target.wanted[role]
            kept = _shared(target.found.get(role, {}), wanted)
            yield from _statements(target.on, _role(role, holder, around.after), kept, wanted)


def _shared(found: Held, wanted: Held) -> Held:
    return {privilege: passes and wanted[privilege] for privilege, passes in found.items() if privilege in wanted}


def _in_order(roles: Iterable[str | None]) -> list[str | None]:
    return sorted(roles, key=lambda role: (role is not None, role or ""))


# -------------------------------------------------------------------------------------------- wording


class _Place(NamedTuple):
    """What a GRANT is on: the words after ON, and the column before it, if it is one's."""

    words: str
    column: str | None = None

    @classmethod
    def of(cls, grant: Grant, catalog: Catalog) -> _Place | None:
        """Where the grant belongs; None where there is no such object now."""
        if not _is_there(grant.object, catalog):
            return None
        if grant.column is None:
            return cls(_place_of(grant.object, catalog))
        table = catalog.table(Name(grant.namespace, grant.name))
        column = None if table is None else table.column(grant.column)
        if grant.on is Kind.SEQUENCE:
            if table is None or column is None or column.identity is None:
                return None
            return cls(f"SEQUENCE {qualified(grant.namespace, counter(table.key, column).name)}")
        if table is not None and column is None and not table.inherits:
            return None
        return cls(_place_of(grant.object, catalog), grant.column)


def _statements(on: _Place, role: str, before: Held, after: Held) -> Iterator[str]:
    """The statements that leave a role with other privileges than it has."""
    lost = [privilege for privilege in before if privilege not in after]
    barred = [privilege for privilege, passes in before.items() if passes and not after.get(privilege, True)]
    plain = [privilege for privilege, passes in after.items() if privilege not in before and not passes]
    passing = [privilege for privilege, passes in after.items() if passes and not before.get(privilege)]
    if lost:
        yield f"REVOKE {_listed(lost, on)} FROM {role}"
    if barred:
        yield f"REVOKE GRANT OPTION FOR {_listed(barred, on)} FROM {role}"
    if plain:
        yield f"GRANT {_listed(plain, on)} TO {role}"
    if passing:
        yield f"GRANT {_listed(passing, on)} TO {role} WITH GRANT OPTION"


def _listed(privileges: Iterable[str], on: _Place) -> str:
    column = "" if on.column is None else f" ({quote(on.column)})"
    words = [privilege.upper() + column for privilege in sorted(privileges, key=RANK)]
    return f"{', '.join(words)} ON {on.words}"


def _named(role: str) -> str:
    return "PUBLIC" if role == EVERYBODY else quote(role)


def _owner_of_table(table: Name, catalog: Catalog) -> str | None:
    found = catalog.get(ownership_of(Ref(Kind.TABLE, *table)))
    return found.role if isinstance(found, Ownership) else None


def _role(role: str | None, ref: Ref, catalog: Catalog) -> str:
    return owner(ref, catalog) if role is None else _named(role)


def _place_of(ref: Ref, catalog: Catalog) -> str:
    """The object as GRANT speaks of it. It knows an aggregate by the types of all its arguments alone."""
    obj = catalog.get(ref)
    if isinstance(obj, Routine) and obj.kind == "aggregate":
        arguments = obj.arguments.replace("*", "").removeprefix("ORDER BY ").replace(" ORDER BY ", ", ")
        return f"ROUTINE {qualified(obj.namespace, obj.name)}({arguments})"
    return f"{_WORDS[ref.kind]} {address(ref, catalog)}"


def _is_there(ref: Ref, catalog: Catalog) -> bool:
    return ref == PUBLIC or catalog.get(ref) is not None
