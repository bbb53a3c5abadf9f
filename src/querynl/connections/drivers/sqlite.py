"""SQLite through the standard library's sqlite3."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from querynl.connections.protocol import Connection, refuse_nested_transaction
from querynl.connections.target import MEMORY, Dialect, Target
from querynl.dialects.bookkeeping import SQLITE_WAITS
from querynl.errors import ConnectionFailed, QueryNLError, StatementFailed

# Signal handlers run between Python instructions, so a long statement must call Python now and then: some
# milliseconds apart, too seldom to be measured.
_INSTRUCTIONS_BETWEEN_SIGNALS = 200_000
# sqlite3 raises `Warning`, which is no `Error`, for a second statement in one text (Python 3.11).
_FAILURES = (sqlite3.Error, sqlite3.Warning)


class SQLiteConnection(Connection):
    """A session on one SQLite file, with foreign keys enforced."""

    def __init__(self, driver: sqlite3.Connection, file: str) -> None:
        self.dialect: Dialect = "sqlite"
        self.version = sqlite3.sqlite_version
        self.database = file
        self._driver = driver
        self._cancelled = False
        driver.set_progress_handler(lambda: 0, _INSTRUCTIONS_BETWEEN_SIGNALS)

    def another(self, database: str | None = None) -> Connection:
        return open_connection(Target(dialect="sqlite", file=database or self.database), read_only=False)

    def reopen(self) -> None:
        self._driver.close()
        self._driver = open_connection(Target(dialect="sqlite", file=self.database), read_only=False)._driver

    @property
    def in_transaction(self) -> bool:
        return self._driver.in_transaction

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._run(sql, parameters)[0]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._run(sql, parameters)[1]

    def begin(self) -> None:
        if self.in_transaction:
            raise refuse_nested_transaction()
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        if not self.in_transaction:
            raise StatementFailed("The transaction was rolled back before it could be committed.", sql="COMMIT")
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def cancel(self) -> None:
        self._cancelled = True
        self._driver.interrupt()

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        self._driver.isolation_level = "DEFERRED"
        try:
            yield self._driver
        finally:
            self._driver.rollback()
            self._driver.isolation_level = None

    def close(self) -> None:
        self._driver.close()

    def _run(self, sql: str, parameters: Sequence[object]) -> tuple[list[tuple[Any, ...]], int]:
        text = re.sub("%[s%]", lambda match: "?" if match[0] == "%s" else "%", sql) if parameters else sql
        self._cancelled = False
        failure: QueryNLError
        try:
            cursor = self._driver.execute(text, tuple(parameters))
            # Fetched even when nobody reads them: a statement left unfinished holds its locks.
            return cursor.fetchall(), cursor.rowcount
        except _FAILURES as error:
            code = getattr(error, "sqlite_errorname", None)
            if code == "SQLITE_INTERRUPT" and not self._cancelled:
                # sqlite3 swallows what a signal handler raised; nothing but Ctrl-C interrupts uncalled.
                raise KeyboardInterrupt from None
            failure = StatementFailed(str(error), sql=sql, sqlstate=code)
        raise failure


def open_connection(target: Target, *, read_only: bool) -> SQLiteConnection:
    """A session on the target's file, created if it is missing and `read_only` is not asked for."""
    file = target.file or MEMORY
    try:
        if read_only and file != MEMORY:
            uri = f"file:{quote(os.path.abspath(file))}?mode=ro"
            driver = sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)
        else:
            driver = sqlite3.connect(file, timeout=0, isolation_level=None)
    except _FAILURES as error:
        raise _open_failure(file, str(error)) from None
    try:
        # Reading the header tells a database from another file; without a wait, for a locked one is a database.
        driver.execute("PRAGMA schema_version")
    except _FAILURES as error:
        if not getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            driver.close()
            raise _open_failure(file, str(error)) from None
    driver.execute(SQLITE_WAITS)
    driver.execute("PRAGMA foreign_keys = ON")
    if read_only:
        driver.execute("PRAGMA query_only = ON")
    return SQLiteConnection(driver, file)


def _open_failure(file: str, reason: str) -> ConnectionFailed:
    folder = os.path.dirname(os.path.abspath(file))
    if not os.path.isdir(folder):
        return ConnectionFailed("The folder of the SQLite file does not exist.", where=file, remedy=f"Create {folder}.")
    return ConnectionFailed(
        f"The SQLite file cannot be opened: {reason}.",
        where=file,
        remedy="Check the path, its permissions, and that the file is a SQLite database.",
    )
