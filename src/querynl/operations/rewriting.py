"""What an engine knows of the names in its expressions."""

from __future__ import annotations

from typing import Protocol

from querynl.operations.state import Catalog
from querynl.schema import Column, Kind, Name, Ref, Table


class Rewriting(Protocol):
    """How names are found in an engine's expressions, and follow a rename."""

    def mentions(self, expression: str, name: str) -> bool:
        """Whether an expression names an identifier."""

    def rename_in_expression(self, expression: str, before: str, after: str) -> str:
        """The expression with one column replaced, quoted as the engine wants it; words and types stay."""

    def rename_type(self, column_type: str, ref: Ref, to: str) -> str:
        """A column's type after the rename of a type of the schema: the new name where it is of that one."""

    def rename_object_in_expression(self, expression: str, ref: Ref, to: str) -> str:
        """The expression with the name of a type or sequence, and of nothing else, replaced."""

    def with_names_kept(self, table: Table, ref: Ref, catalog: Catalog) -> Table:
        """A table that is about to be renamed, or a column of it, with what the engine has named after that listed."""

    def renamed_along(self, table: Table, ref: Ref, to: str) -> Table:
        """A table that was renamed, or a column of it, with what the engine renames by itself beside that."""

    def counter_of(self, table: Name, column: Column) -> Name | None:
        """The sequence that comes and goes with a column and counts for it, where the engine has such."""

    def counted_by(self, default: str) -> Name | None:
        """The sequence that a default takes numbers from."""

    def counts_once(self) -> bool:
        """Whether a column that counts waits for the end of the one in its table that counts already."""

    def minds_references(self, before: Table, after: Table) -> bool:
        """Whether a table can only become the other without some foreign keys of others, as of a logged one."""

    def folded(self, kind: Kind, name: str) -> str:
        """The name as the engine compares it with others of that kind, such as without case."""

    def shares_names(self, kind: Kind) -> bool:
        """Whether no two tables of a namespace may have parts of that kind with one name."""
