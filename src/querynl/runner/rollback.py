"""Rolling migrations back: newest first, by the way down they came with."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import LockedOut, MigrationIrreversible, UsageInvalid
from querynl.ledger import Entry, Scripts
from querynl.plan import Plan, Step, statements
from querynl.registry import Store
from querynl.runner import execution
from querynl.runner.apply import LOCK_TIMEOUT_SECONDS
from querynl.runner.dangers import dangers, dangers_of_script, refuse
from querynl.runner.execution import Progress, Session, Work, session_on
from querynl.runner.known import Known, Status, refuse_lacking
from querynl.runner.patience import Limits
from querynl.runner.portions import settings_apart
from querynl.runner.report import Reached, Report
from querynl.runner.resumption import refuse_rewritten, statements_done
from querynl.runner.run import run_all
from querynl.runner.scripts import Way, way_down
from querynl.runner.settling import adoptable


def newest(migrations: Sequence[Known], steps: int) -> list[Known]:
    """The migrations that `rollback` would undo, in its order: the last that ran, failed ones included.

    Raises UsageInvalid for less than one step.
    """
    if steps < 1:
        raise UsageInvalid(f"{steps} steps cannot be rolled back.", remedy="Give --steps a number from 1 on.")
    gone = (Status.PENDING, Status.OUT_OF_ORDER)
    standing = [known for known in migrations if known.entry is not None and known.status not in gone]
    # What another tool applied counts as having run after all that we did, in the order of the files.
    theirs = [known for known in standing if adoptable(known)]
    ours = [known for known in standing if known.entry is not None and known.entry.run_number]
    ours.sort(key=lambda known: known.entry.run_number if known.entry else 0)
    return [*ours, *theirs][::-1][:steps]


def statements_to_roll_back(known: Known, connection: Connection, dialect: Dialect) -> tuple[Statement, ...]:
    """The very statements that `rollback` would run for one migration now. Changes nothing; raises as it would."""
    work = _work(known, (), session_on(connection, dialect, [known]))
    return execution.statements_left(work)


def rollback(
    connection: Connection,
    dialect: Dialect,
    migrations: Sequence[Known],
    *,
    steps: int = 1,
    connection_name: str,
    store: Store = None,
    allow: Collection[str] = (),
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    statement_timeout: float | None = None,
    progress: Progress | None = None,
    ignore_drift: bool = False,
    reached: Reached | None = None,
) -> Report:
    """Undo the last migrations that ran, newest first; they are pending afterwards, and their history stays.

    Before anything runs, MigrationIrreversible is raised for one without a way back, and DecisionNeeded for rows
    that would be lost (unless `allow` has `destructive`) or that a NOT NULL column that comes back has no value
    for; DriftFound where the database is not as its last run left it (unless `ignore_drift`). LockedOut,
    MigrationFailed and KeyboardInterrupt are raised as by `apply`.
    """
    chosen = newest(migrations, steps)
    limits = Limits(locks=lock_timeout, statement=statement_timeout)
    session = session_on(connection, dialect, migrations, limits=limits, progress=progress)
    works = [undoing(known, session, allow, later=chosen[number:]) for number, known in enumerate(chosen, 1)]
    return run_all(
        works,
        partial(execution.run, session),
        session,
        migrations,
        connection_name=connection_name,
        store=store,
        ignore_drift=ignore_drift,
        reached=reached,
    )


def undoing(known: Known, session: Session, allow: Collection[str], *, later: Sequence[Known] = ()) -> Work:
    """The work of rolling one migration back. Raises MigrationIrreversible and DecisionNeeded as `rollback` does."""
    work = _work(known, later, session)
    _refuse_dangers(work, session, allow)
    return work


def _work(known: Known, later: Sequence[Known], session: Session) -> Work:
    refuse_lacking(known)
    way = _way(known, session)
    kept = session.ledger.scripts(known.id) or Scripts("", None)
    settings, body = settings_apart(way.statements, session.dialect)
    return Work(
        known=known,
        direction="down",
        settings=settings,
        body=body,
        steps=way.steps,
        scripts=replace(kept, down=session.dialect.script(way.statements)) if way.statements else kept,
        resume_at=lambda entry: _resume_at(entry, known, body, session),
        later=later,
    )


def _way(known: Known, session: Session) -> Way:
    """What undoes all of a migration; of one that failed, all that ran. Raises MigrationIrreversible."""
    entry = known.entry
    if entry is not None and entry.direction == "up" and entry.status == "failed":
        steps = _steps_that_ran(known, entry, session)
        return Way(tuple(statements(steps)), steps)
    if entry is not None and entry.direction == "down" and entry.statements_done:
        kept = session.ledger.scripts(known.id)
        return Way(tuple(session.dialect.split((kept and kept.down) or "")), ())
    way = way_down(known, session.dialect, session.ledger)
    if way is None:
        raise MigrationIrreversible(
            f"{known.id} has no way back.",
            where=str(known.path) if known.path else None,
            remedy="Write its down script, or a new migration that undoes it. Nothing was run.",
        )
    return way


def _steps_that_ran(known: Known, entry: Entry, session: Session) -> tuple[Step, ...]:
    """The way down of the steps of a failed migration that ran whole; none where nothing remained of it.

    Raises MigrationIrreversible where it stopped within a step, or was written by hand: its way down undoes all
    of it, and nobody can tell which part of that undoes the part that ran.
    """
    if entry.statements_done == 0:
        return ()
    plan = None if known.edited else known.plan(session.dialect)
    whole = None if plan is None else _whole_steps(plan, entry.statements_done)
    if plan is None or whole is None or len(plan.down) != len(plan.up):
        raise MigrationIrreversible(
            f"Only {entry.statements_done} of {entry.statements_total} statements of {known.id} ran, and its way back"
            " undoes all of them.",
            where=str(known.path) if known.path else None,
            remedy="Correct the cause and apply it again: it goes on from there. Then it can be rolled back.",
        )
    return plan.down[len(plan.up) - whole :]


def _whole_steps(plan: Plan, done: int) -> int | None:
    """How many steps the first statements of the plan are; None where they end within one."""
    # Settings may stand around all steps instead of in theirs.
    left = _lasting(statements(plan.up)[:done])
    for number, step in enumerate(plan.up):
        if left <= 0:
            return number if left == 0 else None
        left -= _lasting(step.statements)
    return len(plan.up) if left == 0 else None


def _lasting(script: Sequence[Statement]) -> int:
    return sum(not statement.session for statement in script)


def _resume_at(entry: Entry | None, known: Known, body: Sequence[Statement], session: Session) -> int | None:
    """How many statements of the way down have run; None where another process has rolled it back."""
    if entry is None or entry.status == "rolled back":
        return None
    if entry.status == "running":
        refuse_rewritten(entry, body, session)
        return statements_done(entry, session)
    if entry.direction == "down" and entry.statements_done:
        refuse_rewritten(entry, body, session)
        return entry.statements_done
    if known.entry is not None and known.entry.run_number not in (0, entry.run_number):
        raise LockedOut(
            f"Another process ran {entry.migration_id} meanwhile.", remedy="Look at `querynl migrate status` again."
        )
    return 0


def _refuse_dangers(work: Work, session: Session, allow: Collection[str]) -> None:
    place = session.connection, session.dialect, session.ledger
    refuse(
        dangers(work.steps, *place) if work.steps else dangers_of_script(work.body, *place),
        allow,
        subject=f"Rolling back {work.known.id}",
        way_on='Generate a migration that goes back with --backfill "{assignment}", or edit the down script.',
    )
