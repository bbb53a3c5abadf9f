"""Scripts: split into statements as psql would, and written so that psql reads them back.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

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
from querynl.errors import SQLFileInvalid

_TOKEN = re.compile(
    r"""(?P<line_comment>--[^\n]*)
    |(?P<block_comment>/\*)
    |(?P<escape_string>(?<![\w$])[eE]'(?:[^'\\]|\\.?|'')*(?:'|\Z))
    |(?P<string>'(?:[^']|'')*(?:'|\Z))
    |(?P<quoted>"(?:[^"]|"")*(?:"|\Z))
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<number>\d[\w$]*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
# A text with escapes, without the letter before it.
_ESCAPED = "'" + repeated(r"[^'\\]++|\\.?|''") + r"(?:'|\Z)"
# Comments nest; one that nests deeper is read as if it ended earlier, the same each time.
_BLOCK_COMMENT = r"/\*" + repeated(r"[^*/]++|\*(?!/)|/(?!\*)%s") + r"\*/"
_BLOCK_COMMENTS = _BLOCK_COMMENT % ("|" + _BLOCK_COMMENT % ("|" + _BLOCK_COMMENT % ""))
_TOKENS = tokens_pattern(
    gap=f"{LINE_COMMENT}|{_BLOCK_COMMENTS}",
    literal=rf"(?<![\w$])[eE]{_ESCAPED}"
    r"|(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)"
    f"|{STRING}|{QUOTED_NAME}",
)
# Tokens of which _TOKEN finds the beginning alone.
_LONG = frozenset(("block_comment", "dollar"))
_COMMENT_MARK = re.compile(r"/\*|\*/")
_BLANKS = re.compile(r"\s*+")
# All that neither ends a statement nor is in dollar quotes. What stands in brackets is skipped as one, unless they hold
# dollar quotes or a semicolon, which ends no statement there, or nest deeper.
_QUIET = (
    rf"[^;'\"$()\[\]/-]++|(?<=[eE])(?<![\w$][eE]){_ESCAPED.removeprefix('[eE]')}"
    rf"|{STRING}|{QUOTED_NAME}|--[^\n]*+|{_BLOCK_COMMENTS}|-|/(?!\*)|(?<=\w)\$[\w$]*+|\$(?!(?:[^\W\d]\w*)?\$)"
)
_IN_BRACKETS = r"[(\[]" + repeated(f"{_QUIET}%s") + r"[)\]]"
_BRACKETS = _IN_BRACKETS % ("|" + _IN_BRACKETS % ("|" + _IN_BRACKETS % ""))
_STRETCH = re.compile(repeated(f"{_QUIET}|{_BRACKETS}"), re.DOTALL)
# psql's own commands: the two that pg_dump writes mean nothing to a server.
_META_COMMAND = re.compile(r"\\(\w+)[^\n]*\n?")
_HARMLESS_COMMANDS = frozenset({"restrict", "unrestrict"})

# What statements of interest begin with, and how many words tell them apart.
_TELLING = frozenset(("ALTER", "COPY", "CREATE", "DROP", "REINDEX", "RESET", "SELECT", "SET", "VACUUM"))
_MOST_WORDS = 60
_GAP = repeated(rf"\s++|--[^\n]*+|{_BLOCK_COMMENTS}")
_ROUTINE = re.compile(
    rf"CREATE\b{_GAP}(?:OR\b{_GAP}REPLACE\b{_GAP})?(?:FUNCTION|PROCEDURE)\b", re.DOTALL | re.IGNORECASE
)
_COPY_DATA = re.compile(r"COPY .*FROM STDIN ")

# Statements that refuse a transaction block; ALTER TYPE ... ADD VALUE may be in one, but nothing in it may use the
# value: https://www.postgresql.org/docs/current/sql-altertype.html
_ALONE = re.compile(
    r"(?:CREATE (?:UNIQUE )?INDEX CONCURRENTLY|DROP INDEX CONCURRENTLY|REINDEX .*\bCONCURRENTLY|VACUUM|ALTER SYSTEM"
    r"|(?:CREATE|DROP) (?:DATABASE|TABLESPACE)|CREATE SUBSCRIPTION|ALTER TABLE .*\bDETACH PARTITION .*\bCONCURRENTLY"
    r"|ALTER TYPE .*\bADD VALUE)\b"
)
# Settings that outlast a transaction which commits: https://www.postgresql.org/docs/current/sql-set.html
_SETTING = re.compile(
    r"(?:SET (?!LOCAL |TRANSACTION |CONSTRAINTS )|RESET |SELECT (?:PG_CATALOG \? )?SET_CONFIG (?!.*\bTRUE $))"
)


def split(script: str) -> list[Statement]:
    """The statements of a script.

    Raises SQLFileInvalid for psql's own commands, and for COPY with data in the script.
    """
    return [_statement(text, asks) for text, asks in _pieces(script)]


def _statement(sql: str, expects_no_rows: bool) -> Statement:
    words = _words(sql)
    if _COPY_DATA.match(words):
        raise SQLFileInvalid(
            "COPY … FROM stdin has its rows in the script, which only psql can read.",
            remedy="Dump with --schema-only, or with --inserts.",
        )
    return Statement(
        sql,
        transactional=_ALONE.match(words) is None,
        expects_no_rows=expects_no_rows,
        session=_SETTING.match(words) is not None,
    )


def tokens(script: str) -> Iterator[str]:
    """The words, literals and signs of a script; a body in dollar quotes is one literal."""
    return tokens_of(script, _TOKENS)


def join(statements: Sequence[Statement]) -> str:
    """The statements as a script, each with its semicolon, a blank line between."""
    return "\n".join(
        (f"{EXPECTS_NO_ROWS}\n" if statement.expects_no_rows else "") + f"{_closed(statement.sql)}\n"
        for statement in statements
    )


def _closed(sql: str) -> str:
    """The statement with its semicolon, on a line of its own after a comment that would swallow it."""
    comment = sql.rfind("--")
    return f"{sql}\n;" if comment > sql.rfind("\n") else f"{sql};"


def _pieces(script: str) -> Iterator[tuple[str, bool]]:
    """The text of each statement, and whether it is marked as expecting no rows."""
    position = 0
    while position < len(script):
        start, position, marked = _beginning(script, position)
        end = _statement_end(script, position)
        if position < end:
            yield script[start:end].strip(), marked
        position = end + 1


def _beginning(script: str, position: int) -> tuple[int, int, bool]:
    """Where a statement's text begins, where its first word stands, and whether it is marked as expecting no rows.

    The text takes in the comments before the statement, but for a mark. Raises SQLFileInvalid for a command of psql's.
    """
    start, marked = position, False
    while True:
        position = reach(_BLANKS, script, position)
        token = _TOKEN.match(script, position)
        if script.startswith("\\", position):
            start = position = _meta_command_end(script, position)
        elif token is not None and token.lastgroup in ("line_comment", "block_comment"):
            position = _end(script, token)
            if token[0].rstrip() == EXPECTS_NO_ROWS:
                start, marked = position, True
        else:
            return start, position, marked


def _statement_end(script: str, start: int) -> int:
    """Where the semicolon stands that ends the statement which begins there, or the end of the script."""
    position, depth = start, 0
    while (position := reach(_STRETCH, script, position)) < len(script):
        token = _TOKEN.match(script, position)
        if token is not None and token.lastgroup in _LONG:
            position = _end(script, token)
            continue
        sign = script[position]
        if sign == ";" and depth <= 0 and not _is_in_block(script, start, position):
            return position
        depth += (sign in "([") - (sign in ")]")
        position += 1
    return position


def _is_in_block(script: str, start: int, end: int) -> bool:
    """Whether a statement is inside the body of a routine there, which is BEGIN ATOMIC … END."""
    if not _ROUTINE.match(script, start):
        return False
    blocks = 0
    for _, text in code(script[start:end]):
        word = text.upper()
        if word == "BEGIN" or (word == "CASE" and blocks):
            blocks += 1
        elif word == "END" and blocks:
            blocks -= 1
    return blocks > 0


def _words(sql: str) -> str:
    """The first words of a statement in capitals, with `?` for all else but brackets, and a blank after each.

    Of a statement that is of no interest for what it begins with, that alone.
    """
    found: list[str] = []
    position = 0
    while position < len(sql) and len(found) < _MOST_WORDS:
        token = _TOKEN.match(sql, position)
        assert token is not None, "every character is a token"
        position = _end(sql, token)
        if token.lastgroup == "word":
            found.append(token[0].upper())
            if len(found) == 1 and found[0] not in _TELLING:
                break
        elif token.lastgroup not in ("space", "line_comment", "block_comment") and token[0] not in "()[]":
            found.append("?")
    return " ".join(found) + " "


def _end(script: str, token: re.Match[str]) -> int:
    """Where a token ends: a quote in dollars at its other end, a block comment at the end that is its own."""
    if token.lastgroup == "block_comment":
        return _comment_end(script, token.start())
    if token.lastgroup == "dollar":
        end = script.find(token[0], token.end())
        return len(script) if end < 0 else end + len(token[0])
    return token.end()


def code(sql: str) -> Iterator[tuple[int, str]]:
    """Every word and sign that is in no quotes and no comment, with the place where it starts."""
    position = 0
    while position < len(sql):
        token = _TOKEN.match(sql, position)
        assert token is not None, "every character is a token"
        position = _end(sql, token)
        if token.lastgroup in ("word", "other"):
            yield token.start(), token[0]


def _meta_command_end(script: str, start: int) -> int:
    """The end of a command of psql's own that means nothing to a server. Raises SQLFileInvalid for others."""
    command = _META_COMMAND.match(script, start)
    if command is None or command[1] not in _HARMLESS_COMMANDS:
        named = script[start:].split(maxsplit=1)[0]
        raise SQLFileInvalid(f"{named} is a command of psql, not SQL.", remedy="Take it out of the script.")
    return command.end()


def _comment_end(script: str, start: int) -> int:
    """The end of a block comment; they nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(script, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(script)
