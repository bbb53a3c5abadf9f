"""Declared types and their affinities: https://www.sqlite.org/datatype3.html.

SQLite keeps any text as a column's declared type and converts values by the affinity that follows from
it. A portable type is declared under its own name where that name's affinity keeps its meaning:

| portable | declared | affinity | why |
|---|---|---|---|
| identity, serial, bigserial | `INTEGER` | integer | the only type that AUTOINCREMENT takes |
| smallint, integer, bigint | `SMALLINT`, `INTEGER`, `BIGINT` | integer | |
| decimal(p,s) | `NUMERIC(p,s)` | numeric | |
| real, double | `REAL`, `DOUBLE` | real | |
| boolean | `BOOLEAN` and a check | numeric | 0 and 1 stay integers |
| text, varchar(n), char(n) | `TEXT`, `VARCHAR(n)`, `CHAR(n)` | text | |
| timestamptz, timestamp, date, time | `TEXT` | text | as `TIMESTAMP` or `DATE`, numeric, `2024` would become a number |
| json | `TEXT` | text | as `JSON`, numeric, `1.0` would become 1 |
| uuid | `TEXT` | text | as `UUID`, numeric, 32 decimal digits would become a float |
| bytes | `BLOB` | none | |
| an enum | `TEXT` and a check | text | |

A STRICT table knows no names but its own: there the affinity's own type is declared.
"""

from __future__ import annotations

import re
from typing import Literal

from querynl.dialects.sqlite.names import RESERVED, quote, raised
from querynl.types import Portable

Affinity = Literal["INTEGER", "TEXT", "BLOB", "REAL", "NUMERIC"]

STRICT_TYPES = frozenset({"INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"})

_DECLARED = {
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "serial": "INTEGER",
    "bigserial": "INTEGER",
    "decimal": "NUMERIC",
    "real": "REAL",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "text": "TEXT",
    "varchar": "VARCHAR",
    "char": "CHAR",
    "timestamptz": "TEXT",
    "timestamp": "TEXT",
    "date": "TEXT",
    "time": "TEXT",
    "json": "TEXT",
    "uuid": "TEXT",
    "bytes": "BLOB",
}
_WITH_ARGUMENTS = frozenset({"decimal", "varchar", "char"})

# Names of numeric affinity that people declare and mean, which no rule of affinity tells from a slip.
_NUMERIC_NAMES = frozenset({"NUMERIC", "DECIMAL", "BOOLEAN", "BOOL", "DATE", "DATETIME", "TIMESTAMP", "ANY", "MONEY"})

_PLAIN = re.compile(r"[A-Z_][A-Z0-9_$]*(?: [A-Z_][A-Z0-9_$]*)*(?:\([+-]?\w+(?:,[+-]?\w+)?\))?")


def declared(portable: Portable) -> str:
    """The declared type of a portable one, in canonical form."""
    arguments = portable.arguments if portable.name in _WITH_ARGUMENTS else ()
    return str(Portable(_DECLARED[portable.name], arguments))


def canonical_type(text: str) -> str:
    """The declared type in capitals, with spaces in one place each; no type is the empty text."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(raised(text).split()))


def affinity(text: str) -> Affinity:
    """The affinity that a declared type has, by SQLite's five rules in their order."""
    name = raised(text)
    if "INT" in name:
        return "INTEGER"
    if any(part in name for part in ("CHAR", "CLOB", "TEXT")):
        return "TEXT"
    if "BLOB" in name or not name:
        return "BLOB"
    if any(part in name for part in ("REAL", "FLOA", "DOUB")):
        return "REAL"
    return "NUMERIC"


def strict_type(text: str) -> str:
    """The type of a STRICT table that keeps the same values."""
    if text in STRICT_TYPES:
        return text
    kind = affinity(text)
    if text.startswith("BOOL"):
        return "INTEGER"
    return "ANY" if kind == "NUMERIC" else kind


def is_known(text: str) -> bool:
    """Whether a type says by its name what it holds; one that does not is likely a slip."""
    return affinity(text) != "NUMERIC" or text.partition("(")[0] in _NUMERIC_NAMES


def spelled(text: str) -> str:
    """The declared type as it stands in a column definition."""
    if not text or (_PLAIN.fullmatch(text) and not RESERVED.intersection(text.partition("(")[0].split())):
        return text
    return quote(text)


def widens(before: str, after: str) -> bool:
    """Whether every value of one declared type is kept as it is by the other, and back."""
    first, second = affinity(before), affinity(after)
    return second in (first, "BLOB") or {first, second} == {"INTEGER", "NUMERIC"}
