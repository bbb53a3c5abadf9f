"""What a run came to."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from querynl.ledger import Entry


class Done(Struct, frozen=True, kw_only=True):
    """One migration that was applied, or rolled back, by this run."""

    id: str
    description: str
    statements: int
    duration_ms: int


class Report(Struct, frozen=True, kw_only=True):
    """What was done, in order; `skipped` are ids that another process did meanwhile; `notes` are whole sentences."""

    done: tuple[Done, ...] = ()
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def with_run(self, migration_id: str, entry: Entry | None) -> Report:
        """The report with one more run: the history's entry of it, or None where it was done already."""
        if entry is None:
            return replace(self, skipped=(*self.skipped, migration_id))
        run = Done(
            id=entry.migration_id,
            description=entry.description,
            statements=entry.statements_total,
            duration_ms=entry.duration_ms or 0,
        )
        return replace(self, done=(*self.done, run))


# Called after each migration with what has been done so far.
Reached = Callable[[Report], None]
