"""Where a database keeps its history: in a schema and under a name that can be chosen."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from querynl.connections import Connection, HistoryPlace, connect, parse_url
from querynl.dialects import dialect_named
from querynl.errors import ConfigInvalid
from querynl.ledger import Ledger
from tests.engines import Database
from tests.test_ledger import ENTRY, SCRIPTS


@contextmanager
def session(database: Database, place: HistoryPlace) -> Iterator[Connection]:
    with connect(replace(parse_url(database.url), history=place)) as connection:
        yield connection


def ledger(connection: Connection) -> Ledger:
    return Ledger(connection, dialect_named(connection.dialect, connection.version))


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_the_history_is_made_in_the_schema_that_is_chosen(database: Database) -> None:
    schema = "ops" if database.engine == "postgresql" else f"{database.name}_ops"
    try:
        with session(database, HistoryPlace(schema)) as connection:
            assert ledger(connection).entries() == []
            with ledger(connection).lock.held():
                ledger(connection).create()
            written = ledger(connection).write(ENTRY, SCRIPTS)

            assert ledger(connection).entries() == [written]
            assert ledger(connection).scripts(ENTRY.migration_id) == SCRIPTS
            assert database.rows(f"SELECT migration_id FROM {schema}.querynl_history") == [(ENTRY.migration_id,)]
            found = dialect_named(connection.dialect, connection.version).inspect(connection)
            assert (found.tables, found.namespaces) == ((), ())
    finally:
        if database.engine != "postgresql":
            database.execute(f"DROP DATABASE IF EXISTS {schema}")


def test_two_histories_with_names_of_their_own_know_nothing_of_each_other(database: Database) -> None:
    with session(database, HistoryPlace(name="billing")) as connection:
        ledger(connection).create()
        written = ledger(connection).write(ENTRY, SCRIPTS)
    with session(database, HistoryPlace()) as connection:
        assert ledger(connection).entries() == []
        ledger(connection).create()
        assert not dialect_named(connection.dialect, connection.version).inspect(connection).tables
    with session(database, HistoryPlace(name="billing")) as connection:
        assert ledger(connection).entries() == [written]

    assert database.rows("SELECT migration_id FROM querynl_history_billing") == [(ENTRY.migration_id,)]


@pytest.mark.engines("sqlite")
def test_an_engine_without_schemas_refuses_one(database: Database) -> None:
    with session(database, HistoryPlace("ops")) as connection, pytest.raises(ConfigInvalid, match="schema ops"):
        ledger(connection)
