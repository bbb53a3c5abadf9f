"""Migrations as a schema: the state that they add up to, run one after the other on a real engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import SourceUnreadable, StatementFailed
from querynl.formats.contents import Contents
from querynl.formats.heading import engine_of
from querynl.formats.migration import MigrationFile
from querynl.formats.running import run_up
from querynl.formats.transactions import controls_transaction
from querynl.project import at_home
from querynl.sources.loading import refused


class Migrations(Struct, frozen=True, kw_only=True):
    """Migrations in the order in which they run; `folders` are where their Python code may import from."""

    files: tuple[MigrationFile, ...]
    origin: str
    folders: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def dialect(self) -> str | None:
        """The engine that the head of a file names."""
        return next((name for file in self.files if (name := engine_of(file.text)) is not None), None)


def migrations_of(found: Contents, origin: str) -> Migrations:
    """The migrations of a folder. Raises SourceUnreadable where it holds none, or ways down alone."""
    if not found.migrations:
        raise SourceUnreadable(
            "This folder holds no .sql file, and no migration that leads up.",
            where=origin,
            remedy="Name a folder that does, or a file.",
        )
    return Migrations(files=found.migrations, origin=origin, folders=found.python_folders, notes=found.notes)


def run_migrations(migrations: Migrations, connection: Connection, dialect: Dialect) -> None:
    """Run all of them up on an empty database.

    What begins and ends transactions is left out. Raises SQLFileInvalid for what the engine refuses,
    MigrationInvalid for a revision that fails by itself.
    """

    def run(statements: Sequence[Statement]) -> None:
        for statement in statements:
            if not controls_transaction(statement):
                connection.execute(statement.sql)

    with at_home(migrations.folders):
        for file in migrations.files:
            try:
                run_up(file, connection, dialect, run)
            except StatementFailed as error:
                raise refused(file.path, file.text, error, connection) from None
