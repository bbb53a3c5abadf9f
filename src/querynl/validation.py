"""Whether a declared schema makes sense in itself: names that are unique, columns and tables that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from querynl.errors import SchemaInvalid, TypeUnknown
from querynl.schema import (
    DEFINED,
    SECTIONS,
    Column,
    CompositeType,
    Exclusion,
    ForeignKey,
    Grant,
    Index,
    IndexKey,
    Kind,
    Name,
    Ref,
    Schema,
    Table,
    objects,
    ref_of,
    type_name,
)
from querynl.types import Portable, parse_type

_COUNTING_TYPES = ("smallint", "integer", "bigint", "serial", "bigserial")
_WORD = re.compile(r"\w+")
# Its signs, or OPERATOR(schema.signs) for one that needs its schema.
_SIGNS = r"[-+*/<>=~!@#%^&|`?]+"
_OPERATOR = re.compile(rf'{_SIGNS}|OPERATOR\((?:\w+|"[^"]+")\.{_SIGNS}\)')


class Problem(Struct, frozen=True):
    """Something wrong at a JSON path, in a sentence without its full stop."""

    path: str
    what: str


def validate(schema: Schema) -> None:
    """Raise SchemaInvalid, naming the first problem and how many there are, unless the schema makes sense."""
    found = list(problems(schema))
    if found:
        more = len(found) - 1
        others = {0: "", 1: " There is 1 more problem."}.get(more, f" There are {more} more problems.")
        raise SchemaInvalid(f"{found[0].what}.{others}", where=found[0].path)


def problems(schema: Schema) -> Iterator[Problem]:
    """Everything wrong with a schema that needs no engine to tell."""
    types = {Name(composite.namespace, composite.name): composite for composite in schema.composite_types}
    tables = {table.key: _with_columns_of_type(table, types) for table in schema.tables}
    for field in SECTIONS:
        objects = getattr(schema, field)
        paths = (f"$.{field}[{number}]" for number in range(len(objects)))
        yield from _duplicates(((path, str(ref_of(obj))) for path, obj in zip(paths, objects, strict=True)))
    for number, enum in enumerate(schema.enums):
        if not enum.values:
            yield Problem(f"$.enums[{number}].values", f"Enum {enum.name!r} has no values")
        yield from _duplicates(
            (f"$.enums[{number}].values[{i}]", f"value {value!r} of enum {enum.name}")
            for i, value in enumerate(enum.values)
        )
    for number, composite in enumerate(schema.composite_types):
        yield from _duplicates(
            (f"$.composite_types[{number}].attributes[{i}]", f"attribute {attribute.name!r} of {composite.name}")
            for i, attribute in enumerate(composite.attributes)
        )
    for number, table in enumerate(schema.tables):
        path = f"$.tables[{number}]"
        yield from _table_problems(path, table, tables, portable=schema.dialect is None)
        for place, column in enumerate(table.columns):
            yield from _column_problems(f"{path}.columns[{place}]", column, portable=schema.dialect is None)
    yield from _privilege_problems(schema)
    owners = {*tables, *(Name(view.namespace, view.name) for view in schema.views)}
    for number, trigger in enumerate(schema.triggers):
        if Name(trigger.namespace, trigger.table) not in owners:
            yield Problem(f"$.triggers[{number}].table", f"Trigger {trigger.name!r} is on {trigger.table!r}, not there")
    for number, policy in enumerate(schema.policies):
        if Name(policy.namespace, policy.table) not in tables:
            yield Problem(f"$.policies[{number}].table", f"Policy {policy.name!r} is on {policy.table!r}, not there")
    for number, definition in enumerate(schema.definitions):
        if definition.kind not in DEFINED:
            kinds = ", ".join(sorted(DEFINED))
            yield Problem(f"$.definitions[{number}].kind", f"A definition is of one of {kinds}, not {definition.kind}")
        if definition.table is not None and Name(definition.namespace, definition.table) not in owners:
            what = f"{definition.kind.capitalize()} {definition.name!r} is on {definition.table!r}, not there"
            yield Problem(f"$.definitions[{number}].table", what)


def _privilege_problems(schema: Schema) -> Iterator[Problem]:
    """Owners and grants of what the schema does not have; the connection's own namespace is always there."""
    there = {ref_of(obj) for obj in objects(schema)} | {Ref(Kind.NAMESPACE, None, "public")}
    columns = {table.key: {column.name for column in table.columns} for table in schema.tables if not table.inherits}
    for field in ("owners", "grants"):
        for number, said in enumerate(getattr(schema, field)):
            path, name = f"$.{field}[{number}]", Name(said.namespace, said.name)
            if said.object not in there:
                yield Problem(f"{path}.name", f"There is no {said.object}")
            elif said.object.kind is Kind.TABLE and isinstance(said, Grant) and said.column is not None:
                known = columns.get(name, {said.column})
                yield from (
                    Problem(f"{path}.column", f"Table {name} has no column {column!r}")
                    for column in {said.column} - known
                )


def _duplicates(named: Iterable[tuple[str, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for path, name in named:
        if name in seen:
            yield Problem(path, f"There is already another {name}")
        seen.add(name)


def _table_problems(path: str, table: Table, tables: dict[Name, Table], *, portable: bool) -> Iterator[Problem]:
    if not table.name:
        yield Problem(f"{path}.name", "A table needs a name")
    columns = _columns_of(tables[table.key], tables)
    # A type, a server or an option may say what a table is made of instead.
    if not columns and not (table.of_type or table.server or table.options):
        yield Problem(f"{path}.columns", f"Table {table.name!r} has no columns")
    yield from _duplicates(
        (f"{path}.columns[{number}]", f"column {table.name}.{column.name}")
        for number, column in enumerate(table.columns)
    )
    kinds = ("uniques", "foreign_keys", "checks", "exclusions")
    # Some engines let a check and a foreign key share a name, and the others say so: not what is for all of them.
    for sharing in (kinds,) if portable else tuple((kind,) for kind in kinds):
        yield from _duplicates(
            (f"{path}.{field}[{number}]", f"constraint {part.name} of {table.name}")
            for field in sharing
            for number, part in enumerate(getattr(table, field))
            if part.name is not None
        )
    yield from _duplicates(
        (f"{path}.indexes[{number}]", f"index {index.name}")
        for number, index in enumerate(table.indexes)
        if index.name is not None
    )
    for where, used in _column_lists(path, table):
        if not used:
            yield Problem(where, "It names no column")
        yield from (
            Problem(where, f"Table {table.name!r} has no column {name!r}") for name in used if name not in columns
        )
        yield from _duplicates((where, f"column {name!r} in this list") for name in used)
    for number, index in enumerate(table.indexes):
        yield from _index_problems(f"{path}.indexes[{number}]", index, columns)
    for number, exclusion in enumerate(table.exclusions):
        yield from _exclusion_problems(f"{path}.exclusions[{number}]", exclusion, columns)
    for number, key in enumerate(table.foreign_keys):
        yield from _foreign_key_problems(f"{path}.foreign_keys[{number}]", key, tables)


def _with_columns_of_type(table: Table, types: Mapping[Name, CompositeType]) -> Table:
    """The table with the columns that it has from its type."""
    if table.of_type is None:
        return table
    found = types.get(Name(None, table.of_type)) or types.get(type_name(table.of_type))
    given = () if found is None else found.attributes
    return replace(table, columns=(*table.columns, *(Column(name=part.name, type=part.type) for part in given)))


def _columns_of(table: Table, tables: dict[Name, Table]) -> set[str]:
    """The names of a table's columns, those that it has from its parents as well."""
    found = {column.name for column in table.columns}
    seen, waiting = {table.key}, [*table.inherits]
    while waiting:
        parent = tables.get(waiting.pop())
        if parent is not None and parent.key not in seen:
            seen.add(parent.key)
            found |= {column.name for column in parent.columns}
            waiting += parent.inherits
    return found


def _column_problems(path: str, column: Column, *, portable: bool) -> Iterator[Problem]:
    if not column.name:
        yield Problem(f"{path}.name", "A column needs a name")
    values = {"default": column.default, "identity": column.identity, "generated": column.generated}
    given = [name for name, value in values.items() if value is not None]
    if len(given) > 1:
        yield Problem(path, f"Column {column.name!r} cannot have both {given[0]} and {given[1]}")
    if column.charset is not None and not _WORD.fullmatch(column.charset):
        yield Problem(f"{path}.charset", f"{column.charset!r} is not the name of a character set")
    if column.identity is not None and portable and not _counts(column.type):
        yield Problem(f"{path}.identity", f"A column of type {column.type!r} cannot count")


def _counts(kind: str) -> bool:
    """Whether a portable type is one of whole numbers; one that is no type at all is left to the engine to refuse."""
    try:
        parsed = parse_type(kind)
    except TypeUnknown:
        return True
    return not isinstance(parsed, Portable) or parsed.name in _COUNTING_TYPES


def _column_lists(path: str, table: Table) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The columns that keys name, with the path that names them."""
    if table.primary_key is not None:
        yield f"{path}.primary_key", (*table.primary_key.columns, *table.primary_key.include)
    for field in ("uniques", "foreign_keys"):
        for number, part in enumerate(getattr(table, field)):
            yield f"{path}.{field}[{number}].columns", part.columns


def _index_problems(path: str, index: Index, columns: set[str]) -> Iterator[Problem]:
    if not index.columns:
        yield Problem(f"{path}.columns", "It names no column")
    for number, key in enumerate(index.columns):
        yield from _index_key_problems(f"{path}.columns[{number}]", key, columns)
        if key.prefix is not None and key.prefix < 1:
            yield Problem(f"{path}.columns[{number}].prefix", "A prefix has at least one character")
    yield from _method_problems(path, index, columns)


def _exclusion_problems(path: str, exclusion: Exclusion, columns: set[str]) -> Iterator[Problem]:
    if not exclusion.elements:
        yield Problem(f"{path}.elements", "It compares nothing")
    for number, element in enumerate(exclusion.elements):
        where = f"{path}.elements[{number}]"
        yield from _index_key_problems(where, element, columns)
        if not _OPERATOR.fullmatch(element.operator):
            yield Problem(f"{where}.operator", f"{element.operator!r} is not an operator")
    yield from _method_problems(path, exclusion, columns)


def _method_problems(path: str, part: Index | Exclusion, columns: set[str]) -> Iterator[Problem]:
    for name in part.include:
        if name not in columns:
            yield Problem(f"{path}.include", f"There is no column {name!r}")
    if part.method is not None and not _WORD.fullmatch(part.method):
        yield Problem(f"{path}.method", f"{part.method!r} is not the name of an index method")


def _index_key_problems(path: str, key: IndexKey, columns: set[str]) -> Iterator[Problem]:
    if (key.column is None) == (key.expression is None):
        yield Problem(path, "A key of an index is either a column or an expression")
    if key.column is not None and key.column not in columns:
        yield Problem(path, f"There is no column {key.column!r}")


def _foreign_key_problems(path: str, key: ForeignKey, tables: dict[Name, Table]) -> Iterator[Problem]:
    target = tables.get(key.target)
    if target is None:
        yield Problem(f"{path}.references", f"There is no table {str(key.target)!r} to refer to")
        return
    missing = {*key.referenced_columns} - _columns_of(target, tables)
    yield from (
        Problem(f"{path}.referenced_columns", f"Table {target.name!r} has no column {name!r}") for name in missing
    )
    referenced = key.referenced_columns or (target.primary_key.columns if target.primary_key else ())
    if len(referenced) != len(key.columns):
        yield Problem(path, f"{len(key.columns)} columns cannot refer to {len(referenced)}")
