"""A declared schema in the terms of MySQL or MariaDB, so that what means the same compares equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from querynl.dialects.declared import check_definitions, check_texts
from querynl.dialects.mysql import attributes, defaults, modes, options, sequences, types
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.versioning import is_row_end
from querynl.errors import SchemaInvalid, TypeUnknown
from querynl.schema import (
    Check,
    Column,
    Enum,
    ForeignKey,
    Identity,
    Index,
    IndexColumn,
    Kind,
    Schema,
    Sequence,
    Table,
    Unique,
)

if TYPE_CHECKING:
    from querynl.dialects.protocol import Dialect

_ABSENT = {
    "domains": "domains",
    "composite_types": "composite types",
    "sequences": "sequences",
    "extensions": "extensions",
    "policies": "row-level security policies",
    "namespaces": "namespaces within a database",
    # Accounts are the server's, and what they may do is kept beside databases, not in them.
    "owners": "owners of objects",
    "grants": "privileges that are part of a database",
    "default_privileges": "default privileges",
}


def localised(schema: Schema, dialect: Dialect, server: Server) -> Schema:
    """See `Dialect.localise`: enums become column types, unique constraints unique indexes."""
    check_texts(_without_row_ends(schema) if server.is_mariadb else schema, dialect)
    check_definitions(schema, (Kind.EVENT,), _engine(server))
    for field, what in _ABSENT.items():
        if getattr(schema, field) and not (field == "sequences" and server.is_mariadb):
            raise SchemaInvalid(f"{_engine(server)} has no {what}.", where=f"$.{field}", remedy="Take them out.")
    enums = {enum.name: enum for enum in schema.enums}
    pinned = schema.dialect == server.name
    tables = tuple(
        _Localising(table, f"$.tables[{number}]", enums, server, pinned).table()
        for number, table in enumerate(schema.tables)
    )
    for field in ("routines", "triggers", "definitions"):
        for number, program in enumerate(getattr(schema, field)):
            modes.check(program.options, f"$.{field}[{number}].options")
    found = tuple(_sequence(sequence, number) for number, sequence in enumerate(schema.sequences))
    return replace(schema, tables=tables, sequences=found, enums=(), dialect=server.name)


def _without_row_ends(schema: Schema) -> Schema:
    """The schema with nothing in place of an expression but expressions."""

    def column(part: Column) -> Column:
        return replace(part, generated=None) if is_row_end(part) else part

    tables = (replace(table, columns=tuple(map(column, table.columns))) for table in schema.tables)
    return replace(schema, tables=tuple(tables))


def _sequence(sequence: Sequence, number: int) -> Sequence:
    if sequence.owned_by is not None or (sequence.type or "bigint") != "bigint":
        raise SchemaInvalid(
            "MariaDB has no sequences that belong to a column or count in a smaller type.",
            where=f"$.sequences[{number}]",
            remedy="Take out `owned_by` and `type`.",
        )
    return sequences.settled(replace(sequence, type=None, comment=None))


def _engine(server: Server) -> str:
    return "MariaDB" if server.is_mariadb else "MySQL"


class _Localising:
    """One table on its way into the engine's terms."""

    def __init__(self, table: Table, path: str, enums: dict[str, Enum], server: Server, pinned: bool) -> None:
        self._table = table
        self._path = path
        self._enums = enums
        self._server = server
        self._pinned = pinned
        self._key = table.primary_key.columns if table.primary_key is not None else ()

    def table(self) -> Table:
        table = self._table
        if table.exclusions:
            raise SchemaInvalid(
                f"{_engine(self._server)} has no exclusion constraints.",
                where=f"{self._path}.exclusions",
                remedy="Take them out.",
            )
        self._check_columns()
        if table.primary_key is not None:
            attributes.check_key(table.primary_key.options, self._server, f"{self._path}.primary_key.options")
        changes: dict[str, Any] = {
            "columns": tuple(self._column(number, column) for number, column in enumerate(table.columns)),
            "primary_key": table.primary_key and replace(table.primary_key, name=None),
            "uniques": (),
            "foreign_keys": tuple(self._foreign_key(number, key) for number, key in enumerate(table.foreign_keys)),
            "checks": tuple(self._check(number, check) for number, check in enumerate(table.checks)),
            "comment": table.comment or None,
            "options": options.localised(table.options, self._server, f"{self._path}.options"),
        }
        indexes = [self._index(number, index) for number, index in enumerate(table.indexes)]
        indexes += [self._unique(number, unique) for number, unique in enumerate(table.uniques)]
        changes["indexes"] = (*indexes, *self._needed_indexes(indexes))
        return replace(table, **changes)

    def _check_columns(self) -> None:
        """Raise SchemaInvalid for a second column that counts up, or a name that another has but for its case."""
        names: set[str] = set()
        counting = None
        for number, column in enumerate(self._table.columns):
            where = f"{self._path}.columns[{number}]"
            if column.name.lower() in names:
                raise SchemaInvalid(
                    f"There is already another column {column.name!r}; {_engine(self._server)} does not tell case.",
                    where=f"{where}.name",
                    remedy="Give it another name.",
                )
            names.add(column.name.lower())
            if self._counts(column):
                if counting is not None:
                    raise SchemaInvalid(
                        f"A table has one column that counts up, and {counting!r} is it already.",
                        where=f"{where}.identity",
                        remedy="Take `identity` out of one of them.",
                    )
                counting = column.name

    def _counts(self, column: Column) -> bool:
        return column.identity is not None or column.type.lower() in ("serial", "bigserial")

    def _column(self, number: int, column: Column) -> Column:
        where = f"{self._path}.columns[{number}]"
        column_type = self._type(column, where)
        identity = column.identity
        if self._counts(column):
            identity = identity or Identity()
        if identity is not None:
            # The engine counts up by one for the whole server, and takes a value it is given.
            identity = Identity(start=identity.start)
        options.check_word(column.collation, f"{where}.collation")
        attributes.check_column(column.options, self._server, f"{where}.options")
        has_characters = types.kept(column_type).has_characters
        collation = column.collation if has_characters else None
        on_update = column.on_update
        if on_update is not None and defaults.is_now(on_update):
            on_update = defaults.now(self._server, types.kept(column_type).fraction)
        return replace(
            column,
            type=column_type,
            nullable=column.nullable and identity is None and column.name not in self._key,
            default=defaults.localised(column.default, column_type, self._server),
            identity=identity,
            collation=collation,
            # A collation belongs to one character set.
            charset=column.charset if has_characters and collation is None else None,
            on_update=on_update,
            comment=column.comment or None,
        )

    def _type(self, column: Column, where: str) -> str:
        enum = self._enums.get(column.type.strip('"'))
        if enum is not None:
            return types.enum_type(enum.values)
        try:
            return types.localised(column.type, self._server, pinned=self._pinned)
        except TypeUnknown as error:
            raise TypeUnknown(error.what, where=f"{where}.type", remedy=error.remedy) from None

    def _foreign_key(self, number: int, key: ForeignKey) -> ForeignKey:
        where = f"{self._path}.foreign_keys[{number}]"
        if key.deferrable or key.match == "full":
            raise SchemaInvalid(
                f"{_engine(self._server)} has neither deferrable foreign keys nor MATCH FULL.",
                where=where,
                remedy="Take the attribute out.",
            )
        actions: dict[str, Any] = {"on_delete": key.on_delete, "on_update": key.on_update}
        if self._server.is_mariadb:  # RESTRICT is what it shows for no rule, and does for either
            actions = {way: "no action" if action == "restrict" else action for way, action in actions.items()}
        return replace(key, comment=None, initially_deferred=False, **actions)

    def _check(self, number: int, check: Check) -> Check:
        if self._server.is_mariadb and not check.enforced:
            raise SchemaInvalid(
                "MariaDB enforces every check.", where=f"{self._path}.checks[{number}]", remedy="Take out `enforced`."
            )
        return replace(check, comment=None, inherited=True)

    def _index(self, number: int, index: Index) -> Index:
        where = f"{self._path}.indexes[{number}]"
        if index.where is not None or index.include:
            raise SchemaInvalid(
                f"{_engine(self._server)} has neither partial indexes nor included columns.",
                where=where,
                remedy="Take them out, or give each engine a schema of its own.",
            )
        if any(key.expression is not None for key in index.columns) and not self._server.has_functional_indexes:
            raise SchemaInvalid(
                f"{_engine(self._server)} has no indexes on expressions.",
                where=where,
                remedy="Index a generated column instead.",
            )
        attributes.check_index(index.options, self._server, f"{where}.options")
        method = None if index.method is None else index.method.lower()
        if method == "btree" and not self._pinned:
            method = None  # what an index is anyway, here as elsewhere
        columns = tuple(replace(key, nulls=None, opclass=None, collation=None) for key in index.columns)
        return replace(index, columns=columns, method=method, comment=index.comment or None)

    def _unique(self, number: int, unique: Unique) -> Index:
        """The unique index that a unique constraint is."""
        if unique.deferrable or unique.nulls_not_distinct or unique.include:
            raise SchemaInvalid(
                f"{_engine(self._server)} has no such unique constraints.",
                where=f"{self._path}.uniques[{number}]",
                remedy="Take out `deferrable`, `nulls_not_distinct` and `include`.",
            )
        columns = tuple(IndexColumn(column=name) for name in unique.columns)
        return Index(name=unique.name, columns=columns, unique=True, comment=unique.comment or None)

    def _needed_indexes(self, indexes: list[Index]) -> Iterator[Index]:
        """Indexes that InnoDB makes by itself for foreign keys without one.

        https://dev.mysql.com/doc/refman/9.5/en/create-table-foreign-keys.html
        """
        taken = {index.name for index in indexes}
        served = [self._key, *(tuple(key.column or "" for key in index.columns) for index in indexes)]
        for key in self._table.foreign_keys:
            if any(columns[: len(key.columns)] == key.columns for columns in served):
                continue
            served.append(key.columns)
            columns = tuple(IndexColumn(column=name) for name in key.columns)
            yield Index(name=None if key.name in taken else key.name, columns=columns)
