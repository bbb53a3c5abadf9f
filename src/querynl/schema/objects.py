"""The objects of a schema, and the schema that holds them."""

from __future__ import annotations

from typing import Literal

from querynl.schema.model import Model
from querynl.schema.names import Kind, Name, Ref
from querynl.schema.parts import Check, Column, Exclusion, ForeignKey, Index, OptionValue, Part, PrimaryKey, Unique
from querynl.schema.privileges import DefaultPrivileges, Grant, Ownership

FORMAT_VERSION = 1


class Dependency(Model, frozen=True):
    """Something a view, routine, trigger or policy needs, as the engine's catalog tells."""

    kind: Kind
    name: str
    namespace: str | None = None
    table: str | None = None

    @property
    def ref(self) -> Ref:
        return Ref(self.kind, self.namespace, self.name, self.table)


class Table(Model, frozen=True):
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


class Namespace(Model, frozen=True):
    name: str
    comment: str | None = None
    renamed_from: str | None = None


class Extension(Model, frozen=True):
    name: str
    namespace: str | None = None
    version: str | None = None
    comment: str | None = None


class Enum(Model, frozen=True):
    name: str
    values: tuple[str, ...]
    namespace: str | None = None
    comment: str | None = None
    renamed_from: str | None = None


class Domain(Model, frozen=True):
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


class Attribute(Model, frozen=True):
    """One of the values that a composite type is made of."""

    name: str
    type: str
    collation: str | None = None
    comment: str | None = None


class CompositeType(Model, frozen=True):
    """A type whose values are rows; the row of a table is an attribute of the table."""

    name: str
    attributes: tuple[Attribute, ...]
    namespace: str | None = None
    comment: str | None = None
    renamed_from: str | None = None


class Sequence(Model, frozen=True):
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


class Routine(Model, frozen=True):
    """A function, procedure or aggregate; `definition` is the engine's whole CREATE statement."""

    name: str
    kind: Literal["function", "procedure", "aggregate"]
    definition: str
    namespace: str | None = None
    arguments: str = ""
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class View(Model, frozen=True):
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


class Trigger(Model, frozen=True):
    """A trigger; `definition` is the engine's whole CREATE TRIGGER statement."""

    name: str
    table: str
    definition: str
    namespace: str | None = None
    options: dict[str, OptionValue] = {}
    comment: str | None = None
    depends_on: tuple[Dependency, ...] = ()


class Policy(Model, frozen=True):
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


class Definition(Model, frozen=True, kw_only=True):
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
# The kind of each class but `Definition`, whose objects say theirs; procedures among routines have one of their own.
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
# The kinds of routine: MySQL has a procedure and a function of one name and the same arguments.
ROUTINES = (Kind.ROUTINE, Kind.PROCEDURE)
# The kinds of `Definition`, and those of them that are types of columns.
DEFINED = frozenset(Kind) - {*KINDS.values(), *ROUTINES}
DEFINED_TYPES = (Kind.BASE_TYPE, Kind.RANGE_TYPE)
# The kinds of `Definition` that are called by the type that they are of.
NAMED_BY_TYPE = (Kind.CAST, Kind.TRANSFORM)


class Schema(Model, frozen=True):
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
    **dict.fromkeys(ROUTINES, "routines"),
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
    match obj:
        case Definition():
            return obj.kind
        case Routine(kind="procedure"):
            return Kind.PROCEDURE
        case _:
            return KINDS[type(obj)]


def objects(schema: Schema) -> list[SchemaObject]:
    """Every object of a schema that is not part of a table, kind by kind."""
    return [obj for field in SECTIONS for obj in getattr(schema, field)]
