"""Column types of MySQL and MariaDB: their canonical spelling, what portable types become, which ones widen.

https://dev.mysql.com/doc/refman/9.5/en/data-types.html, https://mariadb.com/kb/en/data-types/
"""

from __future__ import annotations

import re

from msgspec import Struct

from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import STRING, literal, unquoted
from querynl.errors import TypeUnknown
from querynl.schema import Column
from querynl.types import Portable, parse_type

# How wide each integer is shown, signed and unsigned, where nobody asked for another width.
_INTEGERS = {"tinyint": (4, 3), "smallint": (6, 5), "mediumint": (9, 8), "int": (11, 10), "bigint": (20, 20)}
_APPROXIMATE = {"float", "double"}
_NUMBERS = {*_INTEGERS, *_APPROXIMATE, "decimal"}
_TEXTS = ("tinytext", "text", "mediumtext", "longtext")
_BLOBS = ("tinyblob", "blob", "mediumblob", "longblob")
_TEMPORAL = {"time", "datetime", "timestamp"}
_GEOMETRY = {
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
}
# MariaDB refuses them in place of numbers and times (error 4078): https://mariadb.com/kb/en/uuid-data-type/
_ADDRESSES = {"uuid", "inet4", "inet6"}
_CHARACTERS = {"char", "varchar", *_TEXTS, "enum", "set"}
_STRINGS = {"char", "varchar", *_TEXTS, "binary", "varbinary", *_BLOBS, "json"}
_BOTH = {*_NUMBERS, *_CHARACTERS, *_BLOBS, *_TEMPORAL, *_GEOMETRY, "binary", "varbinary", "bit", "date", "year", "json"}
_ONLY = {"mysql": {"vector"}, "mariadb": {"vector", "uuid", "inet4", "inet6", "xmltype"}}

# The engine's own other names: https://dev.mysql.com/doc/refman/9.5/en/other-vendor-data-types.html
_SYNONYMS = {
    "integer": "int",
    "int1": "tinyint",
    "int2": "smallint",
    "int3": "mediumint",
    "int4": "int",
    "int8": "bigint",
    "middleint": "mediumint",
    "dec": "decimal",
    "numeric": "decimal",
    "fixed": "decimal",
    "float4": "float",
    "float8": "double",
    "double precision": "double",
    "real": "double",
    "character": "char",
    "character varying": "varchar",
    "bool": "tinyint(1)",
    "boolean": "tinyint(1)",
    "serial": "bigint unsigned",
    "long": "mediumtext",
    "long varchar": "mediumtext",
    "long varbinary": "mediumblob",
    "geomcollection": "geometrycollection",
}
_PORTABLE = {
    "integer": "int",
    "serial": "int",
    "bigserial": "bigint",
    "real": "float",
    "boolean": "tinyint(1)",
    # The portable type has no limit; this one is the longest that every engine of the family can index.
    "varchar": "varchar(255)",
    # An instant, kept in UTC by convention: TIMESTAMP ends in 2038.
    "timestamptz": "datetime(6)",
    "timestamp": "datetime(6)",
    "uuid": "char(36)",
    "bytes": "longblob",
}
_DEFAULT_ARGUMENTS = {"decimal": "10,0", "bit": "1", "char": "1", "binary": "1"}
_WORDS = {"unsigned", "signed", "zerofill"}


class ServerType(Struct, frozen=True):
    """A type taken apart: `decimal(10,2) unsigned` is base decimal, arguments `10,2`, words {unsigned}."""

    base: str
    arguments: str = ""
    words: frozenset[str] = frozenset()

    def __str__(self) -> str:
        arguments = f"({self.arguments})" if self.arguments else ""
        return " ".join([self.base + arguments, *(word for word in ("unsigned", "zerofill") if word in self.words)])

    @property
    def sizes(self) -> tuple[int, ...]:
        """The numbers among the arguments."""
        return tuple(map(int, re.findall(r"\d+", self.arguments))) if self.base not in ("enum", "set") else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """The values of an enum or set."""
        return tuple(unquoted(text) for text in re.findall(STRING, self.arguments, re.S))

    @property
    def is_number(self) -> bool:
        return self.base in _NUMBERS

    @property
    def has_characters(self) -> bool:
        """Whether its values have a character set."""
        return self.base in _CHARACTERS

    @property
    def is_large(self) -> bool:
        """Whether MySQL takes no literal default for it, only an expression."""
        return self.base in (*_TEXTS, *_BLOBS, *_GEOMETRY, "json", "vector")

    @property
    def is_temporal(self) -> bool:
        return self.base in _TEMPORAL

    @property
    def fraction(self) -> int:
        """Digits kept after the decimal point; of a time, those of a second."""
        sizes = self.sizes
        if self.base == "decimal":
            return sizes[1] if len(sizes) > 1 else 0
        return sizes[0] if self.base in _TEMPORAL and sizes else 0


def enum_type(labels: tuple[str, ...]) -> str:
    return f"enum({','.join(map(literal, labels))})"


def kept(text: str) -> ServerType:
    """A type taken apart, its base in lower case; what follows the arguments counts as words."""
    head, opening, tail = text.strip().partition("(")
    arguments, _, after = tail.rpartition(")") if opening else ("", "", "")
    names, words = head.lower().split(), after.lower().split()
    while names and names[-1] in _WORDS:
        words.append(names.pop())
    return ServerType(" ".join(names), arguments.strip(), frozenset(words))


def canonical(column_type: str, server: Server) -> str:
    """The type as this model has it, from COLUMN_TYPE of the catalog: without the widths nobody asked for."""
    found = kept(column_type)
    if found.base in ("year", "geomcollection"):
        return _SYNONYMS.get(found.base, found.base)
    if found.base in _INTEGERS and found.arguments:
        return str(_without_width(found, server))
    return column_type


def _without_width(found: ServerType, server: Server) -> ServerType:
    if "zerofill" in found.words or (found.base, found.arguments, found.words) == ("tinyint", "1", frozenset()):
        return found
    usual = _INTEGERS[found.base]["unsigned" in found.words]
    if server.keeps_display_widths and found.sizes != (usual,):
        return found
    return ServerType(found.base, "", found.words)


def localised(text: str, server: Server, *, pinned: bool) -> str:
    """The canonical type of this engine for a declared one.

    `pinned`: the schema is this engine's own, so its meaning of a name comes first. Raises TypeUnknown.
    """
    parsed = parse_type(text, server.name)
    if isinstance(parsed, Portable) and not (pinned and _is_own(text, server)):
        return _of_portable(parsed, server)
    return _of_own(text, server)


def _is_own(text: str, server: Server) -> bool:
    base = kept(text).base
    return base in _SYNONYMS or base in _BOTH or (base in _ONLY[server.name] and (base != "uuid" or server.has_uuid))


def _of_portable(parsed: Portable, server: Server) -> str:
    name, arguments = parsed.name, ",".join(map(str, parsed.arguments))
    if name == "uuid" and server.has_uuid:
        return "uuid"
    if name in ("timestamp", "timestamptz") and arguments:
        return f"datetime({arguments})" if arguments != "0" else "datetime"
    if arguments and name in ("varchar", "char", "decimal", "time"):
        return _of_own(f"{name}({arguments})", server)
    return _PORTABLE.get(name) or _of_own(name, server)


def _of_own(text: str, server: Server) -> str:
    found = kept(text)
    base, words = _SYNONYMS.get(found.base, found.base), found.words
    if not base.isalnum():  # a synonym for a whole type, such as `tinyint(1)`
        return base
    if base not in _BOTH | _ONLY[server.name] or not words <= _WORDS or (words and base not in _NUMBERS):
        raise _unknown(text, server)
    words = (words | {"unsigned"} if "zerofill" in words else words) - {"signed"}
    return str(_settled(base, found.arguments, words, text, server))


def _settled(base: str, arguments: str, words: frozenset[str], text: str, server: Server) -> ServerType:
    """The type with the arguments the engine would remember."""
    if base in ("enum", "set"):
        arguments = ",".join(literal(unquoted(label)) for label in re.findall(STRING, arguments, re.S))
    else:
        arguments = arguments.replace(" ", "") or _DEFAULT_ARGUMENTS.get(base, "")
    if base == "decimal" and "," not in arguments:
        arguments += ",0"
    if base == "float" and arguments.isdigit():
        base, arguments = ("double" if int(arguments) > 24 else "float"), ""
    if arguments == "0" and base in _TEMPORAL:
        arguments = ""
    if base in _INTEGERS:
        if "zerofill" in words and not arguments:
            arguments = str(_INTEGERS[base][1])
        return _without_width(ServerType(base, arguments, words), server)
    needs_arguments = base in ("varchar", "varbinary", "enum", "set")
    if (needs_arguments and not arguments) or (base in (*_TEXTS, *_BLOBS) and arguments):
        raise _unknown(text, server)
    return ServerType(base, "" if base == "year" else arguments, words)


def _unknown(text: str, server: Server) -> TypeUnknown:
    engine = "MariaDB" if server.is_mariadb else "MySQL"
    return TypeUnknown(f"{text!r} is not a column type of {engine}.", remedy="Write one type, such as varchar(200).")


# ------------------------------------------------------------------------------------------- widening


def widens(before: Column, after: Column) -> bool:
    """Whether every value of the old type is kept, and comes back unchanged, by the new one."""
    old, new = kept(before.type), kept(after.type)
    if (before.charset, before.collation) != (after.charset, after.collation):
        return False
    return old == new or _widens(old, new)


def _widens(old: ServerType, new: ServerType) -> bool:
    if old.base in ("enum", "set") and new.base == old.base:
        return new.labels[: len(old.labels)] == old.labels
    if old.is_number and new.is_number:
        return _widens_number(old, new)
    for ladder in (_TEXTS, _BLOBS):
        if old.base in ladder and new.base in ladder:
            return ladder.index(new.base) >= ladder.index(old.base)
    if old.base in ("char", "varchar") and new.base in ("varchar", old.base):
        return new.sizes >= old.sizes
    if old.base == new.base == "varbinary" or old.base == new.base == "bit":
        return new.sizes >= old.sizes
    if old.base in _TEMPORAL and (old.base == new.base or (old.base, new.base) == ("timestamp", "datetime")):
        return new.fraction >= old.fraction
    return False


def _widens_number(old: ServerType, new: ServerType) -> bool:
    if old.base in _INTEGERS and new.base in _INTEGERS:
        ranks = list(_INTEGERS)
        wider = ranks.index(new.base) - ranks.index(old.base)
        if "unsigned" in new.words:
            return "unsigned" in old.words and wider >= 0
        return wider > 0 if "unsigned" in old.words else wider >= 0
    if "unsigned" in new.words and "unsigned" not in old.words:
        return False
    if old.base == new.base == "decimal":
        (old_digits, old_scale), (new_digits, new_scale) = old.sizes, new.sizes
        return new_scale >= old_scale and new_digits - new_scale >= old_digits - old_scale
    return (old.base, new.base) == ("float", "double") and not new.arguments


def converts(before: str, after: str) -> bool:
    """Whether the engine turns values of one type into the other at all; some types know only their text."""
    old, new = kept(before).base, kept(after).base
    for own in (_ADDRESSES, _GEOMETRY):
        if (old in own) != (new in own):
            return own is _ADDRESSES and {old, new} - own <= _STRINGS
    return True


def loses_silently(before: str, after: str) -> bool:
    """Whether a conversion rounds values with no more than a note, even in strict mode.

    What does not fit otherwise (too long, out of range, not a number) is an error there:
    https://dev.mysql.com/doc/refman/9.5/en/sql-mode.html#sql-mode-strict
    """
    old, new = kept(before), kept(after)
    if old.base in ("decimal", *_APPROXIMATE):
        exact = {*_INTEGERS, "decimal"}
        return new.base in exact and (old.base in _APPROXIMATE or new.fraction < old.fraction)
    if old.base in ("datetime", "timestamp"):
        return new.base in ("date", "time") or (new.base in _TEMPORAL and new.fraction < old.fraction)
    return old.base == new.base == "time" and new.fraction < old.fraction


def cast_target(column_type: str) -> str:
    """The type as CAST takes it: https://dev.mysql.com/doc/refman/9.5/en/cast-functions.html#function_cast."""
    found = kept(column_type)
    if found.base in _INTEGERS:
        return "UNSIGNED" if "unsigned" in found.words else "SIGNED"
    if found.base == "timestamp":
        return str(ServerType("datetime", found.arguments))
    return str(ServerType(found.base, found.arguments)).upper()
