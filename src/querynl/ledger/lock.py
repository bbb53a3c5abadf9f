"""The lock that lets one process at a time migrate a database."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from querynl.connections import Connection
from querynl.dialects.bookkeeping import Bookkeeping, SessionLock
from querynl.errors import ConnectionFailed, LockedOut, LockLost, StatementFailed
from querynl.lease import Lease

# For how long a lock that is a lease is kept without being renewed; a killed holder keeps the next one waiting so long.
LEASE_SECONDS = 15.0

_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0


class Lock:
    """The lock of one database, by the session's own means or as a lease in a row of `table`.

    Every error that means that another session is at work becomes `LockedOut`, after `timeout` seconds of asking
    again; it names the holder where that can be told, and `at_work` says what that one is doing. `make_place` makes
    the namespace of the table where there is none.
    """

    def __init__(
        self,
        connection: Connection,
        words: Bookkeeping,
        table: str,
        *,
        timeout: float,
        at_work: Callable[[], str],
        make_place: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._words = words
        self._table = table
        self._timeout = timeout
        self._at_work = at_work
        self._make_place = make_place
        self._lease: Lease | None = None
        # Stands for one hold of the session's own lock, from when it is taken; None while there is none.
        self.hold: object | None = None

    @property
    def is_lasting(self) -> bool:
        """Whether it keeps others away for as long as a run takes, and not for one transaction at a time."""
        return self._words.lock is not None or self.is_lease

    @property
    def is_lease(self) -> bool:
        """Whether it is held, and may be lost while its holder stands still."""
        return self._lease is not None

    @contextmanager
    def held(self, *, several: bool = True) -> Iterator[None]:
        """Keep every other process from migrating this database during the block.

        The lock is one of the session where sessions are our own. Behind a pooler it is a lease. Where a database has
        one writer at a time (`Bookkeeping.lock` is None), a transaction alone keeps others away; a lease is taken
        where `several` are to follow each other.
        """
        lock = self._words.lock
        if lock is not None and not self._connection.pooled:
            with self._session_locked(lock):
                yield
        elif lock is not None or several:
            with self._leased():
                yield
        else:
            yield

    def take_again(self) -> None:
        """Take it in a new session, after the one that had it was lost. A lease is ours whatever the session."""
        lock = self._words.lock
        if lock is not None and not self.is_lease:
            self._take(lock)

    def confirm(self) -> None:
        """Renew a lease in the transaction that is open, or else roll that back and raise `LockLost`."""
        if self._lease is None or self._lease.renew():
            return
        with suppress(ConnectionFailed, StatementFailed):
            self._connection.rollback()
        raise LockLost(
            f"Another process took the lock{self._holder()}: this one stood still for too long.",
            where=self._connection.database,
            remedy="Nothing was written after that. `querynl migrate status` says where the database stands.",
        )

    def poll(self, action: Callable[[], None]) -> None:
        """Do what another writer may hold up for a while."""
        self._ask_for(lambda: self._unless_busy(action))

    def _take(self, lock: SessionLock) -> None:
        self._ask_for(lambda: bool(self._connection.rows(lock.take)[0][0]))
        self.hold = object()

    @contextmanager
    def _session_locked(self, lock: SessionLock) -> Iterator[None]:
        self._take(lock)
        try:
            yield
        finally:
            self.hold = None
            # A session that is lost has released it already.
            with suppress(ConnectionFailed, StatementFailed):
                self._connection.rows(lock.release)

    @contextmanager
    def _leased(self) -> Iterator[None]:
        name = f"{person()}, process {os.getpid()}"
        lease = Lease(
            self._connection,
            self._table,
            self._words,
            name=name,
            term=LEASE_SECONDS,
            make_place=self._make_place,
        )
        self._ask_for(lambda: self._unless_busy(lease.take))
        self._lease = lease
        try:
            with lease.beating():
                yield
        finally:
            self._lease = None
            # It ends by itself.
            with suppress(ConnectionFailed, StatementFailed):
                lease.give_back()

    def _unless_busy(self, action: Callable[[], bool | None]) -> bool:
        """Whether the action was not kept from it by another writer, and did not answer False."""
        try:
            return action() is not False
        except StatementFailed as error:
            if error.sqlstate not in self._words.busy:
                raise
            return False

    def _ask_for(self, attempt: Callable[[], bool]) -> None:
        """Try until it succeeds, less and less often; raises `LockedOut` when the time is over."""
        deadline = time.monotonic() + self._timeout
        pause = _FIRST_PAUSE_SECONDS
        while not attempt():
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._locked_out()
            import random

            # Jitter, so that processes that started together do not go on asking together.
            time.sleep(min(left, pause * random.uniform(0.5, 1)))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _locked_out(self) -> LockedOut:
        return LockedOut(
            f"Another process is migrating the database{self._holder()}; waited {self._timeout:g} s.",
            where=self._connection.database,
            remedy="Wait until it is done, or give it longer: --lock-timeout SECONDS.",
        )

    def _holder(self) -> str:
        """Who holds it, as far as can be told, to go after `the database`."""
        return (self._session_holder() or self._lease_holder()) + self._at_work()

    def _session_holder(self) -> str:
        found: list[tuple[Any, ...]] = []
        if self._words.lock is not None:
            with suppress(StatementFailed):  # MySQL's list of sessions fails at a statement with a four-byte character
                found = self._connection.rows(self._words.lock.holder)
        if not found:
            return ""
        session, user, place, since = found[0]
        known = f": session {session}" + (f" of {user}" if user else "") + (f" at {place}" if place else "")
        return known + (f", connected since {since}" if since else "")

    def _lease_holder(self) -> str:
        # There is no such table where nobody ever needed one.
        with suppress(StatementFailed):
            holder = Lease(self._connection, self._table, self._words).holder()
            if holder is not None:
                return f": {holder.name}, since {holder.since:%Y-%m-%d %H:%M:%S} UTC"
        return ""


@cache
def person() -> str:
    """The person and machine that run this, as far as the system tells."""
    import getpass
    import socket

    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):
        name = "unknown"
    return f"{name}@{socket.gethostname()}"[:200]
