"""Setting right what the history says about one migration, or finishing what it says was begun."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.errors import MigrationInvalid, UsageInvalid
from querynl.formats import NewMigration, write
from querynl.ledger import Entry, Scripts
from querynl.registry import Store
from querynl.runner import execution
from querynl.runner.apply import LOCK_TIMEOUT_SECONDS, apply
from querynl.runner.drift import keep_state
from querynl.runner.execution import Progress, first_entry, session_on
from querynl.runner.known import Known
from querynl.runner.patience import Limits
from querynl.runner.portions import settings_apart
from querynl.runner.report import Report
from querynl.runner.rollback import undoing
from querynl.runner.scripts import ways
from querynl.runner.settling import settle
from querynl.runner.store import bring_in_line


class Repair:
    """One migration of one database, and the ways to set its state right.

    Each way takes the lock, and brings the tracking store in line with the history at its end; what the database then
    holds counts as what it should hold. Raises LockedOut.
    """

    def __init__(
        self,
        known: Known,
        connection: Connection,
        dialect: Dialect,
        *,
        connection_name: str,
        store: Store = None,
        lock_timeout: float = LOCK_TIMEOUT_SECONDS,
        progress: Progress | None = None,
    ) -> None:
        self._known = known
        self._session = session_on(connection, dialect, [known], limits=Limits(locks=lock_timeout), progress=progress)
        self._lock_timeout = lock_timeout
        self._connection_name = connection_name
        self._store = store

    def mark_applied(self, *, keeps_state: bool = True) -> Report:
        """Make the history say that the migration stands, as its file is now. Nothing of it is run.

        Where others follow at once, the last of them keeps what the database holds.
        """
        dialect, ledger = self._session.dialect, self._session.ledger
        up, down = ways(self._known, dialect, ledger)
        scripts = Scripts(dialect.script(up.statements), None if down is None else dialect.script(down.statements))
        total = len(settings_apart(up.statements, dialect)[1])
        now = datetime.now(UTC)

        def marked(entry: Entry | None) -> Entry:
            new = first_entry(self._known, "up", total, dialect)
            return replace(
                new,
                status="applied",
                statements_done=total,
                applied_at=now if entry is None or entry.applied_at is None else entry.applied_at,
            )

        return self._written(marked, scripts, keeps_state=keeps_state)

    def mark_rolled_back(self) -> Report:
        """Make the history say that nothing of the migration stands, so that it is pending. Nothing is run.

        Raises UsageInvalid where the history has nothing of it.
        """

        def marked(entry: Entry | None) -> Entry:
            entry = entry or self._known.entry
            if entry is None:
                raise UsageInvalid(f"{self._known.id} never ran here.", remedy="See `querynl migrate status`.")
            return replace(entry, status="rolled back", direction="down", error=None)

        kept = self._session.ledger.scripts(self._known.id) or Scripts("", None)
        return self._written(marked, kept)

    def restore_file(self, folder: Path) -> Report:
        """Write the files of a migration that stands, under the names they had, with the SQL that ran.

        Raises MigrationInvalid where the history has none, for a revision of Alembic, which is no SQL, and for a file
        that is there.
        """
        entry, kept = self._known.entry, self._session.ledger.scripts(self._known.id)
        if entry is None or kept is None or entry.file is None or not entry.file.endswith(".sql"):
            raise MigrationInvalid(
                f"The history has no file of {self._known.id} that could be written.",
                remedy="Restore it from version control, or go on without: --ignore-missing.",
            )
        path = self._known.path or folder / entry.file
        down = path.with_name(
            f"U{path.name[1:]}" if entry.framework == "flyway" else path.name.replace("_up.", "_down.")
        )
        files = {path: kept.up} | ({down: kept.down} if kept.down is not None else {})
        write(
            NewMigration(
                id=self._known.id,
                framework=entry.framework,
                description=entry.description,
                files=files,
                up=kept.up,
                down=kept.down,
            )
        )
        return Report(notes=tuple(f"{name} was written." for name in files))

    def resume(self, *, done: int | None = None, allow: Collection[str] = ()) -> Report:
        """Run what is left of the migration; `done` says how many of its statements have run, where that is asked.

        Raises what `apply` raises, and UsageInvalid for a number that cannot be.
        """
        if done is not None:
            self._settle(done)
        known = replace(self._known, entry=self._session.ledger.entry(self._known.id))
        return apply(
            self._session.connection,
            self._session.dialect,
            [known],
            connection_name=self._connection_name,
            store=self._store,
            allow=allow,
            lock_timeout=self._lock_timeout,
            progress=self._session.progress,
        )

    def revert(self, *, done: int | None = None, allow: Collection[str] = ()) -> Report:
        """Undo what ran of the migration. Raises what `rollback` raises."""
        if done is not None:
            self._settle(done)
        with self._in_line(), execution.alone(self._session):
            settle(self._session, [self._known])
            known = replace(self._known, entry=self._session.ledger.entry(self._known.id))
            work = undoing(known, self._session, allow)
            report = Report().with_run(known.id, execution.run(self._session, work))
            self._session.patience.restore()
            return replace(report, notes=tuple(self._state_kept()))

    def _settle(self, done: int) -> None:
        """Write down how many statements of the last run have run, as a person found out."""
        ledger = self._session.ledger
        with ledger.lock.held(), ledger.transaction():
            entry = ledger.entry(self._known.id)
            if entry is None or not 0 <= done <= entry.statements_total:
                most = 0 if entry is None else entry.statements_total
                raise UsageInvalid(
                    f"{done} of {most} statements cannot have run.", remedy="Give --done another number."
                )
            ledger.update(replace(entry, status="failed", statements_done=done))

    def _written(
        self, marked: Callable[[Entry | None], Entry], scripts: Scripts, *, keeps_state: bool = True
    ) -> Report:
        ledger = self._session.ledger
        with self._in_line(), ledger.lock.held():
            settle(self._session, [self._known])
            with ledger.transaction():
                ledger.write(marked(ledger.entry(self._known.id)), scripts)
            return Report(notes=tuple(self._state_kept()) if keeps_state else ())

    def _state_kept(self) -> list[str]:
        return keep_state(self._session.connection, self._session.dialect, self._session.ledger)

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        try:
            yield
        finally:
            bring_in_line([self._known], self._session.ledger, connection_name=self._connection_name, store=self._store)
