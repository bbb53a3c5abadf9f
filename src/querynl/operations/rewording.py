"""The types and expressions that name a type or sequence which gets another name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from querynl.operations.rewriting import Rewriting
from querynl.operations.state import Catalog, Changes
from querynl.schema import (
    Check,
    Column,
    CompositeType,
    Domain,
    Exclusion,
    Index,
    IndexKey,
    Kind,
    OptionValue,
    Ref,
    SchemaObject,
    Table,
    ref_of,
)

# What names types of the schema in types of its own.
_TYPED = (Kind.TABLE, Kind.DOMAIN, Kind.COMPOSITE_TYPE)


def reworded(ref: Ref, to: str, catalog: Catalog, rewriting: Rewriting) -> Changes:
    """The tables and types that have the renamed type or sequence in their types or expressions."""

    def words(text: str | None) -> Any:
        return None if text is None else rewriting.rename_object_in_expression(text, ref, to)

    def column(current: Any) -> Any:
        of_type = rewriting.rename_type(current.type, ref, to)
        return replace(current, type=of_type, default=words(current.default))

    def computed(current: Column) -> Column:
        generated = current.generated
        if generated is not None:
            generated = replace(generated, expression=words(generated.expression))
        moved: Column = column(current)
        return replace(moved, generated=generated)

    def check(current: Check) -> Check:
        return replace(current, expression=words(current.expression))

    def keys(current: tuple[IndexKey, ...]) -> tuple[Any, ...]:
        return tuple(replace(key, expression=words(key.expression)) for key in current)

    def index(current: Index) -> Index:
        return replace(current, columns=keys(current.columns), where=words(current.where))

    def exclusion(current: Exclusion) -> Exclusion:
        return replace(current, elements=keys(current.elements), where=words(current.where))

    changes: Changes = {}
    for obj in [found for kind in _TYPED for found in catalog.of_kind(kind)]:
        moved: SchemaObject = obj
        if isinstance(obj, Table):
            columns, checks = tuple(map(computed, obj.columns)), tuple(map(check, obj.checks))
            exclusions, indexes = tuple(map(exclusion, obj.exclusions)), tuple(map(index, obj.indexes))
            of_type = None if obj.of_type is None else rewriting.rename_type(obj.of_type, ref, to)
            moved = replace(
                obj,
                columns=columns,
                checks=checks,
                exclusions=exclusions,
                indexes=indexes,
                of_type=of_type,
                options=_with_key(obj, words),
            )
        elif isinstance(obj, Domain) and ref_of(obj) != ref:
            moved = replace(column(obj), checks=tuple(map(check, obj.checks)))
        elif isinstance(obj, CompositeType) and ref_of(obj) != ref:
            attributes = tuple(replace(a, type=rewriting.rename_type(a.type, ref, to)) for a in obj.attributes)
            moved = replace(obj, attributes=attributes)
        if moved != obj:
            changes[ref_of(obj)] = moved
    return changes


def _with_key(table: Table, words: Callable[[str], str]) -> dict[str, OptionValue]:
    """The options of a table, with other words in what it is partitioned by."""
    key = table.options.get("partition_by")
    return table.options if key is None else {**table.options, "partition_by": words(str(key))}
