"""`querynl migrate`: preview, apply, status and rollback; the other commands have files of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.lazy import LazyGroup
from querynl.cli.printing import Format, format_option, print_json, print_panel, print_rows, print_sql
from querynl.cli.workplace import (
    ALLOW,
    CONFIRM,
    DIRECTORY,
    DRY_RUN,
    IGNORE_DRIFT,
    LOCK_TIMEOUT,
    STATEMENT_TIMEOUT,
    limited,
    open_workplace,
    print_report,
    telling,
)

if TYPE_CHECKING:
    from querynl.dialects import Dialect, Statement
    from querynl.registry import MigrationRecord
    from querynl.runner import Known, Report


@click.group(
    cls=LazyGroup,
    lazy={
        "generate": ("querynl.cli.generate:generate", "Write the migration from one schema to another."),
        "new": ("querynl.cli.new:new", "Write the files of a migration that you fill in by hand."),
        "preview": ("querynl.cli.migrate:preview", "Show what the migration in FILE is, does and runs."),
        "verify": ("querynl.cli.verify:verify", "Prove migrations that people or other tools wrote."),
        "status": ("querynl.cli.migrate:status", "Show every migration of a database and where it stands."),
        "apply": ("querynl.cli.migrate:apply", "Apply the pending migrations of a database."),
        "rollback": ("querynl.cli.migrate:rollback", "Roll back the last migrations of a database."),
        "repair": ("querynl.cli.repair:repair", "Set right where a migration stands."),
        "drift": ("querynl.cli.drift:drift", "Show what was changed in a database beside its migrations."),
        "baseline": ("querynl.cli.baseline:baseline", "Note that a database has what its migrations make."),
    },
)
@common_options
def migrate() -> None:
    """Generate, prove, preview, apply and roll back migrations."""


# --------------------------------------------------------------------------------------------- status


@click.command()
@DIRECTORY
@format_option()
@common_options
def status(directory: str | None, form: Format) -> None:
    """Show every migration of a database and where it stands."""
    with open_workplace(directory, read_only=True) as place:
        known = place.migrations
    totals = {word: sum(1 for one in known if one.status == word) for word in dict.fromkeys(_STATUSES)}
    if form == "json":
        print_json({"connection": place.name, "migrations": [_facts(one) for one in known], "totals": totals})
        return
    if not known:
        current_app().say(f"No migration is known for {place.name}.")
        return
    rows = [(one.id, one.description, one.framework, str(one.status), _moment(one.applied_at)) for one in known]
    columns = ("ID", "Description", "Framework", "Status", "Applied at")
    print_rows(columns, rows, form, f"Migrations of {place.name}")
    if form == "table":
        counted = [f"{count} {word}" for word, count in totals.items() if count or word in _STATUSES[:3]]
        click.echo(", ".join(counted))
    for one in known:
        for note in (*one.notes, *((one.error,) if one.error else ())):
            current_app().say(f"{one.id}: {note}")


_STATUSES = (
    "applied",
    "pending",
    "failed",
    "partially applied",
    "applied by another tool",
    "changed",
    "missing",
    "out of order",
)


def _facts(known: Known) -> dict[str, str | None]:
    return {
        "id": known.id,
        "description": known.description,
        "framework": known.framework,
        "status": str(known.status),
        "applied_at": known.applied_at.isoformat() if known.applied_at else None,
        "error": known.error,
        "file": str(known.path) if known.path else None,
    }


def _moment(at: datetime | None) -> str:
    """A moment in the reader's own time zone."""
    return "" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


# -------------------------------------------------------------------------------------------- preview


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@common_options
def preview(file: Path) -> None:
    """Show what the migration in FILE is, does and runs."""
    from querynl.formats import read_file

    found = read_file(file)
    record = _record_of(found.id)
    current = record is not None and (record.checksum is None or found.has(record.checksum, _dialect_of(found.text)))
    print_panel(
        "Migration",
        {
            "ID": found.id,
            "Framework": found.framework,
            "Status": record.status if record else "not recorded",
            "Description": found.description or "",
            **({"Connection": record.connection_name} if record else {}),
        },
    )
    if record is not None and not current:
        click.echo("Edited since it was generated.")
    click.echo()
    print_sql(found.text)
    click.echo()
    for sentence in _explained(record if current else None, found.text, found.framework):
        click.echo(sentence)


def _record_of(migration_id: str) -> MigrationRecord | None:
    """The record of a migration: that of the connection in use, else of any."""
    from querynl.registry import get_migrations

    app = current_app()
    records = [r for r in get_migrations(store=app.settings.registry.url) if r.migration_id == migration_id]
    if app.settings.connection is not None:
        name = app.target().name
        records.sort(key=lambda record: record.connection_name != name)
    return records[0] if records else None


def _explained(record: MigrationRecord | None, text: str, framework: str) -> Iterator[str]:
    """The migration in plain English: from its plan, else from what its SQL says."""
    from querynl.english.explain import explain_plan
    from querynl.english.explain_sql import explain_sql
    from querynl.plan import from_json

    if record is not None and record.plan is not None:
        for line in explain_plan(from_json(record.plan)):
            yield f"- {line.sentence}"
            if line.effect:
                yield f"  {line.effect}"
        return
    if framework == "alembic":
        yield "An Alembic revision that QueryNL did not write; read its upgrade() above."
        return
    dialect = _dialect_of(text)
    yield from (f"- {sentence}" for sentence in explain_sql([s.sql for s in dialect.split(text)], dialect.name))


def _dialect_of(text: str) -> Dialect:
    """The dialect that the head of a file names, else that of the connection in use, else the standard's nearest."""
    from querynl.dialects import NAMES, dialect_named
    from querynl.formats.heading import engine_of

    app = current_app()
    named = engine_of(text)
    if named in NAMES:
        return dialect_named(str(named))
    return dialect_named(app.target().dialect if app.settings.connection is not None else "postgresql")


# ------------------------------------------------------------------------------------ apply, rollback


@click.command()
@CONFIRM
@DRY_RUN
@DIRECTORY
@ALLOW
@LOCK_TIMEOUT
@STATEMENT_TIMEOUT
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Apply the next N and stop.")
@click.option("--to", "last", metavar="ID", help="Apply up to this one and stop.")
@click.option("--out-of-order", is_flag=True, help="Apply what comes before migrations that are applied, too.")
@click.option("--ignore-missing", is_flag=True, help="Go on without the files of applied migrations.")
@IGNORE_DRIFT
@common_options
def apply(
    *,
    confirmed: bool,
    dry_run: bool,
    directory: str | None,
    allow: tuple[str, ...],
    lock_timeout: float,
    statement_timeout: float | None,
    count: int | None,
    last: str | None,
    out_of_order: bool,
    ignore_missing: bool,
    ignore_drift: bool,
) -> None:
    """Apply the pending migrations of a database."""
    from querynl import runner
    from querynl.decisions import allowed_hazards

    app = current_app()
    hazards = allowed_hazards(allow)
    with open_workplace(directory, read_only=dry_run) as place:
        chosen = limited(runner.pending(place.migrations), count, last)
        standing = [known for known in place.migrations if known.status in runner.STANDING]

        def run() -> Report:
            with telling() as progress:
                return runner.apply(
                    place.connection,
                    place.dialect,
                    [*standing, *chosen],
                    connection_name=place.name,
                    store=app.settings.registry.url,
                    allow=hazards,
                    lock_timeout=lock_timeout,
                    statement_timeout=statement_timeout,
                    progress=progress,
                    out_of_order=out_of_order,
                    ignore_missing=ignore_missing,
                    ignore_drift=ignore_drift,
                )

        if not chosen:
            if not dry_run:  # asked even so: an applied migration whose file was edited or is gone is refused here
                run()
            click.echo(f"Nothing to apply: {place.name} is up to date.", err=dry_run)
            return
        if dry_run:
            for known in chosen:
                statements = runner.statements_to_apply(known, place.connection, place.dialect)
                _print_statements(known, statements, place.dialect)
            return
        _list("Pending", chosen)
        app.ask_go_ahead(f"Apply {_count(chosen)} to {place.name}?", given=confirmed)
        report = run()
    print_report("Applied", report)


@click.command()
@click.option("--steps", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="How many.")
@CONFIRM
@DRY_RUN
@DIRECTORY
@ALLOW
@LOCK_TIMEOUT
@STATEMENT_TIMEOUT
@IGNORE_DRIFT
@common_options
def rollback(
    *,
    steps: int,
    confirmed: bool,
    dry_run: bool,
    directory: str | None,
    allow: tuple[str, ...],
    lock_timeout: float,
    statement_timeout: float | None,
    ignore_drift: bool,
) -> None:
    """Roll back the last migrations of a database."""
    from querynl import runner
    from querynl.decisions import allowed_hazards

    app = current_app()
    hazards = allowed_hazards(allow)
    with open_workplace(directory, read_only=dry_run) as place:
        chosen = runner.newest(place.migrations, steps)
        if not chosen:
            click.echo(f"Nothing to roll back: no migration stands in {place.name}.", err=dry_run)
            return
        if dry_run:
            for known in chosen:
                statements = runner.statements_to_roll_back(known, place.connection, place.dialect)
                _print_statements(known, statements, place.dialect)
            return
        _list("To be rolled back", chosen)
        app.ask_go_ahead(f"Roll back {_count(chosen)} on {place.name}?", given=confirmed)
        with telling() as progress:
            report = runner.rollback(
                place.connection,
                place.dialect,
                place.migrations,
                steps=steps,
                connection_name=place.name,
                store=app.settings.registry.url,
                allow=hazards,
                lock_timeout=lock_timeout,
                statement_timeout=statement_timeout,
                progress=progress,
                ignore_drift=ignore_drift,
            )
    print_report("Rolled back", report)


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


def _print_statements(known: Known, statements: Sequence[Statement], dialect: Dialect) -> None:
    click.echo(f"-- {known.id}")
    print_sql(dialect.script(statements))
    click.echo()
