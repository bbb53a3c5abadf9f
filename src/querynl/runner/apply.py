"""Applying migrations: oldest first, each once, however many processes try."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import DecisionNeeded, MigrationChanged, MigrationMissing, MigrationOutOfOrder
from querynl.ledger import Entry, Scripts
from querynl.registry import Store
from querynl.runner import execution
from querynl.runner.dangers import dangers, refuse
from querynl.runner.execution import Progress, Session, Told, Work, session_on
from querynl.runner.known import Known, Status, refuse_lacking
from querynl.runner.patience import Limits
from querynl.runner.portions import settings_apart
from querynl.runner.report import Reached, Report
from querynl.runner.resumption import refuse_rewritten, statements_done
from querynl.runner.run import run_all
from querynl.runner.scripts import ways

LOCK_TIMEOUT_SECONDS = 60.0

_TO_RUN = frozenset((Status.PENDING, Status.OUT_OF_ORDER, Status.FAILED, Status.PARTIALLY_APPLIED))


def pending(migrations: Sequence[Known]) -> list[Known]:
    """Those that `apply` would run, in its order."""
    return [known for known in migrations if known.status in _TO_RUN]


def statements_to_apply(known: Known, connection: Connection, dialect: Dialect) -> tuple[Statement, ...]:
    """The very statements that `apply` would run of one migration now. Changes nothing; raises as `apply` would."""
    work = _work(known, (), session_on(connection, dialect, [known]))
    return execution.statements_left(work)


def apply(
    connection: Connection,
    dialect: Dialect,
    migrations: Sequence[Known],
    *,
    connection_name: str,
    store: Store = None,
    allow: Collection[str] = (),
    lock_timeout: float = LOCK_TIMEOUT_SECONDS,
    statement_timeout: float | None = None,
    progress: Progress | None = None,
    out_of_order: bool = False,
    ignore_missing: bool = False,
    ignore_drift: bool = False,
    reached: Reached | None = None,
) -> Report:
    """Apply what is pending, failed or halfway among the migrations of a survey, oldest first.

    Whatever can be known beforehand stops it before anything runs: MigrationChanged for an applied file that was
    edited, MigrationMissing for one that is gone (unless `ignore_missing`) and for a squashed one of which only a
    part stands, MigrationOutOfOrder for a pending one before those that are applied (unless `out_of_order`),
    MigrationInvalid for a script that cannot run, and DecisionNeeded for rows that would be lost (unless `allow` has
    `destructive`) or that a NOT NULL column has no value for; DriftFound where the database is not as its last run
    left it (unless `ignore_drift`). LockedOut after `lock_timeout` seconds of waiting for another migration, or for
    the locks that a statement needs; no statement runs for longer than `statement_timeout` seconds, where the engine
    sees to that.
    The first migration that fails ends it (MigrationFailed); Ctrl-C ends it (KeyboardInterrupt, with the account
    as its text). The history in the database says what stands, and the tracking store is brought in line with it.
    """
    _refuse_unfit(migrations, out_of_order=out_of_order, ignore_missing=ignore_missing)
    limits = Limits(locks=lock_timeout, statement=statement_timeout)
    session = session_on(connection, dialect, migrations, limits=limits, progress=progress)
    chosen = pending(migrations)
    works = [_work(known, chosen[number:], session) for number, known in enumerate(chosen, 1)]
    for work in works:
        _refuse_dangers(work, session, allow)
    return run_all(
        works,
        partial(_applied, session, allow),
        session,
        migrations,
        connection_name=connection_name,
        store=store,
        ignore_drift=ignore_drift,
        reached=reached,
    )


def _applied(session: Session, allow: Collection[str], work: Work, told: Told) -> Entry | None:
    """What one migration came to; looked at again first, for what ran before it may have made or filled its tables."""
    if work.steps and work.resume_at(session.ledger.entry(work.known.id)) == 0:
        _refuse_dangers(work, session, allow)
    return execution.run(session, work, told)


def _work(known: Known, later: Sequence[Known], session: Session) -> Work:
    refuse_lacking(known)
    dialect = session.dialect
    up, down = ways(known, dialect, session.ledger)
    settings, body = settings_apart(up.statements, dialect)
    return Work(
        known=known,
        direction="up",
        settings=settings,
        body=body,
        steps=up.steps,
        scripts=Scripts(dialect.script(up.statements), None if down is None else dialect.script(down.statements)),
        resume_at=lambda entry: _resume_at(entry, body, session),
        later=later,
    )


def _resume_at(entry: Entry | None, body: Sequence[Statement], session: Session) -> int | None:
    """How many of the statements the history says have run: None for all of them.

    Raises DecisionNeeded where that is not certain, or where what ran is not what the script says now.
    """
    if entry is None or entry.status == "rolled back":
        return 0
    if entry.status == "applied":
        return None
    if entry.status == "running":
        refuse_rewritten(entry, body, session)
        return statements_done(entry, session)
    if entry.direction == "down":
        if entry.statements_done == 0:
            return None
        raise DecisionNeeded(
            f"{entry.migration_id} was rolled back halfway.",
            questions=[f"Its rollback failed: {entry.error} Finish it with `querynl migrate rollback`."],
        )
    if entry.statements_done:
        refuse_rewritten(entry, body, session)
    return entry.statements_done


def _refuse_unfit(migrations: Sequence[Known], *, out_of_order: bool, ignore_missing: bool) -> None:
    """Raise what the statuses alone ask for."""
    _refuse_changed(migrations)
    _refuse_unsettled(migrations)
    if not ignore_missing:
        _refuse_missing(migrations)
    if not out_of_order:
        _refuse_out_of_order(migrations)


def _refuse_changed(migrations: Sequence[Known]) -> None:
    changed = [known for known in migrations if known.status is Status.CHANGED]
    if changed:
        names = ", ".join(str(known.path or known.id) for known in changed)
        raise MigrationChanged(
            f"{len(changed)} migration{'s were' if len(changed) > 1 else ' was'} edited after being applied.",
            where=names,
            remedy="Restore the file as it was applied, and write the change as a new migration. Nothing was run.",
        )


def _refuse_unsettled(migrations: Sequence[Known]) -> None:
    half = [
        known for known in migrations if known.status is Status.FAILED and known.entry and not known.entry.run_number
    ]
    if half:
        raise DecisionNeeded(
            f"{half[0].id} failed in {half[0].framework.title()}, which does not say how far it came.",
            questions=[
                "Undo by hand what remains of it and run"
                f" `querynl migrate repair {half[0].id} --mark-rolled-back`; or finish it by hand and run"
                f" `querynl migrate repair {half[0].id} --mark-applied`."
            ],
        )


def _refuse_missing(migrations: Sequence[Known]) -> None:
    missing = [known.id for known in migrations if known.status is Status.MISSING]
    if missing:
        files = (
            "The file of 1 applied migration is"
            if len(missing) == 1
            else f"{len(missing)} applied migrations' files are"
        )
        raise MigrationMissing(
            f"{files} missing: {', '.join(missing)}.",
            remedy="Restore what is missing, or go on without: --ignore-missing. Nothing was run.",
        )


def _refuse_out_of_order(migrations: Sequence[Known]) -> None:
    early = [known.id for known in migrations if known.status is Status.OUT_OF_ORDER]
    if early:
        count = "1 migration comes" if len(early) == 1 else f"{len(early)} migrations come"
        raise MigrationOutOfOrder(
            f"{count} before others that are applied: {', '.join(early)}.",
            remedy="Generate it anew after them, or apply it all the same with --out-of-order. Nothing was run.",
        )


def _refuse_dangers(work: Work, session: Session, allow: Collection[str]) -> None:
    refuse(
        dangers(work.steps, session.connection, session.dialect, session.ledger),
        allow,
        subject=f"The migration {work.known.id}",
        way_on='Generate it again with --backfill "{assignment}".',
    )
