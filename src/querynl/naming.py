"""Names for constraints and indexes that were declared without one.

One that a live schema already has keeps its name there; a new one is named as PostgreSQL would:
`users_pkey`, `users_email_key`, `posts_author_id_fkey`, `posts_published_at_idx`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from msgspec.structs import replace

from querynl.dialects.protocol import Dialect
from querynl.operations import parts_of
from querynl.schema import Check, Column, Exclusion, ForeignKey, Index, Name, Part, PrimaryKey, Schema, Table, Unique

PartT = TypeVar("PartT", PrimaryKey, Unique, ForeignKey, Check, Exclusion, Index)

_SUFFIXES: dict[type[Part], str] = {
    PrimaryKey: "pkey",
    Unique: "key",
    ForeignKey: "fkey",
    Check: "check",
    Exclusion: "excl",
    Index: "idx",
}
_FIELDS = ("uniques", "foreign_keys", "checks", "exclusions", "indexes")


def named(schema: Schema, dialect: Dialect, like: Schema | None = None) -> Schema:
    """The declared schema with every constraint and index named, within the engine's limit and free of collisions.

    `like` is the schema it will be compared with: what is of the same structure there takes its name
    from there, even where that is no name at all.
    """
    models = {table.key: table for table in like.tables} if like is not None else {}
    taken = {name for table in schema.tables for name in _names(table)}
    taken |= {name for table in models.values() for name in _names(table)}
    return replace(schema, tables=tuple(_named_table(table, models, taken, dialect) for table in schema.tables))


def without_names(schema: Schema, declared: Schema, whole: Schema) -> Schema:
    """The schema without the names that `named` made up.

    `whole` is what `named` made of `declared`, and `schema` what an engine made of that.
    """
    made_up = {
        (table.key, type(after), after.name)
        for table, complete in zip(declared.tables, whole.tables, strict=True)
        for before, after in zip(parts_of(table), parts_of(complete), strict=True)
        if before.name is None
    }

    def forgotten(table: Table) -> Table:
        changes: dict[str, Any] = {
            field: tuple(
                replace(part, name=None) if (table.key, type(part), part.name) in made_up else part
                for part in getattr(table, field)
            )
            for field in _FIELDS
        }
        key = table.primary_key
        if key is not None and (table.key, PrimaryKey, key.name) in made_up:
            changes["primary_key"] = replace(key, name=None)
        return replace(table, **changes)

    return replace(schema, tables=tuple(map(forgotten, schema.tables))) if made_up else schema


def _names(table: Table) -> Iterator[str]:
    yield table.name
    for part in parts_of(table):
        if part.name is not None and not isinstance(part, Column):
            yield part.name


def _named_table(table: Table, models: dict[Name, Table], taken: set[str], dialect: Dialect) -> Table:
    model = models.get(table.key)
    if model is None and table.renamed_from is not None:
        model = models.get(Name(table.namespace, table.renamed_from))
    changes: dict[str, Any] = {}
    for field in _FIELDS:
        parts = getattr(table, field)
        if any(part.name is None for part in parts):
            declared = {part.name for part in parts if part.name is not None}
            known = [part for part in getattr(model, field, ()) if part.name not in declared]
            changes[field] = tuple(_named_part(part, table, known, taken, dialect) for part in parts)
    key = table.primary_key
    if key is not None and key.name is None and dialect.names_primary_keys:
        known = [model.primary_key] if model is not None and model.primary_key is not None else []
        changes["primary_key"] = _named_part(key, table, known, taken, dialect)
    return replace(table, **changes) if changes else table


def _named_part(part: PartT, table: Table, known: list[PartT], taken: set[str], dialect: Dialect) -> PartT:
    if part.name is not None:
        return part
    for candidate in known:
        if replace(candidate, name=None, comment=part.comment) == part:
            known.remove(candidate)
            return replace(part, name=candidate.name)
    return replace(part, name=_new_name(part, table, taken, dialect))


def _new_name(part: Part, table: Table, taken: set[str], dialect: Dialect) -> str:
    number = 0
    while True:
        suffix = _SUFFIXES[type(part)] + (str(number) if number else "")
        name = _fitted(table.name, "_".join(_words(part, table, dialect)), suffix, dialect)
        if name not in taken:
            taken.add(name)
            return name
        number += 1


def _words(part: Part, table: Table, dialect: Dialect) -> tuple[str, ...]:
    match part:
        case Unique() | ForeignKey():
            return part.columns
        case Index():
            return tuple(key.column or "expr" for key in part.columns)
        case Exclusion():
            return tuple(key.column or "expr" for key in part.elements)
        case Check():
            used = [column.name for column in table.columns if dialect.mentions(part.expression, column.name)]
            return tuple(used) if len(used) == 1 else ()
        case _:
            return ()


def _fitted(table: str, words: str, suffix: str, dialect: Dialect) -> str:
    """The joined name, the longer of its first two parts shortened until it fits, like PostgreSQL's makeObjectName."""
    while True:
        name = "_".join(word for word in (table, words, suffix) if word)
        if dialect.fits(name):
            return name
        if len(table) > len(words):
            table = table[:-1]
        else:
            words = words[:-1]
