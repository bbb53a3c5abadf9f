"""The engines under test, and fresh databases on their servers, made with the plain drivers alone."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
from pymysql.constants import CLIENT

ENGINES = ("sqlite", "postgresql", "mysql", "mariadb")
CONNECT_TIMEOUT_SECONDS = 5

Row = tuple[Any, ...]


def connect(url: str) -> Any:
    """An open DB-API connection in autocommit mode, to be closed by the caller.

    The URL's scheme is the engine's name; `sqlite:////folder/file.db` has the absolute path after three slashes.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite3.connect(unquote(parts.path[1:]), isolation_level=None)
    if parts.scheme == "postgresql":
        return psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_SECONDS)
    return pymysql.connect(
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 3306,
        user=unquote(parts.username or "root"),
        password=unquote(parts.password or ""),
        database=unquote(parts.path[1:]) or None,
        autocommit=True,
        client_flag=CLIENT.MULTI_STATEMENTS,
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        # Loading the system's certificates takes thirty times as long as the rest.
        ssl_disabled=True,
    )


@dataclass(frozen=True)
class Database:
    """One database of a test's own: the engine's name, and the URL that QueryNL is given."""

    engine: str
    url: str

    @property
    def name(self) -> str:
        """The database's name on its server; for SQLite the file's path."""
        return unquote(urlsplit(self.url).path[1:])

    def connect(self) -> Any:
        """An open DB-API connection in autocommit mode, to be closed by the caller."""
        return connect(self.url)

    def execute(self, script: str) -> None:
        """Runs one or more statements, on PostgreSQL in one transaction; an error of the driver is passed on."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            if self.engine == "sqlite":
                cursor.executescript(script)
                return
            cursor.execute(script)
            while cursor.nextset():
                pass

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of one query."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            # Without parameters a driver takes % for itself and not for a placeholder.
            cursor.execute(*((query, parameters) if parameters else (query,)))
            return [tuple(row) for row in cursor.fetchall()]

    def end_sessions(self) -> None:
        """Ends every other session on the server's side, and returns when they are gone; SQLite has none."""
        if self.engine == "postgresql":
            longest_ms = 10_000
            self.rows(
                f"SELECT pg_terminate_backend(pid, {longest_ms}) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        elif self.engine != "sqlite":
            with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
                while others := self._others(cursor, connection.thread_id()):
                    for session in others:
                        # One that has ended meanwhile is no failure.
                        with suppress(pymysql.err.OperationalError):
                            cursor.execute(f"KILL {session}")

    def _others(self, cursor: Any, own: int) -> list[int]:
        # MySQL's INFORMATION_SCHEMA.PROCESSLIST fails while any session runs a statement with a character of four
        # bytes, and without FULL the text of one is cut off after 100 bytes, in the middle of a character if need be.
        cursor.execute("SHOW FULL PROCESSLIST")
        return [row[0] for row in cursor.fetchall() if row[3] == self.name and row[0] != own]


class Databases:
    """Makes and drops databases on the servers of this run.

    `server_url(engine)` is the URL of that engine's server, SQLite excepted, whose files go into `folder`.
    """

    def __init__(self, server_url: Callable[[str], str], folder: Path) -> None:
        self.server_url = server_url
        self._folder = folder

    def create(self, engine: str) -> Database:
        """A fresh, empty database with UTF-8 text, which the caller drops."""
        name = f"querynl_test_{uuid.uuid4().hex[:12]}"
        if engine == "sqlite":
            return Database(engine, f"sqlite:///{self._folder / name}.db")
        server = self.server_url(engine)
        # Copying the template is the quickest way while nothing has to reach a disk.
        options = " STRATEGY file_copy" if engine == "postgresql" else " CHARACTER SET utf8mb4"
        Database(engine, server).execute(f"CREATE DATABASE {name}{options}")
        return Database(engine, urlsplit(server)._replace(path=f"/{name}").geturl())

    def drop(self, database: Database) -> None:
        """Drops it, with whatever sessions are still in it."""
        if database.engine == "sqlite":
            for suffix in ("", "-journal", "-wal", "-shm"):
                Path(database.name + suffix).unlink(missing_ok=True)
            return
        server = Database(database.engine, self.server_url(database.engine))
        if database.engine == "postgresql":
            server.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
            return
        database.end_sessions()  # an open transaction would block the drop
        server.execute(f"DROP DATABASE {database.name}")

    def empty(self, database: Database) -> None:
        """Makes it as fresh as one that was just created, which is quicker on PostgreSQL than to create it."""
        if database.engine == "postgresql":
            database.execute(
                "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner;"
                " GRANT USAGE ON SCHEMA public TO PUBLIC; COMMENT ON SCHEMA public IS 'standard public schema'"
            )
            return
        self.drop(database)
        if database.engine != "sqlite":
            server = Database(database.engine, self.server_url(database.engine))
            server.execute(f"CREATE DATABASE {database.name} CHARACTER SET utf8mb4")

    @contextmanager
    def temporary(self, engine: str) -> Iterator[Database]:
        """A fresh, empty database for the length of a `with` block."""
        database = self.create(engine)
        try:
            yield database
        finally:
            self.drop(database)
