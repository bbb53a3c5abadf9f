"""Enums, domains and composite types as SQL, and what types are made of.

https://www.postgresql.org/docs/current/sql-createtype.html
https://www.postgresql.org/docs/current/sql-createdomain.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from querynl.dialects.postgresql.rendering import constraints
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.spelling import collation_text, literal, named_type, qualified, quote
from querynl.operations import Catalog
from querynl.schema import Attribute, Check, CompositeType, Definition, Domain, Enum, Kind, Name

# A definition is that of a range type.
UserType = Enum | Domain | CompositeType | Definition

_SUBTYPE = re.compile(r"\bSUBTYPE = ((?:\"(?:[^\"]|\"\")+\"|[^\",)])+)")


def only_adds(old: Enum, new: Enum) -> bool:
    """Whether every label stays, in its order."""
    remaining = iter(new.values)
    return all(value in remaining for value in old.values)


def create_enum(enum: Enum) -> Iterator[str]:
    name = qualified(enum.namespace, enum.name)
    yield f"CREATE TYPE {name} AS ENUM ({', '.join(map(literal, enum.values))})"
    if enum.comment is not None:
        yield comment_on("TYPE", name, enum.comment)


def create_domain(domain: Domain) -> Iterator[str]:
    name = qualified(domain.namespace, domain.name)
    words = [f"CREATE DOMAIN {name} AS {domain.type}"]
    if domain.collation is not None:
        words.append(f"COLLATE {collation_text(domain.collation)}")
    if domain.default is not None:
        words.append(f"DEFAULT {domain.default}")
    if not domain.nullable:
        words.append("NOT NULL")
    words += [constraints.definition(check) for check in domain.checks if check.validated]
    yield " ".join(words)
    if domain.comment is not None:
        yield comment_on("DOMAIN", name, domain.comment)
    for check in domain.checks:
        if not check.validated:
            yield f"ALTER DOMAIN {name} ADD {constraints.definition(check)}"
        if check.comment is not None:
            yield check_comment(name, check)


def check_comment(domain: str, check: Check) -> str:
    assert check.name is not None
    return comment_on("CONSTRAINT", f"{quote(check.name)} ON DOMAIN {domain}", check.comment)


def drop(obj: Enum | Domain | CompositeType) -> Iterator[str]:
    yield f"DROP {word(obj)} {qualified(obj.namespace, obj.name)}"


def alters_domain(old: Domain, new: Domain) -> bool:
    """Whether ALTER DOMAIN can make the one of the other."""
    return (old.type, old.collation) == (new.type, new.collation)


# ---------------------------------------------------------------------------------------- composite types


def create_composite(composite: CompositeType) -> Iterator[str]:
    name = qualified(composite.namespace, composite.name)
    yield f"CREATE TYPE {name} AS ({', '.join(map(attribute_text, composite.attributes))})"
    if composite.comment is not None:
        yield comment_on("TYPE", name, composite.comment)
    yield from attribute_comments((), composite)


def attribute_text(attribute: Attribute) -> str:
    collation = "" if attribute.collation is None else f" COLLATE {collation_text(attribute.collation)}"
    return f"{quote(attribute.name)} {attribute.type}{collation}"


def attribute_comments(known: Iterable[Attribute], composite: CompositeType) -> Iterator[str]:
    said = {attribute.name: attribute.comment for attribute in known}
    name = qualified(composite.namespace, composite.name)
    for attribute in composite.attributes:
        if attribute.comment != said.get(attribute.name):
            yield comment_on("COLUMN", f"{name}.{quote(attribute.name)}", attribute.comment)


def in_order(old: CompositeType, new: CompositeType) -> bool:
    """Whether two types have attributes of the same names in the same order."""
    return [attribute.name for attribute in old.attributes] == [attribute.name for attribute in new.attributes]


def only_extends(old: CompositeType, new: CompositeType) -> bool:
    """Whether every attribute stays as it is, and new ones come behind them."""
    kept = new.attributes[: len(old.attributes)]
    return [attribute_text(a) for a in old.attributes] == [attribute_text(a) for a in kept]


# ------------------------------------------------------------------------------------- what types are made of


def word(obj: UserType) -> str:
    """What the type is called in SQL."""
    return "DOMAIN" if isinstance(obj, Domain) else "TYPE"


def names_of(obj: UserType) -> tuple[Name, ...]:
    """The names under which columns may have the type: a range type has a multirange type with it."""
    multirange = obj.options.get("multirange") if isinstance(obj, Definition) else None
    more = () if multirange is None else (Name(obj.namespace, str(multirange)),)
    return (Name(obj.namespace, obj.name), *more)


def made_of(obj: UserType) -> set[Name | None]:
    """The types that a type names in its definition."""
    match obj:
        case Domain():
            return {named_type(obj.type)}
        case CompositeType():
            return {named_type(attribute.type) for attribute in obj.attributes}
        case Definition():
            return {named_type(subtype(obj))}
        case Enum():
            return set()


def subtype(range_type: Definition) -> str:
    """The type of the bounds of a range type."""
    found = _SUBTYPE.search(range_type.definition)
    return "" if found is None else found[1]


def containers(catalog: Catalog) -> Iterator[UserType]:
    """The types that are made of others."""
    for kind in (Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.RANGE_TYPE):
        for found in catalog.of_kind(kind):
            assert isinstance(found, UserType)
            yield found
