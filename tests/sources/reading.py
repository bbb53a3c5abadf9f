"""Sources read by an engine of the tests, as a command would read them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from querynl.config import load_settings
from querynl.dialects import dialect_named
from querynl.schema import Schema
from querynl.scratch import Scratch, open_scratch
from querynl.sources import Comparison, Source, compare, read_source, read_sources
from tests.engines import Database


def compared(before: Source, after: Source, database: Database) -> Comparison:
    """Both sources in the terms of the test's engine."""

    def throwaway() -> AbstractContextManager[Scratch]:
        return open_scratch(database.engine, url=None if database.engine == "sqlite" else database.url)

    return compare(before, after, dialect_named(database.engine), throwaway)


def read(database: Database, *texts: str | Path) -> Schema:
    """The schema that a command line names."""
    settings = load_settings()
    return compared(read_source("empty", settings), read_sources(list(map(str, texts)), settings), database).after


def write(folder: Path, files: dict[str, str]) -> None:
    """Writes files by their paths in the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@contextmanager
def forgotten_modules() -> Iterator[None]:
    """Forgets at the end of the block the modules that were imported in it."""
    import sys

    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if not name.startswith(("sqlalchemy", "alembic", "querynl", "psycopg", "pymysql")):
                del sys.modules[name]
