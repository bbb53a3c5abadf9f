"""What the commands that look at a database's migrations share: the database, and who is told what runs there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from querynl.cli.app import current_app
from querynl.errors import UsageInvalid

if TYPE_CHECKING:
    from querynl.connections import Connection
    from querynl.dialects import Dialect, Statement
    from querynl.runner import Known, Progress, Repair


class Workplace(Struct):
    """A database, its dialect, and every migration known for it."""

    name: str
    connection: Connection
    dialect: Dialect
    migrations: list[Known]

    def repair(self, known: Known, *, lock_timeout: float, progress: Progress | None = None) -> Repair:
        """The ways to set right where one of the migrations stands."""
        from querynl.runner import Repair

        return Repair(
            known,
            self.connection,
            self.dialect,
            connection_name=self.name,
            store=current_app().settings.registry.url,
            lock_timeout=lock_timeout,
            progress=progress,
        )


@contextmanager
def open_workplace(
    directory: str | None, *, folder: Path | None = None, read_only: bool = False
) -> Iterator[Workplace]:
    """The database of this run with its migrations, those of the folder included.

    `directory` is the folder that somebody asked for, which has to be there; `folder` one that need not be.
    """
    from querynl.connections import connect, look_into
    from querynl.dialects import dialect_named
    from querynl.ledger import Ledger
    from querynl.runner import survey

    app = current_app()
    target = app.target()
    with look_into(target) if read_only else connect(target) as connection:
        app.detail(f"{target.name} is {connection.dialect} {connection.version}.")
        dialect = dialect_named(connection.dialect, connection.version)
        migrations = survey(
            Ledger(connection, dialect),
            connection_name=target.name,
            folder=folder or Path(directory or app.settings.migrations.directory),
            named=directory is not None,
            store=app.settings.registry.url,
        )
        yield Workplace(target.name, connection, dialect, migrations)


def limited(migrations: list[Known], count: int | None, last: str | None) -> list[Known]:
    """The first of them, up to a number or an id. Raises UsageInvalid for an id that is not among them."""
    if last is not None:
        ids = [known.id for known in migrations]
        if last not in ids:
            raise UsageInvalid(f"{last} is not pending.", remedy="See `querynl migrate status`.")
        migrations = migrations[: ids.index(last) + 1]
    return migrations if count is None else migrations[:count]


@contextmanager
def telling() -> Iterator[Progress | None]:
    """Who is told which statement runs: a line on a terminal, a log with --verbose, nobody elsewhere."""
    from querynl.runner.account import statement_text

    app = current_app()

    def told(migration_id: str, number: int, total: int, statement: Statement) -> str:
        return f"{migration_id}: statement {number} of {total}: {statement_text(statement)[:60]}"

    if app.quiet or not (app.verbose or sys.stderr.isatty()):
        yield None
    elif app.verbose:

        def log(migration_id: str, number: int, total: int, statement: Statement) -> None:
            app.log("statement", migration=migration_id, number=number, of=total, sql=statement_text(statement))

        yield log
    elif not app.colours(sys.stderr):
        yield lambda *running: app.say(told(*running))
    else:
        from rich.console import Console
        from rich.text import Text

        with Console(stderr=True).status("") as line:
            yield lambda *running: line.update(Text(told(*running)))
