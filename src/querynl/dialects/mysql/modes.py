"""SQL modes under which a program's text means something else, and which are therefore part of it.

The server keeps with each routine, trigger and event the mode it was made in:
https://dev.mysql.com/doc/refman/9.5/en/sql-mode.html, https://mariadb.com/kb/en/sql-mode/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from querynl.dialects.protocol import Statement
from querynl.errors import SchemaInvalid
from querynl.schema import OptionValue

_READING = frozenset(
    {
        *("ANSI_QUOTES", "EMPTY_STRING_IS_NULL", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES"),
        *("ORACLE", "PIPES_AS_CONCAT", "REAL_AS_FLOAT"),
    }
)
# Of these functions alone: https://dev.mysql.com/doc/refman/9.5/en/function-resolution.html. MariaDB's own driver for
# Java has the mode in all of its sessions.
_SPACED_CALL = re.compile(
    r"\b(?:ADDDATE|BIT_AND|BIT_OR|BIT_XOR|CAST|COUNT|CURDATE|CURTIME|DATE_ADD|DATE_SUB|EXTRACT|GROUP_CONCAT|MAX|MID|MIN|NOW"
    r"|POSITION|SESSION_USER|STD|STDDEV|STDDEV_POP|STDDEV_SAMP|SUBDATE|SUBSTR|SUBSTRING|SUM|SYSDATE|SYSTEM_USER|TRIM"
    r"|VARIANCE|VAR_POP|VAR_SAMP)\s+\(",
    re.IGNORECASE,
)


def of_catalog(sql_mode: str, text: str) -> dict[str, OptionValue]:
    """The option that says which of these modes a program's text was read in, from SQL_MODE.

    Blanks between a function's name and its bracket count for something only where there are some.
    """
    modes = set(sql_mode.split(","))
    if not _SPACED_CALL.search(text):
        modes.discard("IGNORE_SPACE")
    found = sorted(_READING & modes)
    return {"sql_mode": ",".join(found)} if found else {}


def check(options: Mapping[str, OptionValue], where: str) -> None:
    """Raise SchemaInvalid for an option of a declared program that is none of these modes."""
    for key, value in options.items():
        if key != "sql_mode":
            raise SchemaInvalid(f"{key!r} is no option of it.", where=f"{where}.{key}")
        if unknown := set(str(value).split(",")) - _READING:
            raise SchemaInvalid(
                f"{', '.join(sorted(unknown))!r} does not change how a text is read.",
                where=f"{where}.sql_mode",
                remedy=f"Name some of {', '.join(sorted(_READING))}, or none.",
            )


def made_in(text: str, options: Mapping[str, OptionValue]) -> Iterator[Statement]:
    """The statement that makes a program, in its mode; what follows is read as before."""
    modes = str(options.get("sql_mode", ""))
    if modes:
        yield Statement(f"SET SESSION sql_mode = CONCAT(@@sql_mode, ',{modes}')", session=True)
    yield Statement(text)
    if modes:
        without = "@@sql_mode"
        for mode in re.findall(r"\w+", modes):
            without = f"REPLACE({without}, '{mode}', '')"
        yield Statement(f"SET SESSION sql_mode = {without}", session=True)
