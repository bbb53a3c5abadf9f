"""PostgreSQL through psycopg 3."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import psycopg
from msgspec.structs import replace
from psycopg.pq import TransactionStatus

from querynl.connections.protocol import Connection, refuse_nested_transaction
from querynl.connections.target import Dialect, Target
from querynl.errors import AuthenticationFailed, ConnectionFailed, QueryNLError, StatementFailed

_CONNECT_TIMEOUT_S = 10
# libpq gives no SQLSTATE for a refused login (class 28 of the standard), only the server's text.
_REFUSED_LOGIN = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|role .* does not exist"
    r"|not permitted to log in|fe_sendauth"
)
# What PgBouncer says of settings that its sessions cannot begin with.
_REFUSED_SETTING = "unsupported startup parameter"
# What psycopg says before the server's or the system's own reason, and libpq after it; the remedy says the same.
_ADDED = re.compile(r"^connection (?:failed|is bad): | Is the server running [^?]*\?")
_TOO_MANY = re.compile(r"too many (clients|connections)|remaining connection slots")


class PostgreSQLConnection(Connection):
    """A session on one PostgreSQL database; the server's notices are dropped."""

    def __init__(
        self, driver: psycopg.Connection[tuple[Any, ...]], target: Target, *, reads_only: bool = False
    ) -> None:
        self.dialect: Dialect = "postgresql"
        self.version = (driver.info.parameter_status("server_version") or "").partition(" ")[0]
        self.database = driver.info.dbname
        self._driver = driver
        # One for all statements: making another takes as long as sending a short one.
        self._cursor = driver.cursor()
        self._target = target
        # Whether each transaction has to be told to change nothing, for want of a session that is.
        self._reads_only = reads_only

    @cached_property
    def pooled(self) -> bool:
        # PgBouncer and its likes greet with numbers of their own: https://github.com/pgbouncer/pgbouncer/issues/1296
        [(session,)] = self.rows("SELECT pg_catalog.pg_backend_pid()")
        return bool(session != self._driver.info.backend_pid)

    def another(self, database: str | None = None) -> Connection:
        target = self._target if database is None else replace(self._target, database=database)
        return open_connection(target, read_only=False)

    def reopen(self) -> None:
        self.close()
        self._driver = open_connection(self._target, read_only=False)._driver
        self._cursor = self._driver.cursor()

    @property
    def in_transaction(self) -> bool:
        status = self._driver.info.transaction_status
        return status not in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        if self._reads_only and not self.in_transaction:
            with self.transaction():
                return self._run(sql, parameters)[0]
        return self._run(sql, parameters)[0]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._run(sql, parameters)[1]

    def begin(self) -> None:
        if self.in_transaction:
            raise refuse_nested_transaction()
        self.execute("BEGIN READ ONLY" if self._reads_only else "BEGIN")

    def commit(self) -> None:
        # COMMIT of a failed transaction succeeds, and rolls back:
        # https://www.postgresql.org/docs/current/sql-commit.html
        failed = self._driver.info.transaction_status == TransactionStatus.INERROR
        if failed or not self.in_transaction:
            self.rollback()
            raise StatementFailed("The transaction had failed and was rolled back.", sql="COMMIT", sqlstate="25P02")
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.execute("ROLLBACK")

    def cancel(self) -> None:
        self._driver.cancel_safe()

    @contextmanager
    def lent(self) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        self._driver.autocommit = False
        try:
            yield self._driver
        finally:
            if not self._driver.closed:
                self._driver.rollback()
                self._driver.autocommit = True

    def close(self) -> None:
        self._driver.close()

    def _run(self, sql: str, parameters: Sequence[object]) -> tuple[list[tuple[Any, ...]], int]:
        if "\0" in sql:
            # libpq would end the statement there and run its first half.
            raise StatementFailed("The statement has a NUL character.", sql=sql, sqlstate="22021")
        failure: QueryNLError
        try:
            cursor = self._cursor.execute(sql.encode(), parameters or None)
            # Whether there are columns, asked of the result: the cursor would describe each of them.
            answers = cursor.pgresult is not None and cursor.pgresult.nfields > 0
            return cursor.fetchall() if answers else [], cursor.rowcount
        except psycopg.Error as error:
            failure = self._failure(error, sql)
        raise failure

    def _failure(self, error: psycopg.Error, sql: str) -> QueryNLError:
        what = " ".join(
            part for part in (error.diag.message_primary or _one_line(error), error.diag.message_detail) if part
        )
        if self._driver.closed:
            return ConnectionFailed(f"The session was lost: {what}", where=self.database)
        return StatementFailed(what, sql=sql, sqlstate=error.sqlstate, remedy=_hint(error))


def _hint(error: psycopg.Error) -> str | None:
    """The server's hint; where it only names a setting, what that is about.

    https://www.postgresql.org/docs/current/runtime-config-locks.html
    """
    hint = error.diag.message_hint
    if hint is None or "max_locks_per_transaction" not in hint:
        return hint
    return (
        "One transaction locks more tables and indexes than the server has room for: raise max_locks_per_transaction"
        " there, which takes a restart, or divide the change among several migrations."
    )


def open_connection(target: Target, *, read_only: bool) -> PostgreSQLConnection:
    """A session on the target; what it leaves out comes from libpq's own places (PGPASSWORD, .pgpass, service)."""
    failure: QueryNLError
    settings = _settings(target)
    reading = f"{settings.get('options', '')} -c default_transaction_read_only=on".strip()
    try:
        if not read_only:
            return PostgreSQLConnection(psycopg.connect(**settings), target)
        try:
            return PostgreSQLConnection(psycopg.connect(**settings | {"options": reading}), target)
        except psycopg.OperationalError as error:
            if _REFUSED_SETTING not in str(error):
                raise
        return PostgreSQLConnection(psycopg.connect(**settings), target, reads_only=True)
    except psycopg.Error as error:
        failure = _connect_failure(error, target)
    # Raised out here, so that no frame or context that knew the password goes with it.
    del settings
    raise failure


def _settings(target: Target) -> dict[str, Any]:
    named = {
        "host": target.host,
        "port": target.port,
        "dbname": target.database,
        "user": target.username,
        "password": target.password,
        "sslmode": target.ssl_mode,
        "sslrootcert": target.ssl_root_cert,
    }
    settings: dict[str, Any] = {
        "application_name": "querynl",
        "connect_timeout": _CONNECT_TIMEOUT_S,
        **{name: value for name, value in named.items() if value is not None},
        **dict(target.options),
        "client_encoding": "UTF8",
        "autocommit": True,
        # Poolers hand a session to others, and a prepared statement does not survive a change of its tables.
        "prepare_threshold": None,
    }
    return settings


def _connect_failure(error: psycopg.Error, target: Target) -> QueryNLError:
    reason = _ADDED.sub("", _one_line(error))
    if _REFUSED_LOGIN.search(reason):
        return AuthenticationFailed(
            f"PostgreSQL refused the login: {reason}", where=target.name, remedy="Check the user name and the password."
        )
    if _TOO_MANY.search(reason):
        return ConnectionFailed(
            f"PostgreSQL takes no further session: {reason}",
            where=target.name,
            remedy="Try again when fewer sessions are open there.",
        )
    return ConnectionFailed(
        f"PostgreSQL cannot be reached: {reason}",
        where=target.name,
        remedy="Check the host, the port and the database name, and that the server is running.",
    )


def _one_line(error: psycopg.Error) -> str:
    return " ".join(str(error).split())
