"""The texts in which objects name each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from querynl.schema import (
    DEFINED_TYPES,
    AnyObject,
    Check,
    Column,
    CompositeType,
    Definition,
    Domain,
    Exclusion,
    Index,
    Kind,
    Table,
    View,
)


def texts_of(obj: AnyObject) -> Iterator[str]:
    """The texts in which a type, a part of a table, or a table or view itself may name what it is made of."""
    found: list[str | None] = []
    match obj:
        case Table():
            found = [obj.server, obj.of_type, *(str(value) for value in obj.options.values())]
        case Column():
            computed = None if obj.generated is None else obj.generated.expression
            found = [obj.type, obj.collation, obj.default, computed]
        case Check():
            found = [obj.expression]
        case Index() | Exclusion():
            keys: tuple[Any, ...] = obj.columns if isinstance(obj, Index) else obj.elements
            found = [obj.method, obj.where]
            for key in keys:
                found += [key.expression, key.opclass, key.collation, getattr(key, "operator", None)]
        case Domain():
            found = [obj.type, obj.collation, obj.default, *(check.expression for check in obj.checks)]
        case View():
            found = [*obj.column_defaults.values()]
        case CompositeType():
            found = [text for attribute in obj.attributes for text in (attribute.type, attribute.collation)]
    return (text for text in found if text)


# Kinds that tables and types can be made of, and name in their texts.
_NAMED_IN_TEXTS = frozenset(
    {
        *(Kind.ACCESS_METHOD, Kind.COLLATION, Kind.OPERATOR, Kind.OPERATOR_CLASS, Kind.SERVER, *DEFINED_TYPES),
        *(Kind.TEXT_SEARCH_DICTIONARY, Kind.TEXT_SEARCH_CONFIGURATION),
    }
)


def names_in_texts(definition: Definition) -> Iterator[str]:
    """What the texts of tables and types may call it by; nothing where they cannot be made of its kind."""
    if definition.kind is Kind.CAST:
        yield f"::{definition.arguments}"
    elif definition.kind in _NAMED_IN_TEXTS:
        yield definition.name
        if "multirange" in definition.options:
            yield str(definition.options["multirange"])
