"""SQLAlchemy models are a schema: exactly what SQLAlchemy would create."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from querynl.config import load_settings
from querynl.connections import connect, parse_url
from querynl.dialects import dialect_named
from querynl.diff import diff
from querynl.errors import ModelsInvalid
from querynl.operations import Create, Drop
from querynl.schema import Schema
from querynl.sources import Models, read_source
from tests.cli.shell import inspect
from tests.engines import Database
from tests.sources.reading import compared, forgotten_modules, read, write

SHOP = """
import enum
from sqlalchemy import (
    CheckConstraint, Column, Computed, Enum, ForeignKey, Identity, Index, Integer, Numeric, String, Table, Text,
    UniqueConstraint, func, text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

print("imported")


class State(enum.Enum):
    new = 1
    paid = 2


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("email", name="users_email"), {"comment": "People"})
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(80))
    name: Mapped[str | None] = mapped_column(Text, comment="As they like it")
    joined = mapped_column(__import__("sqlalchemy").DateTime, server_default=func.current_timestamp())


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("price >= 0", name="orders_price"), Index("orders_by_user", "user_id", "state"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    state: Mapped[State]
    price = mapped_column(Numeric(10, 2), server_default=text("0"))
    total = mapped_column(Numeric(12, 2), Computed("price * 2"))


def metadata():
    return Base.metadata


number = 7
"""
POSTGRESQL = """
from sqlalchemy import Column, Computed, ForeignKey, Identity, Index, Integer, MetaData, Sequence, String, Table
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, DOMAIN, ENUM, JSONB, TSVECTOR, UUID

metadata = MetaData(schema="app")
mood = ENUM("sad", "happy", name="mood", schema="types")
Sequence("numbers", start=10, schema="counters", metadata=metadata)
Table(
    "things", metadata,
    Column("id", Integer, Identity(always=True, start=5), primary_key=True),
    Column("mood", mood), Column("moods", ARRAY(mood)), Column("data", JSONB, server_default="{}"),
    Column("price", DOMAIN("money_", Integer, check="VALUE > 0", schema="app")),
    Column("words", TSVECTOR, Computed("to_tsvector('english', 'x')", persisted=True)),
    Index("things_data", "data", postgresql_using="gin"),
    Index("things_few", "id", postgresql_where="id < 10", postgresql_include=["mood"]),
)
Table("parts", metadata, Column("thing", ForeignKey("app.things.id")), schema=None)
"""
MYSQL = """
from sqlalchemy import Column, Index, MetaData, Table
from sqlalchemy.dialects.mysql import ENUM, INTEGER, LONGTEXT, SET, TINYINT, VARCHAR

metadata = MetaData()
Table(
    "things", metadata,
    Column("id", INTEGER(unsigned=True), primary_key=True, autoincrement=True),
    Column("kind", ENUM("a", "b"), nullable=False, server_default="a"), Column("flags", SET("x", "y")),
    Column("small", TINYINT(1)), Column("body", LONGTEXT), Column("code", VARCHAR(20, collation="utf8mb4_bin")),
    Index("things_body", "body", mysql_length=20), Index("things_words", "body", mysql_prefix="FULLTEXT"),
    mysql_engine="InnoDB", mysql_default_charset="utf8mb4", mysql_row_format="DYNAMIC", comment="Things",
)
"""


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder to work in, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"shop/__init__.py": "", "shop/models.py": SHOP})
    with forgotten_modules():
        yield tmp_path


def created(text: str, database: Database, *namespaces: str) -> Schema:
    """What SQLAlchemy itself makes of the metadata in a database."""
    import sqlalchemy as sa

    source = read_source(text, load_settings())
    assert isinstance(source, Models)
    url = sa.make_url(database.url)
    drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mysql+pymysql"}
    engine = sa.create_engine(url.set(drivername=drivers.get(url.drivername, url.drivername)))
    with engine.begin() as connection:
        for name in namespaces:
            connection.execute(sa.schema.CreateSchema(name))
        source.metadata.create_all(connection)
    engine.dispose()
    return inspect(database)


@pytest.mark.parametrize("text", ["shop.models:Base", "shop.models:Base.metadata", "shop.models:metadata"])
def test_it_is_what_sqlalchemy_creates(text: str, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    schema = read(database, text)
    dialect = dialect_named(database.engine)
    assert [table.name for table in schema.tables] == ["orders", "users"]
    assert diff(schema, created(text, database), dialect).operations == ()
    assert capsys.readouterr().out == "", "what the project prints is no result"


@pytest.mark.engines("postgresql")
def test_it_has_schemas_and_what_postgresql_alone_has(project: Path, database: Database) -> None:
    write(project, {"pg_models.py": POSTGRESQL})
    schema = read(database, "pg_models:metadata")
    assert {namespace.name for namespace in schema.namespaces} >= {"app", "counters", "types"}
    assert [(enum.namespace, enum.name) for enum in schema.enums] == [("types", "mood")]
    assert [domain.name for domain in schema.domains] == ["money_"]
    assert ("counters", "numbers") in {(sequence.namespace, sequence.name) for sequence in schema.sequences}
    assert (
        diff(
            schema, created("pg_models:metadata", database, "app", "counters", "types"), dialect_named("postgresql")
        ).operations
        == ()
    )


@pytest.mark.engines("mysql", "mariadb")
def test_it_has_what_mysql_alone_has(project: Path, database: Database) -> None:
    write(project, {"my_models.py": MYSQL})
    [things] = read(database, "my_models:metadata").tables
    assert [column.type for column in things.columns][1:4] == ["enum('a','b')", "set('x','y')", "tinyint(1)"]
    assert things.columns[5].collation == "utf8mb4_bin"
    assert things.options["row_format"] == "dynamic"
    assert {index.name: (index.method, index.columns[0].prefix) for index in things.indexes} == {
        "things_body": (None, 20),
        "things_words": ("fulltext", None),
    }


@pytest.mark.engines("mysql", "mariadb", "sqlite")
def test_no_other_database_is_written_to(project: Path, database: Database) -> None:
    write(project, {"pg_models.py": POSTGRESQL})
    with pytest.raises(ModelsInvalid, match="schema app, which is another database"):
        read(database, "pg_models:metadata")


@pytest.mark.engines("postgresql")
def test_what_models_cannot_tell_of_stays(project: Path, database: Database) -> None:
    database.execute(
        """
        CREATE EXTENSION citext;
        CREATE SCHEMA tools;
        CREATE EXTENSION pg_trgm SCHEMA tools;
        CREATE TABLE users (id serial PRIMARY KEY, name citext);
        ALTER TABLE users ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON users USING (id = 1);
        CREATE TABLE old (id int PRIMARY KEY);
        CREATE POLICY theirs ON old USING (id = 1);
        CREATE VIEW names AS SELECT name FROM users;
        CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
        CREATE RULE nothing AS ON DELETE TO old DO INSTEAD NOTHING;
        """
    )
    write(
        project,
        {
            "few.py": "from sqlalchemy import Column, Integer, MetaData, Table\n"
            "from sqlalchemy import DDL, event\n"
            "from sqlalchemy.dialects.postgresql import CITEXT\nmetadata = MetaData()\n"
            "two = \"CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'\"\n"
            "event.listen(metadata, 'after_create', DDL(two))\n"
            "Table('users', metadata, Column('id', Integer, primary_key=True), Column('name', CITEXT))\n"
        },
    )
    settings = load_settings()
    comparison = compared(read_source(database.url, settings), read_source("few:metadata", settings), database)
    changes = diff(comparison.before, comparison.after, comparison.dialect).operations
    found = {(type(change).__name__, change.obj.name) for change in changes if isinstance(change, Create | Drop)}
    assert found == {("Create", "two"), ("Drop", "old"), ("Drop", "theirs"), ("Drop", "nothing")}
    assert len(changes) == len(found)
    assert any(note.startswith("Models do not tell of these") for note in comparison.notes)
    back = compared(read_source("few:metadata", settings), read_source(database.url, settings), database)
    assert (back.before, back.after) == (comparison.after, comparison.before)


FAILURES = {
    "nowhere.models:Base": ("There is no Python module nowhere.", None),
    "shop.nothing:Base": ("There is no Python module shop.nothing.", None),
    "shop.models:Nothing": ("module 'shop.models' has no attribute 'Nothing'.", None),
    "shop.models:number": ("number is int, and not SQLAlchemy's MetaData.", None),
    "shop.models:State": ("State cannot be had: TypeError", "shop.models:State"),
    "broken:Base": ("broken cannot be imported: ZeroDivisionError: division by zero.", "settings.py, line 2"),
    "torn:Base": ("torn cannot be imported: SyntaxError", "torn.py, line 2"),
    "ended:Base": ("ended cannot be imported: SystemExit", "ended.py, line 2"),
    "needy:Base": ("There is no Python package no_such_package.", "needy.py, line 1"),
}


@pytest.mark.parametrize("text", FAILURES)
def test_what_fails_in_the_project_is_one_error_with_its_place(project: Path, text: str) -> None:
    write(
        project,
        {
            "broken.py": "import settings\n",
            "settings.py": "\n1 / 0\n",
            "torn.py": "\nclass:\n",
            "ended.py": "import sys\nsys.exit('bye')\n",
            "needy.py": "import no_such_package\n",
        },
    )
    what, where = FAILURES[text]
    with pytest.raises(ModelsInvalid) as caught:
        read_source(text, load_settings())
    assert caught.value.what.startswith(what)
    assert where is None or caught.value.where == where
    assert str(project) not in sys.path


def test_without_sqlalchemy_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(ModelsInvalid, match="There is no Python package sqlalchemy") as caught:
        read_source("shop.models:Base", load_settings())
    assert caught.value.remedy == "Install it: pip install 'querynl[sqlalchemy]'."


def test_what_the_engine_refuses_is_told_with_the_statement(project: Path, database: Database) -> None:
    write(
        project,
        {
            "wrong.py": "from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Table\n"
            "metadata = MetaData()\n"
            "Table('t', metadata, Column('id', Integer), CheckConstraint('nothing > 1'))\n"
        },
    )
    with pytest.raises(ModelsInvalid, match=r"refused the models: .*nothing") as caught:
        read(database, "wrong:metadata")
    assert "CREATE TABLE t" in str(caught.value.where)


def test_a_session_that_was_lent_is_our_own_again(database: Database) -> None:
    from sqlalchemy import text

    from querynl.connections.alchemy import as_sqlalchemy

    with connect(parse_url(database.url)) as connection:
        connection.execute("CREATE TABLE t (id int)")
        with as_sqlalchemy(connection) as session:
            session.execute(text("INSERT INTO t VALUES (1)"))
            session.commit()
            session.execute(text("INSERT INTO t VALUES (2)"))
        assert not connection.in_transaction
        connection.execute("INSERT INTO t VALUES (3)")
        assert connection.rows("SELECT id FROM t ORDER BY id") == [(1,), (3,)]
        with connection.transaction():
            connection.execute("INSERT INTO t VALUES (4)")
    assert database.rows("SELECT id FROM t ORDER BY id") == [(1,), (3,), (4,)]
