"""The Alembic revision file: a Python module that `ruff` and `black` would leave as it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from querynl.dialects import Dialect
from querynl.formats.alembic.chain import Span, head
from querynl.formats.alembic.code import Block, Line, docstring, functions_called, literal, source
from querynl.formats.alembic.operations import EXPECT_NO_ROWS, SAVEPOINT, lines
from querynl.formats.alembic.words import DATABASE_TYPE
from querynl.formats.folder import revisions
from querynl.formats.naming import version_of
from querynl.plan import Plan, Reversibility

_DATABASE_TYPE = f'''
class {DATABASE_TYPE}(sa.types.UserDefinedType):
    """A column type in the database's own words."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_: object) -> str:
        return self.words
'''

_EXPECT_NO_ROWS = f'''
def {EXPECT_NO_ROWS}(question: str) -> None:
    """Stop the migration if the question has an answer; a script keeps it as a question."""
    if op.get_context().as_sql:
        op.execute("-- querynl: expects no rows\\n" + question)
    elif op.get_bind().execute(sa.text(question)).first() is not None:
        raise RuntimeError(f"There are rows in the way: {{question}}")
'''

_SAVEPOINT = f'''
@contextmanager
def {SAVEPOINT}() -> Iterator[None]:
    """Keep all of the block or nothing; the driver commits each CREATE by itself."""
    op.execute("SAVEPOINT querynl")
    try:
        yield
    except BaseException:
        op.execute("ROLLBACK TO querynl")
        raise
    finally:
        op.execute("RELEASE querynl")
'''


class _Place(Struct, frozen=True, kw_only=True):
    """A revision's file, its links, when it was made, and further lines of its docstring."""

    path: Path
    revision: str
    follows: tuple[str, ...]
    needs: tuple[str, ...] = ()
    at: datetime
    remarks: Sequence[str] = ()


def files(plan: Plan, dialect: Dialect, migration_id: str, message: str, folder: Path) -> dict[Path, str]:
    """`ID.py` with its text. Raises MigrationInvalid where the folder has several heads to follow."""
    place = _new_place(migration_id, folder)
    return _module(place, message, lines(plan.up, plan, dialect) or ["pass"], _downgrade(plan, dialect))


def squashed(plan: Plan, dialect: Dialect, span: Span, message: str, remarks: Sequence[str]) -> dict[Path, str]:
    """The last file of a span of the chain, with the text of a revision that stands for all of the span."""
    place = _Place(
        path=span.last.path,
        revision=span.last.id,
        follows=span.follows,
        needs=span.needs,
        at=datetime.now(UTC),
        remarks=remarks,
    )
    return _module(place, message, lines(plan.up, plan, dialect) or ["pass"], _downgrade(plan, dialect))


def blank(migration_id: str, message: str, folder: Path) -> dict[Path, str]:
    """`ID.py` with functions that do nothing yet. Raises MigrationInvalid where the folder has several heads."""
    return _module(_new_place(migration_id, folder), message, ["pass"], ["pass"])


def _new_place(migration_id: str, folder: Path) -> _Place:
    follows = head(revisions(folder))
    revision = version_of(migration_id)
    return _Place(
        path=folder / f"{migration_id}.py",
        revision=revision,
        follows=(follows,) if follows else (),
        at=datetime.strptime(revision, "%Y%m%d%H%M%S").replace(tzinfo=UTC),
    )


def _module(place: _Place, message: str, up: list[Line], down: list[Line]) -> dict[Path, str]:
    return {
        place.path: "".join(
            (
                _docstring(message, place),
                _imports([*up, *down]),
                "\n",
                f"revision = {literal(place.revision)}\n",
                f"down_revision = {_link(place.follows)}\n",
                "branch_labels = None\n",
                f"depends_on = {_link(place.needs)}\n",
                *_company([*up, *down]),
                "\n\n",
                source([Block("def upgrade() -> None:", tuple(up))]),
                "\n\n",
                source([Block("def downgrade() -> None:", tuple(down))]),
            )
        )
    }


def _link(revisions: Sequence[str]) -> str:
    if len(revisions) > 1:
        return f"({', '.join(map(literal, revisions))})"
    return literal(revisions[0] if revisions else None)


def _downgrade(plan: Plan, dialect: Dialect) -> list[Line]:
    if plan.reversibility is Reversibility.NONE:
        return ['raise NotImplementedError("There is no way back.")']
    return lines(plan.down, plan, dialect) or ["pass"]


def _docstring(message: str, place: _Place) -> str:
    facts = [
        f"Revision ID: {place.revision}",
        f"Revises: {', '.join(place.follows)}".rstrip(),
        f"Create Date: {place.at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return docstring([message.strip(), "", *facts, *place.remarks]) + "\n\n"


def _imports(body: list[Line]) -> str:
    called = set(functions_called(body))
    packages = {name.partition(".")[0] for name in called}
    found: list[str] = []
    if SAVEPOINT in called:
        found += ["from collections.abc import Iterator", "from contextlib import contextmanager", ""]
    if "sa" in packages or {DATABASE_TYPE, EXPECT_NO_ROWS} & called:
        found.append("import sqlalchemy as sa")
    found.append("from alembic import op")
    if dialects := sorted(packages & {"mysql", "postgresql"}):
        found.append(f"from sqlalchemy.dialects import {', '.join(dialects)}")
    return "\n".join([*found, ""])


def _company(body: list[Line]) -> list[str]:
    """What the migration brings along: the class and the functions that its body uses."""
    called = set(functions_called(body))
    brought = ((DATABASE_TYPE, _DATABASE_TYPE), (EXPECT_NO_ROWS, _EXPECT_NO_ROWS), (SAVEPOINT, _SAVEPOINT))
    return [f"\n{text}" for name, text in brought if name in called]
