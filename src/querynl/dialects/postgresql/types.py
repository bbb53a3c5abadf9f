"""PostgreSQL's types: their canonical spelling, which keep every value of another, and how one becomes another.

https://www.postgresql.org/docs/current/datatype.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from querynl.dialects.postgresql.spelling import element_type, words

# Portable names, and what PostgreSQL calls the same.
_PORTABLE = {"json": "jsonb", "bytes": "bytea", "double": "double precision"}

# Other spellings that the parser knows, by the one that format_type gives.
_SYNONYMS = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "decimal": "numeric",
    "dec": "numeric",
    "varchar": "character varying",
    "char varying": "character varying",
    "char": "character",
    "bpchar": "character",
    "nchar": "character",
    "national character": "character",
    "national char": "character",
    "national character varying": "character varying",
    "varbit": "bit varying",
    "string": "text",
    "datetime": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
}
_SERIALS = {
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
}
_CLOCKS = frozenset(
    {"timestamp with time zone", "timestamp without time zone", "time with time zone", "time without time zone"}
)
_FIELDS = words("year month day hour minute second") | {
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
}
_ONE_WORD = words(
    """bigint bit boolean box bytea character cid cidr circle date datemultirange daterange inet int4multirange
    int4range int8multirange int8range integer interval json jsonb jsonpath line lseg macaddr macaddr8 money name
    numeric nummultirange numrange oid path pg_lsn pg_snapshot point polygon real refcursor regclass regcollation
    regconfig regdictionary regnamespace regoper regoperator regproc regprocedure regrole regtype smallint text tid
    tsmultirange tsquery tsrange tstzmultirange tstzrange tsvector txid_snapshot uuid xid xid8 xml"""
)
_BUILT_IN = _ONE_WORD | _CLOCKS | {"character varying", "bit varying", "double precision", '"char"'}
_PARTS = re.compile(
    r"([a-z\d_\" ]+?)\s*(?:\(\s*([-\d\s,]*)\))?\s*((?:with(?:out)?\s+time\s+zone)?)\s*((?:\[\d*\]\s*)*|array)"
)


@lru_cache(maxsize=4096)
def canonical_type(text: str, *, portable: bool) -> str | None:
    """A built-in type as format_type spells it; None for a type that is not PostgreSQL's own.

    `portable`: names that all engines share come first, so that json is jsonb. SERIAL is not a type; see `serial_type`.
    """
    match = _PARTS.fullmatch(" ".join(text.lower().split()).removeprefix("pg_catalog."))
    if match is None:
        return None
    word, arguments, zone, brackets = match.groups()
    if portable:
        word = _PORTABLE.get(word, word)
    word = f"{word} {zone}" if zone else word
    name = _SYNONYMS.get(word, word)
    if name not in _BUILT_IN:
        name = _PORTABLE.get(name, name)
    spelled = _with_arguments(name, [] if arguments is None else [part.strip() for part in arguments.split(",")], word)
    return None if spelled is None else spelled + ("[]" if brackets else "")


def serial_type(text: str) -> str | None:
    """The integer type of a SERIAL, or None for anything else."""
    return _SERIALS.get(text.strip().lower())


def _with_arguments(name: str, arguments: list[str], written: str) -> str | None:
    if name == "float":
        return "real" if arguments and arguments[0].isdigit() and int(arguments[0]) <= 24 else "double precision"
    if name.startswith("interval"):
        fields = name.removeprefix("interval").strip()
        precision = f"({arguments[0]})" if arguments else ""
        return None if fields and fields not in _FIELDS else f"interval {fields}".strip() + precision
    if name not in _BUILT_IN:
        return None
    if not arguments:
        return f"{name}(1)" if name in ("character", "bit") and written != "bpchar" else name
    if name in _CLOCKS:
        first, _, rest = name.partition(" ")
        return f"{first}({arguments[0]}) {rest}"
    if name == "numeric" and len(arguments) == 1:
        arguments = [*arguments, "0"]
    return f"{name}({','.join(arguments)})"


# ------------------------------------------------------------------------------------------ widening

_STRINGS = frozenset({"text", "character varying", "character", "name"})
# Types whose text form gives the same value back.
_ROUND_TRIPS = (
    words("smallint integer bigint numeric boolean date uuid inet cidr macaddr macaddr8 real bytea jsonb json xml")
    | {"character varying", "double precision"}
    | _CLOCKS
)
LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_EXACT = {"smallint": 5, "integer": 10, "bigint": 19}
_WIDER = {
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("smallint", "real"),
    ("smallint", "double precision"),
    ("integer", "bigint"),
    ("integer", "double precision"),
    ("real", "double precision"),
    ("date", "timestamp without time zone"),
    ("json", "text"),
    ("cidr", "inet"),
}


def _split(text: str) -> tuple[str, tuple[int, ...]]:
    """The name and the arguments of a canonical type."""
    match = re.fullmatch(r"([^(]*)\(([\d,-]+)\)(.*)", text)
    if match is None:
        return text, ()
    return match[1] + match[3], tuple(map(int, match[2].split(",")))


def keeps_values(before: str, after: str) -> bool:
    """Whether every value of one type is a value of the other, and is itself again when cast back."""
    if before == after:
        return True
    old, old_arguments = _split(before)
    new, new_arguments = _split(after)
    if (old, new) in _WIDER:
        return not new_arguments
    if old == new or (old, new) == ("character varying", "text"):
        return _fits(old, old_arguments, new_arguments)
    if new == "text" or (new == "character varying" and not new_arguments):
        return old in _ROUND_TRIPS
    if new == "numeric" and old in _EXACT:
        return not new_arguments or new_arguments[0] - new_arguments[1] >= _EXACT[old]
    return False


def _fits(name: str, before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a type with other arguments loses nothing."""
    if not after:
        return name in ("character varying", "bit varying", "numeric", "interval") or name in _CLOCKS
    if name == "numeric":
        return bool(before) and after[1] >= before[1] and after[0] - after[1] >= before[0] - before[1]
    return bool(before) and name not in ("character", "bit") and after[0] >= before[0]


# ----------------------------------------------------------------------------------------- conversion

# Casts that ALTER COLUMN TYPE makes by itself: implicit and assignment casts of pg_cast.
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_ASSIGNED = (
    {(old, new) for old in _NUMBERS for new in _NUMBERS}
    | {(old, new) for old in _CLOCKS | {"date"} for new in _CLOCKS | {"date"}}
    - {("date", "time with time zone"), ("date", "time without time zone")}
    - {(old, new) for old in ("time with time zone", "time without time zone") for new in _CLOCKS | {"date"}}
    | {
        ("time without time zone", "time with time zone"),
        ("time with time zone", "time without time zone"),
        ("time without time zone", "interval"),
        ("interval", "time without time zone"),
        ("integer", "money"),
        ("bigint", "money"),
        ("numeric", "money"),
        ("money", "numeric"),
        ("bit", "bit varying"),
        ("bit varying", "bit"),
        ("json", "jsonb"),
        ("jsonb", "json"),
        ("cidr", "inet"),
        ("inet", "cidr"),
        ("macaddr", "macaddr8"),
        ("macaddr8", "macaddr"),
        ("box", "polygon"),
        ("path", "polygon"),
        ("polygon", "path"),
        ("point", "box"),
    }
) - {("timestamp without time zone", "time with time zone")}
# Casts that have to be asked for.
_EXPLICIT = (
    {("jsonb", new) for new in (*_NUMBERS, "boolean")}
    | {(old, "xml") for old in ("text", "character varying", "character")}
    | {("integer", "boolean"), ("boolean", "integer"), ("integer", "bit"), ("bigint", "bit"), ("bit", "integer")}
    | {("bit", "bigint"), ("box", "point"), ("box", "circle"), ("circle", "box"), ("circle", "polygon")}
    | {("polygon", "box"), ("polygon", "circle"), ("polygon", "point"), ("circle", "point"), ("lseg", "point")}
    | {("box", "lseg")}
    | {(f"{name}range", f"{name}multirange") for name in ("int4", "int8", "num", "date", "ts", "tstz")}
)


def conversion(column: str, before: str, after: str) -> str | None:
    """The USING expression that turns the quoted column's values into another type; None where none is needed.

    A value that has no counterpart makes it fail: an assignment cast never truncates, and a text that is not
    of the new type is refused.
    """
    array = before.endswith("[]") and after.endswith("[]")
    old, new = (_split(element_type(text))[0] for text in (before, after))
    if before.endswith("[]") != after.endswith("[]"):
        return None if after in ("text", "character varying") else f"{column}::text::{after}"
    if old == new or (old, new) in _ASSIGNED or new in _STRINGS:
        return None
    if old in _STRINGS or (old, new) in _EXPLICIT:
        return f"{column}::{after}"
    by_way_of = "text"
    if (old == "boolean" and new in _NUMBERS) or (old in ("smallint", "bigint") and new == "boolean"):
        by_way_of = "integer"
    return f"{column}::{by_way_of}{'[]' if array else ''}::{after}"


_FAMILIES = (frozenset({"smallint", "integer", "bigint"}), frozenset({"text", "character varying"}))


def comparable(before: str, after: str) -> bool:
    """Whether a foreign key holds, in the very same sense, while one side has the one type and the other the other."""
    old, new = (_split(text)[0] for text in (before, after))
    return old == new or any({old, new} <= family for family in _FAMILIES)
