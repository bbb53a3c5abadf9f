"""Statements in the portions in which they are committed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from querynl.dialects import Dialect, Statement


class Segment(NamedTuple):
    """Statements that are committed together; `atomic` False: one that runs outside any transaction."""

    statements: tuple[Statement, ...]
    atomic: bool


class Settings(NamedTuple):
    """Settings of the session that a transaction would ignore: to be made before the work, and after it."""

    before: tuple[Statement, ...]
    after: tuple[Statement, ...]


def settings_apart(statements: Sequence[Statement], dialect: Dialect) -> tuple[Settings, tuple[Statement, ...]]:
    """What has to be set around the transaction, and the statements for it.

    The first settings in a row rule the whole transaction, and the last ones come after it; those between would
    be ignored inside it. Where every statement is committed by itself, all stay where they are.
    """
    outside = [dialect.rolls_back_ddl and statement.session and not statement.transactional for statement in statements]
    body = tuple(statement for statement, apart in zip(statements, outside, strict=True) if not apart)
    rows = list(_rows_of_settings(statements, outside))
    if not rows:
        return Settings((), ()), body
    if len(rows) == 1:
        return (Settings((), rows[0]) if outside[-1] and body else Settings(rows[0], ())), body
    return Settings(rows[0], rows[-1]), body


def segments(statements: Sequence[Statement], dialect: Dialect) -> list[Segment]:
    """The statements in the portions in which they are committed."""

    def is_atomic(statement: Statement) -> bool:
        return statement.transactional and not dialect.commits_by_itself(statement.sql)

    found: list[Segment] = []
    for atomic, some in groupby(statements, key=is_atomic):
        if dialect.rolls_back_ddl and atomic:
            found.append(Segment(tuple(some), atomic=True))
        else:
            found += (Segment((statement,), atomic) for statement in some)
    return found


def _rows_of_settings(statements: Sequence[Statement], outside: Sequence[bool]) -> Iterator[tuple[Statement, ...]]:
    row: list[Statement] = []
    for statement, apart in zip(statements, outside, strict=True):
        if apart:
            row.append(statement)
        elif row:
            yield tuple(row)
            row = []
    if row:
        yield tuple(row)


def in_one_transaction(statements: Sequence[Statement], dialect: Dialect) -> bool:
    """Whether the statements are committed all together."""
    parts = segments(statements, dialect)
    return dialect.rolls_back_ddl and len(parts) <= 1 and all(part.atomic for part in parts)
