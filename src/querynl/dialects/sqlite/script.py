"""Scripts of SQL statements, written and taken apart as SQLite's own shell does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from querynl.dialects.protocol import Statement
from querynl.dialects.tokens import (
    EXPECTS_NO_ROWS,
    LINE_COMMENT,
    QUOTED_NAME,
    STRING,
    reach,
    repeated,
    tokens_of,
    tokens_pattern,
)

_BLOCK_COMMENT = r"/\*.*?(?:\*/|\Z)"
_COMMENT = rf"--[^\n]*+|{_BLOCK_COMMENT}"
_GAP = repeated(rf"\s++|{_COMMENT}")
_LITERAL = f"{STRING}|{QUOTED_NAME}|`" + repeated("[^`]++|``") + r"(?:`|\Z)|\[[^\]]*+(?:\]|\Z)"
_TOKENS = tokens_pattern(gap=f"{LINE_COMMENT}|{_BLOCK_COMMENT}", literal=_LITERAL)
# What may stand before a statement; and all up to a semicolon that is in no quotes and no comment.
_BLANKS = re.compile(r"\s*+")
_LEADING_COMMENT = re.compile(rf"\s*+({_COMMENT})", re.DOTALL)
_STRETCH = re.compile(repeated(rf"[^;'\"`\[/-]++|{_LITERAL}|{_COMMENT}|[/-]"), re.DOTALL)
# As in sqlite3_complete(), a trigger ends at `; END ;`, any other statement at its semicolon.
_TRIGGER = re.compile(rf"CREATE\b{_GAP}(?:TEMP(?:ORARY)?\b{_GAP})?TRIGGER\b", re.DOTALL | re.IGNORECASE)
_END = re.compile(rf"{_GAP}END{_GAP}", re.DOTALL | re.IGNORECASE)

# What SQLite refuses, or ignores, inside a transaction; https://www.sqlite.org/pragma.html says it of each pragma.
_ALONE = re.compile(
    rf"{_GAP}(?:BEGIN|VACUUM|DETACH|PRAGMA\b{_GAP}(?:JOURNAL_MODE|AUTO_VACUUM|PAGE_SIZE))\b", re.DOTALL | re.IGNORECASE
)
_SETTING = re.compile(rf"{_GAP}PRAGMA\b{_GAP}(?:FOREIGN_KEYS|SYNCHRONOUS)\b", re.DOTALL | re.IGNORECASE)


def write(statements: Sequence[Statement]) -> str:
    """The statements as a script, a blank line between them."""
    return "\n".join(map(_written, statements))


def _written(statement: Statement) -> str:
    marker = f"{EXPECTS_NO_ROWS}\n" if statement.expects_no_rows else ""
    # A comment at the end would swallow the semicolon.
    end = "\n;" if "--" in statement.sql.rpartition("\n")[2] else ";"
    return f"{marker}{statement.sql}{end}\n"


def split(script: str) -> list[Statement]:
    """The statements of a script without their semicolons; comments between statements are left out."""
    return [statement(sql, expects_no_rows=marked) for sql, marked in _pieces(script)]


def tokens(text: str) -> Iterator[str]:
    """The words, literals and signs of a script."""
    return tokens_of(text, _TOKENS)


def statement(sql: str, *, expects_no_rows: bool = False) -> Statement:
    """The statement, told from its text whether it runs in a transaction and whether it is about the session alone."""
    setting = _SETTING.match(sql) is not None
    alone = setting or _ALONE.match(sql) is not None
    return Statement(sql, transactional=not alone, expects_no_rows=expects_no_rows, session=setting)


def _pieces(script: str) -> Iterator[tuple[str, bool]]:
    """Each statement's text, and whether it stands under the mark of those that expect no rows."""
    position = 0
    while position < len(script):
        marked = False
        while comment := _LEADING_COMMENT.match(script, position):
            marked = marked or comment[1].strip() == EXPECTS_NO_ROWS
            position = comment.end()
        start = reach(_BLANKS, script, position)
        end = _statement_end(script, start)
        if start < end:
            yield script[start:end].rstrip(), marked
        position = end + 1


def _statement_end(script: str, start: int) -> int:
    """Where the semicolon stands that ends the statement which begins there, or the end of the script."""
    end = reach(_STRETCH, script, start)
    if _TRIGGER.match(script, start):
        begin = start
        while end < len(script) and not _END.fullmatch(script, begin, end):
            begin = end + 1
            end = reach(_STRETCH, script, begin)
    return end
