"""A run: its migrations one after the other, under the lock, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from querynl.ledger import Entry, Scripts
from querynl.registry import Store
from querynl.runner import execution
from querynl.runner.drift import keep_state, refuse_drift
from querynl.runner.execution import Session, Told, Work
from querynl.runner.known import Known
from querynl.runner.report import Reached, Report
from querynl.runner.settling import settle
from querynl.runner.store import bring_in_line


def run_all(
    works: Sequence[Work],
    run_one: Callable[[Work, Told], Entry | None],
    session: Session,
    migrations: Sequence[Known],
    *,
    connection_name: str,
    store: Store,
    ignore_drift: bool,
    reached: Reached | None,
) -> Report:
    """Do the works in order, up to the first that fails; `migrations` are all those that are known of the database.

    However it ends, the tracking store is brought in line with the history. Raises DriftFound where the database is not
    as its last run left it (unless `ignore_drift`), LockedOut, and what `run_one` raises.
    """
    report = Report()
    unkept: list[str] = []
    ran: dict[str, Scripts] = {}
    try:
        if works:
            with execution.alone(session, works):
                told = Told(settle(session, migrations), session.ledger.lock.hold)
                execution.foresee(works, told.entries, session)
                if not ignore_drift:
                    refuse_drift(session.connection, session.dialect, session.ledger)
                for work in works:
                    entry = run_one(work, told)
                    report = report.with_run(work.known.id, entry)
                    if reached is not None:
                        reached(report)
                    if entry is not None:
                        ran[work.known.id] = work.scripts
                session.patience.restore()
                unkept = keep_state(session.connection, session.dialect, session.ledger)
    finally:
        notes = bring_in_line(migrations, session.ledger, connection_name=connection_name, store=store, ran=ran)
    return replace(report, notes=(*unkept, *notes))
