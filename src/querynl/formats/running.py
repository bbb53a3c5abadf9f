"""One way of a migration, run on a database that is there for that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import MigrationInvalid
from querynl.formats import scripts
from querynl.formats.migration import MigrationFile

Run = Callable[[Sequence[Statement]], None]


def run_up(file: MigrationFile, connection: Connection, dialect: Dialect, run: Run) -> None:
    """Run the way up: its statements by `run`, those of an Alembic revision by Alembic on the connection.

    Raises StatementFailed for what the engine refuses, MigrationInvalid for a revision that fails by itself.
    """
    if file.framework == "alembic":
        from querynl.formats.alembic import online

        if not online.run(file, "upgrade", connection):
            raise MigrationInvalid("The revision's upgrade is not written yet.", where=str(file.path))
    else:
        run(scripts(file, dialect)[0])


def run_down(file: MigrationFile, connection: Connection, dialect: Dialect, run: Run) -> bool:
    """Run the way down like the way up; False where there is none, and nothing was done."""
    if file.framework == "alembic":
        from querynl.formats.alembic import online

        return online.run(file, "downgrade", connection)
    _, down = scripts(file, dialect)
    if down is None:
        return False
    run(down)
    return True
