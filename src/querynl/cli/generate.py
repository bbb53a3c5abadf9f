"""`querynl migrate generate`: from two schemas to migration files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from querynl.cli.app import common_options, current_app
from querynl.cli.printing import format_option, print_json, print_sql
from querynl.errors import DecisionNeeded, MigrationInvalid, UsageInvalid

if TYPE_CHECKING:
    from querynl.connections import Target
    from querynl.dialects import Dialect
    from querynl.formats import NewMigration
    from querynl.generation import Answers, Proposal
    from querynl.plan import Plan
    from querynl.rows import RowCount
    from querynl.schema import Name
    from querynl.scratch import Scratch
    from querynl.sources import Comparison, Source

DIFFERENCE_FOUND = 6


@click.command()
@click.option("--from", "before", metavar="SCHEMA", help="The schema before; the connection's live one if not given.")
@click.option("--to", "after", metavar="SCHEMA", required=True, help="The schema after.")
@click.option("--framework", type=click.Choice(("raw", "flyway", "alembic")), help="The form of the files.")
@click.option(
    "--message", "-m", metavar="TEXT", help="What the migration is about; made from the changes if not given."
)
@click.option("--output", "-o", metavar="DIR", help="The folder for the files.")
@click.option("--dialect", type=click.Choice(("postgresql", "mysql", "mariadb", "sqlite")), help="The engine.")
@click.option("--rename", "renames", multiple=True, metavar="OLD:NEW", help="A rename: table:new or table.column:new.")
@click.option(
    "--backfill", "backfills", multiple=True, metavar='"T.C = EXPR"', help="The value for rows that have none."
)
@click.option("--using", "conversions", multiple=True, metavar='"T.C = EXPR"', help="How old values become new ones.")
@click.option("--allow", multiple=True, metavar="HAZARDS", help="destructive, data, …, or all; what may be lost.")
@click.option("--scratch-url", metavar="URL", help="A server that may hold throwaway databases.")
@click.option("--dry-run", is_flag=True, help="Print the SQL and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 6 if there is a difference.")
@format_option("table", "json")
@common_options
def generate(
    *,
    before: str | None,
    after: str,
    framework: str | None,
    message: str | None,
    output: str | None,
    dialect: str | None,
    renames: tuple[str, ...],
    backfills: tuple[str, ...],
    conversions: tuple[str, ...],
    allow: tuple[str, ...],
    scratch_url: str | None,
    dry_run: bool,
    check: bool,
    form: str,
) -> int:
    """Write the migration from one schema to another.

    A SCHEMA is a .json or .sql file, a folder of .sql files, a saved connection, a database URL, or `empty`.
    """
    from querynl.generation import propose

    app = current_app()
    if message is not None and not message.strip():
        raise MigrationInvalid("The message is empty.", remedy="Say in a few words what the migration is about.")
    comparison, connection = compared(before, after, dialect, scratch_url)
    answers = answers_of(comparison, renames, backfills, conversions, allow)
    proposal = propose(comparison, answers)
    if not proposal.operations:
        click.echo("No difference: the two schemas are the same. Nothing was written.")
        return 0
    if check:
        print_changes(proposal.plan())
        print_questions(proposal)
        return DIFFERENCE_FOUND
    proposal = decided(proposal, answers)
    folder = Path(output or app.settings.migrations.directory)
    form_of_files = framework or app.settings.migrations.framework
    made = _migrations(proposal, message, form_of_files, folder, connection)
    if dry_run:
        for _, new in made:
            print_sql(new.up)
        return 0
    _write(made, connection)
    if form == "json":
        files = [{"id": new.id, "files": [str(path) for path in new.files]} for _, new in made]
        print_json({"migrations": files})
    else:
        _print_made(made, connection, comparison.dialect)
    return 0


def compared(
    before: str | None, after: str, dialect_name: str | None, scratch_url: str | None
) -> tuple[Comparison, Target | None]:
    """The two schemas in one engine's terms, and the connection that was given, if one was."""
    from querynl.connections import look_into
    from querynl.dialects import dialect_named
    from querynl.sources import compare, read_source

    app = current_app()
    named = app.connection is not None or before is None
    target = app.target() if named else None
    first = read_source(before or _live(target), app.settings) if before is not None or target else None
    second = read_source(after, app.settings)
    assert first is not None
    version = None
    if target is not None:
        with look_into(target) as connection:
            engine, version = connection.dialect, connection.version
        app.detail(f"{target.name} is {engine} {version}.")
        if dialect_name not in (None, engine):
            raise UsageInvalid(f"{target.name} is {engine}, not {dialect_name}.", remedy="Leave out --dialect.")
        dialect_name = engine
    name = dialect_name or _dialect_of(first, second)
    open_one = partial(open_throwaway, name, scratch_url)
    comparison = compare(first, second, dialect_named(name, version), open_one)
    if comparison.spoken_by is not None:
        app.detail(f"Read by {comparison.spoken_by}.")
    for note in comparison.notes:
        app.say(f"Note: {note}")
    return comparison, target


def answers_of(
    comparison: Comparison,
    renames: tuple[str, ...],
    backfills: tuple[str, ...],
    conversions: tuple[str, ...],
    allow: tuple[str, ...],
) -> Answers:
    """What the options of a command answer. Raises UsageInvalid for one that is not understood."""
    from querynl.cli import answers as options
    from querynl.decisions import allowed_hazards
    from querynl.generation import Answers

    return Answers(
        renamings=tuple(options.renamings(renames, comparison.before)),
        backfills=options.values("--backfill", backfills, comparison.after),
        conversions=options.values("--using", conversions, comparison.after),
        allowed=allowed_hazards(allow),
    )


def _live(target: Target | None) -> str:
    assert target is not None
    return target.profile or target.url(with_password=True)


def open_throwaway(name: str, url: str | None) -> AbstractContextManager[Scratch]:
    """Throwaway databases of an engine, those of `--scratch-url` if it is given."""
    from querynl.scratch import open_scratch

    return open_scratch(name, url=url)


def _dialect_of(*sources: Source) -> str:
    """The engine that the sources themselves speak of. Raises UsageInvalid where none does."""
    from querynl.sources import Declared, Live

    for source in sources:
        if isinstance(source, Live):
            return source.target.dialect
        if isinstance(source, Declared) and source.schema.dialect is not None:
            return source.schema.dialect
    raise UsageInvalid(
        "Say which engine the migration is for.",
        remedy="Give --connection, or --dialect postgresql, mysql, mariadb or sqlite.",
    )


# ------------------------------------------------------------------------------------------- questions


def decided(proposal: Proposal, answers: Answers) -> Proposal:
    """The proposal without open questions: asked on a terminal, else DecisionNeeded."""
    from querynl.generation import propose

    app = current_app()
    while proposal.waiting:
        if not app.interactive:
            questions = [f"{open_one.what} Answer with {open_one.answer}." for open_one in proposal.waiting]
            raise DecisionNeeded("Some changes need a decision; nothing was written.", questions=questions)
        answers = _asked(proposal, answers)
        proposal = propose(proposal.comparison, answers)
    return proposal


def _asked(proposal: Proposal, answers: Answers) -> Answers:
    """The answers with one more, from the person at the terminal."""
    from querynl.decisions import required_columns, spelled
    from querynl.diff import Renaming
    from querynl.schema import ref_of

    first = proposal.waiting[0]
    if first.question is not None:
        if click.confirm(first.what, err=True):
            renaming = Renaming(first.question.dropped, first.question.added.name)
            return replace(answers, renamings=(*answers.renamings, renaming))
        return _accepted(f"Then {spelled(first.question.dropped)} is dropped with all it holds. Go on?", answers)
    if first.answer.startswith("--backfill"):
        create = next(required_columns(proposal.operations))
        expression = click.prompt(f"{first.what}\nSQL expression for its value (empty to stop)", default="", err=True)
        if not expression.strip():
            raise DecisionNeeded("Stopped: there was no answer. Nothing was changed.", questions=[])
        return replace(answers, backfills={**answers.backfills, ref_of(create.obj, create.table): expression.strip()})
    return _accepted(f"{first.what} Go on?", answers)


def _accepted(question: str, answers: Answers) -> Answers:
    """The answers with the loss that the question speaks of. Raises DecisionNeeded if it is not accepted."""
    current_app().ask(question)
    return replace(answers, allowed=answers.allowed | {"destructive"})


# ------------------------------------------------------------------------------------------- migrations

Made = list[tuple["Plan", "NewMigration"]]


def _migrations(proposal: Proposal, message: str | None, framework: str, folder: Path, target: Target | None) -> Made:
    """The migration; before it, for a database that is still empty, the one that gets it to the start."""
    import msgspec

    from querynl.formats import new_migration
    from querynl.formats.migration import Framework
    from querynl.generation import summary

    comparison = proposal.comparison
    form = msgspec.convert(framework, Framework)
    taken = _taken(target)
    made: Made = []
    at = datetime.now(UTC)
    steps = [(proposal.plan(), message or summary(proposal.operations))]
    if target is not None and not taken and _needs_beginning(target, comparison.dialect, proposal):
        steps.insert(0, (_beginning(comparison), "initial schema"))
    for plan, text in steps:
        new = new_migration(
            plan,
            dialect=comparison.dialect,
            framework=form,
            message=text,
            folder=folder,
            at=at,
            taken={*taken, *(earlier.id for _, earlier in made)},
        )
        made.append((plan, new))
    return made


def _taken(target: Target | None) -> set[str]:
    """The ids of the connection's migrations."""
    from querynl.registry import get_migrations

    if target is None:
        return set()
    store = current_app().settings.registry.url
    return {record.migration_id for record in get_migrations(target.name, store=store)}


def _needs_beginning(target: Target, dialect: Dialect, proposal: Proposal) -> bool:
    """Whether the database holds nothing of a starting schema that is not empty, and nothing was ever run there."""
    from querynl.connections import look_into
    from querynl.ledger import Ledger

    if not proposal.comparison.before.tables:
        return False
    with look_into(target) as connection:
        return not dialect.inspect(connection).tables and not Ledger(connection, dialect).entries()


def _beginning(comparison: Comparison) -> Plan:
    from querynl.diff import diff
    from querynl.plan import plan
    from querynl.schema import Schema

    empty = Schema(dialect=comparison.before.dialect)
    return plan(empty, diff(empty, comparison.before, comparison.dialect).operations, comparison.dialect)


def _write(made: Made, target: Target | None) -> None:
    """Write the files, and record the migrations of a connection."""
    from querynl.formats import write
    from querynl.plan import to_json
    from querynl.registry import MigrationRecord, save_migration_record

    for plan, new in made:
        write(new)
        if target is None:
            continue
        paths = [str(path.absolute()) for path in new.files if path.suffix in (".sql", ".py")]
        record = MigrationRecord(
            migration_id=new.id,
            connection_name=target.name,
            framework=new.framework,
            sql_content=new.up,
            rollback_sql=new.down,
            description=new.description,
            plan=to_json(plan).decode(),
            checksum=new.checksum,
            file=paths[0],
            down_file=paths[1] if len(paths) > 1 else None,
        )
        save_migration_record(record, current_app().settings.registry.url)


# -------------------------------------------------------------------------------------------- printing


def rows_touched(plan: Plan, target: Target) -> dict[Name, RowCount]:
    """The rows of the tables that a plan touches, of those that the database has now."""
    from querynl.connections import look_into
    from querynl.dialects import dialect_named
    from querynl.operations import table_of
    from querynl.rows import count_rows

    touched = {table_of(operation) for step in plan.up for operation in step.operations}
    with look_into(target) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        there = (table.key for table in dialect.inspect(connection).tables)
        return count_rows(connection, dialect, [name for name in there if name in touched])


def print_changes(plan: Plan, counts: Mapping[Name, RowCount] | None = None) -> None:
    """Every step in a sentence, with what it does to data; `counts` are the rows of its tables."""
    from querynl.english.explain import explain_plan

    for line in explain_plan(plan, counts=counts):
        click.echo(f"  - {line.sentence}")
        if line.effect:
            click.echo(f"    {line.effect}")


def print_questions(proposal: Proposal) -> None:
    """What is still open, on standard error, with the options that answer it."""
    for open_one in proposal.waiting:
        current_app().say(f"Open: {open_one.what} Answer with {open_one.answer}.")


def _print_made(made: Made, target: Target | None, dialect: Dialect) -> None:
    if len(made) > 1:
        assert target is not None
        click.echo(f"{target.name} holds nothing of the schema before, so a first migration creates it.")
    for plan, new in made:
        click.echo(f"Migration {new.id}")
        print_changes(plan, rows_touched(plan, target) if target is not None else None)
        for note in _remarks(plan, dialect):
            click.echo(f"  {note}")
        click.echo("Files:")
        for path in new.files:
            click.echo(f"  {path}")
    if target is not None:
        command = shlex.join(("querynl", "migrate", "apply", "-c", target.name))
        click.echo(f"Recorded as pending for {target.name}. Apply with: {command}")


def _remarks(plan: Plan, dialect: Dialect) -> Iterable[str]:
    from querynl.plan import Reversibility, statements

    if not dialect.rolls_back_ddl and len(statements(plan.up)) > 1:
        yield "Each statement is committed by itself: if one fails, those before it stay, and it can be taken up again."
    if plan.reversibility is Reversibility.STRUCTURE_ONLY:
        yield "Rolling back brings the structure back, not the values that were dropped."
    if plan.reversibility is Reversibility.NONE:
        yield "There is no way back."
    if plan.reordered:
        yield f"Columns stand in another order than asked for in: {', '.join(plan.reordered)}."
