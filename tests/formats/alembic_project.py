"""A real Alembic project around a folder of revisions, run with Alembic's own commands."""

from __future__ import annotations

import io
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.engines import Database

# What `alembic init` writes, less its logging; foreign keys are enforced, as applications want them.
_ENV = """
from alembic import context
from sqlalchemy import create_engine, event, make_url, pool

engine = create_engine(make_url(context.config.attributes["url"]), poolclass=pool.NullPool)


@event.listens_for(engine, "connect")
def enforce_foreign_keys(connection, record):
    if engine.dialect.name == "sqlite":
        connection.execute("PRAGMA foreign_keys = ON")


with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}


class AlembicProject:
    """A project for one database; its revisions lie in the folder `versions`."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.versions = folder / "versions"
        self.versions.mkdir(parents=True)
        (folder / "env.py").write_text(_ENV)
        self._config = Config(stdout=io.StringIO())
        self._config.set_main_option("script_location", str(folder))
        self._config.set_main_option("path_separator", "os")
        url = sa.make_url(database.url)
        self._config.attributes["url"] = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))

    def upgrade(self, revision: str = "head") -> None:
        command.upgrade(self._config, revision)

    def downgrade(self, revision: str = "base") -> None:
        command.downgrade(self._config, revision)

    def current(self) -> list[str]:
        """The revisions that Alembic takes the database to be at."""
        command.current(self._config)
        said = self._config.stdout
        assert isinstance(said, io.StringIO)
        lines = said.getvalue().splitlines()
        said.seek(0)
        said.truncate()
        return sorted(line.split()[0] for line in lines)

    def heads(self) -> list[str]:
        """The heads of the folder, as Alembic finds them."""
        return list(ScriptDirectory.from_config(self._config).get_heads())

    def message(self, revision: str) -> str:
        """What Alembic shows of a revision's message."""
        return ScriptDirectory.from_config(self._config).get_revision(revision).doc
