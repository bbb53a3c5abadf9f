"""What a script says, whatever its layout: its words, literals and signs, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter

EXPECTS_NO_ROWS = "-- querynl: expects no rows"

# A line that means something is no gap.
LINE_COMMENT = rf"--(?!{EXPECTS_NO_ROWS[2:]}[^\S\n]*(?:\n|\Z))[^\n]*+"
STRING = r"'(?:[^']++|'')*+(?:'|\Z)"
QUOTED_NAME = r'"(?:[^"]++|"")*+(?:"|\Z)'

# `a=-1` has two operators and `a@-1` one: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS
_OPERATOR = (
    r"(?:(?!--|/\*)[-+*/<>=])*[~!@%^&|?](?:(?!--|/\*)[-+*/<>=~!@%^&|?])*"
    r"|(?:(?!/\*)[*/<>=])+"
)


def tokens_pattern(gap: str, literal: str) -> re.Pattern[str]:
    """The pattern of one token, its first group, with what may stand before it: blanks, and the engine's comments."""
    # The most frequent ones first.
    token = rf"(?![eE]')\w[\w$]*+|[(),;]|{literal}|{EXPECTS_NO_ROWS}|{_OPERATOR}|."
    return re.compile(rf"(?:\s++|{gap})*+({token})?", re.DOTALL)


def tokens_of(script: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """The tokens of a script, by the pattern of its engine; one pass, whatever its length."""
    return filter(None, map(itemgetter(1), pattern.finditer(script)))


def reach(pattern: re.Pattern[str], script: str, start: int) -> int:
    """How far a pattern that matches everywhere, if only the empty text, goes from there."""
    found = pattern.match(script, start)
    assert found is not None, "the empty text is everywhere"
    return found.end()
