"""`querynl migrate drift`: what was changed in a database beside its migrations."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import DIFFERENCE_FOUND, Given, answer_options, decided, print_changes, proposed
from querynl.cli.generate import record
from querynl.cli.options import CONFIRM, DIRECTORY, LOCK_TIMEOUT, SCRATCH_URL, framework_option
from querynl.cli.printing import format_option, print_json
from querynl.cli.proving import Wish, proved
from querynl.cli.workplace import open_workplace

if TYPE_CHECKING:
    from querynl.dialects import Dialect
    from querynl.plan import Plan
    from querynl.runner import Drift
    from querynl.sources import Comparison


@click.command()
@click.option("--check", is_flag=True, help="Exit 6 if there is drift.")
@click.option("--adopt", is_flag=True, help="Write what was changed as a migration, and note it as applied.")
@click.option("--message", "-m", metavar="TEXT", default="adopt drift", help="What the adopting migration is about.")
@framework_option("The form of its files.")
@answer_options
@SCRATCH_URL
@CONFIRM
@DIRECTORY
@LOCK_TIMEOUT
@format_option("table", "json")
@common_options
def drift(
    *,
    check: bool,
    adopt: bool,
    message: str,
    framework: str | None,
    scratch_url: str | None,
    confirmed: bool,
    directory: str | None,
    lock_timeout: float,
    form: str,
    **answers: Unpack[Given],
) -> int:
    """Show what was changed in a database beside its migrations.

    What it holds now is compared with what it held after its last migration. With --adopt, the difference becomes a
    migration, which other databases can be given, too.
    """
    app = current_app()
    found = _found(directory)
    if form == "json":
        _print_document(found)
    elif found is None:
        click.echo(f"{app.target().name}: nothing tells what its last run left there; the next apply keeps that.")
    elif not found.operations:
        click.echo(f"No drift: {app.target().name} is as its last migration left it.")
    if found is None or not found.operations:
        return 0
    proposal = proposed(_comparison(found), **answers)
    if form != "json":
        click.echo(f"{app.target().name} is not as its last migration left it. Since then:")
        print_changes(proposal.plan())
    if not adopt:
        return DIFFERENCE_FOUND if check else 0
    proposal = decided(proposal, app.target())
    app.ask_go_ahead(f"Write this as a migration, and note it as applied to {app.target().name}?", given=confirmed)
    plan = proposal.plan()
    proved(proposal, plan, Wish(insists=None, scratch_url=scratch_url, anonymous=False))
    folder = Path(directory or app.settings.migrations.directory)
    adopted = _adopt(plan, proposal.comparison.dialect, message, framework, folder)
    with open_workplace(directory) as place:
        known = next(known for known in place.migrations if known.id == adopted)
        place.repair(known, lock_timeout=lock_timeout).mark_applied()
    click.echo(f"Noted as applied: {adopted}")
    return 0


def _found(directory: str | None) -> Drift | None:
    """How the database differs from what its last migration left; None where that is not known."""
    from querynl.ledger import Ledger
    from querynl.runner import Status, found_drift

    with open_workplace(directory, read_only=True) as place:
        if any(known.status is Status.ELSEWHERE for known in place.migrations):
            return None  # what another tool has applied since is no drift
        return found_drift(place.connection, place.dialect, Ledger(place.connection, place.dialect))


def _comparison(found: Drift) -> Comparison:
    from querynl.connections import look_into
    from querynl.dialects import dialect_named
    from querynl.sources import Comparison

    with look_into(current_app().target()) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
    return Comparison(before=found.recorded, after=found.live, dialect=dialect)


def _adopt(plan: Plan, dialect: Dialect, message: str, framework: str | None, folder: Path) -> str:
    """Write and record the migration of the plan; its id."""
    import msgspec

    from querynl.formats import new_migration, write
    from querynl.formats.migration import Framework

    app = current_app()
    new = new_migration(
        plan,
        dialect=dialect,
        framework=msgspec.convert(framework or app.settings.migrations.framework, Framework),
        message=message,
        folder=folder,
        at=datetime.now(UTC),
    )
    write(new)
    record(new, plan, app.target().name)
    for path in new.files:
        click.echo(f"  {path}")
    return new.id


def _print_document(found: Drift | None) -> None:
    from querynl.english.explain import explain
    from querynl.operations import target

    operations = () if found is None else found.operations
    print_json(
        {
            "connection": current_app().target().name,
            "known": found is not None,
            "differences": [
                {"object": str(target(operation)), "change": explain(operation)} for operation in operations
            ],
        }
    )
