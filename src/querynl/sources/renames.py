"""Renames that a source declares, kept while an engine reads the rest of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from querynl.operations import parts_of
from querynl.schema import (
    SECTIONS,
    AnyObject,
    Column,
    Index,
    Name,
    Ref,
    Schema,
    SchemaObject,
    Table,
    View,
    objects,
    ref_of,
)

# Old names by the addresses of what has the new ones; what is part of a table stands under its table's new name.
DeclaredRenames = Mapping[Ref, str]


def renames_of(schema: Schema) -> dict[Ref, str]:
    """What the `renamed_from` of a schema say."""
    return {ref: old for ref, obj in _addressed(schema) if (old := getattr(obj, "renamed_from", None)) is not None}


def with_renames(schema: Schema, renames: DeclaredRenames) -> Schema:
    """The schema with the renames declared in it; names are compared as the schema has them, then without case."""
    if not renames:
        return schema
    present = {ref for ref, _ in _addressed(schema)}
    loose = {_folded(ref): old for ref, old in renames.items() if ref not in present}

    def declared(obj: Any, table: Name | None = None) -> Any:
        ref = ref_of(obj, table)
        old = renames.get(ref) or loose.get(_folded(ref))
        return obj if old is None else replace(obj, renamed_from=old)

    def whole(obj: SchemaObject) -> SchemaObject:
        found: SchemaObject = declared(obj)
        if isinstance(found, Table):
            found = replace(found, columns=tuple(declared(column, found.key) for column in found.columns))
        if isinstance(found, Table | View):
            key = Name(found.namespace, found.name)
            found = replace(found, indexes=tuple(declared(index, key) for index in found.indexes))
        return found

    return replace(schema, **{section: tuple(map(whole, getattr(schema, section))) for section in SECTIONS})


def _addressed(schema: Schema) -> Iterator[tuple[Ref, AnyObject]]:
    """Every object that can have another name, with those parts of tables and views that can."""
    for obj in objects(schema):
        yield ref_of(obj), obj
        if isinstance(obj, Table | View):
            key = Name(obj.namespace, obj.name)
            yield from ((ref_of(part, key), part) for part in parts_of(obj) if isinstance(part, Column | Index))


def _folded(ref: Ref) -> Ref:
    return Ref(ref.kind, (ref.namespace or "").lower(), ref.name.lower(), (ref.table or "").lower())
