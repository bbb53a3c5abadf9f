"""What a source is, told from how it is written on the command line."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from querynl.config import Settings
from querynl.connections import Target, is_url, load_profiles, resolve
from querynl.errors import SchemaInvalid, SourceUnreadable, TypeUnknown
from querynl.schema import Schema
from querynl.sources import json_file, legacy
from querynl.sources.sql_file import read_text, read_texts
from querynl.validation import validate

EMPTY = "empty"


class Declared(Struct, frozen=True, kw_only=True):
    """A schema that a person or a program wrote down."""

    schema: Schema
    origin: str
    notes: tuple[str, ...] = ()


class SQLTexts(Struct, frozen=True, kw_only=True):
    """SQL that has still to be read by an engine, by file."""

    texts: dict[Path, str]
    origin: str


class Live(Struct, frozen=True, kw_only=True):
    """A database whose structure is the schema."""

    target: Target
    origin: str


Source = Declared | SQLTexts | Live


def read_source(text: str, settings: Settings) -> Source:
    """The source that a command line names: `empty`, a JSON or SQL file, a folder of SQL files, a URL, a connection.

    Files are read here; databases are not connected to. Raises SourceUnreadable, SchemaNotJSON,
    SchemaKeyUnknown, SchemaInvalid, URLInvalid or ConnectionUnknown.
    """
    if text == EMPTY:
        return Declared(schema=Schema(), origin="an empty database")
    if is_url(text):
        target = resolve(text, settings)
        return Live(target=target, origin=target.name)
    path = Path(text)
    if path.suffix.lower() == ".json":
        return _read_json(path)
    if path.suffix.lower() == ".sql" or path.is_dir():
        return SQLTexts(texts=read_texts(path), origin=text)
    if path.exists():
        remedy = "Name a .json or .sql file, a folder of .sql files, a connection, a URL, or `empty`."
        raise SourceUnreadable("This is no schema file.", where=text, remedy=remedy)
    if text not in load_profiles().by_name and (len(path.parts) > 1 or path.suffix or text.endswith("/")):
        raise SourceUnreadable("There is no such file.", where=text, remedy="Check the path.")
    target = resolve(text, settings)
    return Live(target=target, origin=target.name)


def _read_json(path: Path) -> Declared:
    document = json_file.decode(read_text(path), str(path))
    if not legacy.is_legacy(document):
        return Declared(schema=json_file.schema_of(document, str(path)), origin=str(path))
    try:
        schema = legacy.schema_of(document)
        validate(schema)
    except (SchemaInvalid, TypeUnknown) as error:
        error.where = f"{path}, {error.where}"
        raise
    return Declared(schema=schema, origin=str(path), notes=(legacy.NOTE,))
