"""Every migration that is known of: the tracking store's records, the folder's files and the database's history."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from querynl.dialects import Dialect
from querynl.errors import MigrationMissing, SourceUnreadable
from querynl.formats import Framework, MigrationFile, find
from querynl.ledger import Entry, Ledger
from querynl.plan import Plan, from_json
from querynl.registry import MigrationRecord, Store, get_migrations
from querynl.runner.frameworks import Frameworks
from querynl.runner.squashed import absorbed


class Status(StrEnum):
    """Where a migration stands in one database."""

    PENDING = "pending"
    # Pending, and before others that were applied.
    OUT_OF_ORDER = "out of order"
    APPLIED = "applied"
    FAILED = "failed"
    # A process ended between two statements that each stand for themselves.
    # Or of what a squashed one replaces, only a part stands.
    PARTIALLY_APPLIED = "partially applied"
    # Its framework's own table says that it stands, and our history does not.
    ELSEWHERE = "applied by another tool"
    # Applied, and its file was edited since.
    CHANGED = "changed"
    # Applied, and its file is gone.
    MISSING = "missing"


class Known(Struct, frozen=True, kw_only=True):
    """One migration, in one database: its status, and where that is known from.

    `notes` are whole sentences for people. At least one of `record`, `file` and `entry` is there. An entry with the
    run number 0 is what the framework's own table says. `edited` says that its file is not the one that was
    generated, its layout aside. `lacking` are those of the migrations that it replaces that do not stand, where others
    of them do.
    """

    id: str
    status: Status
    record: MigrationRecord | None = None
    file: MigrationFile | None = None
    entry: Entry | None = None
    edited: bool = False
    lacking: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        found = (source.description for source in (self.record, self.file, self.entry) if source is not None)
        return next(filter(None, found), "")

    @property
    def framework(self) -> Framework:
        source = self.file or self.record or self.entry
        return "raw" if source is None else source.framework

    @property
    def applied_at(self) -> datetime | None:
        """When it was applied; None unless it stands in the database."""
        return self.entry.applied_at if self.entry and self.status in STANDING else None

    @property
    def error(self) -> str | None:
        """Why its last run failed, if it did."""
        return self.entry.error if self.entry else None

    @property
    def path(self) -> Path | None:
        """Its file, whether or not it is there still."""
        if self.file is not None:
            return self.file.path
        return Path(self.record.file) if self.record and self.record.file else None

    def checksum(self, dialect: Dialect) -> str | None:
        """The checksum of the text that would run now."""
        if self.file is not None:
            return self.file.checksum(dialect)
        return self.record.checksum if self.record else None

    def plan(self, dialect: Dialect) -> Plan | None:
        """The plan it was generated from, if there is one for this engine."""
        if self.record is None or self.record.plan is None:
            return None
        try:
            plan = from_json(self.record.plan)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
            return None  # of another version: the script says the same
        return plan if plan.dialect == dialect.name else None


# The statuses of what stands in the database, whole.
STANDING = frozenset((Status.APPLIED, Status.ELSEWHERE, Status.CHANGED, Status.MISSING))


def survey(
    ledger: Ledger, *, connection_name: str, folder: Path | None = None, named: bool = False, store: Store = None
) -> list[Known]:
    """Every migration of a connection, oldest first. Changes nothing.

    The folder is read if it is there; `named` says that somebody asked for it, so that `SourceUnreadable` is
    raised where it is missing, or holds no migration and none is known from elsewhere. A recorded file is found
    wherever it lies.
    """
    records = {record.migration_id: record for record in get_migrations(connection_name, store=store)}
    here = {file.id: file for file in find(folder)} if folder is not None and (named or folder.is_dir()) else {}
    files = here | _files_elsewhere(records, here)
    records = _records_of_today(records, files, ledger.dialect)
    history = _history(ledger, files)
    entries = history.entries
    order = _in_order(list(here), (*records, *entries))
    if named and not order:
        raise SourceUnreadable(
            "The folder holds no migration, and none is recorded for the connection.",
            where=str(folder),
            remedy="Write one with `querynl migrate generate`, or name another folder with --dir.",
        )
    return _told_from_order(
        [
            _known(
                Known(
                    id=name,
                    status=Status.PENDING,
                    record=records.get(name),
                    file=files.get(name),
                    entry=entries.get(name),
                    lacking=history.lacking.get(name, ()),
                ),
                ledger.dialect,
                taken_back=name in history.taken_back,
            )
            for name in order
            if name in records or name in files or _stands(entries[name])
        ]
    )


class _History(NamedTuple):
    """What our history and the frameworks' tables say together, by id.

    `lacking` are the parts of squashed migrations that do not stand where others do, `taken_back` is what another tool
    undid.
    """

    entries: dict[str, Entry]
    lacking: dict[str, tuple[str, ...]]
    taken_back: set[str]


def _history(ledger: Ledger, files: dict[str, MigrationFile]) -> _History:
    first = absorbed({entry.migration_id: entry for entry in ledger.entries()}, files, ledger.dialect)
    ours = first.entries
    kept = {entry.noted_as for entry in ours.values() if entry.noted_as and _stands(entry)}
    settled = Frameworks(ledger.connection, ledger.dialect, files, kept=kept).settled(ours)
    # Another tool's table may still say of the replaced ones that they stand, by the names that it has for them.
    names = {(entry.framework, entry.noted_as) for entry in first.gone.values() if entry.noted_as}
    told = {id: entry for id, entry in settled.items() if id in files or (entry.framework, entry.noted_as) not in names}
    second = absorbed(told, files, ledger.dialect)
    taken_back = {name for name, entry in ours.items() if _stands(entry) and not _stands(settled[name])}
    return _History(second.entries, first.lacking | second.lacking, taken_back)


def refuse_lacking(known: Known) -> None:
    """Raises MigrationMissing for a squashed migration of which only a part stands."""
    if known.lacking:
        raise MigrationMissing(
            f"Only some of the migrations that {known.id} replaces stand. The first that does not, or has another"
            f" text, is the old {known.lacking[0]}.",
            where=str(known.path) if known.path else None,
            remedy="Check out the files from before they were squashed, and apply those first. Nothing was run.",
        )


def recorded(record: MigrationRecord, ledger: Ledger) -> Known:
    """One migration that has a record and no file, such as one that is to run at once."""
    known = Known(id=record.migration_id, status=Status.PENDING, record=record, entry=ledger.entry(record.migration_id))
    return _known(known, ledger.dialect)


def _records_of_today(
    records: dict[str, MigrationRecord], files: dict[str, MigrationFile], dialect: Dialect
) -> dict[str, MigrationRecord]:
    """The records without those of what a squashed migration has replaced since."""
    found = dict(records)
    for file in files.values():
        for one in file.replaced:
            record = found.get(one.id)
            if record is not None and (one.id != file.id or not file.has(record.checksum or "", dialect)):
                del found[one.id]
    return found


def _files_elsewhere(records: dict[str, MigrationRecord], here: Collection[str]) -> dict[str, MigrationFile]:
    """The recorded files of other folders."""
    folders = {
        Path(record.file).parent
        for record in records.values()
        if record.migration_id not in here and record.file and Path(record.file).is_file()
    }
    found = (file for folder in sorted(folders) for file in find(folder))
    return {file.id: file for file in found if file.id in records and file.id not in here}


def _in_order(files: Sequence[str], others: Iterable[str]) -> list[str]:
    """All ids: files as their folder orders them, each other one before the first file that is younger by name."""
    order: list[str] = []
    waiting = deque(sorted(set(others) - set(files)))
    for file in files:
        while waiting and waiting[0] < file:
            order.append(waiting.popleft())
        order.append(file)
    return [*order, *waiting]


def _told_from_order(migrations: Sequence[Known]) -> list[Known]:
    """The migrations; what is pending before one that stands is out of order."""
    last = max((number for number, known in enumerate(migrations) if known.status in STANDING), default=-1)
    return [
        msgspec.structs.replace(known, status=Status.OUT_OF_ORDER)
        if number < last and known.status is Status.PENDING
        else known
        for number, known in enumerate(migrations)
    ]


def _known(known: Known, dialect: Dialect, *, taken_back: bool = False) -> Known:
    """The migration with its status, and what is to be said of it."""
    record, file = known.record, known.file
    edited = bool(record and file and record.checksum and not file.has(record.checksum, dialect))
    known = msgspec.structs.replace(known, status=_status(known, dialect), edited=edited)
    notes = [*_notes(known), *(["It was applied, and another tool has taken it back."] if taken_back else [])]
    return msgspec.structs.replace(known, notes=tuple(notes))


def _stands(entry: Entry) -> bool:
    return entry.status != "rolled back"


def _status(known: Known, dialect: Dialect) -> Status:
    record, file, entry = known.record, known.file, known.entry
    if known.lacking:
        return Status.PARTIALLY_APPLIED
    if entry is None or not _stands(entry):
        return Status.PENDING
    # On the way back a failure that left nothing behind leaves the migration as applied as it was.
    halfway = entry.direction == "down" and entry.statements_done > 0
    if entry.status == "running" or halfway:
        return Status.PARTIALLY_APPLIED
    if entry.status == "failed" and entry.direction == "up":
        return Status.FAILED
    if file is not None and entry.checksum is not None and not file.has(entry.checksum, dialect):
        return Status.CHANGED
    if file is not None:
        return Status.APPLIED if entry.run_number else Status.ELSEWHERE
    had_file = entry.file is not None or (record is not None and record.file is not None)
    return Status.MISSING if had_file else Status.APPLIED


def _notes(known: Known) -> Iterable[str]:
    if known.lacking:
        first = f"The first that does not, or has another text, is the old {known.lacking[0]}."
        yield f"Only some of those that it replaces stand. {first}"
    if known.status in (Status.PENDING, Status.FAILED):
        if known.record is None and known.file is not None:
            yield f"{known.file.path.name} is adopted: it was not in the tracking store."
        if known.edited and known.file is not None:
            yield f"{known.file.path.name} was edited since it was generated; the file runs."
        if known.file is None and known.path is not None:
            yield f"{known.path} is gone; what was recorded of it runs."
    if known.status is Status.ELSEWHERE and known.entry is not None:
        yield f"{known.entry.applied_by} applied it."
    if known.entry is not None and known.entry.status == "failed" and known.entry.direction == "down":
        yield f"Its rollback failed: {known.entry.error}"
