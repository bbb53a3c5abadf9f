"""MySQL and MariaDB through PyMySQL."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import pymysql
from msgspec.structs import replace
from pymysql.connections import TEXT_TYPES
from pymysql.constants import CLIENT, CR, SERVER_STATUS

from querynl.connections.protocol import Connection, refuse_nested_transaction
from querynl.connections.target import Dialect, Target
from querynl.errors import AuthenticationFailed, ConnectionFailed, QueryNLError, StatementFailed

_CONNECT_TIMEOUT_S = 10
# Access denied (to the database, for the user, without a password), host or plugin refused:
# https://dev.mysql.com/doc/mysql-errors/9.5/en/server-error-reference.html
_REFUSED_LOGIN = frozenset((1044, 1045, 1130, 1251, 1698, 1524, 3118, 3955))
# Of the server, of the account, of the account in an hour.
_TOO_MANY = frozenset((1040, 1203, 1226))
# https://dev.mysql.com/doc/mysql-errors/9.5/en/client-error-reference.html and the server's own good-byes.
_LOST = frozenset((0, 2006, 2013, 2014, 2055, 1053, 1077, 1927))
# That a session was idle for too long, to MySQL; to MariaDB, that there is no such trigger.
_IDLE = 4031
# VECTOR, whose values are bytes; PyMySQL takes every type that it does not know for one of digits.
# https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
TEXT_TYPES.add(242)


class MySQLConnection(Connection):
    """A session on one MySQL or MariaDB database, in the server's own `sql_mode`."""

    def __init__(self, driver: Any, target: Target) -> None:  # PyMySQL's type stubs lack what is used here
        greeting = str(driver.get_server_info())
        self.dialect: Dialect = "mariadb" if "mariadb" in greeting.casefold() else "mysql"
        # MariaDB puts 5.5.5- before its version, for old replicas: https://mariadb.com/kb/en/mariadb-vs-mysql-compatibility/
        numbers = re.match(r"(?:5\.5\.5-(?=\d))?(\d+(?:\.\d+)*)", greeting)
        self.version = numbers[1] if numbers else greeting
        self.database = target.database or ""
        self._driver = driver
        self._target = target

    @cached_property
    def pooled(self) -> bool:
        # With an addition, for ProxySQL answers the bare question itself. A greeting has 32 bits of the number.
        [(session,)] = self.rows("SELECT CONNECTION_ID() + 0")
        return bool(session % (1 << 32) != self._driver.thread_id())

    def another(self, database: str | None = None) -> Connection:
        target = self._target if database is None else replace(self._target, database=database)
        return open_connection(target, read_only=False)

    def reopen(self) -> None:
        self.close()
        self._driver = open_connection(self._target, read_only=False)._driver

    @property
    def in_transaction(self) -> bool:
        return self._driver.open and bool(self._driver.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._run(sql, parameters)[0]

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._run(sql, parameters)[1]

    def begin(self) -> None:
        if self.in_transaction:
            raise refuse_nested_transaction()
        self.execute("START TRANSACTION")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        # Asked of the server in any case: an error packet does not say whether its transaction still stands.
        self.execute("ROLLBACK")

    def cancel(self) -> None:
        with open_connection(self._target, read_only=False) as other:
            other.execute(f"KILL QUERY {self._driver.thread_id()}")

    @contextmanager
    def lent(self) -> Iterator[Any]:
        self._driver.autocommit(False)
        try:
            yield self._driver
        finally:
            if self._driver.open:
                self._driver.rollback()
                self._driver.autocommit(True)

    def close(self) -> None:
        if self._driver.open:
            self._driver.close()

    def _run(self, sql: str, parameters: Sequence[object]) -> tuple[list[tuple[Any, ...]], int]:
        failure: QueryNLError
        try:
            with self._driver.cursor() as cursor:
                affected = cursor.execute(sql, tuple(parameters) or None)
                return list(cursor.fetchall()) if cursor.description else [], affected
        except pymysql.MySQLError as error:
            failure = self._failure(error, sql)
        raise failure

    def _failure(self, error: pymysql.MySQLError, sql: str) -> QueryNLError:
        number, message = _parts(error)
        is_idle = number == _IDLE and self.dialect == "mysql"
        if number in _LOST or is_idle or not self._driver.open:
            return ConnectionFailed(
                f"The session was lost: {message or 'the connection is closed'}.", where=self.database
            )
        return StatementFailed(message, sql=sql, sqlstate=str(number))


def open_connection(target: Target, *, read_only: bool) -> MySQLConnection:
    """A session on the target, over TLS where the server offers it (as `ssl_mode` says)."""
    failure: QueryNLError
    try:
        connection = MySQLConnection(_open(target), target)
    except (pymysql.MySQLError, RuntimeError) as error:  # RuntimeError: a login method PyMySQL lacks a library for
        failure = _connect_failure(error, target)
    else:
        if read_only:
            connection.execute("SET SESSION TRANSACTION READ ONLY")
        return connection
    # Raised out here, so that no frame or context that knew the password goes with it.
    raise failure


def _settings(target: Target) -> dict[str, Any]:
    options = dict(target.options)
    settings: dict[str, Any] = {
        "host": target.host,
        "port": target.port or 0,
        "unix_socket": options.get("unix_socket"),
        "user": target.username,
        # Bytes, for PyMySQL would encode text as latin1.
        "password": (target.password or "").encode(),
        "database": target.database,
        "charset": "utf8mb4",
        "autocommit": True,
        "local_infile": False,
        # Rows matched, as on every other engine, instead of rows changed.
        "client_flag": CLIENT.FOUND_ROWS,
        "connect_timeout": int(options.get("connect_timeout", _CONNECT_TIMEOUT_S)),
        "program_name": "querynl",
    }
    return settings


def _open(target: Target) -> Any:
    settings = _settings(target)
    if target.ssl_mode == "disable" or settings["unix_socket"]:
        return pymysql.connect(**settings, ssl_disabled=True)
    try:
        return pymysql.connect(**settings, ssl=_ssl_context(target))
    except pymysql.OperationalError as error:
        if target.ssl_mode not in (None, "prefer") or _parts(error)[0] != CR.CR_SSL_CONNECTION_ERROR:
            raise
    # PyMySQL prefers TLS by itself, too, but reads all of the system's certificates first, to check none.
    return pymysql.connect(**settings, ssl_disabled=True)


def _ssl_context(target: Target) -> ssl.SSLContext:
    options = dict(target.options)
    # As with libpq, a root certificate that is named is used.
    checks = target.ssl_mode in ("verify-ca", "verify-full") or target.ssl_root_cert is not None
    failure: ConnectionFailed
    try:
        if checks:
            context = ssl.create_default_context(cafile=target.ssl_root_cert)
            # The certificates MySQL makes for itself do not pass the strict checks of Python 3.13.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = target.ssl_mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if checks else ssl.CERT_NONE
        if "sslcert" in options:
            context.load_cert_chain(options["sslcert"], options.get("sslkey"))
        return context
    except OSError as error:
        failure = ConnectionFailed(
            f"The TLS certificates cannot be read: {error}", where=target.name, remedy="Check sslrootcert and sslcert."
        )
    raise failure


def _parts(error: Exception) -> tuple[int, str]:
    """The server's error number and message; PyMySQL gives some of its own errors neither."""
    match error.args:
        case (int(number), message, *_):
            return number, str(message)
        case _:
            return -1, str(error)


def _connect_failure(error: Exception, target: Target) -> QueryNLError:
    number, message = _parts(error)
    engine = "MariaDB" if target.dialect == "mariadb" else "MySQL"
    if number in _REFUSED_LOGIN:
        return AuthenticationFailed(
            f"{engine} refused the login: {message}", where=target.name, remedy="Check the user name and the password."
        )
    if number in _TOO_MANY:
        return ConnectionFailed(
            f"{engine} takes no further session: {message}",
            where=target.name,
            remedy="Try again when fewer sessions are open there.",
        )
    return ConnectionFailed(
        f"{engine} cannot be reached: {message}",
        where=target.name,
        remedy="Check the host, the port and the database name, and that the server is running.",
    )
