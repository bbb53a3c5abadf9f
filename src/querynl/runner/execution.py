"""One migration, one way: its statements and the history's account of them, together or not at all."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import ConnectionFailed, LockLost, MigrationFailed, MigrationInvalid, QueryNLError, StatementFailed
from querynl.ledger import Direction, Entry, Ledger, Lock, Mark, Scripts, Status, person
from querynl.plan import Step
from querynl.runner.account import error_text, standing, statement_text, way_on
from querynl.runner.frameworks import Frameworks
from querynl.runner.interruption import Interruption
from querynl.runner.known import STANDING, Known
from querynl.runner.patience import Limits, Patience
from querynl.runner.portions import Segment, Settings, in_one_transaction, segments

# Called before each statement: the migration's id, the statement's number, how many there are, the statement.
Progress = Callable[[str, int, int, Statement], None]

_ROWS_SHOWN = 5
# How often one work's session may be lost before it is left to a person.
_MOST_LOSSES = 3


class Session(Struct, frozen=True):
    """The database that a run is about, and who is told how it goes."""

    connection: Connection
    dialect: Dialect
    ledger: Ledger
    patience: Patience
    frameworks: Frameworks
    interruption: Interruption
    progress: Progress | None = None


def session_on(
    connection: Connection,
    dialect: Dialect,
    migrations: Sequence[Known],
    *,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Session:
    """The session of a run on some migrations, which waits for others as long as the limits say; by default not at all.

    What it writes into the history goes into the frameworks' own tables, too.
    """
    limits = limits or Limits(locks=0)
    files = {known.id: known.file for known in migrations if known.file is not None}
    standing = [known.entry for known in migrations if known.entry is not None and known.status in STANDING]
    kept = {entry.noted_as for entry in standing if entry.noted_as}
    frameworks = Frameworks(connection, dialect, files, kept=kept)

    def opened() -> Ledger:
        return Ledger(connection, dialect, lock_timeout=limits.locks, companion=frameworks)

    try:
        ledger = opened()
    except ConnectionFailed:
        # Nothing has run yet: it was idle for too long, such as while a person thought about the go-ahead.
        connection.reopen()
        ledger = opened()
    patience, interruption = Patience(connection, limits), Interruption(connection)
    return Session(connection, dialect, ledger, patience, frameworks, interruption, progress)


@contextmanager
def alone(session: Session, works: Sequence[Work] | None = None) -> Iterator[None]:
    """Keep every other process from migrating the database while these, or whatever it may be, are done in the block.

    The session's settings, which they may change, are what they were again at its end. Raises LockedOut.
    """
    whole = works is not None and all(in_one_transaction(work.body, session.dialect) for work in works)
    with session.ledger.lock.held(several=not whole), session.interruption.heard():
        try:
            yield
        finally:
            session.patience.restore()


class Work(Struct, frozen=True, kw_only=True):
    """One migration, ready to run one way; `scripts` are what the history keeps of it.

    `settings` are what its session is made to be around the statements of `body`, which the history counts; `steps`
    are those of its plan, none where a person wrote the statements.
    `resume_at(entry)` is how many statements the history says have run already, or None where the whole has;
    it raises where only a person can say. `later` are those that would run after it.
    """

    known: Known
    direction: Direction
    settings: Settings
    body: tuple[Statement, ...]
    steps: tuple[Step, ...]
    scripts: Scripts
    resume_at: Callable[[Entry | None], int | None]
    later: Sequence[Known] = ()


class Told(Struct, frozen=True):
    """What the history said of every migration that ever ran, by id, and the hold of the lock under which it did."""

    entries: Mapping[str, Entry]
    hold: object | None

    def stands(self, lock: Lock) -> bool:
        """Whether the history says so still, apart from what was run since: nobody else has had the lock."""
        return self.hold is not None and self.hold is lock.hold


def trace_of(statement: Statement, session: Session) -> str | None:
    """The hash of what the catalog tells of all that a statement names; None where that tells nothing."""
    found = session.dialect.trace(session.connection, statement.sql)
    return None if found is None else hashlib.sha256(found.encode()).hexdigest()


def run(session: Session, work: Work, told: Told | None = None) -> Entry | None:
    """The history's entry of the finished work, or None where it turns out to be done already.

    Where the engine rolls back DDL, the statements and the entry are one transaction; a statement that cannot be
    in one runs alone. Elsewhere each statement is committed with the mark that it ran, and the entry says
    beforehand what is about to run. Raises MigrationFailed, ConnectionFailed or KeyboardInterrupt (Terminated, where
    SIGTERM asked for it); each says what stands, and the history does, too. A session that is lost while none of the
    work's statements runs is begun anew, and the work goes on as a later run of it would: from where the history says.
    That is asked unless it was `told` before this work, and stands.
    """
    losses = 0
    while True:
        one = _Run(session, work, told)
        try:
            if not session.patience.each_transaction:
                session.patience.limit()
            with _settings_made(session, work.settings):
                return one.whole() or (session.ledger.entry(work.known.id) if losses else None)
        except ConnectionFailed:
            losses += 1
            if one.under_way or losses > _MOST_LOSSES or not _begun_anew(session):
                raise


def _begun_anew(session: Session) -> bool:
    """Whether there is a session again, with the lock. Raises LockedOut where another process has that by now."""
    if not session.patience.reaches(session.connection.reopen):
        return False
    session.ledger.lock.take_again()
    return True


def foresee(works: Sequence[Work], entries: Mapping[str, Entry], session: Session) -> None:
    """Raise what would keep one of them from running before the first does, by what the history says of each.

    To be asked under the lock: without it, what seems to have been left halfway may be at work.
    """
    for work in works:
        if session.patience.each_transaction:
            _refuse_lasting_settings(work, session.dialect)
        work.resume_at(entries.get(work.known.id))


def _refuse_lasting_settings(work: Work, dialect: Dialect) -> None:
    """Raise MigrationInvalid where a setting is to rule a statement that cannot be in its transaction."""
    if any(statement.session for statement in work.body) and not in_one_transaction(work.body, dialect):
        raise MigrationInvalid(
            f"{work.known.id} sets something for its session, and has statements that refuse a transaction.",
            where=str(work.known.path) if work.known.path else None,
            remedy="A pooler gives each transaction another session: connect to the server itself. Nothing was run.",
        )


def statements_left(work: Work) -> tuple[Statement, ...]:
    """The statements that `run` would run, in its order, by what was known of the migration."""
    start = work.resume_at(work.known.entry)
    if start is None:
        return ()
    again = (statement for statement in work.body[:start] if statement.session)
    return (*work.settings.before, *again, *work.body[start:], *work.settings.after)


@contextmanager
def _settings_made(session: Session, settings: Settings) -> Iterator[None]:
    try:
        _make(settings.before, session)
        yield
    except BaseException:
        # The first error is the one to show.
        with suppress(QueryNLError):
            _make(settings.after, session)
        raise
    _make(settings.after, session)


def _make(settings: Sequence[Statement], session: Session) -> None:
    for statement in settings:
        session.connection.execute(statement.sql)


class _Run:
    """The state of one run: where it is, and what stands in the database."""

    def __init__(self, session: Session, work: Work, told: Told | None) -> None:
        self._session = session
        self._ledger = session.ledger
        self._work = work
        self._body = work.body
        self._told = told
        # The number of the migration's last run, where that was told and not asked; 0 for none.
        self._after: int | None = None
        # Whether the history has to say beforehand what runs: one transaction needs no such account.
        self._journalled = not in_one_transaction(work.body, session.dialect)
        self._entry = first_entry(work.known, work.direction, len(work.body), session.dialect)
        self._began = time.monotonic()
        self._done = 0
        # The statement that runs now, counted from 0; None while the transaction is committed.
        self._at: int | None = 0
        # Whether the server was given a statement of the work, and has not answered.
        self.under_way = False
        # Whether a transaction is open, and which statement the journal has last said is about to run.
        self._is_open = False
        self._intended: int | None = None

    def whole(self) -> Entry | None:
        if not self._claimed():
            return None
        interruption = self._session.interruption
        with interruption.awaited():
            try:
                self._run_segments(interruption)
            except ConnectionFailed as error:
                lost = self._lost(error)
                if interruption.requested:
                    raise interruption.kind(str(lost)) from error
                raise lost from error
            except LockLost as error:
                raise self._overtaken(error) from error
            except BaseException as error:
                self._ledger.rollback()
                asked = interruption.requested or isinstance(error, KeyboardInterrupt)
                self._give_account(error, interruption.kind if asked else None)
                raise
        if interruption.requested:
            raise interruption.kind(f"{self._entry.migration_id} is done; what comes after it was not tried.")
        return self._entry

    def _claimed(self) -> bool:
        """Whether the work is still to be done: then a transaction is open, or the history says that it runs."""
        self._ledger.begin()
        try:
            start = self._work.resume_at(self._last_entry())
            if start is not None:
                self._done = start
                self._entry = replace(self._entry, statements_done=start)
                if self._journalled:
                    self._entry = self._ledger.write(self._entry, self._work.scripts)
                    self._ledger.commit()
                self._is_open = not self._journalled
                return True
        except BaseException:
            self._ledger.rollback()
            raise
        self._ledger.rollback()
        return False

    def _last_entry(self) -> Entry | None:
        """What the history says of the migration now; what was told is made sure of when the run is written there."""
        id, told = self._entry.migration_id, self._told
        if self._journalled or told is None or not told.stands(self._ledger.lock):
            return self._ledger.entry(id)
        entry = told.entries.get(id)
        self._after = 0 if entry is None else entry.run_number
        return entry

    def _run_segments(self, interruption: Interruption) -> None:
        """Run what is left, portion by portion, and keep the history's account with each."""
        if not self._session.patience.each_transaction:
            self._repeat_settings()
        for segment in segments(self._body[self._done :], self._session.dialect) or [Segment((), atomic=True)]:
            run = self._run_together if segment.atomic else self._run_alone
            self._session.patience.insist(partial(run, segment.statements, interruption), self._undo)

    def _run_together(self, statements: Sequence[Statement], interruption: Interruption) -> None:
        """Run statements in one transaction, with what the history says of them."""
        if not self._is_open:
            self._ledger.begin()
        self._is_open = True
        if self._session.patience.each_transaction:
            self._session.patience.limit()
            self._repeat_settings()
        marks = [self._run_marked(number, sql, interruption) for number, sql in enumerate(statements, self._done)]
        self._at = None
        entry = self._keep(self._done + len(statements), marks)
        if self._session.patience.each_transaction and any(statement.session for statement in self._body):
            # The next transaction in this session of the server is somebody else's.
            self._session.patience.reset()
        self._ledger.commit()
        self._is_open = False
        self._entry, self._done = entry, entry.statements_done

    def _repeat_settings(self) -> None:
        """Make the session what the statements that have run made of it."""
        for statement in self._body[: self._done]:
            if statement.session:
                self._session.connection.execute(statement.sql)

    def _undo(self) -> None:
        self._ledger.rollback()
        self._is_open = False

    def _run_alone(self, statements: Sequence[Statement], interruption: Interruption) -> None:
        """Run a statement that no transaction undoes; the journal says beforehand that it is about to run."""
        [statement], number = statements, self._done
        mark = self._begun(number, statement)
        if not statement.session:
            for clearing in self._session.dialect.clearing(self._session.connection, statement.sql):
                self._session.connection.execute(clearing)
            mark = replace(mark, trace=trace_of(statement, self._session))
            if self._intended != number:  # a second attempt is the same intent
                self._ledger.announce(mark)
                self._intended = number
        mark = replace(self._run_marked(number, statement, interruption), started_at=mark.started_at)
        self._at = None
        with self._ledger.transaction():
            if statement.session:
                entry = self._keep(number + 1, [mark])
            else:
                assert mark.finished_at is not None
                self._ledger.finish(mark, mark.finished_at)
                entry = self._keep(number + 1, [])
        self._entry, self._done = entry, entry.statements_done

    def _run_marked(self, number: int, statement: Statement, interruption: Interruption) -> Mark:
        """Run a statement; what the journal is to say of it."""
        self._at = number
        self._tell_progress(statement, number + 1)
        mark = self._begun(number, statement)
        with interruption.cancellable():
            self.under_way = True
            self._run_statement(statement)
            self.under_way = False
        return replace(mark, finished_at=datetime.now(UTC))

    def _begun(self, number: int, statement: Statement) -> Mark:
        return Mark(
            run_number=self._entry.run_number,
            number=number + 1,
            migration_id=self._entry.migration_id,
            direction=self._entry.direction,
            statement=statement_text(statement),
            started_at=datetime.now(UTC),
        )

    def _tell_progress(self, statement: Statement, number: int) -> None:
        if self._session.progress is not None:
            self._session.progress(self._entry.migration_id, number, len(self._body), statement)

    def _run_statement(self, statement: Statement) -> None:
        if not statement.expects_no_rows:
            self._session.connection.execute(statement.sql)
            return
        rows = self._session.connection.rows(statement.sql)
        if rows:
            shown = ", ".join(map(str, rows[:_ROWS_SHOWN])) + (", …" if len(rows) > _ROWS_SHOWN else "")
            raise StatementFailed(
                f"The check found {len(rows)} rows where there must be none: {shown}", sql=statement.sql
            )

    def _keep(self, done: int, marks: Sequence[Mark]) -> Entry:
        """Make the history and the journal say how far the run has come, in the transaction that is open."""
        finished = done == len(self._body)
        goal: Status = "applied" if self._work.direction == "up" else "rolled back"
        entry = replace(
            self._entry,
            statements_done=done,
            status=goal if finished else "running",
            applied_at=datetime.now(UTC) if finished and goal == "applied" else self._entry.applied_at,
            duration_ms=self._duration() if finished else None,
        )
        if self._journalled:
            self._ledger.update(entry)
            self._ledger.mark([replace(mark, run_number=entry.run_number) for mark in marks])
            return entry
        return self._ledger.write(entry, self._work.scripts, marks, after=self._after)

    def _duration(self) -> int:
        return round(1000 * (time.monotonic() - self._began))

    # ------------------------------------------------------------------------------------ failures

    def _give_account(self, error: BaseException, interrupted: type[KeyboardInterrupt] | None) -> None:
        """Keep in the history what stands, and raise what a person is to read; returns for an error of its own kind."""
        statement = None if self._at is None else self._body[self._at]
        reason = "Interrupted." if interrupted else error_text(error, statement)
        at = len(self._body) if self._at is None else self._at + 1
        total = len(self._body)
        stands = standing(
            self._done, total, at, rolled_back=not self._journalled, how="was cancelled" if interrupted else "failed"
        )
        unwritten = self._record_failure(reason)
        way = way_on(self._work.direction, self._done, [known.id for known in self._work.later])
        if interrupted:
            raise interrupted(f"{self._subject()} was interrupted. {stands} {way}{unwritten}") from None
        if not isinstance(error, StatementFailed):
            return
        place = f"statement {at} of {total}" if statement else "the end, when the transaction was committed"
        raise MigrationFailed(
            f"{self._subject()} failed at {place}: {reason}",
            where=statement_text(statement) if statement else None,
            remedy=f"{stands} {way}{unwritten}",
        ) from error

    def _record_failure(self, reason: str) -> str:
        """Keep the failure in the history; what to tell a person where that was not possible."""
        self._entry = replace(
            self._entry, status="failed", statements_done=self._done, error=reason, duration_ms=self._duration()
        )
        try:
            with self._ledger.transaction():
                if self._journalled:
                    self._ledger.update(self._entry)
                # Without the lock of a session another process may have done the work in the meantime.
                elif self._work.resume_at(self._ledger.entry(self._entry.migration_id)) is not None:
                    self._entry = self._ledger.write(self._entry, self._work.scripts)
        except QueryNLError as error:
            return f" The history could not be written: {error.what}"
        return ""

    def _lost(self, error: ConnectionFailed) -> ConnectionFailed:
        if self._journalled:
            unsure = "the end" if self._at is None else f"statement {self._at + 1} of {len(self._body)}"
            stands = f"Whether {unsure} got through is not known here, and is looked for next time."
        elif self._at is None:
            stands = "Whether its transaction was committed is not known here, and is looked for next time."
        else:
            stands = "The server undoes what had run of it."
        command = {"up": "apply", "down": "rollback"}[self._work.direction]
        return ConnectionFailed(
            f"{self._subject()} was cut off: {error.what}",
            where=error.where,
            remedy=f"{stands} `querynl migrate {command}` goes on.",
        )

    def _overtaken(self, error: LockLost) -> LockLost:
        at = len(self._body) if self._at is None else self._at + 1
        stands = standing(self._done, len(self._body), at, rolled_back=not self._journalled, how="was not kept")
        return LockLost(
            f"{self._subject()} was stopped: {error.what}", where=error.where, remedy=f"{stands} {error.remedy}"
        )

    def _subject(self) -> str:
        return f"{'The migration' if self._work.direction == 'up' else 'The rollback of'} {self._entry.migration_id}"


def first_entry(known: Known, direction: Direction, total: int, dialect: Dialect) -> Entry:
    """The entry of a run that begins now; on the way back it keeps what it says about the way up."""
    now = datetime.now(UTC)
    before = known.entry
    if direction == "down" and before is not None:
        return replace(
            before, direction="down", status="running", started_at=now, applied_by=person(), duration_ms=None,
            statements_total=total, statements_done=0, error=None,
        )  # fmt: skip
    return Entry(
        migration_id=known.id,
        description=known.description,
        framework=known.framework,
        file=known.path.name if known.path else None,
        direction=direction,
        status="running",
        checksum=known.checksum(dialect),
        applied_by=person(),
        started_at=now,
        statements_total=total,
    )
