"""Portable column types: their names, arguments and spelling.

A column's type is text. In a portable schema (`dialect: null`) it is one of the names below; anything
else belongs to one engine and is kept as `Raw`. Each dialect says what a portable type becomes there.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from querynl.errors import TypeUnknown

# Name of the portable type: how many arguments it takes, at least and at most.
PORTABLE_TYPES: dict[str, tuple[int, int]] = {
    "smallint": (0, 0),
    "integer": (0, 0),
    "bigint": (0, 0),
    "serial": (0, 0),
    "bigserial": (0, 0),
    "decimal": (0, 2),
    "real": (0, 0),
    "double": (0, 0),
    "boolean": (0, 0),
    "text": (0, 0),
    "varchar": (0, 1),
    "char": (0, 1),
    "timestamptz": (0, 1),
    "timestamp": (0, 1),
    "date": (0, 0),
    "time": (0, 1),
    "json": (0, 0),
    "uuid": (0, 0),
    "bytes": (0, 0),
}

# Other spellings of the SQL standard and of everyday speech.
_SYNONYMS = {
    "int": "integer",
    "numeric": "decimal",
    "bool": "boolean",
    "float": "double",
    "double precision": "double",
    "character varying": "varchar",
    "character": "char",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "datetime": "timestamp",
    "string": "text",
}

# One type and nothing more: words, perhaps quoted and qualified, with arguments and array brackets.
# All beyond ASCII may begin a name; said as "not ASCII", for a range up to the last character is slow to compile.
_WORD = r'(?:(?:[A-Za-z_]|[^\x00-\x7f])[\w$]*|"(?:[^"\x00]|"")+")'
# A backslash before a quote ends a text for some engines and not for others.
_ARGUMENT = r"(?:[+-]?\d+|[A-Za-z_]\w*|'(?:[^'\\]|''|\\[^'])*')"
_ONE_TYPE = re.compile(
    rf"\s*{_WORD}(?:\.{_WORD})*(?:\s+{_WORD})*\s*(?:\(\s*{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})*\s*\))?"
    rf"(?:\s+{_WORD})*\s*(?:\[\d*\]\s*)*",
)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
# What may follow a type in a column's definition, and is told by other keys of the schema file.
_NO_PART_OF_A_TYPE = {
    *("not", "null", "default", "primary", "unique", "references", "check", "constraint", "generated", "comment"),
    *("auto_increment", "autoincrement"),
}
_PORTABLE = re.compile(r"([a-z][a-z ]*?)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?")


class Portable(Struct, frozen=True):
    """A type every engine has in some form, such as `varchar(200)`."""

    name: str
    arguments: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({','.join(map(str, self.arguments))})" if self.arguments else self.name


class Raw(Struct, frozen=True):
    """A type of one engine, in that engine's own words, or the name of an enum."""

    dialect: str | None
    text: str

    def __str__(self) -> str:
        return self.text


ColumnType = Portable | Raw


@lru_cache(maxsize=4096)
def parse_type(text: str, dialect: str | None = None) -> ColumnType:
    """The type that a text names.

    Raises TypeUnknown for a text that is not one single type, such as `INTEGER; DROP TABLE users`.
    Whether an engine has a `Raw` type is for its dialect to say.
    """
    folded = " ".join(text.lower().split())
    if match := _PORTABLE.fullmatch(folded):
        name = _SYNONYMS.get(match[1], match[1])
        arguments = tuple(int(argument) for argument in match.groups()[1:] if argument)
        least, most = PORTABLE_TYPES.get(name, (0, -1))
        if least <= len(arguments) <= most:
            return Portable(name, arguments)
    words = _QUOTED.sub("", folded).replace("(", " ").split()
    if not _ONE_TYPE.fullmatch(text) or not _NO_PART_OF_A_TYPE.isdisjoint(words):
        raise TypeUnknown(f"{text!r} is not a column type.", remedy="Write one type, such as varchar(200).")
    return Raw(dialect, text.strip())
