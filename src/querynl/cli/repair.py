"""`querynl migrate repair`: what is known of one migration, and the ways to set its state right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.options import ALLOW, CONFIRM, DIRECTORY, LOCK_TIMEOUT
from querynl.cli.printing import format_option
from querynl.cli.reporting import reported
from querynl.cli.ways_on import way_on
from querynl.cli.workplace import Workplace, open_workplace, telling
from querynl.errors import UsageInvalid

if TYPE_CHECKING:
    from querynl.runner import Known, Repair, Report

Way = Literal["resume", "mark_applied", "mark_rolled_back", "revert", "restore_file"]

_FINDINGS = {"made": "done", "not made": "not done", "other": "neither before nor after it", "unseen": "not to be seen"}
_GO_AHEAD: dict[Way, str] = {
    "resume": "Run what is left of {id}?",
    "mark_applied": "Note {id} as applied, and run nothing?",
    "mark_rolled_back": "Note {id} as not applied, and run nothing?",
    "revert": "Undo what ran of {id}?",
    "restore_file": "Write the files of {id} from what the history kept?",
}
_DONE: dict[Way, str] = {
    "resume": "Applied",
    "mark_applied": "Noted as applied",
    "mark_rolled_back": "Noted as not applied",
    "revert": "Rolled back",
    "restore_file": "File written",
}


@click.command()
@click.argument("migration_id", metavar="ID")
@click.option("--resume", "way", flag_value="resume", help="Run what is left of it.")
@click.option("--mark-applied", "way", flag_value="mark_applied", help="Note that it stands; run nothing.")
@click.option("--mark-rolled-back", "way", flag_value="mark_rolled_back", help="Note that it is gone; run nothing.")
@click.option("--revert", "way", flag_value="revert", help="Undo what ran of it.")
@click.option("--restore-file", "way", flag_value="restore_file", help="Write its file, if that is gone.")
@click.option("--done", type=click.IntRange(min=0), metavar="N", help="How many of its statements have run.")
@CONFIRM
@DIRECTORY
@ALLOW
@LOCK_TIMEOUT
@format_option("table", "json")
@common_options
def repair(
    *,
    migration_id: str,
    way: Way | None,
    done: int | None,
    confirmed: bool,
    directory: str | None,
    allow: tuple[str, ...],
    lock_timeout: float,
    form: str,
) -> None:
    """Set right where a migration stands.

    What the history and the database itself say of it is shown first; without one of the five ways, that is all, and
    the command that goes on is named.
    """
    from querynl.decisions import allowed_hazards

    app = current_app()
    hazards = allowed_hazards(allow)
    if done is not None and way not in ("resume", "revert"):
        raise UsageInvalid("--done is for --resume and --revert.")
    if way is None:
        with open_workplace(directory, read_only=True) as place:
            known = _found(place, migration_id)
            for line in _account(known, place):
                click.echo(line)
        if (words := way_on(known, place.name, directory)) is not None:
            app.say(f"{words[0]} `{words[1]}`")
        return
    with reported("repair", _DONE[way], form) as run, open_workplace(directory) as place:
        run.begun(place.name)
        known = _found(place, migration_id)
        for line in _account(known, place):
            app.say(line)
        app.ask_go_ahead(_GO_AHEAD[way].format(id=known.id), given=confirmed)
        with telling() as progress:
            repairing = place.repair(known, lock_timeout=lock_timeout, progress=progress)
            folder = Path(directory or app.settings.migrations.directory)
            report = _done(repairing, way, folder, done, hazards)
        run.reached(report)
        if not (report.done or report.skipped):
            run.noted(known.id)


def _found(place: Workplace, migration_id: str) -> Known:
    for known in place.migrations:
        if known.id == migration_id:
            return known
    raise UsageInvalid(
        f"No migration {migration_id} is known for {place.name}.", remedy="See `querynl migrate status`."
    )


def _done(repairing: Repair, way: Way, folder: Path, done: int | None, allow: frozenset[str]) -> Report:
    match way:
        case "resume":
            return repairing.resume(done=done, allow=allow)
        case "revert":
            return repairing.revert(done=done, allow=allow)
        case "mark_applied":
            return repairing.mark_applied()
        case "mark_rolled_back":
            return repairing.mark_rolled_back()
        case "restore_file":
            return repairing.restore_file(folder)


def _account(known: Known, place: Workplace) -> Iterator[str]:
    """What the history and the live schema say of the migration."""
    from querynl.english.explain import explain
    from querynl.runner import evidence

    yield f"{known.id} is {known.status}."
    entry = known.entry
    if entry is not None:
        way = "up" if entry.direction == "up" else "back"
        yield (
            f"  Its last run, the way {way}, began at {entry.started_at:%Y-%m-%d %H:%M:%S} UTC by {entry.applied_by}:"
            f" {entry.statements_done} of {entry.statements_total} statements ran."
        )
        if entry.error:
            yield f"  It failed: {entry.error}"
    plan = None if known.edited else known.plan(place.dialect)
    if plan is None:
        yield "  It has no plan of QueryNL's, so the database cannot be compared with it."
        return
    yield "  The database, compared with its plan:"
    for found in evidence(plan, place.dialect.inspect(place.connection)):
        yield f"    {found.step}. {explain(found.operation)} {_FINDINGS[found.finding].capitalize()}."
