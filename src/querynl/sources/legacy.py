"""Schema files of querynl-cli 0.2: a flat list of relationships, and keys told column by column."""

from __future__ import annotations

from typing import Any, cast

from querynl.errors import SchemaInvalid
from querynl.schema import Action, Column, ForeignKey, Index, IndexColumn, PrimaryKey, Schema, Table, Unique
from querynl.types import parse_type
from querynl.validation import validate

_ACTIONS = ("no action", "restrict", "cascade", "set null", "set default")

NOTE = (
    "This is a schema file of querynl-cli 0.2; it was read as it stands. `querynl schema design` writes the new form."
)


def is_legacy(document: Any) -> bool:
    """Whether decoded JSON has the older form."""
    return (
        isinstance(document, dict)
        and "querynl" not in document
        and ("relationships" in document or {"id", "description", "version"} <= document.keys())
    )


def read(document: dict[str, Any], where: str) -> Schema:
    """The declared schema that a decoded file of the older form means.

    Raises SchemaInvalid with the JSON path of what is missing or of the wrong type.
    """
    try:
        tables = tuple(_table(table, document.get("relationships", ())) for table in document["tables"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SchemaInvalid(f"A file of querynl-cli 0.2 must have {error}.", where=where) from None
    schema = Schema(name=document.get("name"), tables=tables)
    validate(schema)
    return schema


def _table(table: dict[str, Any], relationships: list[dict[str, Any]]) -> Table:
    columns = tuple(_column(column) for column in table["columns"])
    key = tuple(column["name"] for column in table["columns"] if column.get("primary_key"))
    return Table(
        name=table["name"],
        columns=columns,
        primary_key=PrimaryKey(columns=key) if key else None,
        uniques=tuple(
            Unique(columns=(column["name"],))
            for column in table["columns"]
            if column.get("unique") and not column.get("primary_key")
        ),
        foreign_keys=tuple(_foreign_key(link) for link in relationships if link["from_table"] == table["name"]),
        indexes=tuple(_index(index) for index in table.get("indexes", ())),
    )


def _column(column: dict[str, Any]) -> Column:
    kind = str(parse_type(column["type"]))
    nullable = bool(column.get("nullable", True)) and not column.get("primary_key")
    return Column(name=column["name"], type=kind, nullable=nullable, default=column.get("default_value"))


def _foreign_key(link: dict[str, Any]) -> ForeignKey:
    return ForeignKey(
        columns=(link["from_column"],),
        references=link["to_table"],
        referenced_columns=(link["to_column"],),
        on_delete=_action(link.get("on_delete", "restrict")),
        on_update=_action(link.get("on_update", "restrict")),
    )


def _action(text: str) -> Action:
    folded = text.lower().replace("_", " ")
    if folded not in _ACTIONS:
        raise SchemaInvalid(
            f"{text!r} is not an action of a foreign key.", remedy=f"Use one of: {', '.join(_ACTIONS)}."
        )
    return cast(Action, folded)


def _index(index: dict[str, Any]) -> Index:
    return Index(
        name=index.get("name"),
        columns=tuple(IndexColumn(column=name) for name in index["columns"]),
        unique=bool(index.get("unique", False)),
    )
