"""What two schemas come to: comparing them, asking what only a person can answer, saying what changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, TypedDict, Unpack

import click
from msgspec.structs import replace

from querynl.cli.app import current_app
from querynl.cli.options import together
from querynl.errors import DecisionNeeded, UsageInvalid

if TYPE_CHECKING:
    from querynl.connections import Target
    from querynl.decisions import Undecided
    from querynl.generation import Answers, Proposal
    from querynl.plan import Plan
    from querynl.privileges import Privileges
    from querynl.rows import RowCount
    from querynl.schema import Name
    from querynl.scratch import Scratch
    from querynl.sources import Comparison, Migrations, Source

DIFFERENCE_FOUND = 6

privileges_option = click.option(
    "--privileges", type=click.Choice(("off", "warn", "manage")), help="What becomes of owners and grants."
)

# What answers what a change leaves open; `proposed` reads it.
answer_options = together(
    click.option(
        "--rename",
        "renames",
        multiple=True,
        metavar="OLD:NEW",
        help="A rename: table:new, or table.column:new; likewise types, views and indexes.",
    ),
    click.option(
        "--backfill", "backfills", multiple=True, metavar='"T.C = EXPR"', help="The value for rows that have none."
    ),
    click.option(
        "--using", "conversions", multiple=True, metavar='"T.C = EXPR"', help="How old values become new ones."
    ),
    privileges_option,
    click.option("--allow", multiple=True, metavar="HAZARDS", help="What may be lost: destructive, data, or all."),
)


def compared(
    before: Sequence[str],
    after: Sequence[str],
    dialect_name: str | None,
    scratch_url: str | None,
    *,
    ahead: Callable[[], Migrations | None] = lambda: None,
) -> tuple[Comparison, Target | None]:
    """The two schemas in one engine's terms, and the connection that was given, if one was.

    Each schema is one source, or several SQL files; none before is the connection's live schema, as what is `ahead` of
    it will leave it.
    """
    from querynl.connections import look_into
    from querynl.dialects import dialect_named
    from querynl.sources import Live, compare, read_sources

    app = current_app()
    target = app.target() if app.connection is not None or not before else None
    if before:
        first = read_sources(before, app.settings)
    else:
        assert target is not None
        first = Live(target=target, origin=target.name, ahead=ahead())
    second = read_sources(after, app.settings)
    version = None
    if target is not None:
        with look_into(target) as connection:
            engine, version = connection.dialect, connection.version
        app.detail(f"{target.name} is {engine} {version}.")
        if dialect_name not in (None, engine):
            raise UsageInvalid(f"{target.name} is {engine}, not {dialect_name}.", remedy="Leave out --dialect.")
        dialect_name = engine
    name = dialect_name or dialect_of(first, second)
    open_one = partial(open_throwaway, name, scratch_url)
    comparison = compare(first, second, dialect_named(name, version), open_one)
    if comparison.spoken_by is not None:
        app.detail(f"Read by {comparison.spoken_by}.")
    for note in comparison.notes:
        app.say(f"Note: {note}")
    return comparison, target


class Given(TypedDict, total=False):
    """What `answer_options` were given, by the names that a command takes it by."""

    renames: tuple[str, ...]
    backfills: tuple[str, ...]
    conversions: tuple[str, ...]
    allow: tuple[str, ...]
    privileges: Privileges | None


def proposed(comparison: Comparison, **given: Unpack[Given]) -> Proposal:
    """What the comparison comes to with the answers that a command's options give.

    Says on standard error which privileges are left as they are. Raises UsageInvalid for an option that is not
    understood, and RenameInvalid for a rename of what is not there.
    """
    from querynl.cli import answers as options
    from querynl.decisions import allowed_hazards
    from querynl.generation import Answers, propose

    answers = Answers(
        renamings=tuple(options.renamings(given.get("renames", ()), comparison.before)),
        backfills=options.values("--backfill", given.get("backfills", ()), comparison.after),
        conversions=options.values("--using", given.get("conversions", ()), comparison.after),
        allowed=allowed_hazards(given.get("allow", ())),
        privileges=given.get("privileges") or current_app().settings.migrations.privileges,
    )
    proposal = propose(comparison, answers)
    _say_kept(proposal)
    return proposal


def open_throwaway(name: str, url: str | None) -> AbstractContextManager[Scratch]:
    """Throwaway databases of an engine, those of `--scratch-url` if it is given.

    Whatever a command does with them, they are opened once, and stay open until it ends.
    """
    from querynl.scratch import open_scratch

    opened = current_app().scratches
    if name not in opened:
        opened[name] = click.get_current_context().find_root().with_resource(open_scratch(name, url=url))
    return nullcontext(opened[name])


def dialect_of(*sources: Source) -> str:
    """The engine that the sources themselves speak of. Raises UsageInvalid where none does."""
    from querynl.sources import Declared, Live, Migrations

    for source in sources:
        if isinstance(source, Live):
            return source.target.dialect
        if isinstance(source, Migrations) and source.dialect is not None:
            return source.dialect
        if isinstance(source, Declared) and source.schema.dialect is not None:
            return source.schema.dialect
    raise UsageInvalid(
        "Say which engine this is for.",
        remedy="Give --connection, or --dialect postgresql, mysql, mariadb or sqlite.",
    )


# ------------------------------------------------------------------------------------------- questions


def decided(proposal: Proposal, target: Target | None) -> Proposal:
    """The proposal without open questions: asked on a terminal, else DecisionNeeded.

    Each question says how many rows it is about, where the database is known.
    """
    from querynl.generation import propose

    if not proposal.waiting:
        return proposal
    counts = rows_there({open_one.table for open_one in proposal.waiting}, target)
    if not current_app().interactive:
        questions = [f"{_said(open_one, counts)} Answer with {open_one.answer}." for open_one in proposal.waiting]
        raise DecisionNeeded("Some changes need a decision; nothing was written.", questions=questions)
    while proposal.waiting:
        proposal = propose(proposal.comparison, _asked(proposal, counts))
    return proposal


def _said(open_one: Undecided, counts: Mapping[Name, RowCount]) -> str:
    rows = counts.get(open_one.table)
    return open_one.what if rows is None else f"{open_one.what} (Rows in {open_one.table}: {rows}.)"


def _asked(proposal: Proposal, counts: Mapping[Name, RowCount]) -> Answers:
    """The answers with one more, from the person at the terminal."""
    from querynl.decisions import required_columns, spelled
    from querynl.diff import Renaming
    from querynl.schema import ref_of

    first, answers = proposal.waiting[0], proposal.answers
    said = _said(first, counts)
    if first.question is not None:
        if click.confirm(said, err=True):
            renaming = Renaming(first.question.dropped, first.question.added.name)
            return replace(answers, renamings=(*answers.renamings, renaming))
        return _accepted(f"Then {spelled(first.question.dropped)} is dropped with all it holds. Go on?", answers)
    if first.answer.startswith("--backfill"):
        create = next(required_columns(proposal.operations))
        expression = click.prompt(f"{said}\nSQL expression for its value (empty to stop)", default="", err=True)
        if not expression.strip():
            raise DecisionNeeded("Stopped: there was no answer. Nothing was changed.", questions=[])
        return replace(answers, backfills={**answers.backfills, ref_of(create.obj, create.table): expression.strip()})
    return _accepted(f"{said} Go on?", answers)


def _accepted(question: str, answers: Answers) -> Answers:
    """The answers with the loss that the question speaks of. Raises DecisionNeeded if it is not accepted."""
    current_app().ask(question)
    return replace(answers, allowed=answers.allowed | {"destructive"})


# -------------------------------------------------------------------------------------------- printing


def rows_there(tables: Collection[Name | None], target: Target | None) -> dict[Name, RowCount]:
    """The rows of those of the tables that the database has now; nothing where there is no database."""
    from querynl.connections import look_into
    from querynl.dialects import dialect_named
    from querynl.rows import count_rows

    if target is None:
        return {}
    with look_into(target) as connection:
        dialect = dialect_named(connection.dialect, connection.version)
        there = (table.key for table in dialect.inspect(connection).tables if table.server is None)
        return count_rows(connection, dialect, [name for name in there if name in tables])


_KEPT_SHOWN = 12


def _say_kept(proposal: Proposal) -> None:
    """What the schemas say differently of owners and grants, on standard error, where that is left as it is."""
    from querynl.english.explain import explain

    kept = [explain(operation) for operation in proposal.kept]
    if not kept:
        return
    app = current_app()
    app.say("Not planned, as owners and grants are not managed (--privileges manage plans them, off is silent):")
    for sentence in kept[:_KEPT_SHOWN]:
        app.say(f"  - {sentence}")
    if len(kept) > _KEPT_SHOWN:
        app.say(f"  and {len(kept) - _KEPT_SHOWN} more")


def print_changes(plan: Plan, target: Target | None = None) -> None:
    """Every step in a sentence, with what it does to data, and to how many rows where the database is known."""
    from querynl.english.explain import explain_plan
    from querynl.operations import table_of

    touched = {table_of(operation) for step in plan.up for operation in step.operations}
    for line in explain_plan(plan, counts=rows_there(touched, target)):
        click.echo(f"  - {line.sentence}")
        if line.effect:
            click.echo(f"    {line.effect}")
