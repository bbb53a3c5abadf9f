"""Settings: the files, the environment, and which of them wins."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from querynl.errors import ConfigInvalid

PROJECT_FILE = "querynl.toml"
USER_FILE = "config.toml"


class MigrationSettings(msgspec.Struct, frozen=True):
    """Where migration files are, the form new ones take, and what becomes of owners and grants."""

    directory: str
    framework: Literal["raw", "flyway", "alembic"]
    privileges: Literal["off", "warn", "manage"]


class RegistrySettings(msgspec.Struct, frozen=True):
    """The database of the tracking store; None is the user's own file."""

    url: str | None


class HistorySettings(msgspec.Struct, frozen=True):
    """The schema that a database keeps its history in, and what the names of its tables end with; None as usual."""

    schema: str | None
    name: str | None


class OutputSettings(msgspec.Struct, frozen=True):
    """How results are printed."""

    format: Literal["table", "json", "csv", "markdown"]
    color: Literal["auto", "always", "never"]


class Setting(msgspec.Struct, frozen=True):
    """One value and where it came from: `flag`, `environment NAME`, `FILE:LINE`, or `default`."""

    name: str
    value: str | None
    origin: str


class Settings(msgspec.Struct, frozen=True):
    """Every setting by name, and `entries`, the same with their origins."""

    connection: str | None
    migrations: MigrationSettings
    registry: RegistrySettings
    history: HistorySettings
    output: OutputSettings
    entries: tuple[Setting, ...]


class _Key(msgspec.Struct, frozen=True):
    name: str
    default: str | None
    choices: tuple[str, ...] = ()
    # Further variables after QUERYNL_<NAME>.
    variables: tuple[str, ...] = ()
    # What a relative value in a project file is relative to that file's folder as.
    relative: Literal["path", "url"] | None = None
    pattern: str | None = None

    def environment(self) -> tuple[str, ...]:
        return ("QUERYNL_" + self.name.upper().replace(".", "_"), *self.variables)


_KEYS = {
    key.name: key
    for key in (
        _Key("connection", None, variables=("DATABASE_URL",), relative="url"),
        _Key("migrations.directory", "./migrations", relative="path"),
        _Key("migrations.framework", "raw", choices=("raw", "flyway", "alembic")),
        _Key("migrations.privileges", "warn", choices=("off", "warn", "manage")),
        _Key("registry.url", None, relative="url"),
        _Key("history.schema", None, pattern=r".{1,63}"),
        _Key("history.name", None, pattern=r"[a-z0-9_]{1,40}"),
        _Key("output.format", "table", choices=("table", "json", "csv", "markdown")),
        _Key("output.color", "auto", choices=("auto", "always", "never")),
    )
}


def config_folder() -> Path:
    """The folder of the user's configuration: `QUERYNL_CONFIG_DIR`, or where the platform keeps such."""
    return _folder("CONFIG", "user_config_path")


def data_folder() -> Path:
    """The folder of the tracking store: `QUERYNL_DATA_DIR`, or where the platform keeps such."""
    return _folder("DATA", "user_data_path")


def cache_folder() -> Path:
    """The folder of what can be made again: `QUERYNL_CACHE_DIR`, or where the platform keeps such."""
    return _folder("CACHE", "user_cache_path")


def find_project_file(folder: Path | None = None) -> Path | None:
    """The nearest `querynl.toml`, in the folder or above it; the current folder if none is given.

    A folder that may not be looked into has none.
    """
    start = (folder or Path.cwd()).absolute()
    files = (parent / PROJECT_FILE for parent in (start, *start.parents))
    return next((file for file in files if os.path.isfile(file)), None)


def load_settings(
    *,
    flags: Mapping[str, str | None] | None = None,
    config_file: Path | None = None,
    environment: str | None = None,
    folder: Path | None = None,
) -> Settings:
    """The settings that hold in a folder: flag > environment > project file > user file > default.

    `flags` maps setting names to what the command line says; None says nothing. `config_file` stands in for
    the project file that would be found. `environment` (or `QUERYNL_ENV`) chooses its `[env.NAME]` tables,
    which win over the rest of that file. A relative path, or a relative SQLite URL, in a project file is
    relative to that file. An empty variable says nothing. Raises `ConfigInvalid`.
    """
    project = config_file or find_project_file(folder)
    found: dict[str, Setting] = {key.name: Setting(key.name, key.default, "default") for key in _KEYS.values()}
    user = config_folder() / USER_FILE
    if user.is_file():
        found.update((entry.name, entry) for entry in _file_settings(user, environment=None, anchor=None))
    chosen = environment or os.environ.get("QUERYNL_ENV") or None
    if project is not None:
        anchor = project.absolute().parent
        here = (folder or Path.cwd()).absolute()
        entries = _file_settings(project, environment=chosen, anchor=None if anchor == here else anchor)
        found.update((entry.name, entry) for entry in entries)
    elif chosen is not None:
        raise ConfigInvalid(
            f"There is no {PROJECT_FILE} that could have [env.{chosen}].",
            remedy=f"Leave out --env and QUERYNL_ENV, or write {PROJECT_FILE}.",
        )
    for key in _KEYS.values():
        for variable in reversed(key.environment()):
            if os.environ.get(variable):
                origin = f"environment {variable}"
                found[key.name] = Setting(key.name, _check(key, os.environ[variable], origin), origin)
        flag = (flags or {}).get(key.name)
        if flag is not None:
            found[key.name] = Setting(key.name, _check(key, flag, "flag"), "flag")
    return _settings(found)


def configuration_paths(*, config_file: Path | None = None) -> dict[str, Path]:
    """Every place QueryNL reads from or writes to, whether or not it is there yet, by what it is."""
    project = config_file or find_project_file()
    return {
        **({"project": project} if project else {}),
        "user": config_folder() / USER_FILE,
        "connections": config_folder() / "connections.toml",
        "data": data_folder(),
        "cache": cache_folder(),
    }


def read_toml(file: Path) -> dict[str, Any]:
    """The document of a TOML file; raises `ConfigInvalid`, with the line where there is one."""
    return _parse_toml(file, _read_text(file))


def _folder(kind: str, platform_function: str) -> Path:
    chosen = os.environ.get(f"QUERYNL_{kind}_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    folder: Path = getattr(platformdirs, platform_function)("querynl", appauthor=False)
    return folder


def _settings(found: Mapping[str, Setting]) -> Settings:
    tree: dict[str, Any] = {"entries": [msgspec.structs.asdict(entry) for entry in found.values()]}
    for name, entry in found.items():
        table, _, last = name.rpartition(".")
        (tree.setdefault(table, {}) if table else tree)[last] = entry.value
    return msgspec.convert(tree, Settings)


def _file_settings(file: Path, *, environment: str | None, anchor: Path | None) -> list[Setting]:
    """The settings of one file, those of the environment's table last; relative ones made to start at `anchor`."""
    text = _read_text(file)
    document = _parse_toml(file, text)
    environments = document.pop("env", {})
    tables: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), document)]
    if environment is not None:
        chosen = environments.get(environment) if isinstance(environments, dict) else None
        if not isinstance(chosen, dict):
            near = _nearest(environment, environments if isinstance(environments, dict) else ())
            raise ConfigInvalid(
                f"There is no [env.{environment}].", where=str(file), remedy=near or "Add it, or leave out --env."
            )
        tables.append((("env", environment), chosen))
    return [
        _file_setting(file, text, path, value, anchor, above=above)
        for above, table in tables
        for path, value in _flatten(table)
    ]


def _file_setting(
    file: Path, text: str, path: tuple[str, ...], value: object, anchor: Path | None, *, above: tuple[str, ...]
) -> Setting:
    name = ".".join(path)
    line = _line_of(text, above + path)
    where = f"{file}:{line}" if line else str(file)
    if name not in _KEYS:
        raise ConfigInvalid(f"'{name}' is no setting.", where=where, remedy=_nearest(name, _KEYS))
    return Setting(name, _anchored(_KEYS[name], _check(_KEYS[name], value, where), anchor), where)


def _flatten(table: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, (*above, key))
        else:
            yield (*above, key), value


def _check(key: _Key, value: object, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigInvalid(f"'{key.name}' must be text.", where=where)
    if key.choices and value not in key.choices:
        raise ConfigInvalid(
            f"'{key.name}' cannot be '{value}'.", where=where, remedy=f"One of {', '.join(key.choices)}."
        )
    if key.pattern and not re.fullmatch(key.pattern, value):
        raise ConfigInvalid(f"'{key.name}' cannot be '{value}'.", where=where, remedy=f"It must match {key.pattern}.")
    return value


def _anchored(key: _Key, value: str, anchor: Path | None) -> str:
    """The value, made to mean from any folder what it means in `anchor`."""
    if anchor is None:
        return value
    if key.relative == "path":
        return str(anchor / Path(value).expanduser())
    relative = re.fullmatch(r"(sqlite(?:\+\w+)?:///)((?!/|:memory:).+)", value)
    if key.relative == "url" and relative:
        from urllib.parse import quote

        return f"{relative[1]}{quote(str(anchor), safe='/:')}/{relative[2]}"
    return value


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigInvalid(f"The file cannot be read: {error}.", where=str(file)) from error


def _parse_toml(file: Path, text: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"The file is not TOML: {error}.", where=str(file)) from error


def _line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The number of the line that writes a key, as far as plain reading tells."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]", line):
            table = _parts(header[1])
        elif key := re.match(r"\s*([^=#]+?)\s*=", line):
            full = (*table, *_parts(key[1]))
            if full == path[: len(full)]:
                return number
    return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _nearest(name: str, known: Iterable[str]) -> str | None:
    import difflib

    near = difflib.get_close_matches(name, known, 1, cutoff=0.5)
    return f"Did you mean '{near[0]}'?" if near else None
