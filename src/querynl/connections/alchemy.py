"""Our sessions as SQLAlchemy's, for what people wrote with SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from querynl.connections.protocol import Connection

if TYPE_CHECKING:
    from sqlalchemy import Connection as Session

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite+pysqlite",
}
# hstore values would come back as dictionaries from the session that is lent, even when it is ours again.
_OPTIONS: dict[str, dict[str, Any]] = {"postgresql": {"use_native_hstore": False}}


@contextmanager
def as_sqlalchemy(connection: Connection, *, mariadb_options: bool = False) -> Iterator[Session]:
    """The session as one of SQLAlchemy's, on the same server session; what is not committed at the end is undone.

    SQLAlchemy knows MariaDB by two names, each with options of its own: mysql, which most people connect with, and
    with `mariadb_options` mariadb. https://docs.sqlalchemy.org/en/20/dialects/mysql.html#mariadb-only-mode
    """
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    name = "mariadb+pymysql" if mariadb_options and connection.dialect == "mariadb" else _DRIVERS[connection.dialect]
    with connection.lent() as driver:
        engine = create_engine(
            f"{name}://",
            creator=lambda: driver,
            poolclass=StaticPool,
            **_OPTIONS.get(connection.dialect, {}),
        )
        with engine.connect() as session:
            yield session
