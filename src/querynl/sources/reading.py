"""What a source is, told from how it is written on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from glob import glob, has_magic
from pathlib import Path

from msgspec import Struct

from querynl.config import Settings
from querynl.connections import Target, is_url, load_profiles, resolve
from querynl.errors import SchemaInvalid, SourceUnreadable, TypeUnknown, UsageInvalid
from querynl.formats.contents import contents
from querynl.schema import Schema
from querynl.sources import json_file, legacy
from querynl.sources.migrations import Migrations, migrations_of
from querynl.sources.models import Models, names_models, read_models
from querynl.sources.sql_file import read_text
from querynl.validation import validate

EMPTY = "empty"

_FORMS = (
    "Name a .json or .sql file, a folder of .sql files or of migrations, module:metadata, a connection, a URL,"
    " or `empty`."
)


class Declared(Struct, frozen=True, kw_only=True):
    """A schema that a person or a program wrote down."""

    schema: Schema
    origin: str
    notes: tuple[str, ...] = ()


class SQLTexts(Struct, frozen=True, kw_only=True):
    """SQL that has still to be read by an engine, by file."""

    texts: dict[Path, str]
    origin: str
    notes: tuple[str, ...] = ()


class Live(Struct, frozen=True, kw_only=True):
    """A database whose structure is the schema, or will be when migrations that are `ahead` have run there."""

    target: Target
    origin: str
    ahead: Migrations | None = None
    notes: tuple[str, ...] = ()


Source = Declared | SQLTexts | Migrations | Models | Live


def read_sources(texts: Sequence[str], settings: Settings) -> Source:
    """The one source that several texts name: `.sql` files and folders of them together, else a single source.

    Raises what `read_source` raises, and UsageInvalid for several of which one is no SQL file.
    """
    if len(texts) == 1:
        return read_source(texts[0], settings)
    merged: dict[Path, str] = {}
    for text in texts:
        source = read_source(text, settings)
        if not isinstance(source, SQLTexts):
            raise UsageInvalid(f"{text} cannot be one of several: only .sql files and folders of them add up.")
        merged |= source.texts
    return SQLTexts(texts=merged, origin=", ".join(texts))


def read_source(text: str, settings: Settings) -> Source:
    """The source that a text names: `empty`, a file, a folder, a pattern, `module:metadata`, a URL, a connection.

    Files are read here, and modules imported; databases are not connected to. Raises SourceUnreadable,
    SchemaNotJSON, SchemaKeyUnknown, SchemaInvalid, ModelsInvalid, MigrationInvalid, URLInvalid or ConnectionUnknown.
    """
    if text == EMPTY:
        return Declared(schema=Schema(), origin="an empty database")
    if is_url(text):
        target = resolve(text, settings)
        return Live(target=target, origin=target.name)
    path = Path(text)
    if path.suffix.lower() == ".json":
        return _read_json(path)
    if path.is_dir():
        return _read_folder(path, text)
    if path.suffix.lower() == ".sql":
        is_pattern = has_magic(text) and not path.exists()
        return _read_pattern(text) if is_pattern else SQLTexts(texts={path: read_text(path)}, origin=text)
    if path.name == "alembic.ini" and path.exists():
        return migrations_of(contents(path.parent), text)
    if path.exists():
        raise SourceUnreadable("This is no schema file.", where=text, remedy=_FORMS)
    is_connection = text in load_profiles().by_name
    if names_models(text) and not is_connection:
        return read_models(text)
    if not is_connection and (len(path.parts) > 1 or path.suffix or text.endswith("/")):
        raise SourceUnreadable("There is no such file.", where=text, remedy="Check the path.")
    target = resolve(text, settings)
    return Live(target=target, origin=target.name)


def _read_folder(path: Path, text: str) -> SQLTexts | Migrations:
    """The migrations that a folder holds, or else its SQL files, by name."""
    found = contents(path)
    if found.plain:
        return SQLTexts(texts={file: read_text(file) for file in found.plain}, origin=text)
    return migrations_of(found, text)


def _read_pattern(text: str) -> SQLTexts:
    """The files of a pattern such as `tables/*.sql`, for where no shell has put them in its place."""
    files = [Path(name) for name in sorted(glob(text, recursive=True))]
    if not files:
        raise SourceUnreadable("No .sql file has such a name.", where=text, remedy="Check the pattern.")
    return SQLTexts(texts={file: read_text(file) for file in files}, origin=text)


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
