"""What a person asked for, typed: the fields of work, entities, attributes and relations of a design."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Attribute(Struct, frozen=True):
    """A column that the text names; None means that the text does not say.

    `noun` is the name as words; `plural` that it stood there in the plural.
    """

    noun: str
    type: str | None = None
    unique: bool = False
    optional: bool | None = None
    plural: bool = False


class Entity(Struct, frozen=True):
    """A table that the text names: a noun in the singular, and the known entity that it is, if any."""

    noun: str
    concept: str | None = None
    attributes: tuple[Attribute, ...] = ()


class Relation(Struct, frozen=True):
    """What the text says of two entities, by their nouns.

    `belongs to` and `has one`: each `child` has one `parent`; `has many`: the parent has many children.
    `weak`: what is generally known of the two counts more.
    """

    kind: Literal["belongs to", "has one", "has many", "many to many"]
    child: str
    parent: str
    role: str | None = None
    weak: bool = False


class Request(Struct, frozen=True):
    """The design a text asks for; `unused` are the words it was understood without."""

    fields: tuple[str, ...] = ()
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    unused: tuple[str, ...] = ()
