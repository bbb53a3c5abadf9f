"""The lock of a database as a row that expires, by the server's clock."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from querynl.connections import Connection, HistoryPlace, connect, parse_url
from querynl.dialects import dialect_named
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import LockedOut, LockLost
from querynl.lease import TABLE, Lease
from querynl.ledger import Ledger
from tests.engines import Database
from tests.waiting import comes_true

# Longer than any test takes.
LONG = 3600.0


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connect(parse_url(database.url)) as opened:
        yield opened


@pytest.fixture
def other(connection: Connection) -> Iterator[Connection]:
    """A second session on the same database."""
    with connection.another() as opened:
        yield opened


def lease(connection: Connection, name: str, *, term: float = LONG) -> Lease:
    return Lease(connection, TABLE, bookkeeping_of(connection.dialect), name=name, term=term)


def test_one_has_it_until_it_is_given_back(connection: Connection, other: Connection) -> None:
    ada, bob = lease(connection, "ada"), lease(other, "bob")

    assert ada.take()
    assert not bob.take()
    holder = bob.holder()
    assert holder is not None
    assert holder.name == "ada"

    bob.give_back()
    assert ada.renew()
    ada.give_back()
    assert bob.take()
    assert not ada.renew()


def test_one_that_is_not_renewed_in_time_goes_to_the_next(connection: Connection, other: Connection) -> None:
    ada, bob = lease(connection, "ada", term=0), lease(other, "bob")

    assert ada.take()

    assert comes_true(bob.take)
    assert not ada.renew()


def test_it_is_renewed_while_its_holder_is_busy(database: Database, connection: Connection) -> None:
    ada = lease(connection, "ada", term=0.3)
    assert ada.take()

    def expires() -> int:
        [(at,)] = database.rows(f"SELECT expires_at FROM {TABLE}")
        return int(at)

    first = expires()
    with ada.beating():
        assert comes_true(lambda: expires() > first + 1000)


def test_what_a_holder_did_after_it_lost_the_lock_is_not_committed(connection: Connection, other: Connection) -> None:
    connection.execute("CREATE TABLE log (entry integer)")
    slow = _leased(connection)
    with slow.lock.held():
        slow.begin()
        connection.execute("INSERT INTO log VALUES (1)")
        slow.rollback()
        # Another takes over while this one stands still.
        other.execute(f"UPDATE {TABLE} SET owner = 'bob', holder = 'bob', taken_at = 0")
        slow.begin()
        connection.execute("INSERT INTO log VALUES (2)")

        with pytest.raises(LockLost, match="bob, since 1970"):
            slow.commit()

    assert other.rows("SELECT entry FROM log") == []
    assert other.rows(f"SELECT owner FROM {TABLE}") == [("bob",)]


def test_who_is_locked_out_is_told_who_has_it_and_since_when(connection: Connection, other: Connection) -> None:
    waiting = _leased(other)

    with (
        _leased(connection).lock.held(),
        pytest.raises(LockedOut, match=r"@.*, process \d+, since 20\d\d-.* UTC"),
        waiting.lock.held(),
    ):
        pytest.fail("the lock was given twice")

    with waiting.lock.held():
        pass


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_it_stands_beside_a_history_that_has_a_schema_of_its_own(database: Database) -> None:
    schema = "ops" if database.engine == "postgresql" else f"{database.name}_ops"
    target = replace(parse_url(database.url), history=HistoryPlace(schema))
    try:
        with connect(target) as connection, _leased(connection).lock.held():
            assert len(database.rows(f"SELECT holder FROM {schema}.{TABLE} WHERE holder <> ''")) == 1
    finally:
        database.execute(f"DROP SCHEMA {schema}" + (" CASCADE" if database.engine == "postgresql" else ""))


def _leased(connection: Connection) -> Ledger:
    """A ledger whose lock is a lease, as behind a pooler."""
    connection.__dict__["pooled"] = True  # what the driver found out
    return Ledger(connection, dialect_named(connection.dialect, connection.version))
