"""Scripts of MySQL and MariaDB: read as their command-line client reads them, written for it to read.

https://dev.mysql.com/doc/refman/9.5/en/mysql-commands.html (DELIMITER),
https://dev.mysql.com/doc/refman/9.5/en/comments.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from querynl.dialects.protocol import Statement
from querynl.dialects.tokens import EXPECTS_NO_ROWS, LINE_COMMENT, reach, repeated, tokens_of, tokens_pattern

_LINE_COMMENT = r"--(?=\s|\Z)[^\n]*+|\#[^\n]*+"
# Executable comments (/*! … */ and MariaDB's /*M! … */) and hints (/*+ … */) are part of a statement.
_BLOCK_COMMENT = r"/\*(?!M?!|\+).*?(?:\*/|\Z)"
_LITERAL = (
    ("'" + repeated(r"[^'\\]++|\\.?|''") + r"(?:'|\Z)")
    + ('|"' + repeated(r'[^"\\]++|\\.?|""') + r'(?:"|\Z)')
    + ("|`" + repeated("[^`]++|``") + r"(?:`|\Z)|/\*(?:M?!|\+).*?(?:\*/|\Z)")
)
_TOKENS = tokens_pattern(gap=rf"(?=--(?:\s|\Z)){LINE_COMMENT}|\#[^\n]*+|{_BLOCK_COMMENT}", literal=_LITERAL)
_BLANKS = re.compile(r"\s*+")
_COMMENT = re.compile(rf"{_LINE_COMMENT}|{_BLOCK_COMMENT}", re.DOTALL)
# All that is in no line comment, as far as it goes; what stands before one at the very end of a text is matched.
_LAST_COMMENT = re.compile(
    repeated(rf"[^'\"`#/-]++|{_LITERAL}|{_BLOCK_COMMENT}|(?:{_LINE_COMMENT})\n|(?!{_LINE_COMMENT}).")
    + rf"(?:{_LINE_COMMENT})\Z",
    re.DOTALL,
)
_DELIMITER_LINE = re.compile(
    r"[^\S\n]*delimiter[^\S\n]+(?P<quote>['\"`]?)(?P<delimiter>\S+?)(?P=quote)(?:[^\S\n][^\n]*)?(?:\n|$)", re.I
)


# https://dev.mysql.com/doc/refman/9.5/en/set-variable.html; what is global or the script's own (@name) is none.
_SETTING = re.compile(r"SET\s+(?:(?:SESSION|LOCAL)\s|@@(?:SESSION|LOCAL)\.|NAMES\b|sql_mode\s*=)", re.I)


def split(script: str) -> list[Statement]:
    """The statements of a script, without delimiters, DELIMITER lines and the comments before each."""
    return [_statement(text.rstrip(), EXPECTS_NO_ROWS in comments) for comments, text in _pieces(script)]


def tokens(text: str) -> Iterator[str]:
    """The words, literals and signs of a script; executable comments and hints are among them."""
    return tokens_of(text, _TOKENS)


def _statement(sql: str, expects_no_rows: bool) -> Statement:
    if _SETTING.match(sql):
        return setting(sql)
    return Statement(sql, expects_no_rows=expects_no_rows)


def setting(sql: str) -> Statement:
    """A statement about the session alone, made once before all else."""
    return Statement(sql, transactional=False, session=True)


def _pieces(script: str) -> Iterator[tuple[list[str], str]]:
    """Each statement with the comments that stand before it."""
    delimiter = ";"
    position = 0
    line_start = True
    comments: list[str] = []
    while position < len(script):
        end = reach(_BLANKS, script, position)
        line_start = line_start or "\n" in script[position:end]
        if line_start and (line := _DELIMITER_LINE.match(script, end)):
            delimiter, position = line["delimiter"], line.end()
            continue
        position, line_start = end, False
        if script.startswith(delimiter, position):
            position += len(delimiter)
            comments = []
        elif comment := _COMMENT.match(script, position):
            comments.append(comment[0].strip())
            position = comment.end()
        elif position < len(script):
            end = reach(_stretch(delimiter), script, position)
            yield comments, script[position:end]
            position, comments = end + len(delimiter), []


@cache
def _stretch(delimiter: str) -> re.Pattern[str]:
    """All up to a delimiter that is in no quotes and no comment."""
    return re.compile(
        repeated(
            rf"[^'\"`#/{re.escape(delimiter[0])}-]++"
            rf"|(?!{re.escape(delimiter)})(?:{_LITERAL}|{_LINE_COMMENT}|{_BLOCK_COMMENT}|.)"
        ),
        re.DOTALL,
    )


def script(statements: Sequence[Statement]) -> str:
    """The statements with what the client needs to keep them apart, a blank line between."""
    return "\n".join(_written(statement) for statement in statements)


def _written(statement: Statement) -> str:
    sql = statement.sql + ("\n" if _LAST_COMMENT.match(statement.sql) else "")
    note = f"{EXPECTS_NO_ROWS}\n" if statement.expects_no_rows else ""
    if len(list(_pieces(statement.sql))) == 1 and not _DELIMITER_LINE.match(statement.sql):
        return f"{note}{sql};\n"
    delimiter = next(text for text in _delimiters() if text not in sql)
    return f"{note}DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;\n"


def _delimiters() -> Iterator[str]:
    yield from ("//", "$$", ";;")
    number = 1
    while True:
        yield f"//{number}//"
        number += 1
