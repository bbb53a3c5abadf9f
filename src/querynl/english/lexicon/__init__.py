"""What the rules know of the world: the TOML files of this folder, read once and checked.

Entities, columns and relations are data. A field of work is a new file; no code names one of them.
"""

from __future__ import annotations

import tomllib
from functools import cached_property, lru_cache
from importlib import resources
from typing import Any, Literal

import msgspec
from msgspec import Struct

from querynl.schema import Action

RelationKind = Literal["belongs to", "has many", "many to many"]


class _Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common settings: immutable, strict about keys."""


class AttributeEntry(_Entry, frozen=True):
    """What a column of some name usually holds; `words` are other names for it."""

    type: str
    optional: bool = False
    unique: bool = False
    default: str | None = None
    words: tuple[str, ...] = ()


class ColumnEntry(_Entry, frozen=True):
    """A column of an entity; what is not said here is as in `attributes.toml`."""

    name: str
    type: str | None = None
    optional: bool | None = None
    unique: bool | None = None
    default: str | None = None


class ReferenceEntry(_Entry, frozen=True):
    """That an entity belongs to another: to the first of `entity` that the design has.

    `needed`: without any of them, the first is added.
    """

    entity: tuple[str, ...]
    role: str | None = None
    optional: bool = False
    unique: bool = False
    needed: bool = False
    on_delete: Action | None = None


class EntityEntry(_Entry, frozen=True):
    """A thing that becomes a table, in the singular; `words` are other names for it.

    `unique_together`: no two rows belong to all the same rows.
    """

    columns: tuple[ColumnEntry, ...]
    words: tuple[str, ...] = ()
    belongs_to: tuple[ReferenceEntry, ...] = ()
    unique_together: bool = False


class FieldEntry(_Entry, frozen=True):
    """A field of work, such as a blog: `core` is always in it (the first of each list, unless another of
    it is there), `usual` where nothing else is named."""

    words: tuple[str, ...] = ()
    core: tuple[tuple[str, ...], ...] = ()
    usual: tuple[str, ...] = ()


class PairEntry(_Entry, frozen=True):
    """Two entities of which each has many of the other, perhaps by an entity between them."""

    between: tuple[str, str]
    through: str | None = None


class VerbEntry(_Entry, frozen=True):
    """What a verb says of its subject and object; `anywhere` are forms that are no noun."""

    relation: RelationKind
    words: tuple[str, ...] = ()
    anywhere: tuple[str, ...] = ()
    role: str | None = None


class Nouns(_Entry, frozen=True):
    """Nouns whose plural follows no rule."""

    irregular: dict[str, str]
    unchanging: frozenset[str]


class Lexicon(_Entry, frozen=True, dict=True):
    """All files together."""

    keywords: dict[str, tuple[str, ...]]
    nouns: Nouns
    types: dict[str, tuple[str, ...]]
    attributes: dict[str, AttributeEntry]
    verbs: tuple[VerbEntry, ...]
    entities: dict[str, EntityEntry]
    fields: dict[str, FieldEntry]
    many_to_many: tuple[PairEntry, ...]

    @cached_property
    def keyword_of(self) -> dict[str, str]:
        """Each word or phrase of the grammar, and what it does there."""
        return {phrase: keyword for keyword, phrases in self.keywords.items() for phrase in phrases}

    @cached_property
    def type_of(self) -> dict[str, str]:
        """Each word for a column type, and the type."""
        return {phrase: name for name, phrases in self.types.items() for phrase in phrases}

    @cached_property
    def entity_of(self) -> dict[str, str]:
        """Each name of an entity, in the singular, and the entity."""
        return _by_word(self.entities)

    @cached_property
    def field_of(self) -> dict[str, str]:
        """Each name of a field of work, and the field."""
        return _by_word(self.fields)

    @cached_property
    def attribute_of(self) -> dict[str, str]:
        """Each name of an attribute, and the attribute."""
        return _by_word(self.attributes)

    @cached_property
    def verb_of(self) -> dict[str, VerbEntry]:
        """Each form of a verb that stands after its subject."""
        return {phrase: verb for verb in self.verbs for phrase in (*verb.words, *verb.anywhere)}

    @cached_property
    def plain_verb_of(self) -> dict[str, VerbEntry]:
        """Each form of a verb that cannot be a noun."""
        return {phrase: verb for verb in self.verbs for phrase in verb.anywhere}


@lru_cache(maxsize=1)
def load_lexicon() -> Lexicon:
    """The lexicon that comes with the program; a mistake in its files is an error here, not in a design."""
    merged: dict[str, Any] = {}
    folder = resources.files(__name__)
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".toml"):
            for key, value in tomllib.loads(file.read_text(encoding="utf-8")).items():
                if isinstance(value, list):
                    merged.setdefault(key, []).extend(value)
                else:
                    merged.setdefault(key, {}).update(value)
    return msgspec.convert(merged, Lexicon)


def _by_word(entries: dict[str, Any]) -> dict[str, str]:
    return {word: name for name, entry in entries.items() for word in (name, *entry.words)}
