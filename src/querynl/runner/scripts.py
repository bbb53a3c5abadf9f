"""The statements of a migration, each way, from wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from querynl.dialects import Dialect, Statement
from querynl.errors import MigrationInvalid
from querynl.formats import scripts
from querynl.formats.transactions import bare, controls_transaction
from querynl.ledger import Ledger
from querynl.plan import Step, statements
from querynl.runner.known import Known


class Way(NamedTuple):
    """What one way of a migration runs; `steps` are the plan's, none for what a person wrote or edited."""

    statements: tuple[Statement, ...]
    steps: tuple[Step, ...]


# The statements of a migration's file, up and down.
_Found = tuple[list[Statement], list[Statement] | None]


def ways(known: Known, dialect: Dialect, ledger: Ledger) -> tuple[Way, Way | None]:
    """What applying the migration runs, and what rolling it back would.

    Raises `MigrationInvalid` for a script that ends transactions by itself.
    """
    found = None if known.file is None else scripts(known.file, dialect)
    return _way_up(known, found, dialect, ledger), _way_down(known, found, dialect, ledger)


def way_down(known: Known, dialect: Dialect, ledger: Ledger) -> Way | None:
    """What rolling the migration back runs: its file's way back, else the one kept when it was applied, else None.

    Raises `MigrationInvalid` for a script that ends transactions by itself.
    """
    return _way_down(known, None if known.file is None else scripts(known.file, dialect), dialect, ledger)


def _way_up(known: Known, of_file: _Found | None, dialect: Dialect, ledger: Ledger) -> Way:
    plan = None if known.edited else known.plan(dialect)
    if plan is not None:
        return Way(_checked(statements(plan.up), known), plan.up)
    if of_file is not None:
        found, _ = of_file
    elif known.record is not None:
        found = dialect.split(known.record.sql_content)
    else:
        kept = ledger.scripts(known.id)
        found = dialect.split(kept.up) if kept else []
    return Way(_checked(found, known), ())


def _way_down(known: Known, of_file: _Found | None, dialect: Dialect, ledger: Ledger) -> Way | None:
    plan = known.plan(dialect)
    if plan is not None and not plan.down:
        plan = None
    # A file that holds both ways was edited in both, or in neither.
    both_ways = known.file is not None and known.file.down_path is None and known.file.framework == "alembic"
    if plan is not None and both_ways and not known.edited:
        return Way(_checked(statements(plan.down), known), plan.down)
    found = _script_down(known, of_file, dialect, ledger)
    if plan is not None and same(found, statements(plan.down), dialect):
        return Way(_checked(statements(plan.down), known), plan.down)
    # A script without a statement undoes nothing.
    return Way(_checked(found, known), ()) if found else None


def same(one: Sequence[Statement], other: Sequence[Statement], dialect: Dialect) -> bool:
    """Whether two scripts run the same statements, whatever comments stand before each."""
    texts = ([bare(statement.sql) for statement in dialect.split(dialect.script(script))] for script in (one, other))
    return next(texts) == next(texts)


def _script_down(known: Known, of_file: _Found | None, dialect: Dialect, ledger: Ledger) -> list[Statement]:
    """The way down of the file, of the history or of the store: the first that has one."""
    if of_file is not None and of_file[1]:
        return of_file[1]
    # What the history kept may still be of the last of those that a squashed one replaces.
    squashed = known.file is not None and bool(known.file.replaced)
    kept = ledger.scripts(known.id) if known.entry and not squashed else None
    text = kept.down if kept else None
    if text is None and known.record is not None:
        text = known.record.rollback_sql
    return dialect.split(text or "")


def _checked(script: Iterable[Statement], known: Known) -> tuple[Statement, ...]:
    found = tuple(script)
    for number, statement in enumerate(found, 1):
        if controls_transaction(statement):
            raise MigrationInvalid(
                f"Statement {number} of {known.id} is {bare(statement.sql)}: QueryNL begins and ends transactions.",
                where=str(known.path) if known.path else None,
                remedy="Take it out of the script. Nothing was run.",
            )
    return found
