"""Scripts: split into statements as psql would, and written so that psql reads them back.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from querynl.dialects.protocol import Statement
from querynl.dialects.tokens import EXPECTS_NO_ROWS, LINE_COMMENT, QUOTED_NAME, STRING, tokens_of, tokens_pattern
from querynl.errors import SQLFileInvalid

_TOKEN = re.compile(
    r"""(?P<line_comment>--[^\n]*)
    |(?P<block_comment>/\*)
    |(?P<escape_string>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z))
    |(?P<string>'(?:[^']|'')*(?:'|\Z))
    |(?P<quoted>"(?:[^"]|"")*(?:"|\Z))
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<number>\d[\w$]*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
# Comments nest; one that nests deeper is read as if it ended earlier, the same each time.
_BLOCK_COMMENT = r"/\*(?:[^*/]++|\*(?!/)|/(?!\*)%s)*+\*/"
_BLOCK_COMMENTS = _BLOCK_COMMENT % ("|" + _BLOCK_COMMENT % ("|" + _BLOCK_COMMENT % ""))
_TOKENS = tokens_pattern(
    gap=f"{LINE_COMMENT}|{_BLOCK_COMMENTS}",
    literal=r"(?<![\w$])[eE]'(?:[^'\\]++|\\.|'')*+(?:'|\Z)"
    r"|(?<![\w$])(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)"
    f"|{STRING}|{QUOTED_NAME}",
)
# Tokens of which _TOKEN finds the beginning alone.
_LONG = frozenset(("block_comment", "dollar"))
# What may begin or end a block of statements.
_BRACKETS = frozenset(("BEGIN", "CASE", "END"))
_COMMENT_MARK = re.compile(r"/\*|\*/")
# psql's own commands: the two that pg_dump writes mean nothing to a server.
_META_COMMAND = re.compile(r"[ \t]*\\(\w+)[^\n]*\n?")
_HARMLESS_COMMANDS = frozenset({"restrict", "unrestrict"})

_ROUTINE = re.compile(r"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ")
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
    return [
        Statement(
            text,
            transactional=_ALONE.match(words) is None,
            expects_no_rows=asks,
            session=_SETTING.match(words) is not None,
        )
        for text, words, asks in _statements(script)
    ]


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


def _statements(script: str) -> Iterator[tuple[str, str, bool]]:
    """The text of each statement, its key words in upper case, and whether it is marked as expecting no rows."""
    position = start = depth = blocks = 0
    words: list[str] = []
    marked = False
    while position < len(script):
        if not words and (command := _meta_command(script, position)):
            start = position = command.end()
            continue
        match = _TOKEN.match(script, position)
        assert match is not None, "every character is a token"
        kind, text = match.lastgroup, match[0]
        position = _end(script, match) if kind in _LONG else match.end()
        if kind == "line_comment" and not words and text.rstrip() == EXPECTS_NO_ROWS:
            marked, start = True, position
        elif kind == "word":
            word = text.upper()
            words.append(word)
            if word in _BRACKETS:
                blocks += _opened(words, blocks)
        elif kind == "other" and text in "([":
            depth += 1
        elif kind == "other" and text in ")]":
            depth -= 1
        elif text == ";" and depth <= 0 and not blocks:
            if words:
                yield _one(script[start : match.start()], words, marked)
            start, words, marked, depth = position, [], False, 0
        elif kind not in ("space", "line_comment", "block_comment"):
            words.append("?")
    if words:
        yield _one(script[start:], words, marked)


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


def _opened(words: Sequence[str], blocks: int) -> int:
    """How many more blocks are open after the last word: the body of a routine may be BEGIN ATOMIC … END."""
    word = words[-1]
    if word == "END" and blocks:
        return -1
    opens = word == "BEGIN" or (word == "CASE" and blocks)
    return 1 if opens and _ROUTINE.match(" ".join(words[:5]) + " ") else 0


def _one(text: str, words: Sequence[str], marked: bool) -> tuple[str, str, bool]:
    joined = " ".join(words[:60]) + " "
    if _COPY_DATA.match(joined):
        raise SQLFileInvalid(
            "COPY … FROM stdin has its rows in the script, which only psql can read.",
            remedy="Dump with --schema-only, or with --inserts.",
        )
    return text.strip(), joined, marked


def _meta_command(script: str, position: int) -> re.Match[str] | None:
    """A command of psql's own that starts a line and means nothing to a server. Raises SQLFileInvalid for others."""
    if position and script[position - 1] != "\n":
        return None
    command = _META_COMMAND.match(script, position)
    if command is not None and command[1] not in _HARMLESS_COMMANDS:
        raise SQLFileInvalid(f"\\{command[1]} is a command of psql, not SQL.", remedy="Take it out of the script.")
    return command


def _comment_end(script: str, start: int) -> int:
    """The end of a block comment; they nest."""
    depth = 0
    for mark in _COMMENT_MARK.finditer(script, start):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(script)
