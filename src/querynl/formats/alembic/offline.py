"""The SQL that an Alembic revision comes to, by Alembic's own offline mode.

https://alembic.sqlalchemy.org/en/latest/offline.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO
from types import ModuleType
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from querynl.dialects import Dialect, Statement
from querynl.errors import MigrationInvalid
from querynl.formats.migration import MigrationFile
from querynl.formats.transactions import is_bracket
from querynl.project import place_of

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext


class _Written(StringIO):
    """What Alembic writes, a statement an entry."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def write(self, text: str) -> int:
        self.texts.append(text)
        return len(text)


def scripts(file: MigrationFile, dialect: Dialect) -> tuple[list[Statement], list[Statement] | None]:
    """The statements of `upgrade` and `downgrade`; None where `downgrade` raises NotImplementedError.

    Runs the revision's code, without a database. Raises MigrationInvalid where Alembic is not installed, or
    the code fails or needs a database to say what it does.
    """
    module = loaded(file)
    try:
        up = _statements(file, module, "upgrade", dialect)
    except NotImplementedError as error:
        raise _failed(file, error) from error
    try:
        return up, _statements(file, module, "downgrade", dialect)
    except NotImplementedError:
        return up, None


def loaded(file: MigrationFile) -> ModuleType:
    """The module that the revision is. Raises MigrationInvalid where Alembic, or what it imports, is not there."""
    module = ModuleType(file.path.stem)
    module.__file__ = str(file.path)
    try:
        import alembic.op  # noqa: F401  # what every revision begins with

        exec(compile(file.text, str(file.path), "exec"), module.__dict__)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        known = package in ("alembic", "sqlalchemy")
        raise MigrationInvalid(
            f"There is no Python package {package}.",
            where=str(file.path),
            remedy="Install it: pip install 'querynl[alembic]'." if known else "Install what the revision imports.",
        ) from error
    except Exception as error:
        raise MigrationInvalid(
            f"The revision cannot be loaded: {type(error).__name__}: {error}.",
            where=place_of(error) or str(file.path),
            remedy="Correct the revision, or run the command where what it imports can be imported.",
        ) from error
    return module


def _statements(file: MigrationFile, module: ModuleType, way: str, dialect: Dialect) -> list[Statement]:
    from alembic.operations import Operations

    function: Callable[[], object] | None = getattr(module, way, None)
    if function is None:
        raise MigrationInvalid(f"The revision has no function {way}.", where=str(file.path))
    written = _Written()
    try:
        with Operations.context(_context(dialect, written)):
            function()
    except NotImplementedError:
        raise
    except Exception as error:
        raise _failed(file, error) from error
    return list(_read(written.texts, dialect))


def _failed(file: MigrationFile, error: Exception) -> MigrationInvalid:
    return MigrationInvalid(
        f"The revision fails without a database: {type(error).__name__}: {error}.",
        where=str(file.path),
        remedy="Run it with Alembic itself.",
    )


def _context(dialect: Dialect, written: _Written) -> MigrationContext:
    """A context in which operations write their SQL instead of running it."""
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import text
    from sqlalchemy.schema import DDLElement

    context = MigrationContext.configure(
        dialect_name=dialect.name,
        # Without a driver's way of marking parameters nothing in the SQL has to be doubled for it.
        dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "output_buffer": written},
    )

    def write(construct: Any, *_: object, **__: object) -> None:
        if isinstance(construct, str):
            construct = text(construct)
        is_ddl = isinstance(construct, DDLElement)
        compiled = str(
            construct.compile(dialect=context.impl.dialect, compile_kwargs={} if is_ddl else {"literal_binds": True})
        )
        written.write(compiled.replace("\n\t", "\n    ").strip() if is_ddl else compiled.strip())

    # Alembic's own writer turns every tab into spaces, those within a text too.
    context.impl._exec = write  # type: ignore[method-assign]
    return context


def _read(texts: list[str], dialect: Dialect) -> Iterator[Statement]:
    """The statements among what was written; what begins and ends transactions says which may be in one."""
    in_transaction = True
    for text in texts:
        bare = text.strip().rstrip(";")
        if bare in ("BEGIN", "COMMIT"):
            in_transaction = bare == "BEGIN"
            continue
        for statement in dialect.split(dialect.script([Statement(bare)])):
            if not is_bracket(statement, dialect):
                yield replace(statement, transactional=statement.transactional and in_transaction)
