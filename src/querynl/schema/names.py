"""The kinds of object, and the addresses by which operations and plans speak of them."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """The kinds of object a schema is made of."""

    NAMESPACE = "namespace"
    EXTENSION = "extension"
    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE_TYPE = "composite type"
    SEQUENCE = "sequence"
    ROUTINE = "routine"
    PROCEDURE = "procedure"
    TABLE = "table"
    COLUMN = "column"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique constraint"
    FOREIGN_KEY = "foreign key"
    CHECK = "check constraint"
    EXCLUSION = "exclusion constraint"
    INDEX = "index"
    VIEW = "view"
    TRIGGER = "trigger"
    POLICY = "policy"
    RULE = "rule"
    EVENT = "event"
    GRANT = "grant"
    OWNERSHIP = "ownership"
    DEFAULT_PRIVILEGES = "default privileges"
    LANGUAGE = "language"
    ACCESS_METHOD = "access method"
    COLLATION = "collation"
    CONVERSION = "conversion"
    BASE_TYPE = "base type"
    RANGE_TYPE = "range type"
    CAST = "cast"
    TRANSFORM = "transform"
    OPERATOR = "operator"
    OPERATOR_FAMILY = "operator family"
    OPERATOR_CLASS = "operator class"
    TEXT_SEARCH_PARSER = "text search parser"
    TEXT_SEARCH_TEMPLATE = "text search template"
    TEXT_SEARCH_DICTIONARY = "text search dictionary"
    TEXT_SEARCH_CONFIGURATION = "text search configuration"
    FOREIGN_DATA_WRAPPER = "foreign data wrapper"
    SERVER = "server"
    USER_MAPPING = "user mapping"
    STATISTICS = "statistics"
    PUBLICATION = "publication"
    SUBSCRIPTION = "subscription"
    EVENT_TRIGGER = "event trigger"


class Name(NamedTuple):
    """The name of an object within its namespace; None is the connection's own (`public`, the database)."""

    namespace: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.namespace is None else f"{self.namespace}.{self.name}"


class Ref(NamedTuple):
    """The address of one object; `table` is set for what belongs to a table."""

    kind: Kind
    namespace: str | None
    name: str
    table: str | None = None

    @property
    def order(self) -> tuple[str, str, str, str]:
        """The key that canonical order sorts by."""
        return (self.kind, self.namespace or "", self.table or "", self.name)

    def __str__(self) -> str:
        parts = (self.namespace, self.table, self.name)
        return f"{self.kind} {'.'.join(part for part in parts if part is not None)}"
