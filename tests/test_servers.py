"""Every engine that the tests run on is the real one, of the version it is said to be."""

import re
from contextlib import closing

import pytest

from tests.engines import Database, Databases

VERSION_QUERY = {
    "sqlite": "SELECT 'SQLite ' || sqlite_version()",
    "postgresql": "SELECT version()",
    "mysql": "SELECT concat(@@version_comment, ' ', @@version)",
    "mariadb": "SELECT concat(@@version_comment, ' ', @@version)",
}
PRODUCT = {
    "sqlite": r"SQLite 3\.",
    "postgresql": r"PostgreSQL 18\.",
    "mysql": r"(?!.*MariaDB).*\b9\.\d+\.\d+",
    "mariadb": r".*\b1[0-9]\.\d+\.\d+-MariaDB",
}

LIST_QUERY = {
    "postgresql": "SELECT datname FROM pg_database",
    "mysql": "SHOW DATABASES",
    "mariadb": "SHOW DATABASES",
}


def test_server_is_the_expected_product_and_major_version(database: Database) -> None:
    [(version,)] = database.rows(VERSION_QUERY[database.engine])

    assert re.match(PRODUCT[database.engine], version)


def test_database_is_empty_and_keeps_what_is_written(database: Database) -> None:
    database.execute("CREATE TABLE word (text varchar(20)); INSERT INTO word VALUES ('naïve 猫 🐈');")

    assert database.rows("SELECT text FROM word WHERE text LIKE '%猫%'") == [("naïve 猫 🐈",)]


def test_two_databases_of_a_test_are_apart(engine: str, databases: Databases) -> None:
    with databases.temporary(engine) as one, databases.temporary(engine) as other:
        one.execute("CREATE TABLE word (text varchar(20))")
        other.execute("CREATE TABLE word (text varchar(20))")
        one.execute("INSERT INTO word VALUES ('one')")

        assert other.rows("SELECT text FROM word") == []


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_database_is_dropped_while_a_transaction_is_open(engine: str, databases: Databases) -> None:
    database = databases.create(engine)
    database.execute("CREATE TABLE word (text varchar(20))")
    with closing(database.connect()) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT text FROM word")

        databases.drop(database)

    with databases.temporary(engine) as other:
        assert database.name not in {name for (name,) in other.rows(LIST_QUERY[engine])}
