"""The databases that pairs of one engine are tried in, one after the other, each emptied before it is used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from querynl.connections import Connection, connect, parse_url
from tests.engines import Database, Databases

_MEMORY = "sqlite:///:memory:"


class Room:
    """Three databases of one engine; the third serves as the scratch database of a proof.

    Emptying a database costs a small part of what making one does.
    """

    def __init__(self, engine: str, databases: Databases) -> None:
        self._engine = engine
        self._stack = ExitStack()
        self._databases = databases
        self._made: dict[str, Database] = {}
        self._sessions: dict[str, Connection] = {}
        self.origin = engine
        self.collation: str | None = None

    def __enter__(self) -> Room:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()
        self._stack.close()

    def leave(self) -> None:
        """End all sessions, whatever a failure left open or set in them; the databases stay."""
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    @property
    def live(self) -> Connection:
        """A session on an empty database."""
        return self._emptied("live")

    @property
    def other(self) -> Connection:
        """A session on another empty database."""
        return self._emptied("other")

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """A session on an empty database, as a proof wants it."""
        yield self._emptied("scratch")

    def _emptied(self, name: str) -> Connection:
        if self._engine == "sqlite":
            if name in self._sessions:
                self._sessions.pop(name).close()
            self._sessions[name] = connect(parse_url(_MEMORY))
            return self._sessions[name]
        is_new = name not in self._made
        if is_new:
            self._made[name] = self._stack.enter_context(self._databases.temporary(self._engine))
        if name not in self._sessions:
            self._sessions[name] = connect(parse_url(self._made[name].url))
        if not is_new:
            empty = _empty_postgresql if self._engine == "postgresql" else _empty_mysql
            empty(self._sessions[name])
        return self._sessions[name]


# What a new database has no more of than what the server came with; all else is in some namespace.
_EVERYTHING = """
SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
UNION ALL SELECT format('DROP EXTENSION %I CASCADE', extname) FROM pg_extension WHERE oid >= 16384
UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %I CASCADE', fdwname) FROM pg_foreign_data_wrapper
UNION ALL SELECT format('DROP EVENT TRIGGER %I', evtname) FROM pg_event_trigger
UNION ALL SELECT format('DROP PUBLICATION %I', pubname) FROM pg_publication
UNION ALL SELECT format('DROP SUBSCRIPTION %I', subname) FROM pg_subscription WHERE subdbid =
  (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL SELECT format('DROP ACCESS METHOD %I CASCADE', amname) FROM pg_am WHERE oid >= 16384
UNION ALL SELECT format('DROP LANGUAGE %I CASCADE', lanname) FROM pg_language WHERE oid >= 16384
UNION ALL SELECT format('DROP CAST (%s AS %s)', castsource::regtype, casttarget::regtype) FROM pg_cast
WHERE oid >= 16384
"""


def _empty_postgresql(session: Connection) -> None:
    """Drop all that was made; the namespace that is always there comes back as it is in a new database."""
    for (statement,) in session.rows(_EVERYTHING):
        # What went with something before it is gone already.
        session.execute(
            f"DO $do$ BEGIN {statement}; EXCEPTION WHEN undefined_object OR invalid_schema_name THEN END $do$"
        )
    session.execute(
        "CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;"
        " COMMENT ON SCHEMA public IS 'standard public schema'"
    )


def _empty_mysql(session: Connection) -> None:
    session.execute(f"DROP DATABASE {session.database}")
    session.execute(f"CREATE DATABASE {session.database} CHARACTER SET utf8mb4")
    session.execute(f"USE {session.database}")
