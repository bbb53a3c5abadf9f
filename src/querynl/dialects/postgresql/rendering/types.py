"""Enums, domains and composite types as SQL; what cannot be altered is replaced, with the columns that have it.

https://www.postgresql.org/docs/current/sql-altertype.html
https://www.postgresql.org/docs/current/sql-alterdomain.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from querynl.dialects.expressions import mentions
from querynl.dialects.postgresql.heirs import given_column, whole
from querynl.dialects.postgresql.rendering import columns, constraints, indexes, privileges
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.spelling import (
    MAX_NAME_BYTES,
    collation_text,
    element_type,
    literal,
    named_type,
    qualified,
    quote,
)
from querynl.dialects.postgresql.types import conversion
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog, parts_of
from querynl.schema import (
    Attribute,
    Check,
    Column,
    CompositeType,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    Part,
    PrimaryKey,
    Table,
    Unique,
)

_REPLACED = "_replaced"

UserType = Enum | Domain | CompositeType


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
            yield _check_comment(name, check)


def _check_comment(domain: str, check: Check) -> str:
    assert check.name is not None
    return comment_on("CONSTRAINT", f"{quote(check.name)} ON DOMAIN {domain}", check.comment)


def drop(obj: UserType) -> Iterator[str]:
    yield f"DROP {_word(obj)} {qualified(obj.namespace, obj.name)}"


def change_enum(old: Enum, new: Enum, around: Around) -> Iterator[str]:
    if not only_adds(old, new):
        yield from _Replacement(old, new, around).statements()
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
    for table in sorted(_tables(around.after), key=lambda table: (bool(table.inherits), str(table.key))):
        yield from columns.defaults_set(table, around)
    if old.comment != new.comment:
        yield comment_on("TYPE", name, new.comment)


def alters_domain(old: Domain, new: Domain) -> bool:
    """Whether ALTER DOMAIN can make the one of the other."""
    return (old.type, old.collation) == (new.type, new.collation)


def change_domain(old: Domain, new: Domain, around: Around) -> Iterator[str]:
    if not alters_domain(old, new):
        yield from _Replacement(old, new, around).statements()
        return
    name = qualified(new.namespace, new.name)
    alter = f"ALTER DOMAIN {name}"
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
            yield _check_comment(name, check)
    if old.comment != new.comment:
        yield comment_on("DOMAIN", name, new.comment)


# ---------------------------------------------------------------------------------------- composite types


def create_composite(composite: CompositeType) -> Iterator[str]:
    name = qualified(composite.namespace, composite.name)
    yield f"CREATE TYPE {name} AS ({', '.join(map(_attribute, composite.attributes))})"
    if composite.comment is not None:
        yield comment_on("TYPE", name, composite.comment)
    yield from _attribute_comments((), composite)


def _attribute(attribute: Attribute) -> str:
    collation = "" if attribute.collation is None else f" COLLATE {collation_text(attribute.collation)}"
    return f"{quote(attribute.name)} {attribute.type}{collation}"


def _attribute_comments(known: Iterable[Attribute], composite: CompositeType) -> Iterator[str]:
    said = {attribute.name: attribute.comment for attribute in known}
    name = qualified(composite.namespace, composite.name)
    for attribute in composite.attributes:
        if attribute.comment != said.get(attribute.name):
            yield comment_on("COLUMN", f"{name}.{quote(attribute.name)}", attribute.comment)


def only_extends(old: CompositeType, new: CompositeType) -> bool:
    """Whether every attribute stays as it is, and new ones come behind them."""
    return [_attribute(a) for a in old.attributes] == [_attribute(a) for a in new.attributes[: len(old.attributes)]]


def change_composite(old: CompositeType, new: CompositeType, around: Around) -> Iterator[str]:
    """Attributes go and come in place; other types or another order take a new type where columns have the old one.

    Raises ChangeUnsupported where values inside of others would have to get their attributes in another order.
    """
    extended = _with_attributes_of(old, new)
    actions = [f"DROP ATTRIBUTE {quote(a.name)}" for a in old.attributes if a not in extended.attributes]
    actions += [f"ADD ATTRIBUTE {_attribute(a)}" for a in extended.attributes if a not in old.attributes]
    in_order = _in_order(extended, new)
    kept = dict(zip((a.name for a in extended.attributes), extended.attributes, strict=True))
    retyped = [a for a in new.attributes if _attribute(a) != _attribute(kept[a.name])]
    in_use = _is_in_use(old, around.before)
    tables = sorted(_typed_tables(old, around.after), key=lambda table: str(table.key))
    replaced = not in_order or (bool(retyped) and in_use)
    if (not in_order and (retyped or _is_inside_others(old, around.before))) or (replaced and tables):
        raise ChangeUnsupported(
            f"The attributes of {new.name} would have to change their order in the rows that have them.",
            remedy="Keep the order and put new attributes at the end, or make a new type.",
        )
    if not replaced:
        actions += [f"ALTER ATTRIBUTE {quote(a.name)} TYPE{_attribute(a)[len(quote(a.name)) :]}" for a in retyped]
    name = qualified(new.namespace, new.name)
    if actions:
        yield f"ALTER TYPE {name} {', '.join(f'{action} CASCADE' if tables else action for action in actions)}"
    present = {attribute.name for attribute in old.attributes}
    for table in tables:
        for column in table.columns:
            if column.name not in present:
                yield from columns.add(table.key, column, around)
    if replaced:
        yield from _Replacement(extended, new, around).statements()
        return
    if old.comment != new.comment:
        yield comment_on("TYPE", name, new.comment)
    yield from _attribute_comments(old.attributes, new)


def _with_attributes_of(old: CompositeType, new: CompositeType) -> CompositeType:
    """The old type without the attributes that go, and with the new ones at its end."""
    staying, present = {a.name for a in new.attributes}, {a.name for a in old.attributes}
    kept = (a for a in old.attributes if a.name in staying)
    return replace(old, attributes=(*kept, *(a for a in new.attributes if a.name not in present)))


def _in_order(old: CompositeType, new: CompositeType) -> bool:
    return [attribute.name for attribute in old.attributes] == [attribute.name for attribute in new.attributes]


def _typed_tables(composite: CompositeType, catalog: Catalog) -> Iterator[Table]:
    """The tables that have their columns from the type."""
    name = Name(composite.namespace, composite.name)
    for table in _tables(catalog):
        if table.of_type is not None and named_type(table.of_type) == name:
            yield table


def _is_in_use(composite: CompositeType, catalog: Catalog) -> bool:
    """Whether a column or another type is made of it."""
    name = Name(composite.namespace, composite.name)
    typed = (named_type(column.type) for table in _tables(catalog) for column in table.columns)
    return name in typed or any(name in _made_of(other) for other in _user_types(catalog))


def _is_inside_others(composite: CompositeType, catalog: Catalog) -> bool:
    """Whether an array or another type has it, whose values cannot be taken apart in an expression."""
    name = Name(composite.namespace, composite.name)
    types = (column.type for table in _tables(catalog) for column in table.columns)
    arrays = (named_type(text) for text in types if text.endswith("[]"))
    return name in arrays or any(name in _made_of(other) for other in _user_types(catalog))


def _bare(check: Check | None) -> object:
    return None if check is None else (check.expression, check.validated)


class _Replacement:
    """A type replaced by another of its name: the old one steps aside, the columns move over, the old one goes.

    Types made of the type are replaced with it. What a table has that compares or computes with such a
    column is taken away before and brought back after; views, routines, triggers and policies are
    operations of their own.
    """

    def __init__(self, old: UserType, new: UserType, around: Around) -> None:
        self._new = new
        self._around = around
        self._types: list[tuple[UserType, UserType]] = [(old, new)]
        names = {Name(old.namespace, old.name)}
        others = list(_user_types(around.before))
        while over := [t for t in others if names & _made_of(t) and Name(t.namespace, t.name) not in names]:
            names |= {Name(found.namespace, found.name) for found in over}
            self._types += [(found, found) for found in sorted(over, key=lambda t: (t.namespace or "", t.name))]
        self._names = names
        self._has_rows = any(isinstance(found, CompositeType) for found, _ in self._types)
        self._tables = [
            (table, moved)
            for table in sorted(_tables(around.before), key=lambda table: str(table.key))
            if (moved := [c for c in whole(table.key, around.before).columns if named_type(c.type) in names])
        ]
        for table, moved in self._tables:
            _refuse_fixed(table, moved, new)

    def statements(self) -> Iterator[str]:
        parts = [(table.key, part) for table, moved in self._tables for part in _in_the_way(table, moved)]
        for table, part in parts:
            yield from _drop_part(table, part, self._around)
        for old, _ in self._types:
            yield f"ALTER {_word(old)} {qualified(old.namespace, old.name)} RENAME TO {quote(_aside(old.name))}"
        for _, new in self._types:
            yield from _create(new)
            yield from privileges.of_new(new, None, self._around)
        for found, own in self._by_giver(given=True):
            actions = [f"ALTER COLUMN {quote(c.name)} DROP DEFAULT" for c in own if c.default is not None]
            if actions:
                yield alter(found.key, actions)
        for found, own in self._by_giver(given=False):
            yield alter(found.key, [action for column in own for action in self._actions(column)])
        for found, own in self._by_giver(given=True):
            if actions := [action for column in own for action in self._default(column)]:
                yield alter(found.key, actions)
        for old, _ in reversed(self._types):
            yield f"DROP {_word(old)} {qualified(old.namespace, _aside(old.name))}"
        for table, part in reversed(parts):
            yield from _add_part(table, part, self._around)

    def _actions(self, column: Column) -> Iterator[str]:
        name = quote(column.name)
        if column.default is not None:
            yield f"ALTER COLUMN {name} DROP DEFAULT"
        yield f"ALTER COLUMN {name} TYPE {column.type}{self._using(column)}"
        yield from self._default(column)

    def _default(self, column: Column) -> Iterator[str]:
        if column.default is not None and columns.settable(column, self._around.after):
            yield f"ALTER COLUMN {quote(column.name)} SET DEFAULT {column.default}"

    def _by_giver(self, *, given: bool) -> Iterator[tuple[Table, list[Column]]]:
        """The tables with the columns that say themselves what they are: their own, or those their parents give.

        A column that a table has from its parents changes its type with theirs.
        """
        for table, _ in self._tables:
            found = [
                column
                for column in table.columns
                if named_type(column.type) in self._names
                and (given_column(table.key, column.name, self._around.before) is not None) == given
            ]
            if found:
                yield table, found

    def _using(self, column: Column) -> str:
        old, new = self._types[0]
        name = quote(column.name)
        array = column.type[len(element_type(column.type)) :]
        assert isinstance(old, Domain) == isinstance(new, Domain), "a type is replaced by its like"
        if isinstance(old, CompositeType) and isinstance(new, CompositeType) and not _in_order(old, new):
            values = ", ".join(f"({name}).{quote(attribute.name)}" for attribute in new.attributes)
            return f" USING CASE WHEN {name} IS DISTINCT FROM NULL THEN ROW({values})::{column.type} END"
        if not isinstance(old, Domain) or not isinstance(new, Domain) or self._has_rows:
            return f" USING {name}::text{array}::{column.type}"
        value = conversion(name, old.type + array, new.type + array)
        return "" if value is None else f" USING {value}::{column.type}"


def _refuse_fixed(table: Table, moved: Sequence[Column], new: UserType) -> None:
    """Raise ChangeUnsupported for columns of the type that the engine does not let change theirs."""
    key = str(table.options.get("partition_by", ""))
    if table.of_type is not None or any(mentions(key, column.name, "postgresql") for column in moved):
        why = "it is a table of a type" if table.of_type is not None else "it is partitioned by such a column"
        raise ChangeUnsupported(
            f"The type {new.name} would have to be replaced in {table.name}, and {why}.",
            remedy="Make a new type and a new table, or leave the type as it is: what is only added needs no new type.",
        )


def _user_types(catalog: Catalog) -> Iterator[UserType]:
    for kind in (Kind.DOMAIN, Kind.COMPOSITE_TYPE):
        for found in catalog.of_kind(kind):
            assert isinstance(found, UserType)
            yield found


def _made_of(obj: UserType) -> set[Name | None]:
    """The types that a type names in its definition."""
    match obj:
        case Domain():
            return {named_type(obj.type)}
        case CompositeType():
            return {named_type(attribute.type) for attribute in obj.attributes}
        case Enum():
            return set()


def _create(obj: UserType) -> Iterator[str]:
    match obj:
        case Enum():
            return create_enum(obj)
        case Domain():
            return create_domain(obj)
        case CompositeType():
            return create_composite(obj)


def _tables(catalog: Catalog) -> Iterator[Table]:
    for table in catalog.of_kind(Kind.TABLE):
        assert isinstance(table, Table)
        yield table


def _word(obj: UserType) -> str:
    return "DOMAIN" if isinstance(obj, Domain) else "TYPE"


def _aside(name: str) -> str:
    """A name for the old type, within the limit."""
    kept = name.encode()[: MAX_NAME_BYTES - len(_REPLACED)].decode(errors="ignore")
    return kept + _REPLACED


def _in_the_way(table: Table, moved: Sequence[Column]) -> Iterator[Part]:
    """Parts that compute or compare with the columns, and what uses those, in an order to drop them in."""
    names = {column.name for column in moved}

    def computes(*texts: str | None) -> bool:
        return any(mentions(text, name, "postgresql") for text in texts if text for name in names)

    remade = [
        column for column in table.columns if column.generated is not None and computes(column.generated.expression)
    ]
    gone = {column.name for column in remade}
    names |= gone
    for part in parts_of(table):
        match part:
            case Index() | Exclusion():
                keys = part.columns if isinstance(part, Index) else part.elements
                expressions = (part.where, *(key.expression for key in keys))
                if computes(*expressions) or gone & {*part.include, *(key.column for key in keys)}:
                    yield part
            case Check() if computes(part.expression):
                yield part
            case ForeignKey() if names & set(part.columns):
                yield part
            case PrimaryKey() | Unique() if gone & {*part.columns, *part.include}:
                yield part
    yield from remade


def _drop_part(table: Name, part: Part, around: Around) -> Iterator[str]:
    match part:
        case Index():
            yield from indexes.drop(table, part, around)
        case Column():
            yield from columns.drop(table, part, around)
        case _:
            yield from constraints.drop(table, part, around)


def _add_part(table: Name, part: Part, around: Around) -> Iterator[str]:
    match part:
        case Index():
            yield from indexes.create(table, part, around)
        case Column():
            yield from columns.add(table, part, around)
        case _:
            yield from constraints.add(table, part, around)
