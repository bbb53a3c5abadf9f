"""SQLite databases in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from querynl.connections import Connection, Target, connect


class MemoryDatabases:
    """Throwaway SQLite databases, each gone with its connection."""

    origin = f"SQLite {sqlite3.sqlite_version} in memory"

    @contextmanager
    def database(self) -> Iterator[Connection]:
        with connect(Target(dialect="sqlite")) as connection:
            yield connection
