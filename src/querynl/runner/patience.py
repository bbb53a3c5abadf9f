"""Waiting for the locks of others: never long at once, for whoever comes later waits behind us, but again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import LockedOut, QueryNLError, StatementFailed

# How long a statement waits in the queue for a lock before it makes way.
_WAIT_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 8.0


class Limits(Struct, frozen=True, kw_only=True):
    """The seconds that a migration may spend on getting locks, and a statement on running; None for no end."""

    locks: float
    statement: float | None = None


class Patience:
    """The limits of one session, kept while migrations run in it."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection = connection
        self._limits = limits
        self._words = bookkeeping_of(connection.dialect).patience

    @cached_property
    def each_transaction(self) -> bool:
        """Whether settings have to be made in each transaction, since the next may be in another session."""
        return self._words.local and self._connection.pooled

    def limit(self) -> None:
        """Set the limits, after all that a migration before may have set for the session was taken back.

        Where the session is not ours to keep, they are those of the transaction that is open.
        """
        settings = [] if self.each_transaction else [*self._words.reset]
        settings += self._with(self._words.locks, min(_WAIT_SECONDS, self._limits.locks))
        if self._limits.statement is not None:
            settings += self._with(self._words.statements, self._limits.statement)
        self._make(settings)

    def reset(self) -> None:
        """Make the session's settings what they were when it began."""
        self._make(self._words.reset)

    def restore(self) -> None:
        """What `reset` does, unless there is no session of ours: it is lost, or was one for each transaction."""
        if not self.each_transaction:
            with suppress(QueryNLError):
                self.reset()

    def insist(self, attempt: Callable[[], None], undo: Callable[[], None]) -> None:
        """Make the attempt; where it met a lock, undo what there is of it, and again after a while.

        Raises LockedOut when the time is over, and what else the attempt raises.
        """
        began = time.monotonic()
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return attempt()
            except StatementFailed as error:
                if error.sqlstate not in self._words.refused:
                    raise
                left = began + self._limits.locks - time.monotonic()
                if left <= 0:
                    raise self._locked_out(error) from error
            import random

            undo()
            # Jitter, so that those who met each other do not meet again.
            time.sleep(min(left, pause * random.uniform(0.5, 1)))
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def reaches(self, reopen: Callable[[], None]) -> bool:
        """Whether the server was reached again within the time that locks may take."""
        import random

        deadline = time.monotonic() + self._limits.locks
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                reopen()
            except QueryNLError:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                time.sleep(min(left, pause * random.uniform(0.5, 1)))
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                return True

    def _make(self, settings: Sequence[str]) -> None:
        for text in ["; ".join(settings)] if self._words.at_once else settings:
            self._connection.execute(text)

    def _with(self, statements: Sequence[str], seconds: float) -> list[str]:
        scope = "LOCAL" if self.each_transaction else "SESSION"
        whole, milliseconds = max(1, round(seconds)), max(1, round(1000 * seconds))
        return [sql.format(scope=scope, seconds=whole, milliseconds=milliseconds) for sql in statements]

    def _locked_out(self, error: StatementFailed) -> LockedOut:
        statement = " ".join((error.sql or "").split())[:100]
        return LockedOut(
            f"Other sessions hold locks that a statement needs: {error.what}; waited {self._limits.locks:g} s.",
            where=statement or None,
            remedy="Wait until they are done, or give it longer: --lock-timeout SECONDS.",
        )
