"""`querynl migrate squash`: several migrations into one that is proved to be equal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click
from msgspec import Struct
from msgspec.structs import replace

from querynl.cli.app import common_options, current_app
from querynl.cli.changes import Given, answer_options, decided, dialect_of, open_throwaway, print_changes, proposed
from querynl.cli.generate import record
from querynl.cli.options import CONFIRM, DIALECT, DIRECTORY, SCRATCH_URL
from querynl.cli.printing import format_option, print_json, print_sql
from querynl.errors import DecisionNeeded, UsageInvalid

if TYPE_CHECKING:
    from querynl.dialects import Dialect
    from querynl.formats import MigrationFile, NewMigration
    from querynl.plan import Plan
    from querynl.proof.squashing import Account
    from querynl.sources import Comparison


class Choice(Struct, frozen=True, kw_only=True):
    """The migrations to squash, those before them in their folder, and where revisions import from."""

    earlier: tuple[MigrationFile, ...]
    replaced: tuple[MigrationFile, ...]
    folder: Path
    imports: tuple[Path, ...]


@click.command()
@click.argument("ids", metavar="[IDS]", nargs=-1)
@click.option("--from", "first", metavar="ID", help="The first to replace.  [default: the folder's first]")
@click.option("--to", "last", metavar="ID", help="The last to replace.  [default: the folder's last]")
@click.option("--message", "-m", metavar="TEXT", help="What the squashed migration is about.")
@DIALECT
@answer_options
@SCRATCH_URL
@click.option("--dry-run", is_flag=True, help="Print the SQL, and write and remove nothing.")
@CONFIRM
@DIRECTORY
@format_option("table", "json")
@common_options
def squash(
    *,
    ids: tuple[str, ...],
    first: str | None,
    last: str | None,
    message: str | None,
    dialect: str | None,
    scratch_url: str | None,
    dry_run: bool,
    confirmed: bool,
    directory: str | None,
    form: str,
    **answers: Unpack[Given],
) -> None:
    """Make one migration of several, proved to be equal.

    It takes the name and the version of the last of them, and its head names all; their files are removed. A database
    that has applied all of them takes it as applied, one that has none runs it.
    """
    from querynl.formats.squashing import as_file
    from querynl.proof.squashing import prove_squashed

    app = current_app()
    choice = _choice(Path(directory or app.settings.migrations.directory), ids, first, last)
    name = dialect or _engine_of(choice)
    account, comparison = _run(choice, name, scratch_url)
    _refuse_writings(account)
    answers["privileges"] = privileges = answers.get("privileges") or "manage"
    proposal = decided(proposed(comparison, **answers), None)
    plan = proposal.plan()
    new = _squashed(plan, comparison.dialect, choice, message)
    account = replace(account, before=comparison.before, after=proposal.after)
    with open_throwaway(name, scratch_url) as scratch:
        prove_squashed(
            choice.earlier,
            as_file(new),
            account,
            scratch,
            name,
            privileges=privileges,
            folders=choice.imports,
        )
        engine = scratch.origin.partition(",")[0]
    app.say(f"Proved on {engine}: it does what the {len(choice.replaced)} migrations do, and leads back.")
    if dry_run:
        print_sql(new.up)
        return
    count = len(choice.replaced)
    app.ask_go_ahead(f"Write {new.path.name} in the place of {count} migrations, and remove theirs?", given=confirmed)
    _write(new, plan, choice, form)


def _choice(folder: Path, ids: Sequence[str], first: str | None, last: str | None) -> Choice:
    from querynl.formats.contents import contents
    from querynl.formats.squashing import chosen

    if ids and (first or last):
        raise UsageInvalid("IDS do not go together with --from and --to.")
    held = contents(folder)
    found = chosen(held.versioned, ids, first, last)
    begin = held.versioned.index(found[0])
    return Choice(
        earlier=held.versioned[:begin], replaced=found, folder=found[-1].path.parent, imports=held.python_folders
    )


def _engine_of(choice: Choice) -> str:
    """The engine that the connection is of, else that the head of a file names. Raises UsageInvalid."""
    from querynl.connections import look_into
    from querynl.sources import Migrations

    app = current_app()
    if app.connection is not None:
        with look_into(app.target()) as connection:
            return connection.dialect
    return dialect_of(Migrations(files=(*choice.earlier, *choice.replaced), origin=str(choice.folder)))


def _run(choice: Choice, dialect_name: str, scratch_url: str | None) -> tuple[Account, Comparison]:
    """What the migrations to squash do, and the schemas before and after them."""
    from querynl.histories import without_histories
    from querynl.proof.files import Course
    from querynl.proof.squashing import run_replaced
    from querynl.schema import Schema
    from querynl.sources import Comparison

    files = (*choice.earlier, *choice.replaced)
    with (
        open_throwaway(dialect_name, scratch_url) as scratch,
        Course(files, scratch, dialect_name, Schema(), choice.imports) as course,
    ):
        account = run_replaced(course, len(choice.earlier))
        before, after = (without_histories(schema)[0] for schema in (account.before, account.after))
        return account, Comparison(before=before, after=after, dialect=course.dialect, spoken_by=scratch.origin)


def _refuse_writings(account: Account) -> None:
    if not account.writings:
        return
    raise DecisionNeeded(
        "Some of the migrations write rows, which a schema does not tell; nothing was written.",
        questions=[
            f"{writing.id} writes rows of {', '.join(map(str, writing.tables))}."
            " Leave it out: squash those before it, and those after it, with --from and --to."
            for writing in account.writings
        ],
    )


def _squashed(plan: Plan, dialect: Dialect, choice: Choice, message: str | None) -> NewMigration:
    from querynl.formats.squashing import squashed_migration

    text = message or f"{choice.replaced[-1].description} (squashed)"
    return squashed_migration(plan, dialect=dialect, replaced=choice.replaced, message=text)


def _write(new: NewMigration, plan: Plan, choice: Choice, form: str) -> None:
    """Write the files, remove those that are replaced, and record the new one for the connection, if one is given."""
    from querynl.formats.squashing import replace_files

    app = current_app()
    gone = replace_files(new, choice.replaced)
    if app.connection is not None:
        record(new, plan, app.target().name)
    if new.framework == "flyway":
        app.say("Where Flyway alone applied the replaced ones, run `flyway repair`.")
    if form == "json":
        files, removed = list(map(str, new.files)), list(map(str, gone))
        replaced = [migration.id for migration in choice.replaced]
        print_json({"id": new.id, "replaces": replaced, "files": files, "removed": removed})
        return
    click.echo(f"Migration {new.id} replaces {len(choice.replaced)}:")
    print_changes(plan)
    click.echo("Files:")
    for path in new.files:
        click.echo(f"  {path}")
    click.echo("Removed:")
    for path in gone:
        click.echo(f"  {path}")
