"""What the code of a migration asks of an engine: its types, its defaults, and the keywords only it has."""

from __future__ import annotations

from typing import Protocol

from querynl.formats.alembic.code import Code
from querynl.operations import Change
from querynl.plan import Step
from querynl.schema import Column, Constraint, Index, Table

Keywords = dict[str, Code]


class Engine(Protocol):
    """One engine's vocabulary in SQLAlchemy and Alembic. Every method may raise Inexpressible.

    `table` is the new table that something is part of; None where it is added to one that is there.
    """

    # Names that the engine reserves and SQLAlchemy does not put in quotes.
    unquoted: frozenset[str]

    # Whether Alembic can add a constraint to a table that is there.
    adds_constraints: bool

    # Whether Alembic renames a column without restating all of it.
    renames_columns: bool

    # Whether the engine makes an index for every foreign key that has none.
    indexes_foreign_keys: bool

    # Whether Python's driver commits each change of the schema by itself, though the engine would not.
    driver_commits_ddl: bool

    def check(self, step: Step) -> None:
        """Raise Inexpressible for a step that single operations would not make as the plan does."""

    def type_of(self, column: Column, table: Table | None = None) -> Code:
        """The column's type, its character set and collation included."""

    def default_of(self, column: Column) -> Code | None:
        """The column's `server_default`."""

    def computed_of(self, column: Column) -> Code | None:
        """How the column's value comes about by itself, where a type and a default do not say it."""

    def nullable(self, column: Column, table: Table | None) -> bool:
        """Whether the column is written without NOT NULL."""

    def column_keywords(self, column: Column, table: Table | None) -> Keywords:
        """What else there is to say of a column."""

    def table_keywords(self, table: Table) -> Keywords:
        """The table's options."""

    def constraint_keywords(self, constraint: Constraint, table: Table | None) -> Keywords:
        """What only this engine has to say of a constraint."""

    def index_keys(self, index: Index) -> list[Code]:
        """The keys of an index: names of columns, or SQL."""

    def index_keywords(self, index: Index) -> Keywords:
        """What else there is to say of an index."""

    def altered_column(self, change: Change, before: Column, after: Column) -> list[Keywords]:
        """The keywords of each `op.alter_column` that it takes to turn one column into the other."""
