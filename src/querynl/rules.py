"""What comparing two schemas asks of an engine: the narrow questions a dialect answers."""

from __future__ import annotations

from typing import Protocol

from querynl.operations import Change, Drop, Rewriting
from querynl.schema import AnyObject, Kind, Name


class Rules(Rewriting, Protocol):
    """What the comparison asks of an engine."""

    def alters(self, before: AnyObject, after: AnyObject, table: Name | None) -> bool:
        """Whether the engine can turn one into the other in place, keeping its rows; else it is dropped and created."""

    def renames(self, kind: Kind) -> bool:
        """Whether the engine can give such an object another name."""

    def blocks(self, operation: Drop | Change, dependent: AnyObject) -> bool:
        """Whether something that uses the object must be dropped before the operation and created again after it."""
