"""The one thin layer over psycopg, PyMySQL and sqlite3 that every other room speaks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import Any, Protocol, Self

from querynl.connections.target import Dialect, HistoryPlace
from querynl.errors import ConnectionFailed, StatementFailed


class Connection(Protocol):
    """A session on one database, in autocommit: every transaction is begun and ended by the caller.

    `dialect` is what the server says it is, whatever the URL said. `version` is the server's, digits and
    dots only ("18.6", "9.7.4", "10.11.19", "3.40.1"). `database` is its name, or the file of SQLite. `history` is
    where QueryNL's own tables are in it.

    A driver's errors become `StatementFailed` (with `sqlstate`: the SQLSTATE of PostgreSQL, the error number
    of MySQL and MariaDB, the error name of SQLite), or `ConnectionFailed` when the session is gone.
    """

    dialect: Dialect
    version: str
    database: str
    history: HistoryPlace = HistoryPlace()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, as the server last said."""
        ...

    @property
    def pooled(self) -> bool:
        """Whether somebody in between may give each transaction another session of the server, as poolers do.

        The server is asked, once: a pooler's greeting has a number for the session that is not the server's.
        """
        return False

    def another(self, database: str | None = None) -> Connection:
        """A further session, on the same database or on another of its server, opened as this one was.

        Raises what `connect` raises.
        """
        ...

    def reopen(self) -> None:
        """Begin a new session in the place of one that was lost. Raises what `connect` raises."""
        ...

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Every row of one statement; each `%s` stands for a parameter (write `%%` for `%` beside them)."""
        ...

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """The number of rows that one statement inserted, matched or deleted; -1 where it is unknown.

        Without parameters the text goes to the server exactly as it is. PostgreSQL alone takes several
        statements in one text, and runs them as one transaction.
        """
        ...

    def begin(self) -> None:
        """Open a transaction; on SQLite with its write lock (`BEGIN IMMEDIATE`). Raises if one is open."""
        ...

    def commit(self) -> None:
        """Commit the open transaction, or raise `StatementFailed` if the server rolled it back instead."""
        ...

    def rollback(self) -> None:
        """Undo the open transaction; nothing to undo is no error."""
        ...

    def cancel(self) -> None:
        """Stop the statement that is running now on the server; any thread or signal handler may call this."""
        ...

    def close(self) -> None:
        """End the session, which rolls back what is open; closing twice is no error."""
        ...

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the block, or roll back when it raises."""
        self.begin()
        try:
            yield
        except BaseException:
            # A lost session was rolled back by its server, and the first error is the one to show.
            with suppress(ConnectionFailed, StatementFailed):
                self.rollback()
            raise
        self.commit()

    def lent(self) -> AbstractContextManager[Any]:
        """The driver's own connection, for a library that speaks to drivers itself.

        In the block it keeps transactions as DB-API says; what is not committed at the end of it is rolled back.
        """
        ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def refuse_nested_transaction() -> StatementFailed:
    """The error of beginning a transaction in a transaction, which MySQL would commit and PostgreSQL ignore."""
    return StatementFailed("A transaction is already open.", sql="BEGIN")
