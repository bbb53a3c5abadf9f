"""Where a project's own configuration says that Flyway and Alembic keep their history."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from pathlib import Path
from typing import Any, NamedTuple

from querynl.errors import ConfigInvalid

# Of flyway.toml and flyway.conf the first is read where both are there, as Flyway does:
# https://documentation.red-gate.com/fd/configuration-files-224003079.html
_FLYWAY_FILES = ("flyway.toml", "flyway.conf", "conf/flyway.toml", "conf/flyway.conf")


class Place(NamedTuple):
    """The name of a history table, and its namespace, None for the session's own."""

    namespace: str | None
    table: str


def flyway_place(folder: Path) -> Place:
    """Flyway's `table`, in its `defaultSchema` or the first of its `schemas`, of the nearest configuration file.

    https://documentation.red-gate.com/fd/flyway-table-setting-277579028.html. Raises ConfigInvalid.
    """
    file = _nearest(folder, _FLYWAY_FILES)
    if file is None:
        return Place(None, "flyway_schema_history")
    stated = _toml(file) if file.suffix == ".toml" else _properties(file)
    schemas = stated.get("schemas") or ()
    names = schemas.split(",") if isinstance(schemas, str) else list(schemas)
    first = names[0].strip() if names else ""
    return Place(stated.get("defaultSchema") or first or None, stated.get("table") or "flyway_schema_history")


def alembic_place(folder: Path) -> Place:
    """The `version_table` and `version_table_schema` that env.py writes down, or alembic.ini for it.

    https://alembic.sqlalchemy.org/en/latest/api/runtime.html. Raises ConfigInvalid.
    """
    stated: dict[str, str] = {}
    if (ini := _nearest(folder, ("alembic.ini",))) is not None:
        parser = ConfigParser(interpolation=None)
        try:
            parser.read_string(_text(ini))
        except Error as error:
            raise _unreadable(ini, error) from error
        stated |= {name: value for name, value in _options(parser) if value}
    if (env := _nearest(folder, ("env.py",))) is not None:
        stated |= dict(_arguments(env))
    return Place(stated.get("version_table_schema"), stated.get("version_table", "alembic_version"))


_ALEMBIC_NAMES = ("version_table", "version_table_schema")


def _options(parser: ConfigParser) -> Iterator[tuple[str, str]]:
    for name in _ALEMBIC_NAMES:
        yield name, parser.get("alembic", name, fallback="")


def _arguments(env: Path) -> Iterator[tuple[str, str]]:
    """The names that the code of env.py passes on as they stand; the code is not run."""
    try:
        module = ast.parse(_text(env))
    except (SyntaxError, ValueError) as error:
        raise _unreadable(env, error) from error
    for node in ast.walk(module):
        match node:
            case ast.keyword(arg=("version_table" | "version_table_schema") as name, value=ast.Constant(str(value))):
                yield name, value


def _toml(file: Path) -> Mapping[str, Any]:
    import tomllib

    try:
        document = tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(file, error) from error
    flyway = document.get("flyway", {})
    environment = document.get("environments", {}).get(flyway.get("environment", "default"), {})
    return {**({"schemas": environment["schemas"]} if "schemas" in environment else {}), **flyway}


def _properties(file: Path) -> Mapping[str, Any]:
    lines = (line.partition("=") for line in _text(file).splitlines() if not line.lstrip().startswith("#"))
    return {name.strip().removeprefix("flyway."): value.strip() for name, sign, value in lines if sign}


def _nearest(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The first of these files in the folder, or in the nearest folder above that has one."""
    start = folder.absolute()
    candidates = (parent / name for parent in (start, *start.parents) for name in names)
    return next((file for file in candidates if file.is_file()), None)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> ConfigInvalid:
    return ConfigInvalid(f"The file cannot be read: {error}.", where=str(file), remedy="Correct the file.")
