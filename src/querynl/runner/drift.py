"""What a database holds after its last run, kept beside the history, so that what others changed since is seen.

What compares schemas is imported when it is needed: a run that finds nothing to do needs none of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from querynl._version import __version__
from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import DriftFound, QueryNLError
from querynl.histories import without_histories
from querynl.ledger import Ledger
from querynl.operations import Create, Drop, Operation, target
from querynl.privileges import without_privileges
from querynl.schema import Schema, canonical

TABLE = "querynl_state"

_SHOWN = 10


class Drift(Struct, frozen=True):
    """The schema as the last run left it, the one that is there now, and what leads from one to the other."""

    recorded: Schema
    live: Schema
    operations: tuple[Operation, ...]


def found_drift(connection: Connection, dialect: Dialect, ledger: Ledger) -> Drift | None:
    """How the database differs from what its last run left there; None where nothing tells what that was.

    That is kept by `keep_state`. It tells nothing any more once a run has failed or never came to its end, or once
    another version of QueryNL or of the server reads the catalog. Changes nothing.
    """
    recorded = _recorded(connection, dialect, ledger)
    if recorded is None:
        return None
    from querynl.diff import diff

    live = _live(connection, dialect)
    operations = () if live == recorded else diff(recorded, live, dialect).operations
    return Drift(recorded, live, tuple(operations))


def refuse_drift(connection: Connection, dialect: Dialect, ledger: Ledger) -> None:
    """Raise DriftFound where the database is not as its last run left it. To be asked under the lock."""
    if ledger.lock.is_lasting:
        drift = found_drift(connection, dialect, ledger)
    else:
        with ledger.transaction():  # which is the lock here
            drift = found_drift(connection, dialect, ledger)
    if drift is not None and drift.operations:
        raise DriftFound(
            f"{connection.database} is not as its last migration left it: {_listed(drift.operations)}.",
            remedy="Write what was changed as a migration: `querynl migrate drift --adopt`. Or undo it, or plan the"
            " migration again from what is there now. Or go on all the same: --ignore-drift. Nothing was run.",
        )


def keep_state(connection: Connection, dialect: Dialect, ledger: Ledger) -> list[str]:
    """Keep what the database holds now, as what the last run in the history left there. To be called under the lock.

    Returns a sentence where that was not possible: what ran has run, so that is no failure.
    """
    import base64
    import zlib

    table, words = ledger.place(TABLE), bookkeeping_of(dialect.name)
    try:
        if not ledger.has(TABLE):
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT NOT NULL PRIMARY KEY, history VARCHAR(64) NOT NULL,"
                f" terms VARCHAR(200) NOT NULL, taken_at VARCHAR(40) NOT NULL, structure {words.text} NOT NULL)"
                f" {words.table_options}"
            )
        with ledger.transaction():
            structure = base64.b64encode(zlib.compress(msgspec.json.encode(_live(connection, dialect)))).decode()
            connection.execute(f"DELETE FROM {table}")
            connection.execute(
                f"INSERT INTO {table} (id, history, terms, taken_at, structure) VALUES (1, %s, %s, %s, %s)",
                (_history(ledger), _terms(connection), datetime.now(UTC).isoformat(timespec="seconds"), structure),
            )
    except QueryNLError as error:
        return [f"What the database holds now could not be kept, so that drift will not be seen: {error.what}"]
    return []


@contextmanager
def same_state(ledger: Ledger) -> Iterator[None]:
    """What the last run left stays known through a block that changes rows of the history and nothing else.

    To be used in a transaction of the ledger's.
    """
    before = _history(ledger)
    yield
    if ledger.has(TABLE):
        sql = f"UPDATE {ledger.place(TABLE)} SET history = %s WHERE history = %s"
        ledger.connection.execute(sql, (_history(ledger), before))


def _recorded(connection: Connection, dialect: Dialect, ledger: Ledger) -> Schema | None:
    if not ledger.has(TABLE):
        return None
    rows = connection.rows(f"SELECT history, terms, structure FROM {ledger.place(TABLE)}")
    if not rows or tuple(rows[0][:2]) != (_history(ledger), _terms(connection)):
        return None
    import base64
    import zlib

    try:
        return msgspec.json.decode(zlib.decompress(base64.b64decode(rows[0][2])), type=Schema)
    except (ValueError, zlib.error, msgspec.MsgspecError):
        return None  # somebody edited the row


def _live(connection: Connection, dialect: Dialect) -> Schema:
    """What the database holds, as far as migrations see to it: owners and grants are the database's own affair."""
    schema, _ = without_histories(without_privileges(dialect.inspect(connection)))
    return replace(canonical(schema), unmanaged={})


def _history(ledger: Ledger) -> str:
    """A hash of what the history says: another tool's runs change it as well as ours."""
    lines = (f"{entry.migration_id} {entry.run_number} {entry.status}" for entry in ledger.entries())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _terms(connection: Connection) -> str:
    """Who reads the catalog: the same structure may read otherwise in another version."""
    return f"querynl {__version__}, {connection.dialect} {connection.version}"


def _listed(operations: Sequence[Operation]) -> str:
    found = [f"{target(operation)} {_what(operation)}" for operation in operations]
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f", and {more} more" if more > 0 else "")


def _what(operation: Operation) -> str:
    match operation:
        case Create():
            return "is new"
        case Drop():
            return "is gone"
        case _:
            return "is another"
