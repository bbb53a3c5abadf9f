"""Files for a migration that a person writes: named and chained as any other, with nothing in them but advice."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from querynl.dialects import Dialect
from querynl.formats import flyway, naming, raw
from querynl.formats.folder import names
from querynl.formats.heading import on_one_line
from querynl.formats.migration import Framework, NewMigration

_STATEMENTS = "-- Write the statements here, each with a semicolon at its end."
_TOGETHER = "-- They run in one transaction, all of them or none; a statement that refuses one runs alone."
_ONE_BY_ONE = "-- The engine commits each statement that changes the schema; a run that was cut off goes on from there."
_CHECK = "-- A query after the line `-- querynl: expects no rows` stops the migration if it finds any."
_BACK = "-- Undo here, last first, what {up} does. Without this file the migration has no way back."


def blank_migration(
    *, dialect: Dialect, framework: Framework, message: str, folder: Path, at: datetime, taken: Collection[str] = ()
) -> NewMigration:
    """The files of a migration without a statement, ready to be written.

    Its version is one that no file of the folder and no id in `taken` has; an Alembic revision follows the folder's
    head. Raises MigrationInvalid for an empty message or several heads.
    """
    migration_id = naming.new_id(message, at, [*taken, *names(folder)])
    files = _files(framework, dialect, migration_id, message, folder)
    return NewMigration(
        id=migration_id, framework=framework, description=message.strip(), files=files, up="", down=None
    )


def _files(framework: Framework, dialect: Dialect, migration_id: str, message: str, folder: Path) -> dict[Path, str]:
    if framework == "alembic":
        from querynl.formats.alembic import module

        return module.blank(migration_id, message, folder)
    up, down = (raw if framework == "raw" else flyway).paths(migration_id, folder)
    subject = on_one_line(message)
    transactions = _TOGETHER if dialect.rolls_back_ddl else _ONE_BY_ONE
    there = [f"-- Migration: {subject}", f"-- Engine: {dialect.name}", _STATEMENTS, transactions, _CHECK]
    back = [f"-- Undoes: {subject}", f"-- Engine: {dialect.name}", _BACK.format(up=up.name)]
    return {up: "\n".join([*there, ""]), down: "\n".join([*back, ""])}
