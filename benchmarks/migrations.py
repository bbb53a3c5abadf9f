"""The same small migrations as raw SQL, for dbmate, and for Alembic.

Of every four the first creates a table; the others add a column, an index and a row to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

RAW, DBMATE, ALEMBIC = "raw", "dbmate", "alembic"

_ENVIRONMENT = """\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.get_x_argument(as_dictionary=True)["url"]).connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def write_migrations(folder: Path, count: int) -> None:
    """Write so many into the folders `raw`, `dbmate` and `alembic` of a folder."""
    (folder / ALEMBIC / "versions").mkdir(parents=True)
    for number in range(count):
        for name, text in _files(number):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (folder / ALEMBIC / "env.py").write_text(_ENVIRONMENT, encoding="utf-8")
    (folder / ALEMBIC / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s\n", encoding="utf-8")


def _files(number: int) -> Iterator[tuple[str, str]]:
    up, down = _statements(number)
    stem = f"{20260101000000 + number}_m{number}"
    yield f"{RAW}/{stem}_up.sql", f"{up}\n"
    yield f"{RAW}/{stem}_down.sql", f"{down}\n"
    yield f"{DBMATE}/{stem}.sql", f"-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"
    parent = f"r{number - 1:04d}" if number else None
    yield (
        f"{ALEMBIC}/versions/r{number:04d}.py",
        f'from alembic import op\n\nrevision = "r{number:04d}"\ndown_revision = {parent!r}\n\n\n'
        f"def upgrade():\n    op.execute({up!r})\n\n\ndef downgrade():\n    op.execute({down!r})\n",
    )


def _statements(number: int) -> tuple[str, str]:
    """One migration's statement up, and the one down."""
    table = f"m{number - number % 4:04d}"
    return (
        (f"CREATE TABLE {table} (id integer PRIMARY KEY, a varchar(50) NOT NULL);", f"DROP TABLE {table};"),
        (f"ALTER TABLE {table} ADD COLUMN b integer;", f"ALTER TABLE {table} DROP COLUMN b;"),
        (f"CREATE INDEX ix_{table} ON {table} (a);", f"DROP INDEX ix_{table};"),
        (f"INSERT INTO {table} (id, a) VALUES (1, 'x');", f"DELETE FROM {table};"),
    )[number % 4]
