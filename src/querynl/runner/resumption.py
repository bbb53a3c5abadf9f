"""Going on with a migration of which some statements have run already."""

from __future__ import annotations

from collections.abc import Sequence

from querynl.dialects import Statement
from querynl.errors import DecisionNeeded
from querynl.ledger import Entry
from querynl.runner.account import statement_text
from querynl.runner.execution import Session, trace_of
from querynl.runner.portions import settings_apart
from querynl.runner.scripts import same


def statements_done(entry: Entry, session: Session) -> int:
    """How many statements have run of a run that never came to its end; to be asked under the lock.

    The journal says which one was about to run, and the catalog whether it did. Raises DecisionNeeded where that
    cannot be told.
    """
    done = entry.statements_done
    mark = session.ledger.last_mark(entry.run_number)
    ran = _kept(entry, session)
    if not session.ledger.lock.is_lasting or not 0 <= done < len(ran):
        raise unfinished(entry, session)
    now = trace_of(ran[done], session)
    if mark is None or mark.number <= done:
        # It was to be undone with its transaction, unless it touched what knows none.
        if now is None and not session.dialect.commits_by_itself(ran[done].sql):
            raise unfinished(entry, session)
        return done
    if now is None or mark.trace is None:
        raise unfinished(entry, session)
    return done if now == mark.trace else done + 1


def unfinished(entry: Entry, session: Session) -> DecisionNeeded:
    """The error of a migration whose process ended, or is still at work, between two statements."""
    number = entry.statements_done + 1
    ran = _kept(entry, session)
    shown = f": {statement_text(ran[number - 1])}" if number <= len(ran) else ""
    resume = f"querynl migrate repair {entry.migration_id} --{'resume' if entry.direction == 'up' else 'revert'} --done"
    return DecisionNeeded(
        f"{'Applying' if entry.direction == 'up' else 'Rolling back'} {entry.migration_id} began at"
        f" {entry.started_at:%Y-%m-%d %H:%M:%S} UTC and never came to an end.",
        questions=[
            f"Did statement {number} of {entry.statements_total} run{shown}? Those before it did. Look at the database,"
            f" and answer with `{resume} {number}` if it did, or with `{resume} {number - 1}` if it did not."
        ],
    )


def refuse_rewritten(entry: Entry, body: Sequence[Statement], session: Session) -> None:
    """Raise `DecisionNeeded` where the statements that ran are not those the script begins with now."""
    done = entry.statements_done
    if not same(_kept(entry, session)[:done], body[:done], session.dialect):
        raise DecisionNeeded(
            f"{entry.migration_id} was edited where it has run already.",
            questions=[
                f"Its first {done} statements stand in the database: leave them in the file as they were, or undo them"
                f" by hand and run `querynl migrate repair {entry.migration_id} --mark-rolled-back`."
            ],
        )


def _kept(entry: Entry, session: Session) -> tuple[Statement, ...]:
    """The statements of the entry's last run, in the numbering of its `statements_done`."""
    scripts = session.ledger.scripts(entry.migration_id)
    script = scripts and (scripts.up if entry.direction == "up" else scripts.down)
    return settings_apart(session.dialect.split(script or ""), session.dialect)[1]
