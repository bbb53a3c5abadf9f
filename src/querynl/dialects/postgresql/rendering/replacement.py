"""A type that cannot be altered, replaced by another of its name, with the columns that have it and their rows.

https://www.postgresql.org/docs/current/sql-altertable.html
https://www.postgresql.org/docs/current/rangetypes.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from querynl.dialects.expressions import mentions
from querynl.dialects.postgresql.heirs import given_column, whole
from querynl.dialects.postgresql.rendering import columns, constraints, definitions, indexes, privileges
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.conversions import Conversions
from querynl.dialects.postgresql.rendering.types import (
    UserType,
    attribute_text,
    containers,
    create_composite,
    create_domain,
    create_enum,
    made_of,
    names_of,
    subtype,
    word,
)
from querynl.dialects.postgresql.spelling import MAX_NAME_BYTES, collation_text, named_type, qualified, quote
from querynl.dialects.postgresql.types import conversion
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog, parts_of
from querynl.schema import (
    Attribute,
    Check,
    Column,
    CompositeType,
    Definition,
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


def replaced(old: UserType, new: UserType, around: Around) -> Iterator[str]:
    """The old type steps aside, the columns move over to the new one, the old one goes.

    Types made of the type are replaced with it. What a table has that compares or computes with such a
    column is taken away before and brought back after; views, routines, triggers and policies are
    operations of their own. Raises ChangeUnsupported where a column cannot change its type, or a value cannot be
    put together anew.
    """
    return _Replacement(old, new, around).statements()


def tables_in(catalog: Catalog) -> Iterator[Table]:
    """Every table, in no order that means anything."""
    for table in catalog.of_kind(Kind.TABLE):
        assert isinstance(table, Table)
        yield table


class _Replacement:
    def __init__(self, old: UserType, new: UserType, around: Around) -> None:
        self._around = around
        self._old = old
        self._new = new
        self._types = [(old, new), *((found, found) for found in _made_of_it(old, around.before))]
        self._names = {name for found, _ in self._types for name in names_of(found)}
        every = sorted(tables_in(around.before), key=lambda table: str(table.key))
        self._tables = [
            (table, moved)
            for table in every
            if (moved := [c for c in whole(table.key, around.before).columns if self._has(c)]) or self._retyped(table)
        ]
        moved_columns = {table.key: moved for table, moved in self._tables}
        in_the_way = [
            (table.key, part) for table in every for part in self._in_the_way(table, moved_columns.get(table.key, ()))
        ]
        self._parts = [(table, part) for table, part in in_the_way if "attached_to" not in part.options]
        # They go with the index that they are part of, and are found again when that is back.
        self._attached = [(table, part) for table, part in in_the_way if "attached_to" in part.options]
        self._naming = [(table, found) for table in every if (found := [*self._naming_by_default(table)])]
        for table, moved in self._tables:
            _refuse_key(table, moved, new)
        self._conversions = Conversions(self._types, [column for _, moved in self._tables for column in moved])

    def statements(self) -> Iterator[str]:
        typed = [table for table, _ in self._tables if table.of_type is not None]
        for key, part in self._parts:
            yield from _drop_part(key, part, self._around)
        for table, naming in self._naming:
            yield alter(table.key, [f"ALTER COLUMN {quote(column.name)} DROP DEFAULT" for column in naming])
        for table in typed:
            yield alter(table.key, ["NOT OF"])
        for old, new in self._types:
            yield from self._set_aside(old, new)
        for _, new in self._types:
            yield from _create(new)
            yield from privileges.of_new(new, None, self._around)
        yield from self._columns_moved()
        for table in typed:
            yield alter(table.key, [f"OF {table.of_type}"])
        for old, _ in reversed(self._types):
            along = " CASCADE" if isinstance(old, Definition) and definitions.has_own_functions(old) else ""
            yield f"DROP {word(old)} {qualified(old.namespace, _aside(old.name))}{along}"
        for table, naming in self._naming:
            yield alter(table.key, [f"ALTER COLUMN {quote(c.name)} SET DEFAULT {c.default}" for c in naming])
        for key, part in [*reversed(self._parts), *self._attached]:
            yield from _add_part(key, part, self._around)

    def _set_aside(self, old: UserType, new: UserType) -> Iterator[str]:
        """Another name for the type, and for those constructors of a range type that the new one has as well."""
        yield f"ALTER {word(old)} {qualified(old.namespace, old.name)} RENAME TO {quote(_aside(old.name))}"
        if not isinstance(old, Definition) or not isinstance(new, Definition):
            return
        bounds = subtype(old)
        if bounds == subtype(new) and named_type(bounds) not in self._names:
            for arguments in (f"{bounds}, {bounds}", f"{bounds}, {bounds}, text"):
                yield _renamed("FUNCTION", old.namespace, old.name, f"({arguments})")
        multirange = str(old.options["multirange"])
        yield _renamed("TYPE", old.namespace, multirange)
        yield _renamed("FUNCTION", old.namespace, multirange, "()")

    def _columns_moved(self) -> Iterator[str]:
        for found, own in self._by_giver(given=True):
            actions = [f"ALTER COLUMN {quote(c.name)} DROP DEFAULT" for c in own if c.default is not None]
            if actions:
                yield alter(found.key, actions)
        for found, own in self._by_giver(given=False):
            actions = [action for column in own for action in self._actions(found, column)]
            actions += [_retyping(*pair) for pair in self._retyped(found)]
            yield alter(found.key, actions)
        for found, own in self._by_giver(given=True):
            if actions := [action for column in own for action in self._default(column)]:
                yield alter(found.key, actions)

    def _actions(self, table: Table, column: Column) -> Iterator[str]:
        name = quote(column.name)
        if column.default is not None:
            yield f"ALTER COLUMN {name} DROP DEFAULT"
        value = self._conversions.value(column) if table.server is None else None
        using = "" if value is None else f" USING {value}"
        yield f"ALTER COLUMN {name} TYPE {column.type}{using}"
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
                if self._has(column) and self._has_from_parents(table, column) == given
            ]
            if found or (not given and self._retyped(table)):
                yield table, found

    def _has_from_parents(self, table: Table, column: Column) -> bool:
        return table.of_type is None and given_column(table.key, column.name, self._around.before) is not None

    def _has(self, column: Column) -> bool:
        return named_type(column.type) in self._names

    def _retyped(self, table: Table) -> list[tuple[Column, Attribute]]:
        """The columns that a table has from the type and that get another type by it, with their attributes."""
        old, new = self._old, self._new
        if table.of_type is None or not isinstance(old, CompositeType) or not isinstance(new, CompositeType):
            return []
        if named_type(table.of_type) not in names_of(old):
            return []
        kept = {attribute.name: attribute for attribute in old.attributes}
        pairs = ((table.column(a.name), a) for a in new.attributes if attribute_text(a) != attribute_text(kept[a.name]))
        return [(column, attribute) for column, attribute in pairs if column is not None]

    # ------------------------------------------------------------------------------- what is in the way

    def _says(self, text: str | None) -> bool:
        """Whether an expression names one of the types."""
        return text is not None and any(mentions(text, name.name, "postgresql") for name in self._names)

    def _naming_by_default(self, table: Table) -> Iterator[Column]:
        """The columns of other types whose defaults name one of these."""
        for column in table.columns:
            if column.default is not None and not self._has(column) and self._says(column.default):
                yield column

    def _in_the_way(self, table: Table, moved: Sequence[Column]) -> Iterator[Part]:
        """Parts that compute or compare with the columns, and what uses those, in an order to drop them in."""
        names = {column.name for column in moved}

        def computes(*texts: str | None) -> bool:
            return any(
                self._says(text) or any(mentions(text, name, "postgresql") for name in names) for text in texts if text
            )

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


def _made_of_it(obj: UserType, catalog: Catalog) -> Iterator[UserType]:
    """The types that are made of a type, each after what it is made of."""
    names = set(names_of(obj))
    others = list(containers(catalog))
    while over := [found for found in others if names & made_of(found) and names.isdisjoint(names_of(found))]:
        for found in sorted(over, key=lambda found: (found.namespace or "", found.name)):
            names.update(names_of(found))
            yield found


def _retyping(column: Column, attribute: Attribute) -> str:
    name = quote(column.name)
    collation = "" if attribute.collation is None else f" COLLATE {collation_text(attribute.collation)}"
    value = conversion(name, column.type, attribute.type)
    return f"ALTER COLUMN {name} TYPE {attribute.type}{collation}" + ("" if value is None else f" USING {value}")


def _refuse_key(table: Table, moved: Sequence[Column], new: UserType) -> None:
    """Raise ChangeUnsupported for a column by which a table is partitioned: the engine keeps its type."""
    key = str(table.options.get("partition_by", ""))
    if any(mentions(key, column.name, "postgresql") for column in moved):
        raise ChangeUnsupported(
            f"The type {new.name} would have to be replaced in {table.name}, and it is partitioned by such a column.",
            remedy="Make a new type and a new table, or leave the type as it is: what is only added needs no new type.",
        )


def _create(obj: UserType) -> Iterator[str]:
    match obj:
        case Enum():
            return create_enum(obj)
        case Domain():
            return create_domain(obj)
        case CompositeType():
            return create_composite(obj)
        case Definition():
            return definitions.create(obj)


def _renamed(what: str, namespace: str | None, name: str, arguments: str = "") -> str:
    return f"ALTER {what} {qualified(namespace, name)}{arguments} RENAME TO {quote(_aside(name))}"


def _aside(name: str) -> str:
    """A name for the old type, within the limit."""
    kept = name.encode()[: MAX_NAME_BYTES - len(_REPLACED)].decode(errors="ignore")
    return kept + _REPLACED


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
