"""A declared schema in SQLite's own terms."""

from __future__ import annotations

from msgspec.structs import replace

from querynl.dialects.declared import check_definitions
from querynl.dialects.sqlite.definitions import rowid_alias
from querynl.dialects.sqlite.names import folded, in_expression, literal, raised
from querynl.dialects.sqlite.types import canonical_type, declared, is_known, strict_type
from querynl.dialects.sqlite.words import spelled_alike, spelled_in_table
from querynl.errors import SchemaInvalid, TypeUnknown
from querynl.schema import (
    Check,
    Column,
    Enum,
    Generated,
    Identity,
    Index,
    IndexColumn,
    PrimaryKey,
    Schema,
    Table,
)
from querynl.types import Portable, parse_type

_ABSENT = {
    "routines": "routines",
    "sequences": "sequences",
    "domains": "domains",
    "composite_types": "composite types",
    "extensions": "extensions",
    "policies": "policies",
    "namespaces": "namespaces",
    "owners": "owners",
    "grants": "privileges",
    "default_privileges": "privileges",
}
_TABLE_OPTIONS = {"strict", "without_rowid", "virtual"}
_COLUMN_OPTIONS = {"not_null", "not_null_name", "on_conflict"}
_KEY_OPTIONS = {"on_conflict", "order", "collations"}


def localised(schema: Schema) -> Schema:
    """The schema with SQLite's types, one spelling of expressions, and checks for what SQLite has no type for.

    Comments are left out: SQLite keeps none. Raises TypeUnknown or SchemaInvalid with the JSON path.
    """
    for field, kind in _ABSENT.items():
        if getattr(schema, field):
            raise SchemaInvalid(f"SQLite has no {kind}.", where=f"$.{field}", remedy="Leave them out for SQLite.")
    check_definitions(schema, (), "SQLite")
    _refuse_same_names(schema)
    enums = {enum.name: enum for enum in schema.enums}
    tables = tuple(
        _TableLocaliser(table, f"$.tables[{number}]", enums, portable=schema.dialect is None).localised()
        for number, table in enumerate(schema.tables)
    )
    views = tuple(replace(view, comment=None) for view in schema.views)
    triggers = tuple(replace(trigger, comment=None) for trigger in schema.triggers)
    for number, view in enumerate(views):
        if view.materialized or view.indexes:
            raise SchemaInvalid("SQLite has no materialized views.", where=f"$.views[{number}]")
    return replace(schema, dialect="sqlite", tables=tables, views=views, triggers=triggers, enums=())


def _refuse_same_names(schema: Schema) -> None:
    """Refuse two names of tables and views, or of columns of a table, that differ in case alone."""
    relations = [(f"$.tables[{number}]", table.name) for number, table in enumerate(schema.tables)]
    relations += [(f"$.views[{number}]", view.name) for number, view in enumerate(schema.views)]
    spaces = [relations]
    for number, table in enumerate(schema.tables):
        path = f"$.tables[{number}].columns"
        spaces.append([(f"{path}[{at}]", column.name) for at, column in enumerate(table.columns)])
    for space in spaces:
        seen: dict[str, str] = {}
        for path, name in space:
            if folded(name) in seen:
                raise SchemaInvalid(
                    f"SQLite takes {seen[folded(name)]!r} and {name!r} for the same name.",
                    where=path,
                    remedy="Rename one of them.",
                )
            seen[folded(name)] = name


class _TableLocaliser:
    """One declared table on its way into SQLite's terms."""

    def __init__(self, table: Table, path: str, enums: dict[str, Enum], *, portable: bool) -> None:
        self._table = table
        self._path = path
        self._enums = enums
        self._portable = portable
        self._checks: list[Check] = []

    def localised(self) -> Table:
        table = self._table
        self._refuse_options(table.options, _TABLE_OPTIONS, self._path)
        columns = tuple(
            self._column(column, f"{self._path}.columns[{number}]") for number, column in enumerate(table.columns)
        )
        checks = tuple(replace(check, expression=self._spelled(check.expression)) for check in table.checks)
        options = {key: value for key, value in table.options.items() if value is not False}
        result = replace(
            table,
            columns=columns,
            checks=(*checks, *(check for check in self._checks if check not in checks)),
            indexes=tuple(map(self._index, table.indexes)),
            options=options,
            comment=None,
        )
        self._refuse_constraints(result)
        return self._with_key(result)

    def _column(self, column: Column, path: str) -> Column:
        self._refuse_options(column.options, _COLUMN_OPTIONS, path)
        for attribute in ("charset", "on_update"):
            if getattr(column, attribute) is not None:
                raise SchemaInvalid(f"SQLite columns have no {attribute}.", where=f"{path}.{attribute}")
        if column.invisible:
            raise SchemaInvalid("SQLite columns are never invisible.", where=f"{path}.invisible")
        generated = column.generated
        if generated is not None:
            generated = Generated(expression=self._spelled(generated.expression), stored=generated.stored)
        kind, identity = self._type(column, path)
        return replace(
            column,
            type=strict_type(kind) if self._table.options.get("strict") else kind,
            default=None if column.default is None else spelled_alike(column.default),
            identity=identity,
            generated=generated,
            collation=None if column.collation is None else raised(column.collation),
            comment=None,
        )

    def _type(self, column: Column, path: str) -> tuple[str, Identity | None]:
        """The declared type, and whether the column counts; checks of its values are noted."""
        identity = self._identity(column.identity, path)
        if column.type in self._enums:
            values = ", ".join(map(literal, self._enums[column.type].values))
            self._checks.append(Check(expression=f"{in_expression(column.name)} IN ({values})"))
            return "TEXT", identity
        if not column.type:
            return "", identity
        try:
            parsed = parse_type(column.type)
        except TypeUnknown as error:
            raise TypeUnknown(error.what, where=f"{path}.type", remedy=error.remedy) from None
        if isinstance(parsed, Portable) and parsed.name in ("serial", "bigserial"):
            return "INTEGER", Identity()
        if identity is not None:
            return "INTEGER", identity
        if not self._portable:
            return canonical_type(column.type), None
        if isinstance(parsed, Portable):
            if parsed.name == "boolean":
                self._checks.append(Check(expression=f"{in_expression(column.name)} IN (0, 1)"))
            return declared(parsed), None
        kind = canonical_type(column.type)
        if not is_known(kind):
            raise TypeUnknown(
                f"SQLite cannot tell what a column of type {column.type!r} holds.",
                where=f"{path}.type",
                remedy='Use a portable type, or set "dialect": "sqlite" to declare any name.',
            )
        return kind, None

    def _identity(self, identity: Identity | None, path: str) -> Identity | None:
        if identity is None:
            return None
        if identity.start not in (None, 1) or identity.increment not in (None, 1):
            raise SchemaInvalid("SQLite counts from 1, one by one.", where=f"{path}.identity")
        return Identity()

    def _refuse_options(self, options: dict[str, str | int | float | bool], known: set[str], path: str) -> None:
        for key in options:
            if key not in known:
                remedy = f"Options there are: {', '.join(sorted(known))}."
                raise SchemaInvalid(f"SQLite has no option {key!r} here.", where=f"{path}.options", remedy=remedy)

    def _refuse_constraints(self, table: Table) -> None:
        """Refuse keys, constraints and indexes that SQLite has no words for."""
        if table.exclusions:
            raise SchemaInvalid(
                "SQLite has no exclusion constraints.",
                where=f"{self._path}.exclusions",
                remedy="Leave them out for SQLite.",
            )
        for field in ("uniques", "foreign_keys", "checks", "indexes"):
            for number, part in enumerate(getattr(table, field)):
                path = f"{self._path}.{field}[{number}]"
                self._refuse_options(part.options, _KEY_OPTIONS if field in ("uniques", "checks") else set(), path)
                wrong = [
                    name
                    for name in ("include", "nulls_not_distinct", "method", "invisible")
                    if getattr(part, name, None) and not (name == "method" and part.method == "btree")
                ]
                if field == "uniques" and part.deferrable:
                    wrong.append("deferrable")
                if wrong:
                    raise SchemaInvalid(f"SQLite has no {wrong[0]} here.", where=f"{path}.{wrong[0]}")

    def _with_key(self, table: Table) -> Table:
        """The table with its counting column as its primary key, which SQLite alone counts in."""
        counting = [column.name for column in table.columns if column.identity is not None]
        if not counting:
            return table
        key = table.primary_key or PrimaryKey(columns=(counting[0],))
        table = replace(table, primary_key=replace(key, comment=None))
        alias = rowid_alias(table)
        if len(counting) > 1 or alias is None or alias.name != counting[0]:
            number = next(i for i, column in enumerate(table.columns) if column.identity is not None)
            raise SchemaInvalid(
                "SQLite counts only in a column that is the whole primary key.",
                where=f"{self._path}.columns[{number}].identity",
                remedy=f"Make {counting[0]!r} the primary key, and what is the key now a unique constraint.",
            )
        return table

    def _index(self, index: Index) -> Index:
        return replace(
            index,
            columns=tuple(map(self._index_key, index.columns)),
            where=None if index.where is None else self._spelled(index.where),
            method=None,
            comment=None,
        )

    def _index_key(self, key: IndexColumn) -> IndexColumn:
        """The key as SQLite writes it; its only order of NULLs is the one that goes with the order of values."""
        expression = None if key.expression is None else self._named_in(key.expression)
        collation = None if key.collation is None else raised(key.collation)
        return replace(key, expression=expression, collation=collation, nulls=None, opclass=None, prefix=None)

    def _spelled(self, expression: str) -> str:
        return self._named_in(spelled_alike(expression))

    def _named_in(self, expression: str) -> str:
        names = tuple(column.name for column in self._table.columns)
        return spelled_in_table(expression, self._table.name, names)
