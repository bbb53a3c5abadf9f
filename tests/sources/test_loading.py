"""Several SQL files are one schema, whatever order they stand in."""

from pathlib import Path

import pytest

from querynl.config import load_settings
from querynl.connections import connect, parse_url
from querynl.dialects import dialect_named
from querynl.errors import SQLFileInvalid, UsageInvalid
from querynl.sources import read_source
from querynl.sources.loading import load
from tests.engines import Database
from tests.sources.reading import compared, read, write

USERS = "CREATE TABLE users (id int PRIMARY KEY, name varchar(40));\n"
ORDERS = (
    "CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id));\n"
)
NAMES = "CREATE VIEW names AS SELECT name FROM users;\nCREATE VIEW all_names AS SELECT name FROM names;\n"


def tables(folder: Path, database: Database) -> list[str]:
    return [table.name for table in read(database, folder).tables]


def test_a_file_may_stand_before_those_that_it_needs(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"orders.sql": ORDERS, "users.sql": USERS, "a_views.sql": NAMES})
    schema = read(database, tmp_path)
    assert [table.name for table in schema.tables] == ["orders", "users"]
    assert [view.name for view in schema.views] == ["all_names", "names"]
    assert len(schema.tables[0].foreign_keys) == 1


def test_folders_below_belong_to_it(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"orders/1.sql": ORDERS, "users/deep/1.sql": USERS, ".git/no.sql": "nonsense"})
    assert tables(tmp_path, database) == ["orders", "users"]


def test_several_files_are_named_one_by_one(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"orders.sql": ORDERS, "users.sql": USERS, "more/x.sql": "CREATE TABLE x (id int);"})
    schema = read(database, tmp_path / "orders.sql", tmp_path / "users.sql", tmp_path / "more")
    assert [table.name for table in schema.tables] == ["orders", "users", "x"]


def test_a_pattern_names_files(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"orders.sql": ORDERS, "users.sql": USERS, "readme.txt": "", "x.sql": "nonsense"})
    assert len(read(database, tmp_path / "*ers.sql").tables) == 2


@pytest.mark.engines("sqlite")
def test_only_sql_adds_up(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"orders.sql": ORDERS, "users.json": '{"tables": []}'})
    with pytest.raises(UsageInvalid, match=r"users\.json cannot be one of several"):
        read(database, tmp_path / "orders.sql", tmp_path / "users.json")


@pytest.mark.engines("postgresql", "mysql", "mariadb")
def test_files_that_need_each_other_are_read_statement_by_statement(tmp_path: Path, database: Database) -> None:
    def linked(table: str, name: str, other: str) -> str:
        key = f"CONSTRAINT {name} FOREIGN KEY (x) REFERENCES {other} (id)"
        return f"CREATE TABLE {table} (id int PRIMARY KEY, x int, {key});\n"

    write(
        tmp_path,
        {
            "a.sql": linked("a1", "a1_x", "b2") + "CREATE TABLE a2 (id int PRIMARY KEY);",
            "b.sql": linked("b1", "b1_x", "a2") + "CREATE TABLE b2 (id int PRIMARY KEY);",
        },
    )
    settings = load_settings()
    found = compared(read_source("empty", settings), read_source(str(tmp_path), settings), database)
    assert [table.name for table in found.after.tables] == ["a1", "a2", "b1", "b2"]
    [note] = found.notes
    assert note.startswith(f"The order of statements in {tmp_path / 'a.sql'}, {tmp_path / 'b.sql'} was found by trying")


@pytest.mark.engines("postgresql")
def test_settings_hold_for_what_follows_them_whenever_that_runs(tmp_path: Path, database: Database) -> None:
    write(
        tmp_path,
        {
            "a.sql": "CREATE TABLE first (user_id int REFERENCES app.users);\nCREATE TABLE second (id int);",
            "b.sql": "BEGIN;\nSET search_path = app;\nCREATE TABLE orders (user_id int REFERENCES users);\n"
            "CREATE TABLE more (id int);\nCOMMIT;",
            "c.sql": "CREATE TABLE there (id int);",
            "d.sql": "SELECT pg_catalog.set_config('search_path', 'public', false);\nCREATE SCHEMA app;\n"
            "CREATE TABLE app.users (id int PRIMARY KEY);\nCREATE TABLE here (id int);",
        },
    )
    found = {str(table.key) for table in read(database, tmp_path).tables}
    assert found == {"first", "second", "app.orders", "app.users", "app.more", "app.there", "here"}


def test_what_never_comes_is_named_with_its_file_and_line(tmp_path: Path, database: Database) -> None:
    write(
        tmp_path,
        {
            "a.sql": USERS,
            "b.sql": "-- a heading\n\nCREATE INDEX i ON nowhere (id);",
            "c.sql": "CREATE TABLE c (id int);",
        },
    )
    with pytest.raises(SQLFileInvalid) as caught:
        read(database, tmp_path)
    assert str(caught.value.where).endswith("b.sql, line 3: CREATE INDEX i ON nowhere (id)")
    assert "nowhere" in caught.value.what


def test_what_is_wrong_in_itself_is_not_tried_again(tmp_path: Path, database: Database) -> None:
    write(tmp_path, {"a.sql": ORDERS, "b.sql": "CREATE TABL b (id int);", "c.sql": "CREATE TABL c (id int);"})
    with pytest.raises(SQLFileInvalid, match=r"b\.sql, line 1"):
        read(database, tmp_path)


@pytest.mark.engines("postgresql", "sqlite")
def test_a_long_chain_in_the_wrong_order_takes_a_few_rounds(database: Database) -> None:
    count = 300
    texts = {
        Path(
            f"{number:04}.sql"
        ): f"CREATE TABLE t{number} (id int PRIMARY KEY);\nCREATE VIEW v{number} AS SELECT id FROM "
        + (
            f"v{number + 1};\nDROP VIEW IF EXISTS x;\nCREATE INDEX i{number} ON t{number + 1} (id)"
            if number < count
            else "t300"
        )
        for number in range(count + 1)
    }
    with connect(parse_url(database.url)) as connection:
        executed = _counted(connection)
        load(texts, connection, dialect_named(connection.dialect, connection.version))
    assert len(executed) < 10 * count


def _counted(connection: object) -> list[str]:
    """Every statement that the connection runs from now on."""
    executed: list[str] = []
    execute = connection.execute  # type: ignore[attr-defined]  # any connection

    def counting(sql: str) -> int:
        executed.append(sql)
        return int(execute(sql))

    connection.execute = counting  # type: ignore[attr-defined]  # any connection
    return executed
