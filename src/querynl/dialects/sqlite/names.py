"""Identifiers, literals and letter case as SQLite takes them."""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase


def keywords(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Words that are no identifier unless they are quoted: https://www.sqlite.org/lang_keywords.html, those
# without a fallback in SQLite's grammar, and GENERATED, which ends a type.
RESERVED = keywords(
    """ADD ALL ALTER AND AS AUTOINCREMENT BETWEEN CASE CHECK COLLATE COMMIT CONSTRAINT CREATE DEFAULT DEFERRABLE DELETE
    DISTINCT DROP ELSE ESCAPE EXISTS FOREIGN FROM GENERATED GROUP HAVING IN INDEX INSERT INTERSECT INTO IS ISNULL
    JOIN LIMIT NOT NOTHING NOTNULL NULL ON OR ORDER PRIMARY REFERENCES RETURNING SELECT SET TABLE THEN TO
    TRANSACTION UNION UNIQUE UPDATE USING VALUES WHEN WHERE"""
)


# Words of expressions that are names only between quotes, though SQLite's grammar might take them for one.
NEVER_NAMES = RESERVED | keywords(
    """CAST CROSS CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP END FALSE FULL GLOB INNER LEFT LIKE MATCH NATURAL OUTER
    RAISE REGEXP RIGHT TRUE"""
)

_TO_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_TO_CAPITAL = str.maketrans(ascii_lowercase, ascii_uppercase)

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quote(name: str) -> str:
    """The name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def in_expression(name: str) -> str:
    """The name as it stands in expressions: quoted where it must be."""
    return name if _PLAIN.fullmatch(name) and raised(name) not in NEVER_NAMES else quote(name)


def quoted_list(names: tuple[str, ...]) -> str:
    return ", ".join(map(quote, names))


def literal(text: str) -> str:
    """The text as a string literal."""
    return "'" + text.replace("'", "''") + "'"


def folded(name: str) -> str:
    """The name as SQLite compares it: letters of ASCII, and only those, without case."""
    return name.translate(_TO_SMALL)


def raised(text: str) -> str:
    """The text with the letters of ASCII, and only those, as capitals."""
    return text.translate(_TO_CAPITAL)
