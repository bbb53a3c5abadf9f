"""MySQL and MariaDB: https://docs.sqlalchemy.org/en/20/dialects/mysql.html."""

from __future__ import annotations

import re
from collections.abc import Sequence

from querynl.dialects import Dialect
from querynl.dialects.mysql.types import ServerType, kept
from querynl.formats.alembic.code import Code, call, dictionary, literal
from querynl.formats.alembic.engines.engine import Keywords
from querynl.formats.alembic.words import Inexpressible, database_type, text
from querynl.operations import Change, Create, Drop, Operation
from querynl.plan import Step
from querynl.schema import AnyObject, Column, Constraint, Index, IndexColumn, PrimaryKey, Table

_INTEGERS = {
    "tinyint": "mysql.TINYINT",
    "smallint": "sa.SmallInteger",
    "mediumint": "mysql.MEDIUMINT",
    "int": "sa.Integer",
    "bigint": "sa.BigInteger",
}
_INTEGERS_WITH_WORDS = {**_INTEGERS, "smallint": "mysql.SMALLINT", "int": "mysql.INTEGER", "bigint": "mysql.BIGINT"}
_PLAIN = {
    "double": "sa.Double",
    "float": "mysql.FLOAT",
    "date": "sa.Date",
    "datetime": "sa.DateTime",
    "timestamp": "sa.TIMESTAMP",
    "time": "sa.Time",
    "year": "mysql.YEAR",
    "json": "sa.JSON",
    "blob": "sa.LargeBinary",
    "tinyblob": "mysql.TINYBLOB",
    "mediumblob": "mysql.MEDIUMBLOB",
    "longblob": "mysql.LONGBLOB",
}
_SIZED = {"bit": "mysql.BIT", "binary": "sa.BINARY", "varbinary": "sa.VARBINARY"}
_CHARACTERS = {
    "char": "sa.CHAR",
    "varchar": "sa.String",
    "text": "sa.Text",
    "tinytext": "mysql.TINYTEXT",
    "mediumtext": "mysql.MEDIUMTEXT",
    "longtext": "mysql.LONGTEXT",
}
# Options of a table, by the end of the keyword that SQLAlchemy reads.
_TABLE_OPTIONS = {
    "charset": "default_charset",
    "collation": "collate",
    "engine": "engine",
    "key_block_size": "key_block_size",
    "row_format": "row_format",
}

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.I)
_BITS = re.compile(r"[bx]'.*", re.I | re.S)
# What SQLAlchemy leaves without brackets of its own.
_AS_IT_STANDS = re.compile(r"['\"(].*|\w*|(?:now|current_timestamp)\(\d+\)", re.I | re.S)


class MySQL:
    """See Engine."""

    # The words of both engines: one more in quotes does no harm.
    unquoted = frozenset(
        {
            "delete_domain_id",
            "external",
            "library",
            "master_demote_to_replica",
            "master_demote_to_slave",
            "portion",
            "tablesample",
        }
    )
    adds_constraints = True
    renames_columns = False
    indexes_foreign_keys = True
    driver_commits_ddl = False

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        # A project may reach MariaDB by either name, and SQLAlchemy takes each name's own keywords alone.
        self._prefixes = ("mysql", "mariadb") if dialect.name == "mariadb" else ("mysql",)

    def check(self, step: Step) -> None:
        """One ALTER TABLE may do at once what one after the other cannot."""
        operations = step.operations
        if len(operations) < 2:
            return
        if any(map(_counts_up, operations)):
            raise Inexpressible("a column that counts up needs its key in the same statement")
        if _is_replaced(operations):
            raise Inexpressible("a key that others need is replaced at once")

    # -------------------------------------------------------------------------------------- columns

    def type_of(self, column: Column, table: Table | None = None) -> Code:
        found = kept(column.type)
        characters = {
            "charset": None if column.charset is None else literal(column.charset),
            "collation": None if column.collation is None else literal(column.collation),
        }
        if not any(characters.values()):
            return _type(found) or _verbatim(column)
        if found.base in _CHARACTERS:
            return call(f"mysql.{found.base.upper()}", *map(str, found.sizes), **characters)
        labels = _labels(found)
        return call(f"mysql.{found.base.upper()}", *labels, **characters) if labels else _verbatim(column)

    def default_of(self, column: Column) -> Code | None:
        default = column.default
        if column.on_update is not None:
            if default is None and not column.nullable:
                raise Inexpressible("SQLAlchemy has ON UPDATE only as the end of a default")
            return text(f"{default or 'NULL'} ON UPDATE {column.on_update}")
        if default is None:
            return None
        if _AS_IT_STANDS.fullmatch(default):
            return text(default)
        if _NUMBER.fullmatch(default):
            # In quotes it stays the value that it is; SQLAlchemy would make it an expression.
            return text(f"'{default}'")
        if _BITS.fullmatch(default):
            raise Inexpressible("SQLAlchemy takes bits for an expression")
        return text(default)

    def computed_of(self, column: Column) -> Code | None:
        if column.generated is None:
            return None
        return call("sa.Computed", text(column.generated.expression), persisted=str(column.generated.stored))

    def nullable(self, column: Column, table: Table | None) -> bool:
        # MariaDB takes no NOT NULL there: https://mariadb.com/kb/en/generated-columns/
        return column.nullable or (column.generated is not None and self._dialect.name == "mariadb")

    def column_keywords(self, column: Column, table: Table | None) -> Keywords:
        if column.options:
            raise Inexpressible("attributes of a column")
        key = table.primary_key.columns if table is not None and table.primary_key is not None else ()
        if column.identity is not None:
            if column.name not in key:
                raise Inexpressible("a column that counts up outside the primary key")
            return {"autoincrement": "True"}
        # SQLAlchemy makes the only integer column of a key count up unless it is told otherwise.
        return {"autoincrement": "False"} if key == (column.name,) and kept(column.type).base in _INTEGERS else {}

    # --------------------------------------------------------------------- tables, constraints, indexes

    def table_keywords(self, table: Table) -> Keywords:
        if table.options.keys() - _TABLE_OPTIONS.keys():
            raise Inexpressible("attributes of a table")
        found = {_TABLE_OPTIONS[key]: str(value) for key, value in table.options.items()}
        for column in table.columns:
            if column.identity is not None and column.identity.start is not None:
                found["auto_increment"] = str(column.identity.start)
        return {f"{prefix}_{key}": literal(value) for key, value in found.items() for prefix in self._prefixes}

    def constraint_keywords(self, constraint: Constraint, table: Table | None) -> Keywords:
        return {}

    def index_keys(self, index: Index) -> list[Code]:
        in_words = any(not _is_plain(key) for key in index.columns)
        return [self._in_words(key) if in_words else literal(key.column) for key in index.columns]

    def _in_words(self, key: IndexColumn) -> Code:
        words = f"({key.expression})" if key.column is None else self._dialect.quote(key.column)
        if key.prefix is not None:
            words += f"({key.prefix})"
        return text(words + (" DESC" if key.order == "desc" else ""))

    def index_keywords(self, index: Index) -> Keywords:
        keywords: Keywords = {}
        lengths = {key.column: str(key.prefix) for key in index.columns if key.column and key.prefix is not None}
        if lengths and all(map(_is_plain, index.columns)):
            keywords.update(self._named("length", dictionary(lengths)))
        if index.method in ("fulltext", "spatial"):
            keywords.update(self._named("prefix", literal(index.method.upper())))
        elif index.method is not None:
            keywords.update(self._named("using", literal(index.method)))
        return keywords

    def _named(self, key: str, value: Code) -> Keywords:
        return {f"{prefix}_{key}": value for prefix in self._prefixes}

    # -------------------------------------------------------------------------------------- changes

    def altered_column(self, change: Change, before: Column, after: Column) -> list[Keywords]:
        """MODIFY forgets what it is not told, so everything is said."""
        if after.generated is not None or before.generated is not None or before.identity != after.identity:
            raise Inexpressible("a change of how a value comes about")
        if after.options or before.options or after.invisible or before.invisible:
            raise Inexpressible("attributes of a column")
        keywords: Keywords = {
            "existing_type": self.type_of(before),
            "type_": self.type_of(after),
            "nullable": str(after.nullable),
            "server_default": self.default_of(after) or "None",
        }
        if after.identity is not None:
            keywords["autoincrement"] = "True"
        if after.comment is not None:
            keywords["comment"] = literal(after.comment)
        return [keywords]


def _verbatim(column: Column) -> Code:
    """The type in the server's words. Raises Inexpressible where a driver would take a percent sign for its own."""
    words = column.type
    if column.charset is not None:
        words += f" CHARACTER SET {column.charset}"
    if column.collation is not None:
        words += f" COLLATE {column.collation}"
    if "%" in words:
        raise Inexpressible("a percent sign in a type")
    return database_type(words)


def _type(found: ServerType) -> Code | None:
    """The type by SQLAlchemy's own name for it; None for one without."""
    base, sizes = found.base, list(map(str, found.sizes))
    if base in _INTEGERS:
        return _integer(found)
    signs = {word: "True" for word in ("unsigned", "zerofill") if word in found.words}
    if base == "decimal":
        return call("mysql.DECIMAL" if signs else "sa.Numeric", *sizes, **signs)
    if signs or (base in ("double", "float") and sizes):
        return None
    if base in ("datetime", "timestamp", "time") and sizes:
        return call(f"mysql.{base.upper()}", fsp=sizes[0])
    if base in _CHARACTERS or base in _SIZED:
        return call({**_CHARACTERS, **_SIZED}[base], *sizes)
    if labels := _labels(found):
        return call(f"mysql.{base.upper()}", *labels)
    return call(_PLAIN[base]) if base in _PLAIN else None


def _integer(found: ServerType) -> Code:
    keywords: Keywords = {word: "True" for word in ("unsigned", "zerofill") if word in found.words}
    if found.arguments:
        keywords = {"display_width": found.arguments, **keywords}
    if keywords.keys() == {"display_width"}:
        return call(_INTEGERS_WITH_WORDS[found.base], found.arguments)
    return call((_INTEGERS_WITH_WORDS if keywords else _INTEGERS)[found.base], **keywords)


def _labels(found: ServerType) -> list[str]:
    """The labels of an enum or set as literals; none where SQLAlchemy would not write them as they are."""
    if found.base not in ("enum", "set") or any("\\" in label or not label for label in found.labels):
        return []
    return list(map(literal, found.labels))


def _is_plain(key: IndexColumn) -> bool:
    """Whether nothing but a prefix is said of the column."""
    return key.column is not None and key.order == "asc"


def _counts_up(operation: Operation) -> bool:
    match operation:
        case Create(Column() as column) | Drop(Column() as column):
            return column.identity is not None
        case Change(Column() as before, Column() as after):
            return before.identity is not None or after.identity is not None
        case _:
            return False


def _is_replaced(operations: Sequence[Operation]) -> bool:
    """Whether a column goes and comes under one name, or a key goes and another takes over its first column.

    That key may be one that a foreign key, or a column that counts up, cannot be without for a moment.
    """
    dropped = {_served(operation.obj) for operation in operations if isinstance(operation, Drop)}
    created = {_served(operation.obj) for operation in operations if isinstance(operation, Create)}
    return bool((dropped & created) - {None})


def _served(obj: AnyObject) -> tuple[str, str | None] | None:
    """The column that something is, or that a key begins with; None for anything else."""
    match obj:
        case Column():
            return "column", obj.name
        case PrimaryKey():
            return "key", obj.columns[0]
        case Index():
            return "key", obj.columns[0].column
        case _:
            return None
