"""`querynl migrate generate`: from two schemas to migration files."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Unpack

import click
from msgspec.structs import replace

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import DIFFERENCE_FOUND, Given, answer_options, compared, decided, print_changes, proposed
from querynl.cli.options import DIALECT, framework_option
from querynl.cli.pending import pending
from querynl.cli.printing import format_option, print_json, print_sql
from querynl.cli.proving import Evidence, Wish, proof_options, proved, say_drift
from querynl.errors import MigrationInvalid

if TYPE_CHECKING:
    from querynl.connections import Target
    from querynl.dialects import Dialect
    from querynl.formats import NewMigration
    from querynl.generation import Proposal
    from querynl.plan import Plan


@click.command()
@click.option(
    "--from",
    "before",
    multiple=True,
    metavar="SCHEMA",
    help="The schema before; if not given, the connection's live one with what is pending there.",
)
@click.option("--to", "after", multiple=True, metavar="SCHEMA", required=True, help="The schema after.")
@framework_option()
@click.option(
    "--message", "-m", metavar="TEXT", help="What the migration is about; made from the changes if not given."
)
@click.option("--output", "-o", metavar="DIR", help="The folder for the files.")
@DIALECT
@answer_options
@proof_options
@click.option("--dry-run", is_flag=True, help="Print the SQL and write nothing.")
@click.option("--check", is_flag=True, help="Write nothing; exit 6 if there is a difference.")
@format_option("table", "json")
@common_options
def generate(
    *,
    before: tuple[str, ...],
    after: tuple[str, ...],
    framework: str | None,
    message: str | None,
    output: str | None,
    dialect: str | None,
    scratch_url: str | None,
    verify: bool | None,
    anonymous_report: bool,
    dry_run: bool,
    check: bool,
    form: str,
    **answers: Unpack[Given],
) -> int:
    """Write the migration from one schema to another.

    A SCHEMA is a .json or .sql file, a folder of .sql files or of migrations, SQLAlchemy models as module:metadata,
    a saved connection, a database URL, or `empty`. Several .sql files add up: --to a.sql --to b.sql.
    """
    app = current_app()
    if message is not None and not message.strip():
        raise MigrationInvalid("The message is empty.", remedy="Say in a few words what the migration is about.")
    folder = Path(output or app.settings.migrations.directory)
    comparison, connection = compared(before, after, dialect, scratch_url, ahead=partial(pending, folder))
    proposal = proposed(comparison, **answers)
    if not proposal.operations:
        click.echo("No difference: the two schemas are the same. Nothing was written.")
        return 0
    if check:
        print_changes(proposal.plan())
        _print_questions(proposal)
        return DIFFERENCE_FOUND
    proposal = decided(proposal, connection)
    form_of_files = framework or app.settings.migrations.framework
    made = _migrations(proposal, message, form_of_files, folder, connection, begins=bool(before))
    wish = Wish(insists=verify, scratch_url=scratch_url, anonymous=anonymous_report)
    evidence = [proved(each.proposal, each.plan, wish) for each in made]
    if connection is not None and before and len(made) == 1 and evidence[0].proof is not None:
        say_drift(made[-1].plan, comparison, connection, scratch_url)
    if dry_run:
        for each in made:
            print_sql(each.new.up)
        return 0
    _write(made, connection)
    _print_written(made, evidence, connection, comparison.dialect, form)
    return 0


# ------------------------------------------------------------------------------------------- migrations


class Made(NamedTuple):
    """A migration that is ready to be written, and what it came from."""

    proposal: Proposal
    plan: Plan
    new: NewMigration


def _migrations(
    proposal: Proposal, message: str | None, framework: str, folder: Path, target: Target | None, *, begins: bool
) -> list[Made]:
    """The migration; before it, if one `begins` what the database still lacks, the one that gets it to the start."""
    import msgspec

    from querynl.formats import new_migration
    from querynl.formats.migration import Framework
    from querynl.generation import summary

    comparison = proposal.comparison
    form = msgspec.convert(framework, Framework)
    taken = _taken(target)
    made: list[Made] = []
    at = datetime.now(UTC)
    steps = [(proposal, message or summary(proposal.operations))]
    if begins and target is not None and not taken and _needs_beginning(target, comparison.dialect, proposal):
        steps.insert(0, (_beginning(proposal), "initial schema"))
    for step, text in steps:
        plan = step.plan()
        new = new_migration(
            plan,
            dialect=comparison.dialect,
            framework=form,
            message=text,
            folder=folder,
            at=at,
            taken={*taken, *(earlier.new.id for earlier in made)},
        )
        made.append(Made(step, plan, new))
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
    from querynl.histories import without_histories
    from querynl.ledger import Ledger

    if not proposal.comparison.before.tables:
        return False
    with look_into(target) as connection:
        live, _ = without_histories(dialect.inspect(connection))
        return not live.tables and not Ledger(connection, dialect).entries()


def _beginning(proposal: Proposal) -> Proposal:
    """The way from nothing to the schema before, with its owners and grants where these are managed."""
    from querynl.generation import Answers, propose
    from querynl.privileges import without_privileges
    from querynl.schema import Schema

    privileges, start = proposal.answers.privileges, proposal.comparison.before
    if privileges != "manage":
        start = without_privileges(start)
    comparison = replace(proposal.comparison, before=Schema(dialect=start.dialect), after=start)
    return propose(comparison, Answers(privileges=privileges))


def _write(made: list[Made], target: Target | None) -> None:
    """Write the files, and record the migrations of a connection."""
    from querynl.formats import write

    for _, plan, new in made:
        write(new)
        if target is not None:
            record(new, plan, target.name)


def record(new: NewMigration, plan: Plan, connection_name: str) -> None:
    """Keep a migration, whose files are written, as pending for a connection."""
    from querynl.dialects import dialect_named
    from querynl.plan import to_json
    from querynl.registry import MigrationRecord, save_migration_record

    paths = [str(path.absolute()) for path in new.files if path.suffix in (".sql", ".py")]
    kept = MigrationRecord(
        migration_id=new.id,
        connection_name=connection_name,
        framework=new.framework,
        sql_content=new.up,
        rollback_sql=new.down,
        description=new.description,
        plan=to_json(plan).decode(),
        checksum=new.checksum(dialect_named(plan.dialect)),
        file=paths[0],
        down_file=paths[1] if len(paths) > 1 else None,
    )
    save_migration_record(kept, current_app().settings.registry.url)


# -------------------------------------------------------------------------------------------- printing


def _print_questions(proposal: Proposal) -> None:
    """What is still open, on standard error, with the options that answer it."""
    for open_one in proposal.waiting:
        current_app().say(f"Open: {open_one.what} Answer with {open_one.answer}.")


def _print_written(
    made: list[Made], evidence: Sequence[Evidence], target: Target | None, dialect: Dialect, form: str
) -> None:
    if form == "json":
        _print_document(made, evidence)
    else:
        _print_made(made, target, dialect)


def _print_document(made: list[Made], evidence: Sequence[Evidence]) -> None:
    files = [
        {"id": each.new.id, "files": [str(path) for path in each.new.files], **found.to_dict()}
        for each, found in zip(made, evidence, strict=True)
    ]
    print_json({"migrations": files})


def _print_made(made: list[Made], target: Target | None, dialect: Dialect) -> None:
    if len(made) > 1:
        assert target is not None
        click.echo(f"{target.name} holds nothing of the schema before, so a first migration creates it.")
    for _, plan, new in made:
        click.echo(f"Migration {new.id}")
        print_changes(plan, target)
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
