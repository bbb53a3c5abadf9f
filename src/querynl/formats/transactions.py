"""Transactions spelled out, where a tool runs a script without one of its own around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from querynl.dialects import Dialect, Statement

# The whole of a statement that begins or ends a transaction; SAVEPOINT and ROLLBACK TO are none of them.
_CONTROL = re.compile(
    r"(?:BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT)"
    r"(?:\s+(?:WORK|TRANSACTION|DEFERRED|IMMEDIATE|EXCLUSIVE|READ\s+(?:ONLY|WRITE)|ISOLATION\s+LEVEL[\w\s]+))*",
    re.IGNORECASE,
)
# What may stand before a statement, such as the heading of its file; `/*!` and `/*+` are part of it.
_HEADING = re.compile(r"(?:\s+|--[^\n]*|/\*(?![!+M]).*?\*/)+", re.DOTALL)


def bare(sql: str) -> str:
    """A statement's text without the comments before it and the blanks around it."""
    heading = _HEADING.match(sql)
    return sql[heading.end() :].rstrip() if heading else sql.rstrip()


def controls_transaction(statement: Statement) -> bool:
    """Whether the statement does nothing but begin or end a transaction, whoever wrote it."""
    return _CONTROL.fullmatch(bare(statement.sql)) is not None


def needs_none_around(statements: Iterable[Statement], dialect: Dialect) -> bool:
    """Whether some statement cannot run, or has no effect, in a transaction.

    An engine that commits every DDL statement by itself does not mind.
    """
    return dialect.rolls_back_ddl and any(not statement.transactional for statement in statements)


def spelled_out(statements: Sequence[Statement], dialect: Dialect) -> Iterator[Statement]:
    """The statements with a transaction around each run of those that may be in one."""
    begin, commit = dialect.transaction
    for transactional, run in groupby(statements, key=lambda statement: statement.transactional):
        if transactional:
            yield Statement(begin)
        yield from run
        if transactional:
            yield Statement(commit)


def is_bracket(statement: Statement, dialect: Dialect) -> bool:
    """Whether the statement only begins or ends a transaction, as `spelled_out` writes it."""
    return statement.sql in dialect.transaction
