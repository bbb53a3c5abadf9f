"""How MySQL and MariaDB write identifiers and string literals, and how their catalogs escape them."""

from __future__ import annotations

import re
from contextlib import suppress

# https://dev.mysql.com/doc/refman/9.5/en/identifier-length.html
NAME_LENGTH = 64

_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPED = re.compile(r"\\(.)|''", re.S)

STRING = r"'(?:[^'\\]|''|\\.)*'"
NAME = r"`(?:[^`]|``)*`"


def quote(name: str) -> str:
    """The identifier in backticks: https://dev.mysql.com/doc/refman/9.5/en/identifiers.html."""
    return "`" + name.replace("`", "``") + "`"


def name_in(quoted: str) -> str:
    """The name that an identifier in backticks is of."""
    return quoted[1:-1].replace("``", "`")


def quoted_list(names: tuple[str, ...]) -> str:
    return ", ".join(map(quote, names))


def literal(text: str) -> str:
    """The text as a string literal: https://dev.mysql.com/doc/refman/9.5/en/string-literals.html.

    Backslashes are doubled, so the session must not have NO_BACKSLASH_ESCAPES.
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def unquoted(text: str) -> str:
    """The value of a string literal."""
    return _ESCAPED.sub(lambda match: "'" if match[1] is None else _ESCAPES.get(match[1], match[1]), text[1:-1])


# A negative number is shown as -(1) until an ALTER TABLE copies the table, and as -1 from then on.
_NEGATIVE = re.compile(rf"{STRING}|`(?:[^`]|``)*`|-\((\d+(?:\.\d+)?)\)", re.S)


def restored(text: str) -> str:
    """An expression as SHOW CREATE TABLE has it, from what MySQL's INFORMATION_SCHEMA makes of it.

    There quotes and backslashes are escaped once more (https://github.com/rails/rails/issues/42424), and
    letters beyond ASCII are UTF-8 read as Latin-1 (https://github.com/vrana/adminer/issues/1297).
    """
    plain = re.sub(r"\\(.)", r"\1", text, flags=re.S)
    with suppress(UnicodeError):
        plain = plain.encode("latin-1").decode("utf-8")
    return _NEGATIVE.sub(lambda match: match[0] if match[1] is None else f"-{match[1]}", plain)


def in_parentheses(text: str) -> bool:
    """Whether one pair of parentheses encloses the whole expression."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for match in re.finditer(rf"{STRING}|\"(?:[^\"\\]|\"\"|\\.)*\"|`(?:[^`]|``)*`|[()]", text, re.S):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0 and match.end() < len(text):
            return False
    return True
