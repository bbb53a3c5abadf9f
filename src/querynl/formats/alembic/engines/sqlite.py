"""SQLite, whose declared types are kept word for word: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html."""

from __future__ import annotations

import re

from querynl.dialects import Dialect
from querynl.dialects.sqlite.definitions import declares_not_null, default_clause
from querynl.dialects.sqlite.types import spelled
from querynl.formats.alembic.code import Code, call, literal
from querynl.formats.alembic.engines.engine import Keywords
from querynl.formats.alembic.words import Inexpressible, database_type, text
from querynl.operations import Change
from querynl.plan import Step
from querynl.schema import Column, Constraint, Index, IndexColumn, PrimaryKey, Table

# Only names that SQLAlchemy writes as they stand here.
_TYPES = {
    "BIGINT": "sa.BigInteger",
    "BLOB": "sa.LargeBinary",
    "BOOLEAN": "sa.Boolean",
    "CHAR": "sa.CHAR",
    "DATE": "sa.Date",
    "DATETIME": "sa.DateTime",
    "DECIMAL": "sa.DECIMAL",
    "DOUBLE": "sa.Double",
    "FLOAT": "sa.Float",
    "INTEGER": "sa.Integer",
    "JSON": "sa.JSON",
    "NUMERIC": "sa.Numeric",
    "REAL": "sa.REAL",
    "SMALLINT": "sa.SmallInteger",
    "TEXT": "sa.Text",
    "TIME": "sa.Time",
    "TIMESTAMP": "sa.TIMESTAMP",
    "VARCHAR": "sa.String",
}
_WITH_ARGUMENTS = {"CHAR": 1, "VARCHAR": 1, "NUMERIC": 2, "DECIMAL": 2}
_WITH_COLLATION = {"CHAR", "TEXT", "VARCHAR"}
_TYPE = re.compile(r"(?P<name>[A-Z]+)(?:\((?P<arguments>[1-9]\d*(?:,\d+)?)\))?")


class SQLite:
    """See Engine."""

    unquoted = frozenset({"nothing", "returning"})
    adds_constraints = False
    renames_columns = True
    indexes_foreign_keys = False
    driver_commits_ddl = True

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def check(self, step: Step) -> None:
        """What ALTER TABLE does not do is a rebuild, which no single operation is."""

    # -------------------------------------------------------------------------------------- columns

    def type_of(self, column: Column, table: Table | None = None) -> Code:
        match = _TYPE.fullmatch(column.type)
        numbers = match["arguments"].split(",") if match and match["arguments"] else []
        known = match is not None and match["name"] in _TYPES and len(numbers) <= _WITH_ARGUMENTS.get(match["name"], 0)
        if column.collation is None:
            return call(_TYPES[match["name"]], *numbers) if known and match else database_type(spelled(column.type))
        if known and match and match["name"] in _WITH_COLLATION:
            return call(_TYPES[match["name"]], *numbers, collation=literal(column.collation))
        return database_type(f"{spelled(column.type)} COLLATE {self._dialect.quote(column.collation)}".strip())

    def default_of(self, column: Column) -> Code | None:
        return None if column.default is None else text(default_clause(column.default))

    def computed_of(self, column: Column) -> Code | None:
        if column.generated is None:
            return None
        return call("sa.Computed", text(column.generated.expression), persisted=str(column.generated.stored))

    def nullable(self, column: Column, table: Table | None) -> bool:
        if table is not None:
            return not declares_not_null(column, table)
        return not column.options.get("not_null", not column.nullable)

    def column_keywords(self, column: Column, table: Table | None) -> Keywords:
        if column.options.keys() - {"not_null"}:
            raise Inexpressible("attributes of a column")
        return {}

    # --------------------------------------------------------------------- tables, constraints, indexes

    def table_keywords(self, table: Table) -> Keywords:
        if table.options.keys() - {"strict", "without_rowid"}:
            raise Inexpressible("attributes of a table")
        keywords: Keywords = {}
        if any(column.identity is not None for column in table.columns):
            if not _counts_by_itself(table):
                raise Inexpressible("a named or referring key that counts up")
            keywords["sqlite_autoincrement"] = "True"
        if table.options.get("strict"):
            keywords["sqlite_strict"] = "True"
        if table.options.get("without_rowid"):
            keywords["sqlite_with_rowid"] = "False"
        return keywords

    def constraint_keywords(self, constraint: Constraint, table: Table | None) -> Keywords:
        return {}

    def index_keys(self, index: Index) -> list[Code]:
        return [self._index_key(key) for key in index.columns]

    def _index_key(self, key: IndexColumn) -> Code:
        if key.column is not None and key.collation is None and key.order == "asc":
            return literal(key.column)
        words = self._dialect.quote(key.column) if key.column is not None else key.expression or ""
        if key.collation is not None:
            words += f" COLLATE {self._dialect.quote(key.collation)}"
        return text(words + (" DESC" if key.order == "desc" else ""))

    def index_keywords(self, index: Index) -> Keywords:
        return {} if index.where is None else {"sqlite_where": text(index.where)}

    # -------------------------------------------------------------------------------------- changes

    def altered_column(self, change: Change, before: Column, after: Column) -> list[Keywords]:
        raise Inexpressible("SQLite alters no column")


def _counts_by_itself(table: Table) -> bool:
    """Whether SQLAlchemy writes AUTOINCREMENT for the table's key."""
    match table.primary_key:
        case PrimaryKey(columns=(name,), name=None):
            column = table.column(name)
            return (
                column is not None
                and column.type == "INTEGER"
                and not any(name in foreign_key.columns for foreign_key in table.foreign_keys)
            )
        case _:
            return False
