"""Live databases that hold the two sides of a pair, and what they hold after migrations were run on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from msgspec.structs import replace

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.diff import diff
from querynl.operations import Operation
from querynl.plan import Plan, plan
from querynl.schema import Schema
from tests.engines import Database, Databases
from tests.formats.pairs import Pair

# The tables in which Alembic and Flyway keep what they ran.
BOOKKEEPING = ("alembic_version", "flyway_schema_history")


@dataclass(frozen=True)
class Live:
    """A database that holds the schema before, the schema after, and the plan between them."""

    database: Database
    dialect: Dialect
    before: Schema
    after: Schema
    plan: Plan

    def difference_to(self, wanted: Schema) -> tuple[Operation, ...]:
        """What the database would need to be as wanted; the frameworks' own tables do not count."""
        return diff(self.inspected(), wanted, self.dialect).operations

    def inspected(self) -> Schema:
        found = inspected(self.database, self.dialect)
        return replace(found, tables=tuple(table for table in found.tables if table.name not in BOOKKEEPING))

    def run(self, statements: Sequence[Statement]) -> None:
        """Runs the statements as the runner does: settings of the session first, all else in one transaction."""
        with connect(parse_url(self.database.url)) as connection:
            for statement in statements:
                _run(connection, statement)


def _run(connection: Connection, statement: Statement) -> None:
    if statement.expects_no_rows:
        assert connection.rows(statement.sql) == [], statement.sql
    else:
        connection.execute(statement.sql)


@contextmanager
def loaded(pair: Pair, engine: str, databases: Databases) -> Iterator[Live]:
    """A database with the schema before and its rows, and the plan that leads to the one after."""
    with databases.temporary(engine) as database, databases.temporary(engine) as target:
        for where, script in ((database, pair.before), (target, pair.after), (database, pair.rows)):
            if script.strip():
                where.execute(script)
        dialect = dialect_of(database)
        before, after = inspected(database, dialect), inspected(target, dialect)
        yield Live(database, dialect, before, after, plan(before, diff(before, after, dialect).operations, dialect))


def dialect_of(database: Database) -> Dialect:
    with connect(parse_url(database.url)) as connection:
        return dialect_named(connection.dialect, connection.version)


def inspected(database: Database, dialect: Dialect) -> Schema:
    with connect(parse_url(database.url)) as connection:
        return dialect.inspect(connection)
