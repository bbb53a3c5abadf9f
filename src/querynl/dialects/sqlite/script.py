"""Scripts of SQL statements, written and taken apart as SQLite's own shell does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from querynl.dialects.protocol import Statement
from querynl.dialects.tokens import EXPECTS_NO_ROWS, LINE_COMMENT, QUOTED_NAME, STRING, tokens_of, tokens_pattern

_PIECE = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<quoted> '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z) )
  | (?P<word> \w+ )
  | (?P<space> \s+ )
  | (?P<sign> . )
    """,
    re.DOTALL | re.VERBOSE,
)
_TOKENS = tokens_pattern(
    gap=rf"{LINE_COMMENT}|/\*.*?(?:\*/|\Z)",
    literal=rf"{STRING}|{QUOTED_NAME}|`(?:[^`]++|``)*+(?:`|\Z)|\[[^\]]*+(?:\]|\Z)",
)
_TRIGGER = re.compile(r"CREATE (?:TEMP |TEMPORARY )?TRIGGER")

# What SQLite refuses, or ignores, inside a transaction; https://www.sqlite.org/pragma.html says it of each pragma.
_ALONE = re.compile(r"(?:BEGIN|VACUUM|DETACH|PRAGMA (?:JOURNAL_MODE|AUTO_VACUUM|PAGE_SIZE))\b")
_ALONE_FOR_SESSION = re.compile(r"PRAGMA (?:FOREIGN_KEYS|SYNCHRONOUS)\b")


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
    first = " ".join(_words(sql, 2))
    setting = bool(_ALONE_FOR_SESSION.match(first))
    alone = setting or bool(_ALONE.match(first))
    return Statement(sql, transactional=not alone, expects_no_rows=expects_no_rows, session=setting)


def _words(sql: str, count: int) -> list[str]:
    """The first words and signs of a statement, in capitals."""
    found: list[str] = []
    for piece in _PIECE.finditer(sql):
        if piece.lastgroup in ("word", "sign", "quoted"):
            found.append(piece[0].upper())
            if len(found) == count:
                break
    return found


def _pieces(script: str) -> Iterator[tuple[str, bool]]:
    """Each statement's text, and whether it stands under the mark of those that expect no rows.

    As in sqlite3_complete(), a trigger ends at `; END ;`, any other statement at its semicolon.
    """
    start: int | None = None
    end = 0
    marked = False
    head: list[str] = []
    last: list[str] = ["", ""]
    for piece in _PIECE.finditer(script):
        text = piece[0]
        if piece.lastgroup == "comment":
            marked = marked or (start is None and text.strip() == EXPECTS_NO_ROWS)
        if piece.lastgroup in ("comment", "space"):
            end = piece.end() if piece.lastgroup == "comment" and start is not None else end
            continue
        in_trigger = bool(_TRIGGER.match(" ".join(head)))
        if text == ";" and not (in_trigger and last != [";", "END"]):
            if start is not None:
                yield script[start:end], marked
            start, marked, head, last = None, False, [], ["", ""]
            continue
        start = piece.start() if start is None else start
        end = piece.end()
        if len(head) < 3:
            head.append(text.upper())
        last = [last[1], text.upper()]
    if start is not None:
        yield script[start:end], marked
