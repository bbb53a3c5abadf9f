"""The parts of a table or view, read and replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from querynl.operations.state import Catalog, Changes
from querynl.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    Part,
    PrimaryKey,
    Ref,
    SchemaObject,
    Table,
    Unique,
    View,
    part_name,
    ref_of,
)


def parts_of(obj: SchemaObject | None) -> Iterator[Part]:
    """Columns, constraints and indexes of a table, or the indexes of a view."""
    if isinstance(obj, Table):
        yield from obj.columns
        if obj.primary_key is not None:
            yield obj.primary_key
        yield from obj.uniques
        yield from obj.foreign_keys
        yield from obj.checks
        yield from obj.exclusions
    yield from getattr(obj, "indexes", ())


# The field of `Table` that holds each kind of part; the primary key, being one, is not a tuple.
_PART_FIELDS: dict[type[Part], str] = {
    Column: "columns",
    Unique: "uniques",
    ForeignKey: "foreign_keys",
    Check: "checks",
    Exclusion: "exclusions",
    Index: "indexes",
}


def with_part(catalog: Catalog, name: Name | None, before: Part | None, after: Part | None) -> Changes:
    """The table with one part added (`before` None), taken out (`after` None) or replaced."""
    assert name is not None, "a part has a table"
    ref = Ref(Kind.TABLE, name.namespace, name.name)
    table = catalog.table(name)
    if table is None:
        view = catalog.get(ref._replace(kind=Kind.VIEW))
        assert isinstance(view, View), f"no table {name}"
        return {ref_of(view): replace(view, indexes=_replaced(view.indexes, before, after))}
    part = after if after is not None else before
    assert part is not None, "a part comes, goes or changes"
    if isinstance(part, PrimaryKey):
        return {ref: replace(table, primary_key=after)}
    field = _PART_FIELDS[type(part)]
    return {ref: replace(table, **{field: _replaced(getattr(table, field), before, after)})}


def _replaced(parts: tuple[Any, ...], before: Part | None, after: Part | None) -> tuple[Any, ...]:
    if before is None:
        return (*parts, after)
    alike = [i for i, part in enumerate(parts) if part_name(part) == part_name(before)]
    assert alike, f"no {part_name(before)!r} to take out"
    at = next((i for i in alike if parts[i] == before), alike[0])
    return (*parts[:at], *(() if after is None else (after,)), *parts[at + 1 :])
