"""`querynl query`: a look into a database."""

from __future__ import annotations

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.printing import Format, format_option, print_json, print_rows


@click.group()
@common_options
def query() -> None:
    """Look into a database."""


@query.command()
@format_option()
@common_options
def tables(form: Format) -> None:
    """List the tables of a database, with their columns and rows."""
    from querynl.dialects import dialect_named
    from querynl.rows import count_rows

    app = current_app()
    with app.open_connection(read_only=True) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        found = [table for table in dialect.inspect(connection).tables if table.server is None]
        counts = count_rows(connection, dialect, [table.key for table in found])
    if form == "json":
        described = [
            {"name": str(table.key), "columns": len(table.columns), "rows": counts[table.key].rows} for table in found
        ]
        print_json({"connection": app.target().name, "tables": described})
    elif not found and form == "table":
        app.say(f"{app.target().name} has no tables.")
    else:
        rows = [(str(table.key), str(len(table.columns)), str(counts[table.key])) for table in found]
        print_rows(("Table", "Columns", "Rows"), rows, form, f"Tables of {app.target().name}")
