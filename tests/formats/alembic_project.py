"""A real Alembic project around a folder of revisions, run with Alembic's own commands."""

from __future__ import annotations

import io
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.engines import Database

# What `alembic init` writes, less its comments; foreign keys are enforced, as applications want them.
_ENV = """
from alembic import context
from sqlalchemy import create_engine, event, make_url, pool

engine = create_engine(make_url(context.config.attributes["url"]), poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def enforce_foreign_keys(connection, record):
    if engine.dialect.name == "sqlite":
        connection.execute("PRAGMA foreign_keys = ON")


if context.is_offline_mode():
    context.configure(dialect_name=engine.dialect.name, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
else:
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
"""

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


class AlembicProject:
    """A project on one database, whose revisions lie in `versions`."""

    def __init__(self, folder: Path, database: Database) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.versions = folder / "versions"
        self.versions.mkdir(exist_ok=True)
        (folder / "env.py").write_text(_ENV)
        self._config = Config(stdout=io.StringIO())
        self._config.set_main_option("script_location", str(folder))
        self._config.attributes["url"] = self.url(database)

    @staticmethod
    def url(database: Database) -> sa.URL:
        """The database's URL as SQLAlchemy takes it."""
        url = sa.make_url(database.url)
        return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))

    def upgrade(self, revision: str = "head") -> None:
        command.upgrade(self._config, revision)

    def downgrade(self, revision: str = "base") -> None:
        command.downgrade(self._config, revision)

    def check_heads(self) -> list[str]:
        """The heads of the folder, as Alembic finds them."""
        from alembic.script import ScriptDirectory

        return list(ScriptDirectory.from_config(self._config).get_heads())
