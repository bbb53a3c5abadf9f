"""The names that the engine gives to indexes, and to constraints with one, where nobody does.

https://github.com/postgres/postgres/blob/master/src/backend/commands/indexcmds.c
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from itertools import chain, count

from querynl.dialects.postgresql.spelling import made_name
from querynl.schema import Exclusion, Index, PrimaryKey, Unique

Indexed = PrimaryKey | Unique | Exclusion | Index

_CALL = re.compile(r"\(?(\w+)\(")
_NUMBER = re.compile(r"[1-9]\d*\Z")


def given_name(table: str, part: Indexed, number: str = "") -> str:
    """The name that the engine gives it (ChooseIndexName), numbered where something else has that."""
    found, label = _words(part)
    return made_name(table, "_".join(found), f"{label}{number}")


def words(part: Indexed) -> list[str]:
    """The columns that the engine names it after, and what it calls expressions."""
    return _words(part)[0]


def _words(part: Indexed) -> tuple[list[str], str]:
    """What the engine names it after, and the label at the end."""
    match part:
        case PrimaryKey():
            return [], "pkey"
        case Unique():
            return [*part.columns, *part.include], "key"
        case Exclusion():
            return _told_apart([*(_word(key.column, key.expression) for key in part.elements), *part.include]), "excl"
        case Index():
            return _told_apart([*(_word(key.column, key.expression) for key in part.columns), *part.include]), "idx"


def _told_apart(words: Iterable[str]) -> list[str]:
    """The words, numbered where they come again (ChooseIndexColumnNames)."""
    found: list[str] = []
    for word in words:
        numbered = (f"{word}{number or ''}" for number in count())
        found.append(next(name for name in numbered if name not in found))
    return found


def is_given(table: str, part: Indexed) -> bool:
    """Whether it is called as the engine does."""
    return part.name == given_name(table, part) or is_numbered(table, part)


def is_numbered(table: str, part: Indexed) -> bool:
    """Whether it is called as the engine does where the plain name is taken."""
    number = _NUMBER.search(part.name or "")
    return number is not None and part.name == given_name(table, part, number[0])


def free_name(table: str, part: Indexed, taken: Container[str | None]) -> str:
    """Its own name, or the first that the engine gives it which is not taken."""
    names = (given_name(table, part, str(number or "")) for number in count())
    return next(name for name in chain([str(part.name)], names) if name not in taken)


def _word(column: str | None, expression: str | None) -> str:
    if column is not None:
        return column
    call = _CALL.match(expression or "")
    return call[1] if call is not None else "expr"
