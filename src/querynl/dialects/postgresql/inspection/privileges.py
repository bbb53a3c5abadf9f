"""Owners, grants and default privileges as the catalog has them, told apart from what everything has by itself.

Who granted a privilege is not kept: the grants of all to one role are taken together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

from querynl.dialects.postgresql.inspection.lookup import (
    PG_CLASS,
    PG_NAMESPACE,
    PG_PROC,
    PG_TYPE,
    Lookup,
)
from querynl.dialects.postgresql.privileges import beyond
from querynl.schema import DefaultPrivileges, Grant, Kind, Ownership, Ref

Rows = Iterable[Sequence[Any]]

_DEFAULTS: dict[str, Literal["tables", "sequences", "functions", "types", "schemas"]] = {
    "r": "tables",
    "S": "sequences",
    "f": "functions",
    "T": "types",
    "n": "schemas",
}


class Place(NamedTuple):
    """What an ACL is about: an object, or one column of it; a counter is addressed by its column."""

    on: Kind
    name: str
    namespace: str | None
    column: str | None = None


class Places:
    """The objects that have owners and grants, found by the OIDs of their catalogs and their own."""

    def __init__(self, lookup: Lookup, namespaces: Rows, sequences: Mapping[int, Place]) -> None:
        self._sequences = sequences
        self._defined = lookup.definitions
        self._refs: dict[int, Mapping[int, Ref]] = {
            PG_CLASS: {oid: ref for oid, ref in lookup.relations.items() if ref.kind is not Kind.COMPOSITE_TYPE},
            PG_TYPE: lookup.types,
            PG_PROC: lookup.routines,
            PG_NAMESPACE: {oid: Ref(Kind.NAMESPACE, None, name) for oid, name in namespaces},
        }

    def of(self, catalog: int, oid: int, column: str | None) -> Place | None:
        """Where a row of the catalog belongs; None for what is not managed."""
        if catalog == PG_CLASS and oid in self._sequences:
            return self._sequences[oid]
        ref = self._refs.get(catalog, {}).get(oid) or self._defined.get((catalog, oid))
        return None if ref is None else Place(ref.kind, ref.name, ref.namespace, column)


def owners(rows: Rows, places: Places) -> Iterator[Ownership]:
    """The owners that are not whoever asks; a counter has that of its table."""
    for catalog, oid, role in rows:
        place = places.of(catalog, oid, None)
        if place is not None and place.column is None:
            yield Ownership(on=place.on, name=place.name, namespace=place.namespace, role=role)


def grants(rows: Rows, places: Places) -> Iterator[Grant]:
    """What the ACLs say beyond what is built in, and short of it, role by role."""
    for (catalog, oid, _, column, role), entries in groupby(rows, key=lambda row: tuple(row[:5])):
        place = places.of(catalog, oid, column)
        said = _said(entries)
        if place is not None and said:
            yield Grant(on=place.on, name=place.name, namespace=place.namespace, column=place.column, role=role, **said)


def default_privileges(rows: Rows) -> Iterator[DefaultPrivileges]:
    """What is granted on objects to come, role by role."""
    for (owner, schema, kind, role), entries in groupby(rows, key=lambda row: tuple(row[:4])):
        said = _said(entries)
        if said and kind in _DEFAULTS:
            yield DefaultPrivileges(objects=_DEFAULTS[kind], owner=owner, namespace=schema, role=role, **said)


def _said(rows: Rows) -> dict[str, Any]:
    """The privileges that a role has and would not have by itself, those it may grant, and those it lacks."""
    found: dict[str, bool] = {}
    built_in: set[str] = set()
    for *_, is_built_in, privilege, passes in rows:
        if is_built_in:
            built_in.add(privilege.lower())
        else:
            found[privilege.lower()] = found.get(privilege.lower(), False) or passes
    said = beyond(found, dict.fromkeys(built_in, False))
    return said if any(said.values()) else {}


def counters(found: Iterable[tuple[int, Ref, str | None]]) -> dict[int, Place]:
    """Where the grants on sequences belong: those of a counter to the column it serves."""
    return {oid: Place(Kind.SEQUENCE, ref.name, ref.namespace, column) for oid, ref, column in found}
