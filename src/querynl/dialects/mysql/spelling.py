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


# The character sets of literals that are as well literals in UTF-8, and what Python calls them. Where one is compared
# with a column, MySQL converts it to the column's character set, but not before an ALTER TABLE copies the table.
_CODECS = {
    "utf8mb4": "utf-8", "utf8mb3": "utf-8", "ascii": "ascii", "latin1": "cp1252",
    "latin2": "iso8859-2", "latin5": "iso8859-9", "latin7": "iso8859-13", "greek": "iso8859-7",
    "hebrew": "iso8859-8", "cp850": "cp850", "cp852": "cp852", "cp866": "cp866", "cp1250": "cp1250",
    "cp1251": "cp1251", "cp1256": "cp1256", "cp1257": "cp1257", "koi8r": "koi8-r",
    "koi8u": "koi8-u", "tis620": "tis-620", "macroman": "mac-roman",
}  # fmt: skip
_QUOTED = re.compile(rf"(?:\b_(?P<charset>\w+))?(?P<text>{STRING})(?P<collated> collate)?|(?P<name>{NAME})", re.S)


def restored(text: str) -> str:
    """An expression as SHOW CREATE TABLE has it, from what MySQL's INFORMATION_SCHEMA makes of it.

    There quotes and backslashes are escaped once more (https://github.com/rails/rails/issues/42424), and
    the bytes of letters beyond ASCII are read as Latin-1 (https://github.com/vrana/adminer/issues/1297).
    Literals are in UTF-8 where no collation follows that is of another character set.
    """
    plain = _QUOTED.sub(_in_utf8, re.sub(r"\\(.)", r"\1", text, flags=re.S))
    return _NEGATIVE.sub(lambda match: match[0] if match[1] is None else f"-{match[1]}", plain)


def _in_utf8(match: re.Match[str]) -> str:
    charset = (match["charset"] or "utf8mb4").lower()
    codec = _CODECS.get(charset)
    if match["collated"] and codec != "utf-8":
        return match[0]
    with suppress(UnicodeError):
        decoded = match[0].encode("latin-1").decode(codec or "ascii")
        is_other = codec is not None and match["charset"] is not None and not match["collated"]
        return decoded.replace(f"_{match['charset']}", "_utf8mb4", 1) if is_other else decoded
    return match[0]


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
