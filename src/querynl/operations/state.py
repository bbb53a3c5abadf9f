"""A schema at one moment of a migration, which operations change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from msgspec.structs import replace

from querynl.schema import FIELDS, SECTIONS, Grant, Kind, Name, Ref, Schema, SchemaObject, Table, objects, ref_of


class Catalog(Protocol):
    """A schema that can be looked things up in, at one moment of a migration."""

    def get(self, ref: Ref) -> SchemaObject | None:
        """The object at that address, or None."""

    def table(self, name: Name) -> Table | None:
        """The table of that name, or None."""

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        """Every object of one kind, in no order that means anything."""

    def referrers(self, name: Name) -> Iterable[Name]:
        """The tables that may have a foreign key to that table, itself included."""

    def grants_on(self, ref: Ref) -> list[Grant]:
        """What is granted on an object, and on the columns and counters of a table, in the order of addresses."""


class State:
    """A schema that changes as operations are applied to it."""

    def __init__(self, schema: Schema) -> None:
        self.objects: dict[Kind, dict[Ref, SchemaObject]] = {kind: {} for kind in FIELDS}
        for obj in objects(schema):
            ref = ref_of(obj)
            self.objects[ref.kind][ref] = obj
        self._referrers: dict[Name, set[Name]] | None = None
        self._grants: dict[Ref, set[Ref]] | None = None
        self._schema = schema

    def get(self, ref: Ref) -> SchemaObject | None:
        return self.objects[ref.kind].get(ref)

    def table(self, name: Name) -> Table | None:
        found = self.objects[Kind.TABLE].get(Ref(Kind.TABLE, name.namespace, name.name))
        return found if isinstance(found, Table) else None

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        return iter(self.objects[kind].values())

    def placed(self, kind: Kind) -> Iterator[tuple[Ref, SchemaObject]]:
        """Every object of one kind with its address."""
        return iter(self.objects[kind].items())

    def referrers(self, name: Name) -> Iterable[Name]:
        if self._referrers is None:
            self._referrers = {}
            for obj in self.objects[Kind.TABLE].values():
                self._note_references(obj)
        return sorted(self._referrers.get(name, ()), key=str)

    def _note_references(self, obj: SchemaObject | None) -> None:
        if self._referrers is not None and isinstance(obj, Table):
            for key in obj.foreign_keys:
                self._referrers.setdefault(key.target, set()).add(obj.key)

    def grants_on(self, ref: Ref) -> list[Grant]:
        if self._grants is None:
            self._grants = {}
            for obj in self.objects[Kind.GRANT].values():
                self._note_grant(obj)
        found = (self.objects[Kind.GRANT].get(grant) for grant in self._grants.get(ref, ()))
        return sorted((grant for grant in found if isinstance(grant, Grant)), key=lambda grant: ref_of(grant).order)

    def _note_grant(self, obj: SchemaObject | None) -> None:
        if self._grants is not None and isinstance(obj, Grant):
            self._grants.setdefault(obj.object, set()).add(ref_of(obj))

    def update(self, changes: Changes) -> None:
        """Make the changes part of this state."""
        for ref, obj in changes.items():
            if obj is None:
                self.objects[ref.kind].pop(ref, None)
            else:
                self.objects[ref.kind][ref] = obj
                self._note_references(obj)
                self._note_grant(obj)

    def schema(self) -> Schema:
        """This state as a schema, in the order in which its objects came."""
        fields: dict[str, Any] = dict.fromkeys(SECTIONS, ())
        for kind, section in FIELDS.items():
            fields[section] += tuple(self.objects[kind].values())
        return replace(self._schema, **fields)


# What operations do to a state: the new object at each address, or None where it is gone.
Changes = dict[Ref, SchemaObject | None]


class Changed:
    """A state as it will be after some changes that have not been made yet."""

    def __init__(self, state: State | Changed, changes: Changes) -> None:
        self._state = state
        self._changes = changes

    def get(self, ref: Ref) -> SchemaObject | None:
        return self._changes[ref] if ref in self._changes else self._state.get(ref)

    def table(self, name: Name) -> Table | None:
        found = self.get(Ref(Kind.TABLE, name.namespace, name.name))
        return found if isinstance(found, Table) else None

    def of_kind(self, kind: Kind) -> Iterator[SchemaObject]:
        return (obj for _, obj in self.placed(kind))

    def placed(self, kind: Kind) -> Iterator[tuple[Ref, SchemaObject]]:
        """Every object of one kind with its address."""
        yield from ((ref, obj) for ref, obj in self._state.placed(kind) if ref not in self._changes)
        yield from ((ref, obj) for ref, obj in self._changes.items() if ref.kind is kind and obj is not None)

    def referrers(self, name: Name) -> Iterable[Name]:
        found = set(self._state.referrers(name))
        for obj in self._changes.values():
            if isinstance(obj, Table) and any(key.target == name for key in obj.foreign_keys):
                found.add(obj.key)
        return sorted(found, key=str)

    def grants_on(self, ref: Ref) -> list[Grant]:
        found = {ref_of(grant): grant for grant in self._state.grants_on(ref)}
        for at, obj in self._changes.items():
            if isinstance(obj, Grant) and obj.object == ref:
                found[at] = obj
            elif obj is None:
                found.pop(at, None)
        return [found[at] for at in sorted(found, key=lambda at: at.order)]
