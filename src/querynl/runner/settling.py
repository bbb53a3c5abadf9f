"""Our history and the frameworks' own tables brought in line, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from querynl.errors import MigrationInvalid
from querynl.formats.checksums import is_current
from querynl.ledger import Entry, Scripts
from querynl.runner.drift import same_state
from querynl.runner.execution import Session
from querynl.runner.known import Known
from querynl.runner.portions import settings_apart
from querynl.runner.scripts import ways
from querynl.runner.squashed import absorbed


def adoptable(known: Known) -> bool:
    """Whether our history can take in what another tool's table says of the migration.

    Not what a baseline of that tool stands for, what it left halfway, or what has no file.
    """
    entry = known.entry
    if entry is None or entry.run_number or known.file is None:
        return False
    return entry.status == "applied" and entry.noted_as is not None


def settle(session: Session, migrations: Sequence[Known]) -> dict[str, Entry]:
    """Make the tables, bring them in line as to these migrations, and answer the history, by id.

    A squashed migration takes the place of those it replaces, where all of them stand. Our history takes in what other
    tools applied and took back since. What it knows and they do not is written into their tables. To be asked under
    the lock.
    """
    session.ledger.create()
    _take_places(session, migrations)
    entries = _brought_in_line(session, migrations)
    # Only now, for what was noted in a table that is gone would count as taken back in an empty one.
    if not session.frameworks.missing():
        return entries
    with session.ledger.transaction():
        session.frameworks.create()
    return _brought_in_line(session, migrations)


def _take_places(session: Session, migrations: Sequence[Known]) -> None:
    squashed = {known.id: known for known in migrations if known.file is not None and known.file.replaced}
    files = {id: known.file for id, known in squashed.items() if known.file is not None}
    if not files or not absorbed(_entries(session), files, session.dialect).taken:
        return
    with session.ledger.transaction(), same_state(session.ledger):
        found = absorbed(_entries(session), files, session.dialect)
        for id in found.taken:
            parts = [found.gone[part] for part in {one.id: one for one in files[id].replaced} if part in found.gone]
            entry, scripts = _with_scripts(squashed[id], found.entries[id], session)
            session.ledger.merge(parts, entry, scripts)


def _brought_in_line(session: Session, migrations: Sequence[Known]) -> dict[str, Entry]:
    ledger = session.ledger
    ours = _entries(session)
    if not _unsettled(ours, session, migrations):
        return ours
    with ledger.transaction():
        # Read again, for where a transaction is the lock, another process may have been quicker.
        for known, entry in _unsettled(_entries(session), session, migrations):
            if entry.run_number == 0:
                ledger.write(*_adopted(known, entry, session))
            else:
                ledger.update(entry)
    return _entries(session)


def _entries(session: Session) -> dict[str, Entry]:
    return {entry.migration_id: entry for entry in session.ledger.entries()}


def _unsettled(ours: Mapping[str, Entry], session: Session, migrations: Sequence[Known]) -> list[tuple[Known, Entry]]:
    """The migrations of which our history, or another tool's table, is to say something else, with what that is."""
    settled = session.frameworks.settled(ours)
    found = []
    for known in migrations:
        entry = settled.get(known.id)
        if entry is None or known.file is None:
            continue
        if entry.run_number == 0:
            if adoptable(replace(known, entry=entry)):
                found.append((known, entry))
            continue
        if entry.checksum and not is_current(entry.checksum) and known.file.has(entry.checksum, session.dialect):
            entry = replace(entry, checksum=known.file.checksum(session.dialect))
        if entry != ours[known.id] or session.frameworks.lacks(entry):
            found.append((known, entry))
    return found


def _adopted(known: Known, entry: Entry, session: Session) -> tuple[Entry, Scripts]:
    """What another tool applied, as our history keeps it: with the scripts of its file as that is now."""
    return _with_scripts(known, replace(entry, checksum=entry.checksum or known.checksum(session.dialect)), session)


def _with_scripts(known: Known, entry: Entry, session: Session) -> tuple[Entry, Scripts]:
    """The entry as that of the migration's file as it is now, and the scripts of that."""
    dialect = session.dialect
    try:
        up, down = ways(known, dialect, session.ledger)
    except MigrationInvalid:  # an Alembic revision that asks the database does not tell its SQL
        return entry, Scripts("", None)
    total = len(settings_apart(up.statements, dialect)[1])
    scripts = Scripts(dialect.script(up.statements), None if down is None else dialect.script(down.statements))
    return replace(entry, statements_total=total, statements_done=total), scripts
