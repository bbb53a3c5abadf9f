"""The tracking store, brought in line with what the database's own history says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

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
    kept_scripts = ran or {}
    changed = []
    try:
        entries = {entry.migration_id: entry for entry in ledger.entries()}
        for known in migrations:
            entry = entries.get(known.id)
            record = known.record
            if record is None and entry is not None:
                record = _adopted(known, entry, kept_scripts.get(known.id) or ledger.scripts(known.id), connection_name)
            elif record is not None and entry is not None and _ran_edited(known, record, entry):
                record = _rewritten(record, entry, kept_scripts.get(known.id) or ledger.scripts(known.id))
            if record is not None and (kept := _with_status(record, entry)) != known.record:
                changed.append(kept)
        save_migration_records(changed, store=store)
    except QueryNLError as error:
        return [f"The tracking store could not be brought in line: {error}"]
    return []


def _ran_edited(known: Known, record: MigrationRecord, entry: Entry) -> bool:
    """Whether the file that was applied was not the one that was generated."""
    ran, generated = entry.checksum, record.checksum
    if entry.status != "applied" or ran is None or generated is None:
        return False
    return known.edited if is_current(ran) != is_current(generated) else not say_the_same(ran, generated)


def _rewritten(record: MigrationRecord, entry: Entry, scripts: Scripts | None) -> MigrationRecord:
    """The record of what ran; the plan it was generated from tells nothing of that any more."""
    if scripts is None:
        return record
    return replace(record, sql_content=scripts.up, rollback_sql=scripts.down, checksum=entry.checksum, plan=None)


def _with_status(record: MigrationRecord, entry: Entry | None) -> MigrationRecord:
    status, applied_at = _status(entry)
    error = entry.error if entry is not None and entry.status == "failed" else None
    return replace(record, status=status, applied_at=applied_at, error_message=error)


def _status(entry: Entry | None) -> tuple[Status, datetime | None]:
    if entry is None or entry.status == "rolled back":
        return "pending", None
    untouched = entry.direction == "down" and entry.status == "failed" and entry.statements_done == 0
    if entry.status == "applied" or untouched:
        return "applied", entry.applied_at
    return "failed", None


def _adopted(known: Known, entry: Entry, scripts: Scripts | None, connection_name: str) -> MigrationRecord | None:
    if scripts is None:
        return None
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
    )
