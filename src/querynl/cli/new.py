"""`querynl migrate new`: files for a migration that a person writes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import dialect_of
from querynl.cli.options import DIALECT, framework_option


@click.command()
@click.option("--message", "-m", metavar="TEXT", required=True, help="What the migration is about.")
@framework_option()
@click.option("--output", "-o", metavar="DIR", help="The folder for the files.")
@DIALECT
@common_options
def new(message: str, framework: str | None, output: str | None, dialect: str | None) -> None:
    """Write the files of a migration that you fill in by hand."""
    import msgspec

    from querynl.dialects import dialect_named
    from querynl.formats import blank_migration, write
    from querynl.formats.migration import Framework

    app = current_app()
    name = dialect or (app.target().dialect if app.connection or app.settings.connection else dialect_of())
    made = blank_migration(
        dialect=dialect_named(name),
        framework=msgspec.convert(framework or app.settings.migrations.framework, Framework),
        message=message,
        folder=Path(output or app.settings.migrations.directory),
        at=datetime.now(UTC),
    )
    write(made)
    click.echo(f"Migration {made.id}")
    for path in made.files:
        click.echo(f"  {path}")
