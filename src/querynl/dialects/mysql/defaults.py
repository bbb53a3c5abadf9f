"""Column defaults in one spelling: numbers bare, texts quoted, expressions in parentheses as the engine wants them.

https://dev.mysql.com/doc/refman/9.5/en/data-type-defaults.html, https://mariadb.com/kb/en/create-table/#default
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import STRING, in_parentheses, literal, restored, unquoted
from querynl.dialects.mysql.types import ServerType, kept

# All spellings of the one moment, with or without the digits of its fraction.
_NOW = re.compile(r"(?:current_timestamp|now|localtime|localtimestamp)(?:\s*\(\s*(\d*)\s*\))?", re.I)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.I)
_BITS = re.compile(r"[bx]'[0-9a-f]*'|0[xb][0-9a-f]+", re.I)
_CALL = re.compile(r"\w+\s*(\(.*\))", re.S)


def now(server: Server, digits: int) -> str:
    """The current moment as the engine itself spells it in a default."""
    if server.is_mariadb:
        return f"current_timestamp({digits or ''})"
    return f"CURRENT_TIMESTAMP({digits})" if digits else "CURRENT_TIMESTAMP"


def is_now(text: str) -> bool:
    """Whether a default is the current moment, which MySQL takes without parentheses."""
    return _NOW.fullmatch(text.strip()) is not None


def of_catalog(text: str | None, column_type: str, server: Server, *, computed: bool) -> str | None:
    """The default from COLUMN_DEFAULT; `computed`: MySQL's EXTRA has DEFAULT_GENERATED."""
    if text is None or (server.is_mariadb and text == "NULL"):
        return None
    if computed:
        return text if is_now(text) else f"({restored(text)})"
    found = kept(column_type)
    is_year = found.base == "year" and text.isdigit()  # which MariaDB shows as a number and MySQL as a text
    if _BITS.fullmatch(text) or (server.is_mariadb and not is_year):
        return text
    return text if found.is_number else literal(text)


def localised(text: str | None, column_type: str, server: Server) -> str | None:
    """A declared default, already known to be one expression, in the spelling above."""
    if text is None or text.strip().lower() in ("null", "(null)"):
        return None
    text, found = text.strip(), kept(column_type)
    if is_now(text):
        return now(server, found.fraction if found.is_temporal else 0)
    if text.lower() in ("true", "false"):
        text = "1" if text.lower() == "true" else "0"
    bare = unquoted(text) if re.fullmatch(STRING, text, re.S) else text
    if found.is_number and _NUMBER.fullmatch(bare):
        return _number(bare, found)
    if re.fullmatch(STRING, text, re.S) or _NUMBER.fullmatch(text) or _BITS.fullmatch(text):
        value = literal(bare) if not _BITS.fullmatch(text) else text
        return f"({value})" if found.is_large and not server.is_mariadb else value
    return _expression(text, server)


def _expression(text: str, server: Server) -> str:
    if in_parentheses(text):
        return text
    call = _CALL.fullmatch(text)
    if server.is_mariadb and call is not None and in_parentheses(call[1]):
        return text
    return f"({text})"


def _number(text: str, found: ServerType) -> str:
    """The number as the catalog shows it: a decimal with all the digits of its scale."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    if found.base == "decimal":
        return f"{value:.{found.fraction}f}"
    return text.lstrip("+")
