"""`querynl migrate`: status and preview; the other commands have files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.lazy import LazyGroup
from querynl.cli.options import DIRECTORY
from querynl.cli.printing import Format, format_option, print_json, print_panel, print_rows, print_sql
from querynl.cli.ways_on import way_on
from querynl.cli.workplace import open_workplace

if TYPE_CHECKING:
    from querynl.dialects import Dialect
    from querynl.registry import MigrationRecord
    from querynl.runner import Known


@click.group(
    cls=LazyGroup,
    lazy={
        "generate": ("querynl.cli.generate:generate", "Write the migration from one schema to another."),
        "new": ("querynl.cli.new:new", "Write the files of a migration that you fill in by hand."),
        "preview": ("querynl.cli.migrate:preview", "Show what the migration in FILE is, does and runs."),
        "verify": ("querynl.cli.verify:verify", "Prove migrations that people or other tools wrote."),
        "status": ("querynl.cli.migrate:status", "Show every migration of a database and where it stands."),
        "apply": ("querynl.cli.running:apply", "Apply the pending migrations of a database."),
        "rollback": ("querynl.cli.running:rollback", "Roll back the last migrations of a database."),
        "repair": ("querynl.cli.repair:repair", "Set right where a migration stands."),
        "drift": ("querynl.cli.drift:drift", "Show what was changed in a database beside its migrations."),
        "squash": ("querynl.cli.squash:squash", "Make one migration of several, proved to be equal."),
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
    ways = {one.id: way_on(one, place.name, directory) for one in known}
    if form == "json":
        facts = [{**_facts(one), "next": way[1] if (way := ways[one.id]) else None} for one in known]
        print_json({"connection": place.name, "migrations": facts, "totals": totals})
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
        if (way := ways[one.id]) is not None:
            current_app().say(f"{one.id}: {way[0]} `{way[1]}`")


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


# Of a script of rows, such as a load of a hundred megabytes, nobody reads more.
_MOST_EXPLAINED = 1_000


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
    found = [statement.sql for statement in dialect.split(text)]
    yield from (f"- {sentence}" for sentence in explain_sql(found[:_MOST_EXPLAINED], dialect.name))
    if len(found) > _MOST_EXPLAINED:
        yield f"- … and {len(found) - _MOST_EXPLAINED:,} more statements."


def _dialect_of(text: str) -> Dialect:
    """The dialect that the head of a file names, else that of the connection in use, else the standard's nearest."""
    from querynl.dialects import NAMES, dialect_named
    from querynl.formats.heading import engine_of

    app = current_app()
    named = engine_of(text)
    if named in NAMES:
        return dialect_named(str(named))
    return dialect_named(app.target().dialect if app.settings.connection is not None else "postgresql")
