"""Temporary databases on a server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from msgspec.structs import replace

from querynl.connections import Connection, Target, connect
from querynl.dialects.throwaway import throwaway_of
from querynl.errors import ConnectionFailed, QueryNLError, ScratchFailed, ScratchUnavailable, StatementFailed
from querynl.scratch.removal import Owner, new_owner, remove, remove_abandoned, remove_accounts
from querynl.scratch.roles import WithRoles
from querynl.scratch.session import ThrowawaySession
from querynl.scratch.watcher import Watcher

_TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}


class ServerDatabases:
    """Throwaway databases on a server, whose account may create them.

    A private server gets the roles that statements speak of.

    `standing` are the names of those that are there, `collation` is the default of those to come.
    """

    def __init__(self, target: Target, server: Connection, owner: Owner, place: str, *, is_private: bool) -> None:
        self.origin = f"{_TITLES[server.dialect]} {server.version}, {place}"
        self.collation: str | None = None
        self._target = target
        self._server = server
        self._owner = owner
        self._is_private = is_private
        self._words = throwaway_of(server.dialect)
        self._made = 0
        self.standing: set[str] = set()

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """A session on a new, empty database.

        Raises ScratchUnavailable if the account may not create a database, and ScratchFailed where the server
        has no room for it or for another session.
        """
        self._made += 1
        name = self._owner.database(self._made)
        self.standing.add(name)
        try:
            self._create(name)
            with self._connect(name) as connection:
                yield WithRoles(connection) if self._is_private else connection
        finally:
            # What stays is left to the watcher, and to whoever opens the next one on this server.
            with suppress(QueryNLError):
                remove(self._server, name)
                self.standing.remove(name)

    def _create(self, name: str) -> None:
        collated = "" if self.collation is None else self._words.collated.format(collation=self.collation)
        try:
            self._session(self._server).execute(self._words.create.format(name=name) + collated)
        except StatementFailed as error:
            raise ScratchUnavailable(
                f"A throwaway database could not be created: {error.what}",
                where=self._target.url(),
                remedy="Name a server with --scratch-url whose account may create databases like the live one.",
            ) from None

    def _connect(self, name: str) -> Connection:
        try:
            return self._session(connect(replace(self._target, database=name)))
        except ConnectionFailed as error:
            raise ScratchFailed(
                f"The server of the throwaway database took no further session: {error.what}",
                where=self._target.url(),
                remedy="Run the command again when fewer sessions are open, or name another server with --scratch-url.",
            ) from None

    def _session(self, connection: Connection) -> Connection:
        return ThrowawaySession(connection, self._words.full, self._target.url())


@contextmanager
def server_databases(target: Target, place: str, *, is_private: bool = False) -> Iterator[ServerDatabases]:
    """Throwaway databases on the server of the target.

    Databases that an earlier process left there when it was killed are removed first. Ours are removed by a
    watcher if we are killed; none is needed where the server itself ends soon after us.
    """
    with connect(target) as server:
        with suppress(StatementFailed):  # an account that may not look for them
            remove_abandoned(server)
        if is_private:
            remove_accounts(server)
        owner = new_owner(server)
        databases = ServerDatabases(target, server, owner, place, is_private=is_private)
        watcher = None if is_private or sys.platform == "win32" else Watcher(target, owner)
        try:
            yield databases
        finally:
            if watcher is not None:
                watcher.call() if databases.standing else watcher.dismiss()
