"""Checks that every dialect makes of a declared schema, with the JSON path of what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from querynl.dialects.expressions import fault_of
from querynl.dialects.protocol import Dialect
from querynl.errors import ExpressionInvalid, NameTooLong, SchemaInvalid
from querynl.operations import parts_of
from querynl.schema import (
    NAMED_BY_TYPE,
    SECTIONS,
    AnyObject,
    Check,
    Column,
    Domain,
    Exclusion,
    Index,
    Kind,
    Policy,
    Privilege,
    Schema,
    Table,
    kind_of,
)


def check_texts(schema: Schema, dialect: Dialect) -> None:
    """Raise NameTooLong or ExpressionInvalid for the first name or expression the engine could not take."""
    for obj in walk(schema):
        if isinstance(obj, Privilege):
            continue  # what it speaks of is checked where it is declared
        if obj.name is not None and kind_of(obj) not in NAMED_BY_TYPE and not dialect.fits(obj.name):
            raise NameTooLong(
                f"The name {obj.name!r} is longer than {dialect.name} keeps.",
                where=path_of(obj, schema),
                remedy="Shorten it.",
            )
        for key, text in _expressions(obj):
            if (fault := fault_of(text, dialect.name)) is not None:
                raise ExpressionInvalid(
                    f"{text!r} is not a single expression: {fault}.",
                    where=f"{path_of(obj, schema)}.{key}",
                    remedy="Write one expression; a text needs single quotes of its own, as in \"'draft'\".",
                )


def check_definitions(
    schema: Schema, kinds: Collection[Kind], engine: str, with_options: Collection[Kind] | None = None
) -> None:
    """Raise SchemaInvalid for the first definition of a kind that the engine does not have, or not with options."""
    for number, definition in enumerate(schema.definitions):
        if definition.kind not in kinds:
            raise SchemaInvalid(
                f"{engine} has no {definition.kind}s.", where=f"$.definitions[{number}]", remedy="Take it out."
            )
        if definition.options and with_options is not None and definition.kind not in with_options:
            raise SchemaInvalid(
                f"A {definition.kind} has no options.",
                where=f"$.definitions[{number}].options",
                remedy="Say what it is in the definition.",
            )


def walk(schema: Schema) -> Iterator[AnyObject]:
    """Every object of a schema, each table followed by its parts."""
    for field in SECTIONS:
        for obj in getattr(schema, field):
            yield obj
            if isinstance(obj, Table):
                yield from parts_of(obj)


def path_of(obj: AnyObject, schema: Schema) -> str:
    """The JSON path of that very object or part, such as `$.tables[0].columns[2]`."""
    return next(path for path, found in _paths(schema) if found is obj)


def _paths(schema: Schema) -> Iterator[tuple[str, AnyObject]]:
    for field in SECTIONS:
        for number, obj in enumerate(getattr(schema, field)):
            path = f"$.{field}[{number}]"
            yield path, obj
            if isinstance(obj, Table):
                yield from _paths_in_table(path, obj)


def _paths_in_table(path: str, table: Table) -> Iterator[tuple[str, AnyObject]]:
    for field in ("columns", "uniques", "foreign_keys", "checks", "exclusions", "indexes"):
        for number, part in enumerate(getattr(table, field)):
            yield f"{path}.{field}[{number}]", part
    if table.primary_key is not None:
        yield f"{path}.primary_key", table.primary_key


def _expressions(obj: AnyObject) -> Iterator[tuple[str, str]]:
    """The expressions of one object, by the key that holds them."""
    match obj:
        case Column():
            if obj.default is not None:
                yield "default", obj.default
            if obj.generated is not None:
                yield "generated.expression", obj.generated.expression
            if obj.on_update is not None:
                yield "on_update", obj.on_update
        case Check():
            yield "expression", obj.expression
        case Index():
            for number, key in enumerate(obj.columns):
                if key.expression is not None:
                    yield f"columns[{number}].expression", key.expression
            if obj.where is not None:
                yield "where", obj.where
        case Exclusion():
            for number, element in enumerate(obj.elements):
                if element.expression is not None:
                    yield f"elements[{number}].expression", element.expression
            if obj.where is not None:
                yield "where", obj.where
        case Domain():
            if obj.default is not None:
                yield "default", obj.default
            for number, check in enumerate(obj.checks):
                yield f"checks[{number}].expression", check.expression
        case Policy():
            if obj.using is not None:
                yield "using", obj.using
            if obj.check is not None:
                yield "check", obj.check
