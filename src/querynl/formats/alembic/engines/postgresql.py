"""PostgreSQL: https://docs.sqlalchemy.org/en/20/dialects/postgresql.html."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec.structs import replace

from querynl.dialects import Dialect
from querynl.dialects.postgresql.rendering.constraints import index_key
from querynl.dialects.postgresql.spelling import collation_text
from querynl.dialects.postgresql.types import conversion
from querynl.formats.alembic.code import Call, Code, call, dictionary, literal, names_of
from querynl.formats.alembic.engines.engine import Keywords
from querynl.formats.alembic.words import Inexpressible, database_type, in_brackets, text
from querynl.operations import Change
from querynl.plan import Step
from querynl.schema import Check, Column, Constraint, Enum, ForeignKey, Identity, Index, IndexColumn, Table, Unique

_TYPE = re.compile(r"(?P<name>[a-z0-9 ]+?)(?:\((?P<arguments>[\d,-]+)\))?(?P<rest> with(?:out)? time zone)?")

# A name, a number, a call without arguments, a text that is cast to a type.
_NEEDS_NO_BRACKETS = re.compile(
    r"[\w.]+(?:\(\))?|'(?:[^']|'')*'(?:::(?:character varying|timestamp with(?:out)? time zone|[\w.\[\]]+|\"[^\"]+\"))?"
)

_PLAIN = {
    "smallint": "sa.SmallInteger",
    "integer": "sa.Integer",
    "bigint": "sa.BigInteger",
    "numeric": "sa.Numeric",
    "real": "sa.REAL",
    "double precision": "sa.Double",
    "boolean": "sa.Boolean",
    "text": "sa.Text",
    "character varying": "sa.String",
    "date": "sa.Date",
    "uuid": "sa.Uuid",
    "bytea": "sa.LargeBinary",
    "json": "postgresql.JSON",
    "jsonb": "postgresql.JSONB",
    "bit": "postgresql.BIT",
    "interval": "postgresql.INTERVAL",
    "inet": "postgresql.INET",
    "cidr": "postgresql.CIDR",
    "macaddr": "postgresql.MACADDR",
    "money": "postgresql.MONEY",
    "oid": "postgresql.OID",
    "hstore": "postgresql.HSTORE",
    "tsvector": "postgresql.TSVECTOR",
    "tsquery": "postgresql.TSQUERY",
    "int4range": "postgresql.INT4RANGE",
    "int8range": "postgresql.INT8RANGE",
    "numrange": "postgresql.NUMRANGE",
    "tsrange": "postgresql.TSRANGE",
    "tstzrange": "postgresql.TSTZRANGE",
    "daterange": "postgresql.DATERANGE",
}
_WITH_ARGUMENTS = {"numeric", "character varying", "character", "bit", "bit varying", "interval"}
_TEXTS = {"text", "character varying", "character"}
_SERIALS = {"smallint": "SMALLSERIAL", "integer": "SERIAL", "bigint": "BIGSERIAL"}


class PostgreSQL:
    """See Engine. `enums` holds the labels of the enums that the migration itself makes or changes, by name."""

    unquoted = frozenset({"collation", "concurrently", "lateral", "system_user", "tablesample"})
    adds_constraints = True
    renames_columns = True
    indexes_foreign_keys = False
    driver_commits_ddl = False

    def __init__(self, dialect: Dialect, enums: Mapping[str, Enum]) -> None:
        self._dialect = dialect
        self._enums = enums

    def check(self, step: Step) -> None:
        """Every step is one operation; a column of a foreign table is retyped without a conversion."""
        for operation in step.operations:
            match operation:
                case Change(Column() as before, Column() as after):
                    converted = conversion(self._dialect.quote(after.name), before.type, after.type) is not None
                    if converted and not any(" USING " in statement.sql for statement in step.statements):
                        raise Inexpressible("a type that is changed without a conversion")

    # -------------------------------------------------------------------------------------- columns

    def type_of(self, column: Column, table: Table | None = None) -> Code:
        if column.identity is not None and column.identity.serial and not _counts_by_itself(column, table):
            return database_type(_SERIALS[column.type])
        return self._type(column.type, column.collation)

    def _type(self, words: str, collation: str | None) -> Code:
        if collation is not None and (words.partition("(")[0] not in _TEXTS or collation.startswith('"')):
            return database_type(f"{words} COLLATE {collation_text(collation)}")
        if words in self._enums:
            return _enum(self._enums[words])
        if words.endswith("[]"):
            return self._array(words)
        match = _TYPE.fullmatch(words)
        return (match and _known(match, collation)) or database_type(words)

    def _array(self, words: str) -> Code:
        element = self._type(words[:-2], None)
        known = isinstance(element, Call) and element.function.startswith(("sa.", "postgresql."))
        return call("postgresql.ARRAY", element) if known else database_type(words)

    def default_of(self, column: Column) -> Code | None:
        if column.default is None:
            return None
        # Some expressions are no default without brackets, which do none any harm.
        bare = _NEEDS_NO_BRACKETS.fullmatch(column.default) or in_brackets(column.default)
        return text(column.default if bare else f"({column.default})")

    def computed_of(self, column: Column) -> Code | None:
        if column.generated is not None:
            if not column.generated.stored:
                raise Inexpressible("SQLAlchemy 2.0 has no virtual columns on PostgreSQL")
            return call("sa.Computed", text(column.generated.expression), persisted="True")
        if column.identity is None or column.identity.serial:
            return None
        return _identity(column.identity)

    def nullable(self, column: Column, table: Table | None) -> bool:
        return column.nullable

    def column_keywords(self, column: Column, table: Table | None) -> Keywords:
        if column.options:
            raise Inexpressible("attributes of a column")
        if column.identity is not None and column.identity.serial and column.nullable:
            raise Inexpressible("a serial column that may be null")
        if _counts_by_itself(column, table):
            return {"autoincrement": "True"}
        # SQLAlchemy makes the only integer column of a key a SERIAL unless it is told otherwise.
        alone = table is not None and table.primary_key is not None and table.primary_key.columns == (column.name,)
        return {"autoincrement": "False"} if alone and column.identity is None and column.type in _SERIALS else {}

    # --------------------------------------------------------------------- tables, constraints, indexes

    def table_keywords(self, table: Table) -> Keywords:
        if table.options == {"unlogged": True}:
            return {"prefixes": names_of(["UNLOGGED"])}
        if table.options:
            raise Inexpressible("attributes of a table")
        return {}

    def constraint_keywords(self, constraint: Constraint, table: Table | None) -> Keywords:
        keywords: Keywords = {}
        if isinstance(constraint, Check | ForeignKey):
            if not constraint.validated:
                keywords["postgresql_not_valid"] = "True"
            return keywords
        if constraint.include:
            if table is None:
                raise Inexpressible("Alembic does not know the included columns of a table that is there")
            keywords["postgresql_include"] = names_of(constraint.include)
        if isinstance(constraint, Unique) and constraint.nulls_not_distinct:
            keywords["postgresql_nulls_not_distinct"] = "True"
        return keywords

    def index_keys(self, index: Index) -> list[Code]:
        return [self._index_key(key) for key in index.columns]

    def _index_key(self, key: IndexColumn) -> Code:
        if _is_plain(key):
            return literal(key.column)
        return text(index_key(key))

    def index_keywords(self, index: Index) -> Keywords:
        keywords: Keywords = {}
        if index.method is not None:
            keywords["postgresql_using"] = literal(index.method)
        classes = {
            key.column: literal(key.opclass) for key in index.columns if key.column and _is_plain(key) and key.opclass
        }
        if classes:
            keywords["postgresql_ops"] = dictionary(classes)
        if index.include:
            keywords["postgresql_include"] = names_of(index.include)
        if index.nulls_not_distinct:
            keywords["postgresql_nulls_not_distinct"] = "True"
        if index.where is not None:
            keywords["postgresql_where"] = text(index.where)
        return keywords

    # -------------------------------------------------------------------------------------- changes

    def altered_column(self, change: Change, before: Column, after: Column) -> list[Keywords]:
        if _attributes(before) != _attributes(after):
            raise Inexpressible("attributes of a column")
        if {before.type, after.type} & self._enums.keys():
            raise Inexpressible("a default that may name a label which comes or goes")
        if before.identity != after.identity:
            return [self._altered_identity(before, after)]
        keywords: Keywords = {"existing_type": self._type(before.type, before.collation)}
        calls = [keywords]
        retyped = (before.type, before.collation) != (after.type, after.collation)
        if retyped:
            keywords["type_"] = self._type(after.type, after.collation)
            using = change.using or conversion(self._dialect.quote(after.name), before.type, after.type)
            if using is not None:
                keywords["postgresql_using"] = literal(using)
        if before.nullable != after.nullable:
            keywords["nullable"] = str(after.nullable)
        if before.default != after.default or (retyped and before.default is not None):
            if retyped and before.default is not None:
                # The new type's default could not be made from the old one by itself.
                calls.insert(0, {"existing_type": self._type(before.type, before.collation), "server_default": "None"})
            if after.default is not None or not retyped:
                keywords["server_default"] = self.default_of(after) or "None"
        if before.comment != after.comment:
            keywords["comment"] = literal(after.comment)
            keywords["existing_comment"] = literal(before.comment)
        return calls

    def _altered_identity(self, before: Column, after: Column) -> Keywords:
        was, now = self.computed_of(before), self.computed_of(after)
        if (was is None) == (now is None) or replace(before, identity=after.identity) != after:
            raise Inexpressible("an identity that changes, or changes together with something else")
        return {
            "existing_type": self._type(after.type, after.collation),
            "server_default": now or "None",
            "existing_server_default": was or "None",
        }


def _attributes(column: Column) -> tuple[object, ...]:
    """What no `op.alter_column` changes, and what makes a serial column."""
    serial = column.identity is not None and column.identity.serial
    return (column.generated, column.options, column.on_update, column.charset, column.invisible, serial)


def _counts_by_itself(column: Column, table: Table | None) -> bool:
    """Whether SQLAlchemy writes SERIAL for the column because it is its table's key."""
    if column.identity is None or not column.identity.serial or table is None or table.primary_key is None:
        return False
    return table.primary_key.columns == (column.name,)


def _is_plain(key: IndexColumn) -> bool:
    """Whether nothing but an operator class is said of the column."""
    return key.column is not None and key.order == "asc" and key.nulls is None and key.collation is None


def _known(match: re.Match[str], collation: str | None) -> Call | None:
    """The type by SQLAlchemy's own name for it; None for one without."""
    name, arguments, zone = match["name"], match["arguments"], match["rest"]
    if zone is not None:
        return _moment(name, arguments, zone == " with time zone")
    numbers = arguments.split(",") if arguments else []
    if numbers and name not in _WITH_ARGUMENTS:
        return None
    collated = None if collation is None else literal(collation)
    if name == "interval" and numbers:
        return call("postgresql.INTERVAL", precision=numbers[0])
    if name == "character":
        return call("sa.CHAR", *numbers, collation=collated) if numbers else None
    if name == "bit varying":
        return call("postgresql.BIT", *numbers, varying="True")
    function = _PLAIN.get(name)
    return None if function is None else call(function, *numbers, collation=collated)


def _moment(name: str, precision: str | None, with_zone: bool) -> Call | None:
    if name not in ("time", "timestamp"):
        return None
    zone = "True" if with_zone else None
    if precision is None:
        return call("sa.DateTime" if name == "timestamp" else "sa.Time", timezone=zone)
    return call(f"postgresql.{name.upper()}", timezone=zone, precision=precision)


def _enum(enum: Enum) -> Call:
    """The enum's type, without a CREATE TYPE of its own."""
    schema = None if enum.namespace is None else literal(enum.namespace)
    labels = map(literal, enum.values)
    return call("postgresql.ENUM", *labels, name=literal(enum.name), schema=schema, create_type="False")


def _identity(identity: Identity) -> Call:
    return call(
        "sa.Identity",
        always="True" if identity.always else None,
        start=None if identity.start is None else literal(identity.start),
        increment=None if identity.increment is None else literal(identity.increment),
    )
