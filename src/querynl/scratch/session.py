"""A session on a throwaway database, which tells its own breakdown from a refused statement."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from querynl.connections import Connection
from querynl.errors import ConnectionFailed, ScratchFailed, StatementFailed

# What a file system says through engines that put it under a code of their own: ENOSPC, EDQUOT, EFBIG.
_NO_ROOM = re.compile(
    r"No space left on device|Disk quota exceeded|File too large|\b(errno:?|error:?|error number) (28|122|27)\b"
)


class ThrowawaySession(Connection):
    """A connection whose errors are ScratchFailed where the database has no room left, or its server is gone.

    Neither is the fault of the statement, nor of who wrote it. `full` are the engine's codes for the first;
    `place` is where the database is.
    """

    def __init__(self, inner: Connection, full: frozenset[str], place: str) -> None:
        self.dialect = inner.dialect
        self.version = inner.version
        self.database = inner.database
        self._inner = inner
        self._full = full
        self._place = place

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def another(self, database: str | None = None) -> Connection:
        return self._inner.another(database)

    def reopen(self) -> None:
        self._inner.reopen()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._inner.rows(sql, parameters)
        except (ConnectionFailed, StatementFailed) as error:
            raise self._told(error) from None

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        try:
            return self._inner.execute(sql, parameters)
        except (ConnectionFailed, StatementFailed) as error:
            raise self._told(error) from None

    def begin(self) -> None:
        self._inner.begin()

    def commit(self) -> None:
        try:
            self._inner.commit()
        except (ConnectionFailed, StatementFailed) as error:
            raise self._told(error) from None

    def rollback(self) -> None:
        self._inner.rollback()

    def cancel(self) -> None:
        self._inner.cancel()

    def lent(self) -> AbstractContextManager[Any]:
        return self._inner.lent()

    def close(self) -> None:
        self._inner.close()

    def _told(self, error: ConnectionFailed | StatementFailed) -> ScratchFailed | StatementFailed:
        if isinstance(error, ConnectionFailed):
            return ScratchFailed(
                f"The server of the throwaway database is gone: {error.what}",
                where=self._place,
                remedy="Run the command again; if it happens again, name another server with --scratch-url.",
            )
        if error.sqlstate in self._full or _NO_ROOM.search(error.what):
            return ScratchFailed(
                f"The throwaway database has no room left: {error.what}",
                where=self._place,
                remedy=f"{error.remedy or 'Make room there.'} Or name another server with --scratch-url.",
            )
        return error
