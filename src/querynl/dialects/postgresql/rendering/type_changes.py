"""Enums, domains, composite and range types changed in place where the engine can, and replaced where it cannot.

https://www.postgresql.org/docs/current/sql-altertype.html
https://www.postgresql.org/docs/current/sql-alterdomain.html
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.rendering import columns, constraints, definitions
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.replacement import replaced, tables_in
from querynl.dialects.postgresql.rendering.types import (
    alters_domain,
    attribute_comments,
    attribute_text,
    check_comment,
    containers,
    in_order,
    made_of,
    only_adds,
)
from querynl.dialects.postgresql.spelling import literal, named_type, qualified, quote
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog
from querynl.schema import Check, CompositeType, Definition, Domain, Enum, Name, Table


def change_enum(old: Enum, new: Enum, around: Around) -> Iterator[str]:
    if not only_adds(old, new):
        yield from replaced(old, new, around)
        return
    name = qualified(new.namespace, new.name)
    present = list(old.values)
    for number, value in enumerate(new.values):
        if value in present:
            continue
        place = ""
        if number == 0 and present:
            place = f" BEFORE {literal(present[0])}"
        elif number < len(present):
            place = f" AFTER {literal(new.values[number - 1])}"
        yield f"ALTER TYPE {name} ADD VALUE {literal(value)}{place}"
        present.insert(number, value)
    for table in sorted(tables_in(around.after), key=lambda table: (bool(table.inherits), str(table.key))):
        yield from columns.defaults_set(table, around)
    if old.comment != new.comment:
        yield comment_on("TYPE", name, new.comment)


def change_domain(old: Domain, new: Domain, around: Around) -> Iterator[str]:
    if not alters_domain(old, new):
        yield from replaced(old, new, around)
        return
    name = qualified(new.namespace, new.name)
    alter = f"ALTER DOMAIN {name}"
    for check, called in _renamed_checks(old, new):
        yield f"{alter} RENAME CONSTRAINT {quote(str(check.name))} TO {quote(called)}"
        old = replace(old, checks=tuple(replace(c, name=called) if c == check else c for c in old.checks))
    checks_before, checks_after = ({check.name: check for check in domain.checks} for domain in (old, new))
    for key, check in checks_before.items():
        if _bare(check) != _bare(checks_after.get(key)):
            yield f"{alter} DROP CONSTRAINT {quote(str(key))}"
    if old.default != new.default:
        yield f"{alter} DROP DEFAULT" if new.default is None else f"{alter} SET DEFAULT {new.default}"
    if old.nullable != new.nullable:
        yield f"{alter} {'DROP' if new.nullable else 'SET'} NOT NULL"
    for key, check in checks_after.items():
        known = checks_before.get(key)
        if _bare(check) != _bare(known):
            yield f"{alter} ADD {constraints.definition(check)}"
            known = None
        if check.comment != (known.comment if known is not None else None):
            yield check_comment(name, check)
    if old.comment != new.comment:
        yield comment_on("DOMAIN", name, new.comment)


def _renamed_checks(old: Domain, new: Domain) -> Iterator[tuple[Check, str]]:
    """The checks that are there afterwards by another name alone, with that name."""
    names, names_before = ({check.name for check in domain.checks} for domain in (new, old))
    coming = [check for check in new.checks if check.name not in names_before]
    for check in old.checks:
        same = [other for other in coming if _bare(other) == _bare(check)]
        if check.name not in names and same:
            coming.remove(same[0])
            yield check, str(same[0].name)


def change_composite(old: CompositeType, new: CompositeType, around: Around) -> Iterator[str]:
    """Attributes go and come in place; other types or another order take a new type where columns have the old one.

    Raises ChangeUnsupported where the columns of a table would have to change their order, or attributes inside of
    an array.
    """
    extended = _with_attributes_of(old, new)
    actions = [f"DROP ATTRIBUTE {quote(a.name)}" for a in old.attributes if a not in extended.attributes]
    actions += [f"ADD ATTRIBUTE {attribute_text(a)}" for a in extended.attributes if a not in old.attributes]
    kept = {attribute.name: attribute for attribute in extended.attributes}
    retyped = [a for a in new.attributes if attribute_text(a) != attribute_text(kept[a.name])]
    tables = sorted(_typed_tables(old, around.after), key=lambda table: str(table.key))
    if tables and not in_order(extended, new):
        raise ChangeUnsupported(
            f"The columns of {tables[0].key} would have to change their order with the attributes of {new.name}.",
            remedy="Keep the order and put new attributes at the end, or make a new type.",
        )
    is_replaced = not in_order(extended, new) or (bool(retyped) and _is_in_use(old, around.before))
    if not is_replaced:
        actions += [f"ALTER ATTRIBUTE {quote(a.name)} TYPE{attribute_text(a)[len(quote(a.name)) :]}" for a in retyped]
    name = qualified(new.namespace, new.name)
    if actions:
        yield f"ALTER TYPE {name} {', '.join(f'{action} CASCADE' if tables else action for action in actions)}"
    present = {attribute.name for attribute in old.attributes}
    for table in tables:
        for column in table.columns:
            if column.name not in present:
                yield from columns.add(table.key, column, around)
    if is_replaced:
        yield from replaced(extended, new, around)
        return
    if old.comment != new.comment:
        yield comment_on("TYPE", name, new.comment)
    yield from attribute_comments(old.attributes, new)


def _with_attributes_of(old: CompositeType, new: CompositeType) -> CompositeType:
    """The old type without the attributes that go, and with the new ones at its end."""
    staying, present = {a.name for a in new.attributes}, {a.name for a in old.attributes}
    kept = (a for a in old.attributes if a.name in staying)
    return replace(old, attributes=(*kept, *(a for a in new.attributes if a.name not in present)))


def _typed_tables(composite: CompositeType, catalog: Catalog) -> Iterator[Table]:
    """The tables that have their columns from the type."""
    name = Name(composite.namespace, composite.name)
    for table in tables_in(catalog):
        if table.of_type is not None and named_type(table.of_type) == name:
            yield table


def _is_in_use(composite: CompositeType, catalog: Catalog) -> bool:
    """Whether a column or another type is made of it."""
    name = Name(composite.namespace, composite.name)
    typed = (named_type(column.type) for table in tables_in(catalog) for column in table.columns)
    return name in typed or any(name in made_of(other) for other in containers(catalog))


def _bare(check: Check | None) -> object:
    return None if check is None else (check.expression, check.validated)


def change_range(old: Definition, new: Definition, around: Around) -> Iterator[str]:
    """Another comment in place; for anything else another type."""
    if old.definition != new.definition:
        yield from replaced(old, new, around)
    else:
        yield from definitions.change(old, new)
