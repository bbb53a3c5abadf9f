"""Sessions on a server of our own, where every role that a statement speaks of is there."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from querynl.connections import Connection
from querynl.dialects import dialect_named
from querynl.errors import StatementFailed


class WithRoles(Connection):
    """A session that creates a role, without login, where a statement fails for the lack of it, and runs it again.

    Roles belong to a server and not to a database: a schema names them, and brings none. What only superusers may own
    makes the role one, on this server. In a transaction, which the
    failure has ended already, nothing can be run again.
    """

    def __init__(self, session: Connection) -> None:
        self.dialect, self.version, self.database = session.dialect, session.version, session.database
        self._session = session
        self._room = dialect_named(session.dialect, session.version)

    @property
    def in_transaction(self) -> bool:
        return self._session.in_transaction

    def another(self, database: str | None = None) -> Connection:
        return self._session.another(database)

    def reopen(self) -> None:
        self._session.reopen()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._session.rows(sql, parameters)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        created: set[str] = set()
        while True:
            try:
                return self._session.execute(sql, parameters)
            except StatementFailed as failure:
                creation = self._room.missing_role(failure)
                if creation is None or creation in created or self.in_transaction:
                    raise
                self._session.execute(creation)
                created.add(creation)

    def begin(self) -> None:
        self._session.begin()

    def commit(self) -> None:
        self._session.commit()

    def rollback(self) -> None:
        self._session.rollback()

    def cancel(self) -> None:
        self._session.cancel()

    def lent(self) -> AbstractContextManager[Any]:
        return self._session.lent()

    def close(self) -> None:
        self._session.close()
