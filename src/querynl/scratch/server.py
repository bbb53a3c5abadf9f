"""Temporary databases on a server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from querynl.connections import Connection, Target, connect
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import QueryNLError, ScratchUnavailable, StatementFailed
from querynl.scratch.roles import WithRoles

PREFIX = "querynl_scratch_"
_TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}


class ServerDatabases:
    """Throwaway databases on the server of `target`, whose account may create them.

    A private server, which is gone afterwards, gets the roles that statements speak of.
    """

    def __init__(self, target: Target, place: str, *, is_private: bool = False) -> None:
        self._target = target
        self._is_private = is_private
        with connect(target) as connection:
            self.origin = f"{_TITLES[connection.dialect]} {connection.version}, {place}"

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """A session on a new, empty database. Raises ScratchUnavailable if the account may not create one."""
        name = PREFIX + secrets.token_hex(8)
        with connect(self._target) as server:
            try:
                server.execute(f"CREATE DATABASE {name} {bookkeeping_of(server.dialect).database_options}")
            except StatementFailed as error:
                raise ScratchUnavailable(
                    f"A throwaway database could not be created: {error.what}",
                    where=self._target.url(),
                    remedy="Name a server with --scratch-url whose account may create databases.",
                ) from None
            try:
                with connect(replace(self._target, database=name)) as connection:
                    yield WithRoles(connection) if self._is_private else connection
            finally:
                with suppress(QueryNLError):
                    server.execute(f"DROP DATABASE {name}")
