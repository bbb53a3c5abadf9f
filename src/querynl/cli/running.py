"""`querynl migrate apply` and `rollback`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.options import (
    ALLOW,
    CONFIRM,
    DIRECTORY,
    DRY_RUN,
    IGNORE_DRIFT,
    LOCK_TIMEOUT,
    STATEMENT_TIMEOUT,
    together,
)
from querynl.cli.printing import format_option
from querynl.cli.reporting import reported
from querynl.cli.workplace import Workplace, limited, open_workplace, telling
from querynl.errors import UsageInvalid

if TYPE_CHECKING:
    from querynl.runner import Known


class _Terms(TypedDict):
    """How a run treats others and what it finds: handed on as it is."""

    lock_timeout: float
    statement_timeout: float | None
    ignore_drift: bool


class _ApplyTerms(_Terms):
    """What a run that goes forward may leave out of account, too."""

    out_of_order: bool
    ignore_missing: bool


_running_options = together(
    *(CONFIRM, DRY_RUN, DIRECTORY, ALLOW, LOCK_TIMEOUT, STATEMENT_TIMEOUT, IGNORE_DRIFT),
    format_option("table", "json"),
    common_options,
)


@click.command()
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Apply the next N and stop.")
@click.option("--to", "last", metavar="ID", help="Apply up to this one and stop.")
@click.option("--out-of-order", is_flag=True, help="Apply what comes before migrations that are applied, too.")
@click.option("--ignore-missing", is_flag=True, help="Go on without the files of applied migrations.")
@_running_options
def apply(
    *,
    confirmed: bool,
    dry_run: bool,
    directory: str | None,
    allow: tuple[str, ...],
    count: int | None,
    last: str | None,
    form: str,
    **terms: Unpack[_ApplyTerms],
) -> None:
    """Apply the pending migrations of a database."""
    from querynl import runner
    from querynl.decisions import allowed_hazards

    app = current_app()
    hazards = allowed_hazards(allow)
    with reported("apply", "Applied", form) as run, open_workplace(directory, read_only=dry_run) as place:
        run.begun(place.name)
        chosen = limited(runner.pending(place.migrations), count, last)
        standing = [known for known in place.migrations if known.status in runner.STANDING]

        def apply_chosen() -> None:
            with telling() as progress:
                report = runner.apply(
                    place.connection,
                    place.dialect,
                    [*standing, *chosen],
                    connection_name=place.name,
                    store=app.settings.registry.url,
                    allow=hazards,
                    progress=progress,
                    reached=run.reached,
                    **terms,
                )
            run.reached(report)

        if not chosen:
            if not dry_run:  # asked even so: an applied migration whose file was edited or is gone is refused here
                apply_chosen()
            run.says(f"Nothing to apply: {place.name} is up to date.", beside=dry_run)
            return
        if dry_run:
            for known in chosen:
                run.would(known.id, runner.statements_to_apply(known, place.connection, place.dialect), place.dialect)
            return
        _list("Pending", chosen)
        app.ask_go_ahead(f"Apply {_count(chosen)} to {place.name}?", given=confirmed)
        apply_chosen()


@click.command()
@click.option("--steps", "--count", type=click.IntRange(min=1), metavar="N", help="How many.  [default: 1]")
@click.option("--to", "last", metavar="ID", help="All that ran after this one, which stays.")
@_running_options
def rollback(
    *,
    steps: int | None,
    last: str | None,
    confirmed: bool,
    dry_run: bool,
    directory: str | None,
    allow: tuple[str, ...],
    form: str,
    **terms: Unpack[_Terms],
) -> None:
    """Roll back the last migrations of a database."""
    from querynl import runner
    from querynl.decisions import allowed_hazards

    app = current_app()
    hazards = allowed_hazards(allow)
    if steps is not None and last is not None:
        raise UsageInvalid("--steps and --to do not go together.")
    with reported("rollback", "Rolled back", form) as run, open_workplace(directory, read_only=dry_run) as place:
        run.begun(place.name)
        chosen = _newest(place, steps or 1, last)
        if not chosen:
            after = "stands" if last is None else f"ran after {last}"
            run.says(f"Nothing to roll back: no migration {after} in {place.name}.", beside=dry_run)
            return
        if dry_run:
            for known in chosen:
                statements = runner.statements_to_roll_back(known, place.connection, place.dialect)
                run.would(known.id, statements, place.dialect)
            return
        _list("To be rolled back", chosen)
        app.ask_go_ahead(f"Roll back {_count(chosen)} on {place.name}?", given=confirmed)
        with telling() as progress:
            report = runner.rollback(
                place.connection,
                place.dialect,
                place.migrations,
                steps=len(chosen),
                connection_name=place.name,
                store=app.settings.registry.url,
                allow=hazards,
                progress=progress,
                reached=run.reached,
                **terms,
            )
        run.reached(report)


def _newest(place: Workplace, steps: int, last: str | None) -> list[Known]:
    """The migrations to roll back: the last that ran, or all that ran after one. Raises UsageInvalid."""
    from querynl import runner

    if last is None:
        return runner.newest(place.migrations, steps)
    ran = runner.newest(place.migrations, max(1, len(place.migrations)))
    ids = [known.id for known in ran]
    if last not in ids:
        raise UsageInvalid(f"{last} does not stand in {place.name}.", remedy="See `querynl migrate status`.")
    return ran[: ids.index(last)]


def _count(migrations: Sequence[Known]) -> str:
    return "1 migration" if len(migrations) == 1 else f"{len(migrations)} migrations"


def _list(title: str, migrations: Sequence[Known]) -> None:
    app = current_app()
    app.say(f"{title}:")
    longest = max(len(known.id) for known in migrations)
    for known in migrations:
        app.say(f"  {known.id.ljust(longest)}  {known.description}")
        for note in known.notes:
            app.say(f"    {note}")
