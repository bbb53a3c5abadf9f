"""Plans as files, and files as migrations: raw SQL, Flyway and Alembic."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from querynl.dialects import Dialect, Statement
from querynl.errors import MigrationInvalid
from querynl.formats import naming
from querynl.formats.blank import blank_migration
from querynl.formats.folder import find, names, read_file
from querynl.formats.migration import Framework, MigrationFile, NewMigration
from querynl.formats.transactions import is_bracket
from querynl.plan import Plan, Reversibility, statements

__all__ = [
    "Framework",
    "MigrationFile",
    "NewMigration",
    "blank_migration",
    "find",
    "new_migration",
    "read_file",
    "scripts",
    "write",
]


def new_migration(
    plan: Plan,
    *,
    dialect: Dialect,
    framework: Framework,
    message: str,
    folder: Path,
    at: datetime,
    taken: Collection[str] = (),
) -> NewMigration:
    """The migration that the plan is, named after its message and the moment, and ready to be written.

    Only looks into the folder: its version is one that no file there and no id in `taken` has, and an Alembic
    revision follows the folder's head. Raises MigrationInvalid for an empty message or several heads.
    """
    migration_id = naming.new_id(message, at, [*taken, *names(folder)])
    files = _writer(framework)(plan, dialect, migration_id, message, folder)
    reversible = plan.reversibility is not Reversibility.NONE
    return NewMigration(
        id=migration_id,
        framework=framework,
        description=message.strip(),
        files=files,
        up=dialect.script(statements(plan.up)),
        down=dialect.script(statements(plan.down)) if reversible else None,
    )


def _writer(framework: Framework) -> Callable[[Plan, Dialect, str, str, Path], dict[Path, str]]:
    """What gives each file of a migration with its text; only the one that is asked for is imported."""
    match framework:
        case "raw":
            from querynl.formats import raw

            return raw.files
        case "flyway":
            from querynl.formats import flyway

            return flyway.files
        case "alembic":
            from querynl.formats.alembic import module

            return module.files


def write(new: NewMigration) -> None:
    """Writes the files, all of them or none, into a folder that is made if it is missing.

    A file that is there already is never overwritten. Raises MigrationInvalid.
    """
    with ExitStack() as undo:
        try:
            for path, text in new.files.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("x", encoding="utf-8", newline="\n") as file:
                    undo.callback(path.unlink)
                    file.write(text)
        except FileExistsError as error:
            raise MigrationInvalid(f"{error.filename} is there already.", remedy="Run the command again.") from error
        except OSError as error:
            raise MigrationInvalid(
                f"{error.filename or new.path} cannot be written: {error.strerror}.",
                remedy="Choose another folder with --output.",
            ) from error
        undo.pop_all()


def scripts(file: MigrationFile, dialect: Dialect) -> tuple[list[Statement], list[Statement] | None]:
    """The statements of a migration, up and down; None where it has no way down.

    What begins and ends transactions in a Flyway script is left out: whoever runs the statements sees to
    that. An Alembic revision is run, without a database; see `offline.scripts` for what it raises.
    """
    if file.framework == "alembic":
        from querynl.formats.alembic import offline

        return offline.scripts(file, dialect)
    up, down = (None if text is None else dialect.split(text) for text in (file.text, file.down_text))
    assert up is not None
    if file.framework == "flyway":
        up = [statement for statement in up if not is_bracket(statement, dialect)]
        down = down and [statement for statement in down if not is_bracket(statement, dialect)]
    return up, down
