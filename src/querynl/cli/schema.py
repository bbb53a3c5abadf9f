"""`querynl schema`: design, check, inspect, compare and apply schemas."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import (
    DIFFERENCE_FOUND,
    Given,
    answer_options,
    compared,
    decided,
    open_throwaway,
    print_changes,
    privileges_option,
    proposed,
)
from querynl.cli.options import CONFIRM, DIALECT, DRY_RUN, SCRATCH_URL
from querynl.cli.printing import print_json, print_sql
from querynl.cli.proving import Wish, proof_options, proved
from querynl.errors import SourceUnreadable, UsageInvalid

if TYPE_CHECKING:
    from querynl.plan import Plan
    from querynl.privileges import Privileges


@click.group(invoke_without_command=True)
@click.option("--json-schema", is_flag=True, help="Print the JSON Schema of schema files.")
@common_options
@click.pass_context
def schema(context: click.Context, *, json_schema: bool) -> None:
    """Design, check, inspect, compare and apply schemas."""
    if json_schema:
        from querynl.sources import json_file

        click.echo(json_file.json_schema_text())
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())
        context.exit(2)


@schema.command()
@click.argument("text")
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="The file to write.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common_options
def design(text: str, output: Path | None, *, force: bool) -> None:
    """Design a schema from a description in English."""
    from querynl.english.design import design as design_schema
    from querynl.sources import json_file

    made = design_schema(text)
    written = json_file.write(made.schema)
    if output is None:
        click.echo(written, nl=False)
    else:
        _write(output, written, force=force)
        names = ", ".join(table.name for table in made.schema.tables)
        click.echo(f"Wrote {output}: {len(made.schema.tables)} tables ({names}).")
    app = current_app()
    for assumption in made.assumptions:
        app.say(f"Assumed: {assumption}")
    if made.unused:
        app.say(f"Not used: {', '.join(made.unused)}")


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise UsageInvalid(f"{path} is there already.", remedy="Name another file, or give --force.") from None
    except OSError as error:
        raise SourceUnreadable(f"This cannot be written: {error.strerror}.", where=str(path)) from None


@schema.command()
@click.argument("source", metavar="SCHEMA")
@DIALECT
@SCRATCH_URL
@common_options
def validate(source: str, dialect: str | None, scratch_url: str | None) -> None:
    """Check that SCHEMA makes sense.

    A portable one is checked for every engine, or for that of --dialect.
    """
    from querynl.dialects import NAMES, dialect_named
    from querynl.sources import Declared, compare, read_source

    app = current_app()
    read = read_source(source, app.settings)
    if isinstance(read, Declared):
        names = [dialect or read.schema.dialect] if dialect or read.schema.dialect else list(NAMES)
        for name in names:
            compare(read, read, dialect_named(str(name)), partial(open_throwaway, str(name), scratch_url))
        click.echo(f"{source} is valid for {', '.join(map(str, names))}.")
        for note in read.notes:
            app.say(f"Note: {note}")
        return
    comparison, _ = compared([source], [source], dialect, scratch_url)
    click.echo(f"{source} is valid for {comparison.dialect.name}: {len(comparison.after.tables)} tables.")


@schema.command()
@click.option("--output", "-o", type=click.Path(path_type=Path), metavar="FILE", help="The file to write.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@common_options
def inspect(output: Path | None, *, force: bool) -> None:
    """Print the schema of a database as a schema file."""
    from querynl.dialects import dialect_named
    from querynl.histories import without_histories
    from querynl.sources import json_file

    app = current_app()
    with app.open_connection(read_only=True) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        found, histories = without_histories(dialect.inspect(connection))
    for name in histories:
        app.say(f"Left out: {name}, in which another tool keeps its history.")
    for kind, count in found.unmanaged.items():
        app.say(f"{count} {kind} not managed.")
    written = json_file.write(found)
    if output is None:
        click.echo(written, nl=False)
    else:
        _write(output, written, force=force)
        click.echo(f"Wrote {output}: {len(found.tables)} tables.")


@schema.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@DIALECT
@SCRATCH_URL
@privileges_option
@click.option("--check", is_flag=True, help="Exit 6 if there is a difference.")
@click.option("--format", "form", type=click.Choice(("text", "json", "sql")), default="text", show_default=True)
@common_options
def diff(
    *,
    before: str,
    after: str,
    dialect: str | None,
    scratch_url: str | None,
    privileges: Privileges | None,
    check: bool,
    form: str,
) -> int:
    """Say what leads from schema A to schema B."""
    from querynl.english.explain import explain_plan
    from querynl.plan import statements

    comparison, _ = compared([before], [after], dialect, scratch_url)
    proposal = proposed(comparison, privileges=privileges)
    plan = proposal.plan()
    if form == "json":
        changes = [{"change": line.sentence, "effect": line.effect} for line in explain_plan(plan)]
        open_ones = [{"question": one.what, "answer": one.answer} for one in proposal.waiting]
        print_json({"dialect": plan.dialect, "changes": changes, "open": open_ones})
    elif form == "sql":
        print_sql(comparison.dialect.script(statements(plan.up)))
    elif proposal.operations:
        print_changes(plan)
        for question in (open_one for open_one in proposal.waiting if open_one.question is not None):
            current_app().say(f"Open: {question.what}")
    else:
        click.echo("No difference: the two schemas are the same.")
    return DIFFERENCE_FOUND if check and proposal.operations else 0


@schema.command("apply")
@click.argument("sources", metavar="SCHEMA...", nargs=-1, required=True)
@CONFIRM
@DRY_RUN
@answer_options
@proof_options
@common_options
def apply_schema(
    *,
    sources: tuple[str, ...],
    confirmed: bool,
    dry_run: bool,
    scratch_url: str | None,
    verify: bool | None,
    anonymous_report: bool,
    **answers: Unpack[Given],
) -> None:
    """Bring a database to the state of SCHEMA in one step.

    The same plan, checks and history as with migrations, but no files. Several .sql files add up to one SCHEMA.
    """
    from querynl.plan import statements

    app = current_app()
    comparison, target = compared([], sources, None, scratch_url)
    assert target is not None
    proposal = proposed(comparison, **answers)
    if not proposal.operations:
        click.echo(f"{target.name} is in that state already.")
        return
    proposal = decided(proposal, target)
    plan = proposal.plan()
    proved(proposal, plan, Wish(insists=verify, scratch_url=scratch_url, anonymous=anonymous_report))
    if dry_run:
        print_sql(comparison.dialect.script(statements(plan.up)))
        return
    print_changes(plan, target)
    app.ask_go_ahead(f"Make these changes in {target.name}?", given=confirmed)
    _run(plan, f"apply {' '.join(Path(source).name for source in sources)}", proposal.answers.allowed)
    click.echo(f"{target.name} is in the state of {', '.join(sources)} now.")


def _run(plan: Plan, message: str, allowed: frozenset[str]) -> None:
    """Run a plan that has no file, with the same checks, history and record as one that has."""
    from querynl import runner
    from querynl.connections import connect
    from querynl.dialects import dialect_named
    from querynl.formats.naming import new_id
    from querynl.ledger import Ledger
    from querynl.plan import statements, to_json
    from querynl.registry import MigrationRecord, get_migrations

    app = current_app()
    target = app.target()
    store = app.settings.registry.url
    with connect(target) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        taken = [record.migration_id for record in get_migrations(target.name, store=store)]
        record = MigrationRecord(
            migration_id=new_id(message, datetime.now(UTC), taken),
            connection_name=target.name,
            sql_content=dialect.script(statements(plan.up)),
            rollback_sql=dialect.script(statements(plan.down)) if plan.down else None,
            description=message,
            plan=to_json(plan).decode(),
        )
        runner.apply(
            connection,
            dialect,
            [runner.recorded(record, Ledger(connection, dialect))],
            connection_name=target.name,
            store=store,
            allow=allowed,
        )
