"""The columns of an entity: those the text names, completed by the lexicon, or those it usually has."""

from __future__ import annotations

from msgspec import Struct

from querynl.english.lexicon import AttributeEntry, ColumnEntry, Lexicon
from querynl.english.request import Attribute, Entity
from querynl.english.words import snake
from querynl.schema import Column
from querynl.types import Portable, parse_type

_DEFAULT_TYPE = "varchar(200)"
# InnoDB indexes at most 3072 bytes of a text, four to a character:
# https://dev.mysql.com/doc/refman/9.7/en/innodb-limits.html
_LONGEST_UNIQUE = 768
_UNIQUE_TEXT = "varchar(255)"
# MySQL has no unique index on the whole of these.
_NEVER_UNIQUE = ("json", "bytes")


class PlannedColumn(Struct, frozen=True):
    """A column to come; `unique` that no two rows have its value.

    `remark` is what the text did not say and a reader should know.
    """

    column: Column
    unique: bool = False
    remark: str | None = None


def given_columns(entity: Entity, lexicon: Lexicon) -> list[PlannedColumn]:
    """The columns that the text names; types, constraints and defaults it leaves open come from the lexicon."""
    known = lexicon.entities.get(entity.concept or "")
    usual = {column.name: column for column in known.columns} if known is not None else {}
    return [_planned(attribute, usual.get(attribute.noun), lexicon) for attribute in entity.attributes]


def usual_columns(entity: Entity, lexicon: Lexicon) -> list[PlannedColumn]:
    """The columns such an entity usually has; a name alone, where nothing is known of it."""
    known = lexicon.entities.get(entity.concept or "")
    entries = known.columns if known is not None else (ColumnEntry(name="name"),)
    return [_planned(Attribute(entry.name), entry, lexicon) for entry in entries]


def _planned(attribute: Attribute, usual: ColumnEntry | None, lexicon: Lexicon) -> PlannedColumn:
    usual = usual or ColumnEntry(name=attribute.noun)
    general = _general(attribute.noun, lexicon)
    assumed = usual.type or general.type
    wanted = attribute.type or assumed
    filled = False if usual.default is not None else None
    choices = (attribute.optional, usual.optional, filled, general.optional)
    optional = next(choice for choice in choices if choice is not None)
    unique = attribute.unique or (general.unique if usual.unique is None else usual.unique)
    type_name = (_unique_type(wanted) or wanted) if unique else wanted
    can_be_unique = unique and _unique_type(wanted) is not None
    default = usual.default if usual.default is not None else general.default
    name = snake(attribute.noun)
    remark = None
    if unique and not can_be_unique:
        remark = f"{name} is not unique, because MySQL cannot keep {wanted} so"
    elif type_name != attribute.type:
        remark = f"{name} is {type_name}"
    column = Column(
        name=name,
        type=type_name,
        nullable=optional,
        # A default belongs to the type it was written for.
        default=default if wanted == assumed else None,
    )
    return PlannedColumn(column, can_be_unique, remark)


def _general(noun: str, lexicon: Lexicon) -> AttributeEntry:
    """What is known of columns of that name, or of the last word of it."""
    if noun.startswith(("is ", "has ")):
        return AttributeEntry(type="boolean", default="false")
    known = lexicon.attribute_of
    name = known.get(noun) or known.get(noun.rpartition(" ")[2])
    return lexicon.attributes[name] if name is not None else AttributeEntry(type=_DEFAULT_TYPE)


def _unique_type(text: str) -> str | None:
    """The nearest type to that one that every engine can keep unique; None if there is none."""
    match parse_type(text):
        case Portable("text") | Portable("varchar", ()):
            return _UNIQUE_TEXT
        case Portable("varchar", (length,)) if length > _LONGEST_UNIQUE:
            return f"varchar({_LONGEST_UNIQUE})"
        case Portable(name) if name in _NEVER_UNIQUE:
            return None
        case _:
            return text
