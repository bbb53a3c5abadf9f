"""What comparing two schemas asks of an engine: the narrow questions a dialect answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from querynl.operations import Catalog, Change, Drop, Rewriting
from querynl.schema import AnyObject, DefaultPrivileges, Grant, Kind, Name, Table


class Rules(Rewriting, Protocol):
    """What the comparison asks of an engine."""

    def alters(self, before: AnyObject, after: AnyObject, table: Name | None) -> bool:
        """Whether the engine can turn one into the other in place, keeping its rows; else it is dropped and created."""

    def renames(self, kind: Kind) -> bool:
        """Whether the engine can give such an object another name."""

    def stays(self, before: Table, after: Table) -> bool:
        """Whether a table that changes so may stay with its parents meanwhile."""

    def parted(self, table: Table, kept: Sequence[Name], catalog: Catalog) -> Table:
        """A table as it stands once it has no other parents than those: what the others gave it is its own."""

    def without_repeated(self, before: Table, after: Table, start: Catalog, end: Catalog) -> tuple[Table, Table]:
        """A table of the same parents before and after, without what it only says again as they have it."""

    def blocks(self, operation: Drop | Change, dependent: AnyObject) -> bool:
        """Whether something that uses the object must be dropped before the operation and created again after it."""

    def freed(self, dependent: AnyObject, operation: Drop | Change) -> AnyObject:
        """What stays while the object is dropped and made anew, without what of it would be in the way, such as a
        default that calls a function; of a changed type, a default that may not be one of its values any more."""

    def granted_to_new(
        self, obj: AnyObject, table: Name | None, creator: str | None, defaults: Iterable[DefaultPrivileges]
    ) -> Iterable[Grant]:
        """What the engine grants by itself on an object that `creator` creates, or on the counter of a column.

        The creator None is whoever runs migrations.
        """
