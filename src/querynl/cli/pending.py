"""What is pending in a database, for the migration that comes after it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from querynl.cli.app import current_app
from querynl.cli.workplace import open_workplace
from querynl.errors import MigrationInvalid

if TYPE_CHECKING:
    from querynl.formats import MigrationFile
    from querynl.runner import Known
    from querynl.sources import Migrations


def pending(folder: Path) -> Migrations | None:
    """The migrations that the next `apply` runs in the connection's database, those of the folder included.

    None where nothing is pending; otherwise that is said. Raises MigrationInvalid where a part of one stands: what the
    database will have then is not to be told from what it has. Raises MigrationMissing as `refuse_lacking` does.
    """
    from querynl.runner import STANDING, refuse_lacking
    from querynl.sources import Migrations

    with open_workplace(None, folder=folder, read_only=True) as place:
        waiting = [known for known in place.migrations if known.status not in STANDING]
    for known in waiting:
        refuse_lacking(known)
    halfway = next(filter(_is_halfway, waiting), None)
    if halfway is not None:
        command = shlex.join(("querynl", "migrate", "status", "-c", place.name))
        raise MigrationInvalid(
            f"{halfway.id} did not end in {place.name}, and a part of it may stand.",
            remedy=f"Settle it first: `{command}` names the command for it.",
        )
    if not waiting:
        return None
    names = ", ".join(known.id for known in waiting)
    current_app().say(f"Note: the schema before is that of {place.name} with what is pending there: {names}.")
    return Migrations(files=tuple(map(_file_of, waiting)), origin=str(folder), folders=(folder,))


def _is_halfway(known: Known) -> bool:
    """Whether a part of it stands in the database, or its framework's table does not say how much."""
    from querynl.runner import Status

    if known.status is Status.FAILED and known.entry is not None:
        return known.entry.statements_done > 0 or not known.entry.run_number
    return known.status is Status.PARTIALLY_APPLIED


def _file_of(known: Known) -> MigrationFile:
    """The migration's file, or what was recorded of one that is gone."""
    from querynl.formats import MigrationFile

    if known.file is not None:
        return known.file
    assert known.record is not None, "what is pending has a file or a record"
    return MigrationFile(id=known.id, framework="raw", path=known.path or Path(known.id), text=known.record.sql_content)
