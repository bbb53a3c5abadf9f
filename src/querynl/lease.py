"""The lock of a database as a row that expires, for where no session can be trusted to hold one."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects.bookkeeping import Bookkeeping
from querynl.errors import QueryNLError, StatementFailed

TABLE = "querynl_lock"

_BEATS_IN_A_TERM = 3
_NOBODY = ""


class Holder(Struct, frozen=True):
    """Who has the lock, and since when by the server's clock."""

    name: str
    since: datetime


class Lease:
    """A claim on the lock row of one database: taken, renewed and given back by comparing and setting in one statement.

    `name` is what others are told of the holder, `term` the seconds for which the lock is kept without being renewed;
    `make_place` makes the namespace of the table where there is none.

    Only the server's clock is asked, so that no client's matters. Whoever does not renew it for a term may lose it
    to another, and finds that out in `renew`: asked at the end of a transaction, it keeps one whose holder was
    stopped meanwhile from being committed.
    """

    def __init__(
        self,
        connection: Connection,
        table: str,
        words: Bookkeeping,
        *,
        name: str = "",
        term: float = 0,
        make_place: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._table = table
        self._words = words
        self._name = name
        self._term = term
        self._make_place = make_place
        self._owner = os.urandom(16).hex()
        self._is_there = False

    def take(self) -> bool:
        """Whether the lock is this claim's now; makes the table where there is none."""
        if not self._is_there:
            self._make()
        now = self._words.milliseconds
        taken = self._connection.execute(
            f"UPDATE {self._table} SET owner = %s, holder = %s, taken_at = {now}, expires_at = {now} + %s"
            f" WHERE id = 1 AND (owner = '{_NOBODY}' OR expires_at < {now})",
            (self._owner, self._name, self._milliseconds),
        )
        return taken == 1

    def renew(self, connection: Connection | None = None) -> bool:
        """Whether the lock is this claim's still, for a whole term from now; inside the transaction that is open."""
        kept = (connection or self._connection).execute(
            f"UPDATE {self._table} SET expires_at = {self._words.milliseconds} + %s WHERE id = 1 AND owner = %s",
            (self._milliseconds, self._owner),
        )
        return kept == 1

    def give_back(self) -> None:
        """Let the next one have it; nothing where it is another's by now."""
        self._connection.execute(
            f"UPDATE {self._table} SET owner = '{_NOBODY}', holder = '', taken_at = 0, expires_at = 0"
            " WHERE id = 1 AND owner = %s",
            (self._owner,),
        )

    def holder(self) -> Holder | None:
        """Who has the lock, whether or not the term is over; None for nobody."""
        rows = self._connection.rows(f"SELECT holder, taken_at FROM {self._table} WHERE owner <> '{_NOBODY}'")
        return Holder(rows[0][0], datetime.fromtimestamp(int(rows[0][1]) / 1000, UTC)) if rows else None

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Renew it several times a term while the block runs, from a session of its own."""
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beat.start()
        try:
            yield
        finally:
            ended.set()
            beat.join()

    @property
    def _milliseconds(self) -> int:
        return round(1000 * self._term)

    def _beat(self, ended: threading.Event) -> None:
        session: Connection | None = None
        # The holder itself finds out that the lock was lost, when it is about to commit.
        while not ended.wait(self._term / _BEATS_IN_A_TERM):
            try:
                session = session or self._connection.another()
                self.renew(session)
            except QueryNLError:
                # Lost, or kept waiting by the holder's own transaction, which renews the lock itself.
                if session is not None:
                    session.close()
                session = None
        if session is not None:
            session.close()

    def _make(self) -> None:
        """Make the table with its one row; others may be doing so at the same moment."""
        if not self._has_table():
            # Another may have been quicker; if not, the creation of the table says what is wrong.
            with suppress(StatementFailed):
                self._make_place()
        self._unless(
            self._has_table,
            f"CREATE TABLE IF NOT EXISTS {self._table} (id BIGINT NOT NULL PRIMARY KEY, owner VARCHAR(64) NOT NULL,"
            " holder VARCHAR(255) NOT NULL, taken_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)"
            f" {self._words.table_options}",
        )
        self._unless(self._has_row, f"INSERT INTO {self._table} VALUES (1, '{_NOBODY}', '', 0, 0)")
        self._is_there = True

    def _unless(self, is_made: Callable[[], bool], sql: str) -> None:
        if is_made():
            return
        try:
            self._connection.execute(sql)
        except StatementFailed:
            if not is_made():
                raise

    def _has_table(self) -> bool:
        try:
            self._has_row()
        except StatementFailed:
            return False
        return True

    def _has_row(self) -> bool:
        return bool(self._connection.rows(f"SELECT 1 FROM {self._table}"))
