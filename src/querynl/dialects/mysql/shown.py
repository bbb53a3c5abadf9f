"""What only SHOW CREATE TABLE tells of a table, taken from its lines.

INFORMATION_SCHEMA keeps silent about index types and collations that were asked for by name, parsers,
column formats, table spaces, periods, and half of what there is to a partition:
https://dev.mysql.com/doc/refman/9.5/en/show-create-table.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from querynl.dialects.mysql import partitions
from querynl.dialects.mysql.options import SAY_NOTHING
from querynl.dialects.mysql.spelling import NAME, STRING, name_in, quote, unquoted
from querynl.dialects.protocol import Reader
from querynl.schema import OptionValue

_CHARACTER_SET = re.compile(r"[^ ]+(?:\([^)]*\))?(?: /\*M!\d+ COMPRESSED\*/)? CHARACTER SET (?P<charset>\w+)")
_CHECK = re.compile(rf"{STRING}|{NAME}| CHECK \((?P<check>.*)\),?$", re.S)
_KEY = re.compile(rf"  (?:\w+ )?KEY (?P<name>{NAME})?")
_PERIOD = re.compile(rf"  PERIOD FOR (?P<name>SYSTEM_TIME|{NAME}) \((?P<columns>.*)\),?")
_WITHOUT_OVERLAPS = re.compile(rf",(?P<period>{NAME}) WITHOUT OVERLAPS\)")
# Texts, names and parentheses are stepped over, so that what stands in a comment is not taken for an attribute.
_STEP = re.compile(rf"{STRING}|{NAME}|[()]", re.S)
_ATTRIBUTE = re.compile(
    rf"(?:(?P<key>(?:SECONDARY_)?ENGINE_ATTRIBUTE|STORAGE|COLUMN_FORMAT|USING|WITH PARSER)[ =]"
    rf"(?P<value>{STRING}|{NAME}|\w+))|(?P<unknown>{STRING}|{NAME})",
    re.S,
)
_OPTION = re.compile(
    rf"(?P<key>`\w+`|[A-Z][A-Z_]*(?: DIRECTORY)?)(?:=|(?<=TABLESPACE) )(?P<value>{STRING}|\([^)]*\)|{NAME}|\w+)"
    rf"|(?P<versioned>WITH SYSTEM VERSIONING)|{STRING}|{NAME}",
    re.S,
)
# Told by INFORMATION_SCHEMA, or, as the next number to be given, no part of a schema.
_KNOWN_OTHERWISE = {"engine", "charset", "collate", "comment", "auto_increment"}


class Shown(Struct, frozen=True):
    """The parts of one CREATE TABLE: the rest of each column's and key's line by name, and what stands after them."""

    columns: Mapping[str, str]
    keys: Mapping[str, str]
    options: Mapping[str, OptionValue]

    def charset(self, column: str) -> str | None:
        """The character set that the column was given by name."""
        found = _CHARACTER_SET.match(_without_texts(self.columns[column]))
        return found["charset"] if found else None

    def column_attributes(self, column: str) -> dict[str, OptionValue]:
        return {
            key: str(value).lower() if key in ("storage", "column_format") else value
            for key, value in _attributes(self.columns[column])
            if key != "using"
        }

    def column_check(self, column: str) -> str | None:
        """What MariaDB's column must fulfil; its INFORMATION_SCHEMA calls a renamed column's check by the old name."""
        return next((found["check"] for found in _CHECK.finditer(self.columns[column]) if found["check"]), None)

    def binary_default(self, column: str) -> str | None:
        """The default of a binary column as hexadecimal digits."""
        found = re.search(rf" DEFAULT ({STRING}|0x[0-9A-F]+)", self.columns[column], re.S)
        if found is None or found[1].startswith("0x"):
            return None if found is None else found[1]
        return "0x" + unquoted(found[1]).encode("utf-8", "surrogateescape").hex().upper()

    def using(self, key: str) -> str | None:
        """The index type that was asked for by name."""
        return next((str(value).lower() for name, value in _attributes(_tail(self.keys[key])) if name == "using"), None)

    def key_attributes(self, key: str) -> dict[str, OptionValue]:
        """What a key is beside its columns; KEY_BLOCK_SIZE is left out, which MariaDB takes from the table at times."""
        found = {
            "parser" if name == "with parser" else name: value
            for name, value in _attributes(_tail(self.keys[key]))
            if name != "using"
        }
        if overlaps := _WITHOUT_OVERLAPS.search(self.keys[key]):
            found["without_overlaps"] = name_in(overlaps["period"])
        return found

    @property
    def periods(self) -> set[str]:
        """The names of the periods, for each of which the engine has a check."""
        return {key.removeprefix("period ") for key in self.options if key.startswith("period ")}


def tables(reader: Reader, names: Iterable[str]) -> dict[str, Shown]:
    """What is shown of each table, one question for each; see docs/decisions/0012.

    MariaDB shows the bytes of binary defaults as they are, which are no text in any character set.
    """
    reader.rows("SET SESSION character_set_results = binary")
    try:
        texts = {name: reader.rows(f"SHOW CREATE TABLE {quote(name)}")[0][1] for name in names}
    finally:
        reader.rows("SET SESSION character_set_results = utf8mb4")
    return {name: taken_apart(text.decode("utf-8", "surrogateescape")) for name, text in texts.items()}


def taken_apart(text: str) -> Shown:
    columns: dict[str, str] = {}
    keys: dict[str, str] = {}
    options: dict[str, OptionValue] = {}
    body, _, end = text.partition("\n)")
    for line in body.split("\n")[1:]:
        if column := re.match(rf"  ({NAME}) ", line):
            columns[name_in(column[1])] = line[column.end() :]
        elif period := _PERIOD.fullmatch(line):
            options[f"period {_bare(period['name'])}"] = period["columns"]
        elif key := _KEY.match(line):
            keys[_bare(key["name"] or "PRIMARY")] = line[key.end() :]
    first, _, rest = end.partition("\n")
    options.update(_options(first))
    if rest:
        engine = re.search(r"ENGINE=(\w+)", first)
        options["partition_by"] = partitions.of_create_table(rest, engine[1] if engine else "")
    return Shown(columns, keys, options)


def _bare(name: str) -> str:
    return name_in(name) if name.startswith("`") else name


def _options(line: str) -> Iterator[tuple[str, OptionValue]]:
    for match in _OPTION.finditer(line):
        if match["versioned"]:
            yield "system_versioning", True
        elif match["key"]:
            key = match["key"].strip("`").lower().replace(" ", "_")
            value = _value(match["value"])
            if key not in _KNOWN_OTHERWISE and (key, value) not in SAY_NOTHING:
                yield key, str(value).lower() if key == "row_format" else value


def _attributes(text: str) -> Iterator[tuple[str, OptionValue]]:
    for match in _ATTRIBUTE.finditer(text):
        if match["key"]:
            yield match["key"].lower(), _value(match["value"])


def _value(text: str) -> OptionValue:
    if text.startswith("'"):
        return unquoted(text)
    return int(text) if text.isdigit() else _bare(text)


def _tail(line: str) -> str:
    """What stands after the columns of a key."""
    depth = 0
    for match in _STEP.finditer(line):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if match[0] == ")" and depth == 0:
            return line[match.end() :]
    return ""


def _without_texts(line: str) -> str:
    return re.sub(STRING, "''", line, flags=re.S)
