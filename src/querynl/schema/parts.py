"""What tables are made of: columns, constraints and indexes."""

from __future__ import annotations

from typing import Literal, TypeVar

from querynl.schema.model import Model
from querynl.schema.names import Name

OptionValue = str | int | float | bool
Action = Literal["no action", "restrict", "cascade", "set null", "set default"]


class Identity(Model, frozen=True):
    """A number the engine counts up: identity, serial or auto-increment."""

    start: int | None = None
    increment: int | None = None
    always: bool = False
    # PostgreSQL's serial is a sequence and a default; the engine's own identity is kept apart from it.
    serial: bool = False


class Generated(Model, frozen=True):
    """A value computed from the row's other columns."""

    expression: str
    stored: bool = True


class Column(Model, frozen=True):
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


class PrimaryKey(Model, frozen=True):
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    include: tuple[str, ...] = ()
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class Unique(Model, frozen=True):
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False
    include: tuple[str, ...] = ()
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class ForeignKey(Model, frozen=True):
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


class Check(Model, frozen=True):
    expression: str
    name: str | None = None
    validated: bool = True
    enforced: bool = True
    inherited: bool = True
    options: dict[str, OptionValue] = {}
    comment: str | None = None


class IndexColumn(Model, frozen=True):
    """One key of an index: a column or an expression."""

    column: str | None = None
    expression: str | None = None
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] | None = None
    prefix: int | None = None
    opclass: str | None = None
    collation: str | None = None


class Index(Model, frozen=True):
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


class ExclusionElement(Model, frozen=True, kw_only=True):
    """What two rows are compared by, a column or an expression, and the operator that compares them."""

    column: str | None = None
    expression: str | None = None
    operator: str
    order: Literal["asc", "desc"] = "asc"
    nulls: Literal["first", "last"] | None = None
    opclass: str | None = None
    collation: str | None = None


class Exclusion(Model, frozen=True):
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


IndexKey = IndexColumn | ExclusionElement
Part = Column | PrimaryKey | Unique | ForeignKey | Check | Exclusion | Index
Constraint = PrimaryKey | Unique | ForeignKey | Check | Exclusion
PartT = TypeVar("PartT", Unique, ForeignKey, Check, Exclusion, Index)
