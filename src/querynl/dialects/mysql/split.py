"""Scripts of MySQL and MariaDB: read as their command-line client reads them, written for it to read.

https://dev.mysql.com/doc/refman/9.5/en/mysql-commands.html (DELIMITER),
https://dev.mysql.com/doc/refman/9.5/en/comments.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from querynl.dialects.protocol import Statement
from querynl.dialects.tokens import EXPECTS_NO_ROWS, LINE_COMMENT, tokens_of, tokens_pattern

# Executable comments (/*! … */ and MariaDB's /*M! … */) and hints (/*+ … */) are part of a statement.
_TOKEN = re.compile(
    r"""(?P<line_comment>--(?=\s|$)[^\n]*|\#[^\n]*)
    |(?P<comment>/\*(?!M?!|\+).*?(?:\*/|$))
    |(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`
        |/\*(?:M?!|\+).*?\*/)
    |(?P<newline>\n)
    |(?P<space>[^\S\n]+)
    |(?P<word>\w+)
    |(?P<other>.)""",
    re.S | re.X,
)
_TOKENS = tokens_pattern(
    gap=rf"(?=--(?:\s|\Z)){LINE_COMMENT}|\#[^\n]*+|/\*(?!M?!|\+).*?(?:\*/|\Z)",
    literal=r"'(?:[^'\\]++|\\.|'')*+(?:'|\Z)"
    r'|"(?:[^"\\]++|\\.|"")*+(?:"|\Z)'
    r"|`(?:[^`]++|``)*+(?:`|\Z)|/\*(?:M?!|\+).*?(?:\*/|\Z)",
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
    start: int | None = None
    line_start = True
    comments: list[str] = []
    while position < len(script):
        if line_start and start is None and (line := _DELIMITER_LINE.match(script, position)):
            delimiter, position = line["delimiter"], line.end()
            continue
        if script.startswith(delimiter, position):
            if start is not None:
                yield comments, script[start:position]
            position += len(delimiter)
            start, comments, line_start = None, [], False
            continue
        match = _TOKEN.match(script, position)
        assert match is not None, "the last alternative takes any character"
        end = _end(match, delimiter)
        if match["line_comment"] or match["comment"]:
            if start is None:
                comments.append(match[0].strip())
        elif start is None and not (match["newline"] or match["space"]):
            start = position
        line_start = bool(match["newline"]) or (line_start and bool(match["space"]))
        position = end
    if start is not None:
        yield comments, script[start:]


def _end(match: re.Match[str], delimiter: str) -> int:
    """Where to read on: a delimiter made of letters or signs may begin inside a run of them."""
    if match["word"] and (found := match[0].find(delimiter)) > 0:
        return match.start() + found
    return match.end()


def script(statements: Sequence[Statement]) -> str:
    """The statements with what the client needs to keep them apart, a blank line between."""
    return "\n".join(_written(statement) for statement in statements)


def _written(statement: Statement) -> str:
    sql = statement.sql + ("\n" if _ends_in_comment(statement.sql) else "")
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


def _ends_in_comment(sql: str) -> bool:
    last = None
    for match in _TOKEN.finditer(sql):
        last = match
    return last is not None and last["line_comment"] is not None
