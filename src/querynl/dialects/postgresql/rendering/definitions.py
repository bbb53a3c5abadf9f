"""Objects that are known by the statement that makes them.

https://www.postgresql.org/docs/current/sql-commands.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from querynl.dialects.expressions import mentions
from querynl.dialects.postgresql.rendering import foreign, publications, search
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.spelling import ENABLED, OWN_NAMESPACE, full_name, named_type, qualified, quote
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog, names_in_texts
from querynl.schema import (
    DEFINED_TYPES,
    Attribute,
    Column,
    CompositeType,
    Definition,
    Domain,
    Kind,
    Name,
    Routine,
    Table,
    kind_of,
)

# What each kind is called in SQL.
WORDS = {
    Kind.RULE: "RULE",
    Kind.LANGUAGE: "LANGUAGE",
    Kind.ACCESS_METHOD: "ACCESS METHOD",
    Kind.COLLATION: "COLLATION",
    Kind.CONVERSION: "CONVERSION",
    Kind.BASE_TYPE: "TYPE",
    Kind.RANGE_TYPE: "TYPE",
    Kind.CAST: "CAST",
    Kind.TRANSFORM: "TRANSFORM",
    Kind.OPERATOR: "OPERATOR",
    Kind.OPERATOR_FAMILY: "OPERATOR FAMILY",
    Kind.OPERATOR_CLASS: "OPERATOR CLASS",
    Kind.TEXT_SEARCH_PARSER: "TEXT SEARCH PARSER",
    Kind.TEXT_SEARCH_TEMPLATE: "TEXT SEARCH TEMPLATE",
    Kind.TEXT_SEARCH_DICTIONARY: "TEXT SEARCH DICTIONARY",
    Kind.TEXT_SEARCH_CONFIGURATION: "TEXT SEARCH CONFIGURATION",
    Kind.FOREIGN_DATA_WRAPPER: "FOREIGN DATA WRAPPER",
    Kind.SERVER: "SERVER",
    Kind.USER_MAPPING: "USER MAPPING",
    Kind.STATISTICS: "STATISTICS",
    Kind.PUBLICATION: "PUBLICATION",
    Kind.SUBSCRIPTION: "SUBSCRIPTION",
    Kind.EVENT_TRIGGER: "EVENT TRIGGER",
}


_WITHOUT_NAMESPACE = frozenset(
    {
        *(Kind.LANGUAGE, Kind.ACCESS_METHOD, Kind.FOREIGN_DATA_WRAPPER, Kind.SERVER),
        *(Kind.PUBLICATION, Kind.SUBSCRIPTION, Kind.EVENT_TRIGGER),
    }
)


def create(definition: Definition) -> Iterator[str]:
    """The statement that makes it, with those options that have to be there from the beginning; then the others."""
    begun = _BEGUN.get(definition.kind, _as_it_is)(definition)
    yield begun.definition
    yield from change(replace(begun, comment=None), definition)


def alters(old: Definition, new: Definition) -> bool:
    """Whether one becomes the other in place, or with all that is of it."""
    if new.kind is Kind.RANGE_TYPE:
        return old.options == new.options
    return old.definition == new.definition and (old.kind in _CHANGES or old.options == new.options)


def change(old: Definition, new: Definition) -> Iterator[str]:
    """A change in place: of the options, and of the comment."""
    if old.options != new.options and new.kind in _CHANGES:
        yield from _CHANGES[new.kind](old, new)
    if old.comment != new.comment:
        yield comment_on(WORDS[new.kind], address(new), new.comment)


def drop(definition: Definition, around: Around) -> Iterator[str]:
    """The statements that take it away. Raises ChangeUnsupported where columns would go with it."""
    _check_unused(definition, around)
    named = f"{WORDS[definition.kind]} {address(definition)}"
    if definition.kind is Kind.SUBSCRIPTION and "slot_name = NONE" not in definition.definition:
        # The other server keeps its slot, which a migration has no business with.
        if definition.options.get("enabled"):
            yield f"ALTER {named} DISABLE"
        yield f"ALTER {named} SET (slot_name = NONE)"
    # The functions that are part of a base type need it as it needs them.
    yield f"DROP {named}" + (" CASCADE" if has_own_functions(definition) else "")
    if "placeholders" in definition.options:
        yield f"DROP OPERATOR {definition.options['placeholders']}"


def is_named(obj: Routine | Definition, expression: str | None) -> bool:
    """Whether an expression seems to use the object."""
    if expression is None:
        return False
    if isinstance(obj, Routine):
        return any(re.search(rf"(?<![\w$]){re.escape(name)}\(", expression) for name in (obj.name, quote(obj.name)))
    return any(
        mentions(expression, name, "postgresql") if name.isidentifier() else name in expression
        for name in names_in_texts(obj)
    )


def check_no_key_has(obj: Routine | Definition, around: Around) -> None:
    """Raise ChangeUnsupported if a table is partitioned by what the object computes or compares."""
    for table in around.before.of_kind(Kind.TABLE):
        assert isinstance(table, Table)
        if is_named(obj, str(table.options.get("partition_by", ""))):
            raise ChangeUnsupported(
                f"The {kind_of(obj)} {obj.name} would have to be made anew, and {table.key} is partitioned by it.",
                remedy="Make one of another name, and a new table that is partitioned by that.",
            )


def _check_unused(definition: Definition, around: Around) -> None:
    check_no_key_has(definition, around)
    if definition.kind not in (Kind.COLLATION, *DEFINED_TYPES):
        return
    names = {Name(definition.namespace, name) for name in names_in_texts(definition)}
    for holder, made_of in _made_of_types(around.before):
        texts = (made_of.collation or "",) if definition.kind is Kind.COLLATION else (made_of.type,)
        if not names.isdisjoint(map(named_type, texts)):
            raise ChangeUnsupported(
                f"The {definition.kind} {definition.name} would have to be made anew, and {holder} is of it.",
                remedy="Make one of another name, change what is of the old one, and drop that later.",
            )


def _made_of_types(catalog: Catalog) -> Iterator[tuple[str, Column | Domain | Attribute]]:
    """Everything that has a type, by its name."""
    for kind in (Kind.TABLE, Kind.DOMAIN, Kind.COMPOSITE_TYPE):
        for obj in catalog.of_kind(kind):
            match obj:
                case Table():
                    yield from ((f"the column {obj.key}.{column.name}", column) for column in obj.columns)
                case Domain():
                    yield f"the domain {Name(obj.namespace, obj.name)}", obj
                case CompositeType():
                    name = Name(obj.namespace, obj.name)
                    yield from ((f"the attribute {name}.{found.name}", found) for found in obj.attributes)


def has_own_functions(definition: Definition) -> bool:
    """Whether functions are part of the type, and go with it."""
    return definition.kind in DEFINED_TYPES and "FUNCTION" in definition.definition


def address(definition: Definition) -> str:
    """What tells the object from all others, behind the name of its kind."""
    name, arguments = definition.name, definition.arguments
    match definition.kind:
        case Kind.RULE:
            return f"{quote(name)} ON {qualified(*_table(definition))}"
        case Kind.CAST:
            return f"({name} AS {arguments})"
        case Kind.TRANSFORM:
            return f"FOR {name} LANGUAGE {quote(arguments)}"
        case Kind.OPERATOR:
            return f"{quote(definition.namespace or OWN_NAMESPACE)}.{name} ({arguments})"
        case kind if kind in _WITHOUT_NAMESPACE:
            return quote(name)
        case Kind.OPERATOR_FAMILY | Kind.OPERATOR_CLASS:
            return f"{full_name(definition)} USING {quote(arguments)}"
        case Kind.USER_MAPPING:
            return f"FOR {'public' if name == 'public' else quote(name)} SERVER {quote(arguments)}"
        case _:
            return full_name(definition)


def _table(definition: Definition) -> Name:
    assert definition.table is not None, "a rule has a table"
    return Name(definition.namespace, definition.table)


# ---------------------------------------------------------------------------------- options from the beginning


def _as_it_is(definition: Definition) -> Definition:
    return replace(definition, options={})


def _named_multirange(definition: Definition) -> Definition:
    """A range type with the name of its multirange type, which it would otherwise be given one for."""
    if "multirange" not in definition.options:
        return definition
    multirange = qualified(definition.namespace or OWN_NAMESPACE, str(definition.options["multirange"]))
    named = f"MULTIRANGE_TYPE_NAME = {multirange}"
    return replace(definition, definition=f"{definition.definition.removesuffix(')')}, {named})")


_BEGUN: Mapping[Kind, Callable[[Definition], Definition]] = {
    Kind.RANGE_TYPE: _named_multirange,
    Kind.TEXT_SEARCH_DICTIONARY: search.begun,
    Kind.FOREIGN_DATA_WRAPPER: foreign.begun,
    Kind.SERVER: foreign.begun,
    Kind.USER_MAPPING: foreign.begun,
    Kind.PUBLICATION: publications.begun,
}


# ------------------------------------------------------------------------------------------ changes in place


def _change_enabled(old: Definition, new: Definition) -> Iterator[str]:
    state: Any = ENABLED.get(str(new.options.get("enabled")), "ENABLE")
    if new.kind is Kind.RULE:
        yield alter(_table(new), [f"{state} RULE {quote(new.name)}"])
    else:
        yield f"ALTER EVENT TRIGGER {address(new)} {state}"


def _change_subscription(old: Definition, new: Definition) -> Iterator[str]:
    yield f"ALTER SUBSCRIPTION {address(new)} {'ENABLE' if new.options.get('enabled') else 'DISABLE'}"


def _change_members(old: Definition, new: Definition) -> Iterator[str]:
    """The operators and functions of a family that are in none of its classes go and come."""
    alter_family = f"ALTER OPERATOR FAMILY {address(new)}"
    gone = [key for key, member in old.options.items() if new.options.get(key) != member]
    come = [str(member) for key, member in new.options.items() if old.options.get(key) != member]
    if gone:
        yield f"{alter_family} DROP {', '.join(gone)}"
    if come:
        yield f"{alter_family} ADD {', '.join(come)}"


def _change_statistics(old: Definition, new: Definition) -> Iterator[str]:
    yield f"ALTER STATISTICS {address(new)} SET STATISTICS {new.options.get('statistics', -1)}"


_CHANGES: Mapping[Kind, Callable[[Definition, Definition], Iterator[str]]] = {
    Kind.RULE: _change_enabled,
    Kind.EVENT_TRIGGER: _change_enabled,
    Kind.SUBSCRIPTION: _change_subscription,
    Kind.OPERATOR_FAMILY: _change_members,
    Kind.STATISTICS: _change_statistics,
    Kind.TEXT_SEARCH_DICTIONARY: search.change_dictionary,
    Kind.TEXT_SEARCH_CONFIGURATION: search.change_configuration,
    Kind.FOREIGN_DATA_WRAPPER: foreign.change_wrapper,
    Kind.SERVER: foreign.change_server,
    Kind.USER_MAPPING: foreign.change_user_mapping,
    Kind.PUBLICATION: publications.change,
}
WITH_OPTIONS = frozenset({*_CHANGES, Kind.RANGE_TYPE, Kind.OPERATOR})
