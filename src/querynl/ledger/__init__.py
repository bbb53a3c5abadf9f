"""What ran inside a database: its history of migrations, and the lock that lets one process at a time write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import msgspec

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import ConnectionFailed, LockLost, StatementFailed
from querynl.lease import TABLE as LOCK
from querynl.ledger.lock import Lock, person
from querynl.ledger.remainders import TABLE as REMAINDERS
from querynl.ledger.remainders import Remainders
from querynl.ledger.rows import Direction, Entry, Framework, Mark, Scripts, Status, kept, values_of
from querynl.ledger.tables import ALL_COLUMNS, COLUMNS, JOURNAL, MARK_COLUMNS, TABLE, VERSION, Tables

__all__ = [
    "JOURNAL",
    "TABLE",
    "VERSION",
    "Companion",
    "Direction",
    "Entry",
    "Framework",
    "Ledger",
    "Lock",
    "Mark",
    "Scripts",
    "Status",
    "person",
]


# Rows of the journal that one statement writes; some engines limit how many parameters it may have.
_MARKS_AT_ONCE = 100
_SCRIPTS_AT_ONCE = 500


class Companion(Protocol):
    """The table of another tool that is kept in step with the history, in the same transactions."""

    def note(self, entry: Entry) -> str | None:
        """Make it say of a migration what the entry says; what it goes by there, None for nothing."""


class Ledger:
    """The history of one database, and its lock.

    Reading changes nothing: the table is made by `create`. Every error that means that another session is at
    work becomes `LockedOut`, after `lock_timeout` seconds of asking again. The companion is told of every entry
    that is written.
    """

    def __init__(
        self,
        connection: Connection,
        dialect: Dialect,
        *,
        lock_timeout: float = 0.0,
        companion: Companion | None = None,
    ) -> None:
        self.connection = self._connection = connection
        self.dialect = dialect
        self._companion = companion
        self._quote = dialect.quote
        self._words = bookkeeping_of(dialect.name)
        self._tables = Tables(connection, dialect)
        self._table, self._journal = (self.place(name) for name in (TABLE, JOURNAL))
        self._remainders = Remainders(connection, self.place(REMAINDERS), self._words.longest_text)
        self.lock = Lock(
            connection,
            self._words,
            self.place(LOCK),
            timeout=lock_timeout,
            at_work=self._at_work,
            make_place=self._tables.make_namespace,
        )

    # ------------------------------------------------------------------------------------- reading

    def entries(self) -> list[Entry]:
        """Every migration that ever ran, in the order of their last runs; none before the first.

        Raises `HistoryUnusable` for a table that this version cannot read.
        """
        found = [self._entry(row) for row in self._rows(f"ORDER BY run_number, {self._quote('migration_id')}")]
        ids = {entry.migration_id for entry in found}
        if len(ids) < len(found):  # somebody made the table anew, without its key
            twice = next(one for one, count in Counter(entry.migration_id for entry in found).items() if count > 1)
            raise self._tables.unusable(f"{twice} is in it more than once")
        return found

    def entry(self, migration_id: str) -> Entry | None:
        """What the history says about one migration, or None."""
        rows = self._rows("WHERE migration_id = %s", migration_id)
        return self._entry(rows[0]) if rows else None

    def scripts(self, migration_id: str) -> Scripts | None:
        """The SQL of one migration as it last ran, or None where the history has nothing."""
        return self.scripts_of([migration_id]).get(migration_id)

    def scripts_of(self, migration_ids: Sequence[str]) -> dict[str, Scripts]:
        """The SQL of migrations as they last ran, by id; those of which the history has nothing are not there."""
        found: dict[str, Scripts] = {}
        if not self._tables.is_there():
            return found
        for first in range(0, len(migration_ids), _SCRIPTS_AT_ONCE):
            some = migration_ids[first : first + _SCRIPTS_AT_ONCE]
            rows = self._connection.rows(
                f"SELECT migration_id, run_number, up_script, down_script FROM {self._table}"
                f" WHERE migration_id IN {_places(some)}",
                tuple(some),
            )
            found |= {str(id): self._remainders.whole(run, Scripts(up, down)) for id, run, up, down in rows}
        return found

    def last_mark(self, run_number: int) -> Mark | None:
        """What the journal says about the last statement of a run that was begun, None before the first."""
        if not self._tables.has(JOURNAL):
            return None
        rows = self._connection.rows(
            f"SELECT {', '.join(MARK_COLUMNS)} FROM {self._journal} WHERE run_number = %s ORDER BY number DESC LIMIT 1",
            (run_number,),
        )
        return self._mark(rows[0]) if rows else None

    def place(self, table: str) -> str:
        """The quoted name of a table that stands beside the history."""
        return self._tables.place(table)

    def has(self, table: str) -> bool:
        """Whether a table stands beside the history."""
        return self._tables.has(table)

    def columns(self, namespace: str | None, table: str) -> set[str]:
        """The columns that a table of this database has now, none for no table; namespace None is the session's own."""
        return self._tables.columns(self._tables.home if namespace is None else namespace, table)

    def _rows(self, condition: str, *parameters: object) -> list[tuple[Any, ...]]:
        if not self._tables.is_there():
            return []
        return self._connection.rows(f"SELECT {self._tables.selected()} FROM {self._table} {condition}", parameters)

    def _entry(self, row: tuple[Any, ...]) -> Entry:
        *fields, version = row
        if version not in range(1, VERSION + 1):
            raise self._tables.unusable(
                f"{row[0]} was written with version {version}, and this QueryNL knows {VERSION}"
            )
        try:
            return msgspec.convert(dict(zip(COLUMNS, fields, strict=True)), Entry)
        except msgspec.ValidationError as error:
            raise self._tables.unusable(f"{row[0]}: {error}") from error

    def _mark(self, row: tuple[Any, ...]) -> Mark:
        try:
            return msgspec.convert(dict(zip(MARK_COLUMNS, row, strict=True)), Mark)
        except msgspec.ValidationError as error:
            raise self._tables.unusable(f"{JOURNAL}, run {row[0]}: {error}") from error

    # ------------------------------------------------------------------------------------- writing

    def create(self) -> None:
        """Make the tables unless they are there, and bring those of an older version up to this one."""
        if self._tables.is_current():
            return
        self._tables.make_namespace()
        with self.transaction():
            self._tables.create()

    def write(self, entry: Entry, scripts: Scripts, marks: Sequence[Mark] = (), *, after: int | None = None) -> Entry:
        """The entry as it was kept, as the newest run, in the place of what the history said about the migration.

        The marks are kept with it, as those of that run. `after` is the number of the migration's last run as the
        caller knows it, 0 for none: where another has followed, the transaction is undone and `LockLost` raised.
        """
        entry = self._noted(entry)
        if self._words.upserts:
            return self._upserted(entry, scripts, marks, after)
        [(last, before)] = self._connection.rows(
            f"SELECT COALESCE(MAX(run_number), 0), COALESCE(MAX(CASE WHEN migration_id = %s THEN run_number END), 0)"
            f" FROM {self._table}",
            (entry.migration_id,),
        )
        if after not in (None, int(before)):
            raise self._overtaken()
        entry = msgspec.structs.replace(entry, run_number=int(last) + 1)
        self._connection.execute(f"DELETE FROM {self._table} WHERE migration_id = %s", (entry.migration_id,))
        if before:
            self._remainders.remove(int(before))
        first = self._remainders.first(scripts)
        self._connection.execute(
            f"INSERT INTO {self._table} ({', '.join(ALL_COLUMNS)}) VALUES {_places(ALL_COLUMNS)}",
            (*values_of(entry), first.up, first.down, VERSION),
        )
        self._remainders.keep(entry.run_number, scripts)
        self._mark_run(entry.run_number, marks)
        return entry

    def _upserted(self, entry: Entry, scripts: Scripts, marks: Sequence[Mark], after: int | None) -> Entry:
        """What `write` does, in one statement; where the engine can, the first marks are in it, too."""
        sql, unchanged = self._upsert, () if after is None else (after,)
        if unchanged:
            sql += " WHERE h.run_number = %s"
        sql += " RETURNING run_number"
        values = [kept(getattr(entry, name)) for name in COLUMNS if name != "run_number"]
        parameters = (*values, scripts.up, scripts.down, VERSION, *unchanged)
        together: Sequence[Mark] = ()
        if marks and self._words.and_further_rows is not None:
            together = marks[:_MARKS_AT_ONCE]
            places = ", ".join([_places(MARK_COLUMNS[1:])] * len(together))
            sql = self._words.and_further_rows.format(
                insert=sql, table=self._journal, columns=", ".join(MARK_COLUMNS), rows=places
            )
            parameters += tuple(value for mark in together for value in values_of(mark)[1:])
        rows = self._connection.rows(sql, parameters)
        if not rows:
            raise self._overtaken()
        number = int(rows[0][0])
        self._mark_run(number, marks[len(together) :])
        return msgspec.structs.replace(entry, run_number=number)

    @cached_property
    def _upsert(self) -> str:
        places = ["%s"] * len(ALL_COLUMNS)
        places[ALL_COLUMNS.index("run_number")] = f"(SELECT COALESCE(MAX(run_number), 0) + 1 FROM {self._table})"
        changes = ", ".join(f"{column} = excluded.{column}" for column in ALL_COLUMNS[1:])
        return (
            f"INSERT INTO {self._table} AS h ({', '.join(ALL_COLUMNS)}) VALUES ({', '.join(places)})"
            f" ON CONFLICT (migration_id) DO UPDATE SET {changes}"
        )

    def _mark_run(self, run_number: int, marks: Sequence[Mark]) -> None:
        self.mark([msgspec.structs.replace(mark, run_number=run_number) for mark in marks])

    def _overtaken(self) -> LockLost:
        self.rollback()
        return LockLost(
            "Another process ran it in the meantime.",
            where=self._connection.database,
            remedy="The lock was lost without a word, such as to a migration that gives back its session's locks."
            " `querynl migrate status` says where the database stands.",
        )

    def update(self, entry: Entry) -> None:
        """Keep what became of a run that was written before; its scripts stay."""
        assignments = ", ".join(f"{column} = %s" for column in COLUMNS[1:])
        self._connection.execute(
            f"UPDATE {self._table} SET {assignments} WHERE migration_id = %s",
            (*values_of(self._noted(entry))[1:], entry.migration_id),
        )

    def merge(self, parts: Sequence[Entry], entry: Entry, scripts: Scripts) -> None:
        """Keep one entry, which is there by its id and run number, with these scripts in the place of others."""
        for part in parts:
            if self._companion is not None and part.noted_as is not None:
                self._companion.note(msgspec.structs.replace(part, direction="down", status="rolled back"))
            self._connection.execute(f"DELETE FROM {self._table} WHERE migration_id = %s", (part.migration_id,))
            self._remainders.remove(part.run_number)
        self.update(entry)
        self._remainders.remove(entry.run_number)
        self._remainders.keep(entry.run_number, scripts)
        first = self._remainders.first(scripts)
        self._connection.execute(
            f"UPDATE {self._table} SET up_script = %s, down_script = %s WHERE migration_id = %s",
            (first.up, first.down, entry.migration_id),
        )

    def _noted(self, entry: Entry) -> Entry:
        """The entry, with what the companion calls it."""
        if self._companion is None:
            return entry
        return msgspec.structs.replace(entry, noted_as=self._companion.note(entry))

    def announce(self, mark: Mark) -> None:
        """Make the journal say what is about to run. Raises `LockLost` where the lock is not ours any more."""
        if not self.lock.is_lease:
            self.mark([mark])
            return
        with self.transaction():
            self.mark([mark])

    def mark(self, marks: Sequence[Mark]) -> None:
        """Add rows to the journal."""
        for first in range(0, len(marks), _MARKS_AT_ONCE):
            some = marks[first : first + _MARKS_AT_ONCE]
            places = ", ".join([_places(MARK_COLUMNS)] * len(some))
            self._connection.execute(
                f"INSERT INTO {self._journal} ({', '.join(MARK_COLUMNS)}) VALUES {places}",
                tuple(value for mark in some for value in values_of(mark)),
            )

    def finish(self, mark: Mark, at: datetime) -> None:
        """Make the journal say that a statement which was about to run has run."""
        self._connection.execute(
            f"UPDATE {self._journal} SET finished_at = %s WHERE run_number = %s AND number = %s",
            (kept(at), mark.run_number, mark.number),
        )

    # ------------------------------------------------------------------------------------- locking

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or roll back when it raises; `LockedOut` when another session writes."""
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise

    def begin(self) -> None:
        """Open a transaction; where the engine has one writer at a time, as the writer."""
        if self._words.at_once is None or self._words.patiently is None:
            self._connection.begin()
            return
        self._connection.execute(self._words.at_once)
        try:
            self.lock.poll(self._connection.begin)
        finally:
            self._connection.execute(self._words.patiently)

    def commit(self) -> None:
        """Commit; where readers hold that up, ask again for a while. Raises `LockLost`, with nothing committed."""
        self.lock.confirm()
        self.lock.poll(self._connection.commit)

    def rollback(self) -> None:
        """Undo the open transaction; a session that is lost has done so already."""
        with suppress(ConnectionFailed, StatementFailed):
            self._connection.rollback()

    def _at_work(self) -> str:
        """The migration that somebody is running, as far as that can be told, to go after who holds the lock."""
        with suppress(StatementFailed):
            running = [entry for entry in self.entries() if entry.status == "running"]
            if running:
                return f", at {running[-1].migration_id} since {running[-1].started_at:%Y-%m-%d %H:%M:%S} UTC"
        return ""


def _places(values: Sequence[str]) -> str:
    """A place for each of the values, as SQL."""
    return f"({', '.join(['%s'] * len(values))})"
