"""The tracking store, brought in line with what the database's own history says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TypedDict

from msgspec.structs import replace

from querynl.errors import QueryNLError
from querynl.formats.checksums import is_current, say_the_same
from querynl.ledger import Entry, Ledger, Scripts
from querynl.registry import MigrationRecord, Status, Store, save_migration_records
from querynl.runner.known import Known


def bring_in_line(
    migrations: Iterable[Known],
    ledger: Ledger,
    *,
    connection_name: str,
    store: Store = None,
    ran: Mapping[str, Scripts] | None = None,
) -> list[str]:
    """Make the store say of each migration what the history says now, adopting what it does not have.

    `ran` are scripts that the history has just been given, and need not be asked for. Returns sentences about what
    could not be kept: the history is the truth, so that is no failure.
    """
    changed = []
    try:
        entries = {entry.migration_id: entry for entry in ledger.entries()}
        found = [(known, entries.get(known.id)) for known in migrations]
        scripts = dict(ran or {})
        wanting = [known.id for known, entry in found if entry is not None and _wants_scripts(known, entry)]
        scripts |= ledger.scripts_of([id for id in wanting if id not in scripts])
        for known, entry in found:
            record = known.record
            if entry is not None and known.id in scripts and _wants_scripts(known, entry):
                record = _of_what_ran(known, entry, scripts[known.id], connection_name)
            elif record is not None:
                record = replace(record, **_standing(entry))
            if record is not None and record != known.record:
                changed.append(record)
        save_migration_records(changed, store=store)
    except QueryNLError as error:
        return [f"The tracking store could not be brought in line: {error}"]
    return []


def _wants_scripts(known: Known, entry: Entry) -> bool:
    """Whether the store has no record of the migration, or one of another file than that which was applied."""
    return known.record is None or _ran_edited(known, known.record, entry)


def _ran_edited(known: Known, record: MigrationRecord, entry: Entry) -> bool:
    """Whether the file that was applied was not the one that was generated."""
    ran, generated = entry.checksum, record.checksum
    if entry.status != "applied" or ran is None or generated is None:
        return False
    return known.edited if is_current(ran) != is_current(generated) else not say_the_same(ran, generated)


class _Standing(TypedDict):
    status: Status
    applied_at: datetime | None
    error_message: str | None


def _standing(entry: Entry | None) -> _Standing:
    """What a record says of how its migration stands."""
    status, applied_at = _status(entry)
    error = entry.error if entry is not None and entry.status == "failed" else None
    return {"status": status, "applied_at": applied_at, "error_message": error}


def _status(entry: Entry | None) -> tuple[Status, datetime | None]:
    if entry is None or entry.status == "rolled back":
        return "pending", None
    untouched = entry.direction == "down" and entry.status == "failed" and entry.statements_done == 0
    if entry.status == "applied" or untouched:
        return "applied", entry.applied_at
    return "failed", None


def _of_what_ran(known: Known, entry: Entry, scripts: Scripts, connection_name: str) -> MigrationRecord:
    """The record of what ran; a plan that something else was generated from tells nothing of that."""
    if known.record is not None:
        return replace(
            known.record,
            sql_content=scripts.up,
            rollback_sql=scripts.down,
            checksum=entry.checksum,
            plan=None,
            **_standing(entry),
        )
    file = known.file
    return MigrationRecord(
        migration_id=known.id,
        connection_name=connection_name,
        framework=known.framework,
        sql_content=scripts.up,
        rollback_sql=scripts.down,
        description=known.description,
        created_at=datetime.now(UTC),
        checksum=entry.checksum,
        file=str(file.path.absolute()) if file else None,
        down_file=str(file.down_path.absolute()) if file and file.down_path else None,
        **_standing(entry),
    )
