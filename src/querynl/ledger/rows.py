"""The rows of the history and of the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

Framework = Literal["raw", "flyway", "alembic"]
Direction = Literal["up", "down"]
Status = Literal["running", "applied", "failed", "rolled back"]


class Entry(Struct, frozen=True, kw_only=True):
    """What the history says about one migration: its last run, one way or the other.

    `run_number` counts the runs of this database. `checksum` and `file` are those of the file that was applied,
    None where there was none. `applied_at` stays when it is rolled back. Of the `statements_total` of that way,
    the first `statements_done` have run; while the status is running, the next one may have, too. `noted_as` is
    what its framework's own table calls it, None where that has nothing of it.
    """

    migration_id: str
    run_number: int = 0
    description: str = ""
    framework: Framework = "raw"
    file: str | None = None
    direction: Direction
    status: Status
    checksum: str | None = None
    applied_by: str = ""
    started_at: datetime
    applied_at: datetime | None = None
    duration_ms: int | None = None
    statements_total: int
    statements_done: int = 0
    error: str | None = None
    noted_as: str | None = None


class Mark(Struct, frozen=True, kw_only=True):
    """What the journal says about one statement of a run, counted from 1.

    Without `finished_at` it was about to run, and nobody saw its end; `trace` is then what the catalog told before
    it of all that it names (`Dialect.trace`), as a hash, None where that tells nothing.
    """

    run_number: int
    number: int
    migration_id: str
    direction: Direction
    statement: str
    trace: str | None = None
    started_at: datetime
    finished_at: datetime | None = None


class Scripts(Struct, frozen=True):
    """The SQL of a migration as it ran; `down` is None where there is no way back."""

    up: str
    down: str | None


def values_of(row: Entry | Mark) -> tuple[Any, ...]:
    """The fields as they are kept."""
    return tuple(kept(getattr(row, name)) for name in row.__struct_fields__)


def kept(value: Any) -> Any:
    """A field as it is kept: a time as text of one length, which sorts as time does."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
