"""`querynl migrate baseline`: a database that was there before its migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.options import CONFIRM, DIRECTORY, LOCK_TIMEOUT, framework_option
from querynl.cli.printing import format_option
from querynl.cli.reporting import reported
from querynl.cli.workplace import Workplace, limited, open_workplace
from querynl.errors import SchemaInvalid

if TYPE_CHECKING:
    from querynl.runner import Known


@click.command()
@click.option("--to", "last", metavar="ID", help="Note up to this one, and no further.")
@framework_option("The form of the first migration.")
@CONFIRM
@DIRECTORY
@LOCK_TIMEOUT
@format_option("table", "json")
@common_options
def baseline(
    *, last: str | None, framework: str | None, confirmed: bool, directory: str | None, lock_timeout: float, form: str
) -> None:
    """Note that a database has what its migrations make.

    All that is pending is noted as applied, and nothing is run. Where there is no migration yet, a first one is
    written, which makes all that the database holds now.
    """
    app = current_app()
    with open_workplace(directory) as place:
        if not place.migrations:
            app.ask_go_ahead(f"Write a first migration with all that {place.name} holds?", given=confirmed)
            folder = Path(directory or app.settings.migrations.directory)
            for line in _write_first(place, framework, folder):
                (app.say if form == "json" else click.echo)(line)
    with reported("baseline", "Noted as applied", form) as run, open_workplace(directory) as place:
        run.begun(place.name)
        chosen = _pending(place, last)
        if not chosen:
            run.says(f"Nothing to note: no migration is pending for {place.name}.", beside=False)
            return
        for known in chosen:
            app.say(f"  {known.id}  {known.description}")
        count = "1 migration" if len(chosen) == 1 else f"{len(chosen)} migrations"
        app.ask_go_ahead(f"Note {count} as applied to {place.name}, and run nothing?", given=confirmed)
        for known in chosen:
            last_one = known is chosen[-1]
            run.reached(place.repair(known, lock_timeout=lock_timeout).mark_applied(keeps_state=last_one))
            run.noted(known.id)


def _pending(place: Workplace, last: str | None) -> list[Known]:
    from querynl.runner import Status

    found = [known for known in place.migrations if known.status in (Status.PENDING, Status.OUT_OF_ORDER)]
    return limited(found, None, last)


def _write_first(place: Workplace, framework: str | None, folder: Path) -> list[str]:
    """Write the migration that makes all that the database holds; the lines that name it.

    Raises SchemaInvalid where the database holds nothing.
    """
    import msgspec

    from querynl.diff import diff
    from querynl.formats import new_migration, write
    from querynl.formats.migration import Framework
    from querynl.histories import without_histories
    from querynl.plan import plan
    from querynl.schema import Schema, objects

    live, _ = without_histories(place.dialect.inspect(place.connection))
    if not objects(live):
        raise SchemaInvalid(f"{place.name} is empty.", remedy="Begin with `querynl migrate generate`.")
    empty = Schema(dialect=live.dialect)
    made = plan(empty, diff(empty, live, place.dialect).operations, place.dialect)
    new = new_migration(
        made,
        dialect=place.dialect,
        framework=msgspec.convert(framework or current_app().settings.migrations.framework, Framework),
        message="baseline",
        folder=folder,
        at=datetime.now(UTC),
    )
    write(new)
    return [f"Migration {new.id}", *(f"  {path}" for path in new.files)]
