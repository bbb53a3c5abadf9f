"""What a script says, whatever its layout: its words, literals and signs, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter

EXPECTS_NO_ROWS = "-- querynl: expects no rows"


def repeated(alternatives: str) -> str:
    """A pattern of as many of the alternatives as follow each other, of which none is given back.

    Python before 3.11.5 takes what the last, failed one had read for a part of the whole
    (https://github.com/python/cpython/issues/106052), but not of an atomic group.
    """
    return f"(?:(?>{alternatives}))*+"


# A line that means something is no gap.
LINE_COMMENT = rf"--(?!{EXPECTS_NO_ROWS[2:]}[^\S\n]*(?:\n|\Z))[^\n]*+"
STRING = "'" + repeated("[^']++|''") + r"(?:'|\Z)"
QUOTED_NAME = '"' + repeated('[^"]++|""') + r'(?:"|\Z)'

# `a=-1` has two operators and `a@-1` one: https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-OPERATORS
_OPERATOR = (
    r"(?:(?!--|/\*)[-+*/<>=])*[~!@%^&|?](?:(?!--|/\*)[-+*/<>=~!@%^&|?])*"
    r"|(?:(?!/\*)[*/<>=])+"
)


def tokens_pattern(gap: str, literal: str) -> re.Pattern[str]:
    """The pattern of one token, its first group, with what may stand before it: blanks, and the engine's comments."""
    # The most frequent ones first.
    token = rf"(?![eE]')\w[\w$]*+|[(),;]|{literal}|{EXPECTS_NO_ROWS}|{_OPERATOR}|."
    return re.compile(repeated(rf"\s++|{gap}") + f"({token})?", re.DOTALL)


def tokens_of(script: str, pattern: re.Pattern[str]) -> Iterator[str]:
    """The tokens of a script, by the pattern of its engine; one pass, whatever its length."""
    return filter(None, map(itemgetter(1), pattern.finditer(script)))


def reach(pattern: re.Pattern[str], script: str, start: int) -> int:
    """How far a pattern that matches everywhere, if only the empty text, goes from there."""
    found = pattern.match(script, start)
    assert found is not None, "the empty text is everywhere"
    return found.end()
