"""Table options: which there are, how the catalog and how SQL spell them.

https://dev.mysql.com/doc/refman/9.5/en/create-table.html, https://mariadb.com/kb/en/create-table/#table-options
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from querynl.dialects.mysql.attributes import check_clause
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import NAME, literal, quote
from querynl.dialects.mysql.versioning import PERIOD, VERSIONED
from querynl.errors import SchemaInvalid
from querynl.schema import OptionValue, Table

# What stands for "not given" when an option is taken off a table that has it.
_RESETS = {
    "engine": "InnoDB",
    "row_format": "DEFAULT",
    "key_block_size": "0",
    "max_rows": "0",
    "min_rows": "0",
    "avg_row_length": "0",
    "checksum": "0",
    "delay_key_write": "0",
    "pack_keys": "DEFAULT",
    "stats_persistent": "DEFAULT",
    "stats_auto_recalc": "DEFAULT",
    "stats_sample_pages": "DEFAULT",
    "insert_method": "NO",
    "encryption": "'N'",
    "compression": "''",
    "connection": "''",
    "autoextend_size": "0",
    "transactional": "DEFAULT",
    "page_checksum": "1",
    "tablespace": "innodb_file_per_table",
    "secondary_engine": "NULL",
    "engine_attribute": "''",
    "secondary_engine_attribute": "''",
    "union": "()",
    "data_directory": "''",
    "index_directory": "''",
}
# What says no more than its absence, and cannot be taken away again.
SAY_NOTHING = {
    ("tablespace", "innodb_file_per_table"),
    ("encryption", "N"),
    ("compression", ""),
    ("compression", "none"),
    ("page_checksum", 1),  # Aria's tables have it, and keep it in other engines
}
# Options whose values are texts, not words or numbers.
_TEXTS = {
    *("encryption", "compression", "connection", "engine_attribute", "secondary_engine_attribute"),
    *("data_directory", "index_directory"),
}
_BARE = {*_RESETS} - _TEXTS
# Attributes of MariaDB's storage engines: https://mariadb.com/kb/en/engine-defined-new-tablefieldindex-attributes/
_ENGINE_DEFINED = {"page_compressed", "page_compression_level", "encrypted", "encryption_key_id"}
# What a storage engine that does not know it refuses to hear of.
_OF_SOME_ENGINES = {*_ENGINE_DEFINED, "transactional"}
# Rendered by others: character sets with the columns that inherit them, partitions at the end of a statement.
_APART = {"charset", "collation", "partition_by", VERSIONED}

_ENGINES = {
    name.lower(): name
    for name in ("InnoDB", "MyISAM", "MEMORY", "CSV", "ARCHIVE", "BLACKHOLE", "MRG_MyISAM", "FEDERATED", "Aria")
}
# What `character_set` says of a table that takes its database's.
NO_CHARACTER_SET = (None, None)


def character_set(table: Table) -> tuple[OptionValue | None, OptionValue | None]:
    """The character set and collation that a table has of its own."""
    return table.options.get("charset"), table.options.get("collation")


def of_engine(engine: str | None) -> dict[str, OptionValue]:
    """The option that says a table's storage engine; InnoDB goes without saying."""
    return {"engine": engine} if engine and engine != "InnoDB" else {}


def localised(declared: Mapping[str, OptionValue], server: Server, where: str) -> dict[str, OptionValue]:
    """The declared options as inspection would have them. Raises SchemaInvalid for one there is not."""
    found = {key: _settled(key, value) for key, value in declared.items()}
    for key in ("charset", "collation"):
        check_word(declared.get(key), f"{where}.{key}")
    for key, value in declared.items():
        if key == "partition_by" or key.startswith(PERIOD):
            check_clause(value, server, f"{where}.{key}")
    for key in declared:
        of_mariadb = key in _ENGINE_DEFINED or key == VERSIONED or key.startswith(PERIOD)
        if key not in _RESETS and key not in _APART - {VERSIONED} and not (server.is_mariadb and of_mariadb):
            raise SchemaInvalid(f"{key!r} is no table option of {server.name}.", where=f"{where}.{key}")
    if found.get("engine") == "InnoDB":
        del found["engine"]
    found = {key: value for key, value in found.items() if (key, value) not in SAY_NOTHING}
    if "collation" in found:
        found.pop("charset", None)
    return found


def check_word(name: object, where: str) -> None:
    """Raise SchemaInvalid unless the name of a character set or collation is one word, or None."""
    if name is not None and not re.fullmatch(r"\w+", str(name)):
        raise SchemaInvalid(f"{name!r} is not the name of a character set or collation.", where=where)


def _settled(key: str, value: OptionValue) -> OptionValue:
    if key == "engine":
        return _ENGINES.get(str(value).lower(), str(value))
    return str(value).lower() if key in ("row_format", "charset", "collation") else value


def given_up(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> dict[str, OptionValue]:
    """The options that a table has to be without before it gets a storage engine that may not know them."""
    if before.get("engine") == after.get("engine"):
        return {}
    return {key: value for key, value in before.items() if key in _OF_SOME_ENGINES and key not in after}


def clauses(before: Mapping[str, OptionValue], after: Mapping[str, OptionValue]) -> Iterator[str]:
    """What turns the options of a table into others; from none, the options of a new table."""
    for key in sorted(before.keys() | after.keys() - _APART):
        if key in _APART or key.startswith(PERIOD) or before.get(key) == after.get(key):
            continue
        if key in after:
            yield f"{_spelled(key)}={_written(key, after[key])}"
        else:
            yield f"{_spelled(key)}={_RESETS.get(key, 'DEFAULT')}"


def _spelled(key: str) -> str:
    return quote(key) if key in _ENGINE_DEFINED else key.upper().replace("_DIRECTORY", " DIRECTORY")


def _written(key: str, value: OptionValue) -> str:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    if key == "union" and re.fullmatch(rf"\({NAME}(?:,{NAME})*\)", text):
        return text
    if key in _BARE and re.fullmatch(r"\w+", text):
        return text.upper() if key == "row_format" else text
    return literal(text)
