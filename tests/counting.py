"""A reader of catalogs that counts the queries it is asked."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from querynl.connections import Connection


class CountingReader:
    """A connection's rows and transactions, and the queries that were asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.asked: list[str] = []

    @property
    def queries(self) -> int:
        return len(self.asked)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def transaction(self) -> AbstractContextManager[None]:
        return self._connection.transaction()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return self._connection.rows(sql, parameters)
