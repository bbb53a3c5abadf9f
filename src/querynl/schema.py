"""The schema model: frozen structs for what a database should be, and names for what is in it.

A schema is plain data. It knows no database, does no I/O and is never changed in place. In canonical
form (`canonical`) its objects stand in the order of their names, so equal schemas have equal bytes.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

FORMAT_VERSION = 1

OptionValue = str | int | float | bool
Action = Literal["no action", "restrict", "cascade", "set null", "set default"]


class Kind(StrEnum):
    """The kinds of object a schema is made of."""

    NAMESPACE = "namespace"
    EXTENSION = "extension"
    ENUM = "enum"
    DOMAIN = "domain"
    COMPOSITE_TYPE = "composite type"
    SEQUENCE = "sequence"
    ROUTINE = "routine"
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


class _Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Common settings: immutable, strict about keys, silent about defaults.

    No object of a schema refers back to what holds it, so none needs to be searched for cycles, which would
    take half the time that a large schema takes.
    """


class Dependency(_Model, frozen=True):
    """Something a view, routine, trigger or policy needs, as the engine's catalog tells."""

    kind: Kind
    name: str
    namespace: str | None = None
    table: str | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.namespace, self.name, self.table)


class Identity(_Model, frozen=True):
    """A number the engine counts up: identity, serial or auto-increment."""

    start: int | None = None
    increment: int | None = None
    always: bool = False
    # PostgreSQL's serial is a sequence and a default; the engine's own identity is kept apart from it.
    serial: bool = False


class Generated(_Model, frozen=True):
    """A value computed from the row's other columns."""

    expression: str
    stored: bool = True


class Column(_Model, frozen=True):
    """A column; `type`, `default` and expressions are SQL text."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    identity: Identity | None = None
    generated: Generated | None = None
    collation: str | None = None
    charset: str | None = None
    on_update: str | None = None
    invisible: bool = False
    comment: str | None = None
    options: dict[str, OptionValue] = {}
    renamed_from: str | None = None


class PrimaryKey(_Model, frozen=True):
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    include: tuple[str, ...] = ()
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class Unique(_Model, frozen=True):
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False
    include: tuple[str, ...] = ()
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class ForeignKey(_Model, frozen=True):
    columns: tuple[str, ...]
    references: str
    referenced_columns: tuple[str, ...] = ()
    references_namespace: str | None = None
    name: str | None = None
    on_delete: Action = "no action"
    on_update: Action = "no action"
    match: Literal["simple", "full"] = "simple"
    deferrable: bool = False
    initially_deferred: bool = False
    validated: bool = True
    options: dict[str, OptionValue] = {}
    comment: str | None = None

    @property
    def target(self) -> Name:
        return Name(self.references_namespace, self.references)


class Check(_Model, frozen=True):
    expression: str
    name: str | None = None
    validated: bool = True
    enforced: bool = True
    inherited: bool = True
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class IndexColumn(_Model, frozen=True):
    """One key of an index: a column or an expression."""

    column: str | None = None
    expression: str | None = None
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] | None = None
    prefix: int | None = None
    opclass: str | None = None
    collation: str | None = None


class Index(_Model, frozen=True):
    columns: tuple[IndexColumn, ...]
    name: str | None = None
    unique: bool = False
    method: str | None = None
    include: tuple[str, ...] = ()
    where: str | None = None
    nulls_not_distinct: bool = False
    invisible: bool = False
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    renamed_from: str | None = None


class ExclusionElement(_Model, frozen=True, kw_only=True):
    """What two rows are compared by, a column or an expression, and the operator that compares them."""

    column: str | None = None
    expression: str | None = None
    operator: str
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] | None = None
    opclass: str | None = None
    collation: str | None = None


class Exclusion(_Model, frozen=True):
    """No two rows for which every element's operator holds; an index finds them."""

    elements: tuple[ExclusionElement, ...]
    name: str | None = None
    method: str | None = None
    include: tuple[str, ...] = ()
    where: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class Table(_Model, frozen=True):
    name: str
    namespace: str | None = None
    columns: tuple[Column, ...] = ()
    primary_key: PrimaryKey | None = None
    uniques: tuple[Unique, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    indexes: tuple[Index, ...] = ()
    # The tables whose columns this one has as well: the one it is a partition of, or those it inherits from.
    inherits: tuple[Name, ...] = ()
    # The composite type whose attributes are the columns.
    of_type: str | None = None
    # The foreign server that holds its rows; here there are none.
    server: str | None = None
    comment: str | None = None
    options: dict[str, OptionValue] = {}
    renamed_from: str | None = None

    @property
    def key(self) -> Name:
        return Name(self.namespace, self.name)

    def column(self, name: str) -> Column | None:
        """The column of that exact name."""
        return next((column for column in self.columns if column.name == name), None)


class Namespace(_Model, frozen=True):
    name: str
    comment: str | None = None
    renamed_from: str | None = None


class Extension(_Model, frozen=True):
    name: str
    namespace: str | None = None
    version: str | None = None
    comment: str | None = None


class Enum(_Model, frozen=True):
    name: str
    values: tuple[str, ...]
    namespace: str | None = None
    comment: str | None = None
    renamed_from: str | None = None


class Domain(_Model, frozen=True):
    name: str
    type: str
    namespace: str | None = None
    nullable: bool = True
    default: str | None = None
    collation: str | None = None
    checks: tuple[Check, ...] = ()
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()
    renamed_from: str | None = None


class Attribute(_Model, frozen=True):
    """One of the values that a composite type is made of."""

    name: str
    type: str
    collation: str | None = None
    comment: str | None = None


class CompositeType(_Model, frozen=True):
    """A type whose values are rows; the row of a table is an attribute of the table."""

    name: str
    attributes: tuple[Attribute, ...]
    namespace: str | None = None
    comment: str | None = None
    renamed_from: str | None = None


class Sequence(_Model, frozen=True):
    """A sequence of its own; one that serves an identity or serial column is an attribute of that column."""

    name: str
    namespace: str | None = None
    type: str | None = None
    start: int | None = None
    increment: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    cache: int | None = None
    cycle: bool = False
    owned_by: tuple[str, str] | None = None
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    renamed_from: str | None = None


class Routine(_Model, frozen=True):
    """A function, procedure or aggregate; `definition` is the engine's whole CREATE statement."""

    name: str
    kind: Literal["function", "procedure", "aggregate"]
    definition: str
    namespace: str | None = None
    arguments: str = ""
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class View(_Model, frozen=True):
    """A view; `definition` is the query alone, `options` what stands around it."""

    name: str
    definition: str
    namespace: str | None = None
    materialized: bool = False
    columns: tuple[str, ...] = ()
    options: dict[str, OptionValue] = {}
    indexes: tuple[Index, ...] = ()
    comment: str | None = None
    column_comments: dict[str, str] = {}
    column_defaults: dict[str, str] = {}
    depends_on: tuple[Dependency, ...] = ()
    renamed_from: str | None = None


class Trigger(_Model, frozen=True):
    """A trigger; `definition` is the engine's whole CREATE TRIGGER statement."""

    name: str
    table: str
    definition: str
    namespace: str | None = None
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class Policy(_Model, frozen=True):
    """A row-level security policy."""

    name: str
    table: str
    namespace: str | None = None
    command: Literal["all", "select", "insert", "update", "delete"] = "all"
    permissive: bool = True
    roles: tuple[str, ...] = ("public",)
    using: str | None = None
    check: str | None = None
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class Definition(_Model, frozen=True, kw_only=True):
    """An object that is known by the statement that makes it, `definition`; `kind` says what it is.

    What the engine can change later is no part of the statement but among the `options`. `arguments` stand where
    several objects may share a name. `table` is the one that a rule or the like is on.
    """

    kind: Kind
    name: str
    definition: str
    namespace: str | None = None
    table: str | None = None
    arguments: str = ""
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class Grant(_Model, frozen=True):
    """What a role may do with an object, or with one column of it, beside what the engine lets it do by itself.

    `role` None is the object's owner, "public" everybody. `revoked` is what the engine would have let it do.
    With a column, a sequence is the one that counts for that column of the table `name`.
    """

    on: Kind
    name: str
    namespace: str | None = None
    column: str | None = None
    role: str | None = None
    privileges: tuple[str, ...] = ()
    with_grant_option: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    @property
    def object(self) -> Ref:
        """The address of what the privileges are on; a column's and its sequence's are those of the table."""
        holder = Kind.TABLE if self.column is not None and self.on is Kind.SEQUENCE else self.on
        return Ref(holder, self.namespace, self.name)


class Ownership(_Model, frozen=True):
    """The role that owns an object; without one it is owned by whoever runs migrations."""

    on: Kind
    name: str
    role: str
    namespace: str | None = None

    @property
    def object(self) -> Ref:
        return Ref(self.on, self.namespace, self.name)


class DefaultPrivileges(_Model, frozen=True):
    """What a role may do with every new object of a kind that `owner` creates in a namespace, or in any.

    `owner` None is whoever runs migrations, `role` None the owner. Those of one namespace are added to those of all,
    and `revoked` is for these alone.
    """

    objects: Literal["tables", "sequences", "functions", "types", "schemas"]
    owner: str | None = None
    namespace: str | None = None
    role: str | None = None
    privileges: tuple[str, ...] = ()
    with_grant_option: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from the others of its namespace."""
        return f"of {self.owner or 'oneself'} on {self.objects} to {self.role or 'their owner'}"


IndexKey = IndexColumn | ExclusionElement
Part = Column | PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index
Constraint = PrimaryKey | Unique | ForeignKey | Check | Exclusion
PartT = TypeVar("PartT", Unique, ForeignKey, Check, Exclusion, Index)
# What is said about who may do what with other objects.
Privilege = Grant | Ownership | DefaultPrivileges
SchemaObject = (
    Namespace
    | Extension
    | Enum
    | Domain
    | CompositeType
    | Sequence
    | Routine
    | Table
    | View
    | Trigger
    | Policy
    | Definition
    | Grant
    | Ownership
    | DefaultPrivileges
)
AnyObject = SchemaObject | Part

# The kind of each class but `Definition`, whose objects say theirs.
KINDS: dict[type[AnyObject], Kind] = {
    Namespace: Kind.NAMESPACE,
    Extension: Kind.EXTENSION,
    Enum: Kind.ENUM,
    Domain: Kind.DOMAIN,
    CompositeType: Kind.COMPOSITE_TYPE,
    Sequence: Kind.SEQUENCE,
    Routine: Kind.ROUTINE,
    Table: Kind.TABLE,
    Column: Kind.COLUMN,
    PrimaryKey: Kind.PRIMARY_KEY,
    Unique: Kind.UNIQUE,
    ForeignKey: Kind.FOREIGN_KEY,
    Check: Kind.CHECK,
    Exclusion: Kind.EXCLUSION,
    Index: Kind.INDEX,
    View: Kind.VIEW,
    Trigger: Kind.TRIGGER,
    Policy: Kind.POLICY,
    Grant: Kind.GRANT,
    Ownership: Kind.OWNERSHIP,
    DefaultPrivileges: Kind.DEFAULT_PRIVILEGES,
}
PRIVILEGE_KINDS = (Kind.GRANT, Kind.OWNERSHIP, Kind.DEFAULT_PRIVILEGES)
# The kinds of `Definition`, and those of them that are types of columns.
DEFINED = frozenset(Kind) - frozenset(KINDS.values())
DEFINED_TYPES = (Kind.BASE_TYPE, Kind.RANGE_TYPE)


class Schema(_Model, frozen=True):
    """Everything one database holds.

    `dialect` None means portable: types and expressions are those every engine has. `unmanaged` counts
    what inspection saw and QueryNL does not manage, by the plural name of its kind.
    """

    querynl: int = FORMAT_VERSION
    name: str | None = None
    dialect: Literal["postgresql", "mysql", "mariadb", "sqlite"] | None = None
    tables: tuple[Table, ...] = ()
    enums: tuple[Enum, ...] = ()
    views: tuple[View, ...] = ()
    routines: tuple[Routine, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    domains: tuple[Domain, ...] = ()
    composite_types: tuple[CompositeType, ...] = ()
    extensions: tuple[Extension, ...] = ()
    policies: tuple[Policy, ...] = ()
    definitions: tuple[Definition, ...] = ()
    namespaces: tuple[Namespace, ...] = ()
    owners: tuple[Ownership, ...] = ()
    grants: tuple[Grant, ...] = ()
    default_privileges: tuple[DefaultPrivileges, ...] = ()
    unmanaged: dict[str, int] = {}


# The field of `Schema` that holds each kind.
FIELDS: dict[Kind, str] = {
    Kind.NAMESPACE: "namespaces",
    Kind.EXTENSION: "extensions",
    Kind.ENUM: "enums",
    Kind.DOMAIN: "domains",
    Kind.COMPOSITE_TYPE: "composite_types",
    Kind.SEQUENCE: "sequences",
    Kind.ROUTINE: "routines",
    Kind.TABLE: "tables",
    Kind.VIEW: "views",
    Kind.TRIGGER: "triggers",
    Kind.POLICY: "policies",
    **dict.fromkeys(sorted(DEFINED), "definitions"),
    Kind.OWNERSHIP: "owners",
    Kind.GRANT: "grants",
    Kind.DEFAULT_PRIVILEGES: "default_privileges",
}
# Those fields, each once.
SECTIONS = tuple(dict.fromkeys(FIELDS.values()))


def kind_of(obj: AnyObject) -> Kind:
    return obj.kind if isinstance(obj, Definition) else KINDS[type(obj)]


def ref_of(obj: AnyObject, table: Name | None = None) -> Ref:
    """The address of an object; `table` is the one that a part belongs to."""
    match obj:
        case Namespace():
            return Ref(Kind.NAMESPACE, None, obj.name)
        case Extension():
            # An extension is one to a database, in whatever namespace its objects lie.
            return Ref(Kind.EXTENSION, None, obj.name)
        case Routine():
            return Ref(Kind.ROUTINE, obj.namespace, f"{obj.name}({obj.arguments})")
        case Trigger() | Policy():
            return Ref(kind_of(obj), obj.namespace, obj.name, obj.table)
        case Definition():
            name = f"{obj.name}({obj.arguments})" if obj.arguments else obj.name
            # The names of rules are those of a table, all others those of a namespace.
            return Ref(obj.kind, obj.namespace, name, obj.table if obj.kind is Kind.RULE else None)
        case Grant():
            column = "" if obj.column is None else f"column {obj.column} of "
            return Ref(Kind.GRANT, obj.namespace, f"on {column}{obj.on} {obj.name} to {obj.role or 'its owner'}")
        case Ownership():
            return ownership_of(obj.object)
        case Column() | PrimaryKey() | Unique() | ForeignKey() | Check() | Exclusion() | Index():
            assert table is not None, "a part has a table"
            return Ref(kind_of(obj), table.namespace, part_name(obj), table.name)
        case _:
            return Ref(kind_of(obj), obj.namespace, obj.name)


def ownership_of(ref: Ref) -> Ref:
    """The address of the ownership of the object at an address."""
    return Ref(Kind.OWNERSHIP, ref.namespace, f"of {ref.kind} {ref.name}")


def part_name(part: Part) -> str:
    """The name of a part, or a text made of its structure where it has none (as on SQLite)."""
    if part.name is not None:
        return part.name
    match part:
        case PrimaryKey():
            return ""
        case Check():
            return f"({part.expression})"
        case Index():
            return f"({', '.join(key.column or key.expression or '' for key in part.columns)})"
        case Exclusion():
            return f"({', '.join(f'{key.column or key.expression} WITH {key.operator}' for key in part.elements)})"
        case ForeignKey():
            return f"({', '.join(part.columns)}) to {part.target}({', '.join(part.referenced_columns)})"
        case _:
            return f"({', '.join(part.columns)})"


_NAME_IN_TYPE = re.compile(r'(?:"((?:[^"]|"")*)"|([^".\[]+))(\.?)')


def type_name(text: str) -> Name:
    """The name that a column's type would be if it is one of the schema's own, or an array of those."""
    parts: list[str] = []
    for match in _NAME_IN_TYPE.finditer(text):
        parts.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        if not match[3]:
            break
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1] if parts else "")


def objects(schema: Schema) -> list[SchemaObject]:
    """Every object of a schema that is not part of a table, kind by kind."""
    return [obj for field in SECTIONS for obj in getattr(schema, field)]


def canonical(schema: Schema) -> Schema:
    """The same schema with everything but columns in the order of names, and no trace of renames."""
    changes: dict[str, Any] = {
        field: tuple(sorted(map(settled, getattr(schema, field)), key=lambda obj: ref_of(obj).order))
        for field in SECTIONS
    }
    return msgspec.structs.replace(schema, **changes)


def settled(obj: SchemaObject) -> SchemaObject:
    """The object with the parts of a table in order, and its declared renames forgotten."""
    if isinstance(obj, Table):
        return _settled_table(obj)
    if isinstance(obj, View) and obj.indexes:
        return msgspec.structs.replace(obj, indexes=_sorted_parts(obj.indexes), renamed_from=None)
    if getattr(obj, "renamed_from", None) is not None:
        return msgspec.structs.replace(obj, renamed_from=None)
    return obj


def _settled_table(table: Table) -> Table:
    changes: dict[str, Any] = {}
    for field in ("uniques", "foreign_keys", "checks", "exclusions", "indexes"):
        parts = getattr(table, field)
        if len(parts) > 1:
            changes[field] = _sorted_parts(parts)
    if any(column.renamed_from is not None for column in table.columns):
        changes["columns"] = tuple(msgspec.structs.replace(column, renamed_from=None) for column in table.columns)
    if any(index.renamed_from is not None for index in table.indexes):
        indexes = changes.get("indexes", table.indexes)
        changes["indexes"] = tuple(msgspec.structs.replace(index, renamed_from=None) for index in indexes)
    if table.renamed_from is not None:
        changes["renamed_from"] = None
    return msgspec.structs.replace(table, **changes) if changes else table


def _sorted_parts(parts: tuple[PartT, ...]) -> tuple[PartT, ...]:
    return tuple(sorted(parts, key=part_name))
