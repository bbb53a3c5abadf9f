"""Schema files of querynl-cli 0.2: a flat list of relationships, and keys told column by column."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from msgspec import Struct

from querynl.errors import SchemaInvalid, TypeUnknown
from querynl.schema import Action, Column, ForeignKey, Index, IndexColumn, PrimaryKey, Schema, Table, Unique
from querynl.types import parse_type

NOTE = (
    "This is a schema file of querynl-cli 0.2; it was read as it stands. `querynl schema design` writes the new form."
)

_ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")


class _Column(Struct, frozen=True):
    name: str
    type: str
    nullable: bool = True
    primary_key: bool = False
    unique: bool = False
    default_value: str | int | float | bool | None = None


class _Index(Struct, frozen=True):
    columns: tuple[str, ...]
    name: str | None = None
    unique: bool = False


class _Table(Struct, frozen=True):
    name: str
    columns: tuple[_Column, ...]
    indexes: tuple[_Index, ...] | None = ()


class _Relationship(Struct, frozen=True):
    from_table: str
    from_column: str
    to_table: str
    to_column: str
    on_delete: str | None = None
    on_update: str | None = None


class _File(Struct, frozen=True):
    """The parts of a file that say what a database is like; others are passed over."""

    tables: tuple[_Table, ...]
    name: str | None = None
    relationships: tuple[_Relationship, ...] | None = ()


def is_legacy(document: Any) -> bool:
    """Whether decoded JSON has the older form."""
    return (
        isinstance(document, dict)
        and "querynl" not in document
        and ("relationships" in document or {"id", "description", "version"} <= document.keys())
    )


def schema_of(document: dict[str, Any]) -> Schema:
    """The declared schema that a decoded file of the older form means; whether it makes sense is not looked at.

    Raises SchemaInvalid or TypeUnknown with the JSON path of what is missing or wrong.
    """
    try:
        file = msgspec.convert(document, _File)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at ")
        raise SchemaInvalid(f"{what}.", where=path.strip("`") or "$") from None
    links = list(enumerate(file.relationships or ()))
    tables = []
    for number, table in enumerate(file.tables):
        keys = [_foreign_key(link, f"$.relationships[{n}]") for n, link in links if link.from_table == table.name]
        tables.append(_table(table, tuple(keys), f"$.tables[{number}]"))
    return Schema(name=file.name, tables=tuple(tables))


def _table(table: _Table, foreign_keys: tuple[ForeignKey, ...], path: str) -> Table:
    key = tuple(column.name for column in table.columns if column.primary_key)
    uniques = (column.name for column in table.columns if column.unique and not column.primary_key)
    return Table(
        name=table.name,
        columns=tuple(_column(column, f"{path}.columns[{number}]") for number, column in enumerate(table.columns)),
        primary_key=PrimaryKey(columns=key) if key else None,
        uniques=tuple(Unique(columns=(name,)) for name in uniques),
        foreign_keys=foreign_keys,
        indexes=tuple(map(_index, table.indexes or ())),
    )


def _column(column: _Column, path: str) -> Column:
    try:
        kind = str(parse_type(column.type))
    except TypeUnknown as error:
        raise TypeUnknown(error.what, where=f"{path}.type", remedy=error.remedy) from None
    default = column.default_value
    return Column(
        name=column.name,
        type=kind,
        nullable=column.nullable and not column.primary_key,
        # JSON's numbers and truth values are SQL's, in the same letters.
        default=default if default is None or isinstance(default, str) else str(default).lower(),
    )


def _foreign_key(link: _Relationship, path: str) -> ForeignKey:
    return ForeignKey(
        columns=(link.from_column,),
        references=link.to_table,
        referenced_columns=(link.to_column,),
        on_delete=_action(link.on_delete, f"{path}.on_delete"),
        on_update=_action(link.on_update, f"{path}.on_update"),
    )


def _action(text: str | None, path: str) -> Action:
    folded = (text or "restrict").lower().replace("_", " ")
    if folded not in _ACTIONS:
        raise SchemaInvalid(
            f"{text!r} is not an action of a foreign key.", where=path, remedy=f"Use one of: {', '.join(_ACTIONS)}."
        )
    return cast(Action, folded)


def _index(index: _Index) -> Index:
    columns = tuple(IndexColumn(column=name) for name in index.columns)
    return Index(name=index.name, columns=columns, unique=index.unique)
