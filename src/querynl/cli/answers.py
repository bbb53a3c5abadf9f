"""The options that answer questions: `--rename`, `--backfill` and `--using`, from text to addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from querynl.diff import Renaming
from querynl.errors import UsageInvalid
from querynl.operations import parts_of
from querynl.schema import Column, Kind, Name, Ref, Schema, Table, objects, ref_of

_WORD = r'(?:"(?:[^"]|"")+"|[^.:=\s"]+)'
_PATH = rf"{_WORD}(?:\.{_WORD}){{0,2}}"
_RENAME = re.compile(rf"\s*({_PATH})\s*:\s*({_WORD})\s*")
_VALUE = re.compile(rf"\s*({_PATH})\s*=\s*(.+)", re.S)
# What a name without a table's may mean beside a table.
_NAMED_ALONE = (Kind.VIEW, Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE)


def renamings(texts: Iterable[str], before: Schema) -> list[Renaming]:
    """The renames that `--rename` options declare of the schema before. Raises UsageInvalid."""
    found = []
    for text in texts:
        match = _RENAME.fullmatch(text)
        if match is None:
            raise UsageInvalid(
                f"--rename {text!r} is not understood.",
                remedy="Write old:new for a table, a type or a view, table.old:new for a column or an index,"
                " with double quotes as in SQL.",
            )
        found.append(Renaming(_renamed(_parts(match[1]), before), _plain(match[2])))
    return found


def values(option: str, texts: Iterable[str], schema: Schema) -> dict[Ref, str]:
    """The SQL expression that each `table.column = EXPRESSION` gives a column. Raises UsageInvalid."""
    found: dict[Ref, str] = {}
    for text in texts:
        match = _VALUE.fullmatch(text)
        address = _address(_parts(match[1]), schema) if match else None
        if match is None or address is None or address.kind is not Kind.COLUMN:
            raise UsageInvalid(f"{option} {text!r} is not understood.", remedy="Write table.column = EXPRESSION.")
        found[address] = match[2].strip()
    return found


def _parts(path: str) -> list[str]:
    return [_plain(word) for word in re.findall(_WORD, path)]


def _plain(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word


def _renamed(parts: Sequence[str], schema: Schema) -> Ref:
    """What a path of names means: a table or a column of one, or else what has that name.

    A column that comes from a parent is renamed there, so that an index of its name is meant.
    """
    ref = _address(parts, schema)
    namespace = None if len(parts) == 1 else parts[0]
    meant = [ref, ref._replace(kind=Kind.INDEX)] if ref.kind is Kind.COLUMN else [ref]
    if len(parts) < 3:
        meant += [Ref(kind, namespace, parts[-1]) for kind in _NAMED_ALONE]
    known = {ref_of(obj) for obj in objects(schema)}
    tables = {table.key: table for table in schema.tables}
    for table in schema.tables:
        given = _columns_above(table, tables)
        known.update(
            ref_of(part, table.key) for part in parts_of(table) if not (isinstance(part, Column) and part.name in given)
        )
    return next((found for found in meant if found in known), ref)


def _columns_above(table: Table, tables: Mapping[Name, Table]) -> set[str]:
    """The names of the columns that a table has from those that it inherits from."""
    above = [tables[parent] for parent in table.inherits if parent in tables]
    return {column.name for parent in above for column in parent.columns}.union(
        *(_columns_above(parent, tables) for parent in above)
    )


def _address(parts: Sequence[str], schema: Schema) -> Ref:
    """What a path of names means: a table, a column of one, or either of them in a namespace."""
    tables = {table.key for table in schema.tables}
    if len(parts) == 1:
        return Ref(Kind.TABLE, None, parts[0])
    if len(parts) == 2 and Name(None, parts[0]) not in tables and Name(parts[0], parts[1]) in tables:
        return Ref(Kind.TABLE, parts[0], parts[1])
    namespace = parts[0] if len(parts) == 3 else None
    return Ref(Kind.COLUMN, namespace, parts[-1], parts[-2])
