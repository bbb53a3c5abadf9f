"""SQLite databases in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from querynl.connections import Connection, Target, connect
from querynl.scratch.session import ThrowawaySession

# https://www.sqlite.org/rescode.html
_FULL = frozenset(("SQLITE_FULL", "SQLITE_NOMEM"))


class MemoryDatabases:
    """Throwaway SQLite databases, each gone with its connection."""

    origin = f"SQLite {sqlite3.sqlite_version} in memory"
    collation: str | None = None

    @contextmanager
    def database(self) -> Iterator[Connection]:
        with connect(Target(dialect="sqlite")) as connection:
            yield ThrowawaySession(connection, _FULL, "memory")
