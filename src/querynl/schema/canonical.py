"""The one form that equal schemas have."""

from __future__ import annotations

from typing import Any

import msgspec

from querynl.schema.addresses import part_name, ref_of
from querynl.schema.objects import SECTIONS, Schema, SchemaObject, Table, View
from querynl.schema.parts import Index, PartT


def canonical(schema: Schema) -> Schema:
    """The same schema with everything but columns in the order of names, and no trace of renames."""
    changes: dict[str, Any] = {
        field: tuple(sorted(map(settled, getattr(schema, field)), key=lambda obj: ref_of(obj).order))
        for field in SECTIONS
    }
    return msgspec.structs.replace(schema, **changes)


def settled(obj: SchemaObject) -> SchemaObject:
    """The object with the parts of a table in order, and its declared renames forgotten."""
    if isinstance(obj, Table):
        return _settled_table(obj)
    if isinstance(obj, View) and obj.indexes:
        return msgspec.structs.replace(obj, indexes=_settled_indexes(_sorted_parts(obj.indexes)), renamed_from=None)
    if getattr(obj, "renamed_from", None) is not None:
        return msgspec.structs.replace(obj, renamed_from=None)
    return obj


def _settled_table(table: Table) -> Table:
    changes: dict[str, Any] = {}
    for field in ("uniques", "foreign_keys", "checks", "exclusions", "indexes"):
        parts = getattr(table, field)
        if len(parts) > 1:
            changes[field] = _sorted_parts(parts)
    if any(column.renamed_from is not None for column in table.columns):
        changes["columns"] = tuple(msgspec.structs.replace(column, renamed_from=None) for column in table.columns)
    if any(index.renamed_from is not None for index in table.indexes):
        changes["indexes"] = _settled_indexes(changes.get("indexes", table.indexes))
    if table.renamed_from is not None:
        changes["renamed_from"] = None
    return msgspec.structs.replace(table, **changes) if changes else table


def _settled_indexes(indexes: tuple[Index, ...]) -> tuple[Index, ...]:
    return tuple(msgspec.structs.replace(index, renamed_from=None) for index in indexes)


def _sorted_parts(parts: tuple[PartT, ...]) -> tuple[PartT, ...]:
    return tuple(sorted(parts, key=part_name))
