"""PostgreSQL as tests use it: a database taken from the schema of one script to that of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from querynl.connections import Connection, connect, parse_url
from querynl.dialects import dialect_named
from querynl.diff import Renaming, diff
from querynl.plan import Plan, Step, plan, statements
from querynl.schema import Schema
from tests.engines import Databases

# A name that has to be quoted.
HOSTILE = 'a "b".c; é select'


class Migrated:
    """A database taken from one schema to another; what is reached is checked on the way."""

    def __init__(self, live: Connection, other: Connection, before: str, after: str, renamings: Sequence[Renaming]):
        live.execute(before)
        other.execute(after)
        self.live = live
        self.dialect = dialect_named(live.dialect, live.version)
        self.before, self.after = self.dialect.inspect(live), self.dialect.inspect(other)
        self.plan: Plan = plan(
            self.before, diff(self.before, self.after, self.dialect, renamings).operations, self.dialect
        )
        self._run(self.plan.up, self.after)

    def back(self) -> None:
        self._run(self.plan.down, self.before)

    def _run(self, steps: Sequence[Step], reached: Schema) -> None:
        for statement in self.dialect.split(self.dialect.script(statements(steps))):
            self.live.execute(statement.sql)
        assert diff(self.dialect.inspect(self.live), reached, self.dialect).operations == ()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.live.rows(sql)

    @property
    def up(self) -> list[str]:
        return [statement.sql for statement in statements(self.plan.up)]

    @property
    def down(self) -> list[str]:
        return [statement.sql for statement in statements(self.plan.down)]


Migrate = Callable[..., Migrated]


@contextmanager
def migrating(databases: Databases) -> Iterator[Migrate]:
    """What takes a fresh database from one script's schema to another's, and renames what it is told."""
    with ExitStack() as stack:

        def session() -> Connection:
            database = stack.enter_context(databases.temporary("postgresql"))
            return stack.enter_context(connect(parse_url(database.url)))

        def migrated(before: str, after: str, *renamings: Renaming) -> Migrated:
            return Migrated(session(), session(), before, after, renamings)

        yield migrated
