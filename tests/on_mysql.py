"""MySQL and MariaDB as tests use them: the engines to run on, and what a database holds after some SQL."""

from __future__ import annotations

import pytest

from querynl.connections import Connection
from querynl.dialects import Dialect, dialect_named
from querynl.diff import diff
from querynl.plan import plan, statements
from querynl.schema import (
    Schema,
)

on_both = pytest.mark.engines("mysql", "mariadb")
on_mysql = pytest.mark.engines("mysql")
on_mariadb = pytest.mark.engines("mariadb")


def dialect_of(connection: Connection) -> Dialect:
    return dialect_named(connection.dialect, connection.version)


def load(connection: Connection, script: str) -> Schema:
    """What the database holds after a script."""
    dialect = dialect_of(connection)
    for statement in dialect.split(script):
        connection.execute(statement.sql)
    return dialect.inspect(connection)


def create(connection: Connection, schema: Schema) -> Schema:
    """What a database holds after everything in a schema was created."""
    dialect = dialect_of(connection)
    start = Schema(dialect=schema.dialect)
    for statement in statements(plan(start, diff(start, schema, dialect).operations, dialect).up):
        connection.execute(statement.sql)
    return dialect.inspect(connection)
