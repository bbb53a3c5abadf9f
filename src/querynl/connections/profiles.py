"""Named connections, kept in the user's `connections.toml`, never with a password."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from querynl.config import Settings, config_folder, read_toml
from querynl.connections.private import one_writer, write_private
from querynl.connections.target import DEFAULT_PORTS, MEMORY, Dialect, HistoryPlace, SSLMode, Target
from querynl.connections.urls import is_url, parse_url
from querynl.errors import ConfigInvalid, ConnectionUnknown, UsageInvalid

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_LONGEST_NAME = 255


class Profile(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename={"dialect": "db_type"},
):
    """One named connection; `database` is the file for SQLite."""

    name: str
    dialect: Dialect
    host: str | None = None
    port: int | None = None
    database: str | None = None
    username: str | None = None
    ssl_mode: SSLMode | None = None
    ssl_root_cert: str | None = None
    options: dict[str, str] = {}
    password_command: str | None = None

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable() or is_url(self.name):
            raise ConfigInvalid(
                f"The connection name {self.name!r} is not usable.",
                remedy="Use printable characters, no space at either end, and no ://.",
            )
        if len(self.name) > _LONGEST_NAME:
            raise ConfigInvalid(f"The connection name is longer than {_LONGEST_NAME} characters.")
        if self.port is not None and not 0 < self.port < 65536:
            raise ConfigInvalid(f"The port {self.port} is not between 1 and 65535.")

    @classmethod
    def from_target(cls, name: str, target: Target, *, password_command: str | None = None) -> Profile:
        """The profile of a target, without its password; a relative SQLite file becomes absolute."""
        file = target.file
        if file is not None and file != MEMORY:
            file = str(Path(file).absolute())
        return cls(
            name=name,
            dialect=target.dialect,
            host=target.host,
            port=target.port,
            database=target.database if target.dialect != "sqlite" else file,
            username=target.username,
            ssl_mode=target.ssl_mode,
            ssl_root_cert=target.ssl_root_cert,
            options=dict(target.options),
            password_command=password_command,
        )

    def target(self) -> Target:
        """What to connect to; its password is looked up when a connection opens."""
        if self.dialect == "sqlite":
            return Target(dialect="sqlite", file=self.database or MEMORY, profile=self.name)
        host = self.host
        if host is None and self.dialect != "postgresql" and "unix_socket" not in self.options:
            host = "localhost"
        return Target(
            dialect=self.dialect,
            host=host,
            port=self.port or (DEFAULT_PORTS[self.dialect] if host else None),
            database=self.database,
            username=self.username,
            ssl_mode=self.ssl_mode,
            ssl_root_cert=self.ssl_root_cert,
            options=tuple(sorted(self.options.items())),
            profile=self.name,
            password_command=self.password_command,
        )


class Profiles(msgspec.Struct, frozen=True):
    """Every profile by name, and the name of the one used when none is given."""

    by_name: dict[str, Profile]
    default: str | None = None


def profiles_file() -> Path:
    """The file the profiles are kept in."""
    return config_folder() / "connections.toml"


def load_profiles() -> Profiles:
    """Every profile of the user, in the file's order; none when there is no file. Raises `ConfigInvalid`."""
    file = profiles_file()
    document = read_toml(file) if file.exists() else {}
    tables = document.get("connections", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigInvalid("Every connection must be a table, as in [connections.NAME].", where=str(file))
    default = document.get("default")
    if default is not None and not isinstance(default, str):
        raise ConfigInvalid("The default must be the name of a connection.", where=str(file))
    return Profiles({name: _read_profile(name, table, file) for name, table in tables.items()}, default)


def find_profile(name: str) -> Profile:
    """The profile of that name; raises `ConnectionUnknown`, which offers the nearest names."""
    profiles = load_profiles().by_name
    if name in profiles:
        return profiles[name]
    import difflib

    near = difflib.get_close_matches(name, profiles, 3, cutoff=0.5)
    remedy = f"Did you mean {' or '.join(near)}?" if near else "Add it with `querynl connect add`, or give a URL."
    raise ConnectionUnknown(f"There is no connection named '{name}'.", where=str(profiles_file()), remedy=remedy)


def add_profile(profile: Profile, *, replace: bool = False, set_default: bool = False) -> None:
    """Keep the profile; one of the same name is replaced only if asked for, otherwise `UsageInvalid` is raised."""

    def add(document: TOMLDocument) -> None:
        import tomlkit

        tables = document.setdefault("connections", tomlkit.table(is_super_table=True))
        if profile.name in tables and not replace:
            raise UsageInvalid(
                f"There is a connection named '{profile.name}' already.",
                remedy="Choose another name, edit that one, or remove it first.",
            )
        fields = msgspec.to_builtins(profile)
        del fields["name"]
        table = tables.setdefault(profile.name, tomlkit.table())
        for key in [key for key in table if key not in fields]:
            del table[key]
        table.update(fields)
        if set_default:
            document["default"] = profile.name

    _edit(add)


def remove_profile(name: str) -> None:
    """Forget the profile, and that it was the default; raises `ConnectionUnknown`. Its password stays stored."""
    find_profile(name)

    def remove(document: TOMLDocument) -> None:
        document["connections"].pop(name, None)
        if document.get("default") == name:
            del document["default"]

    _edit(remove)


def use_profile(name: str) -> None:
    """Make the profile the one that is used when none is given; raises `ConnectionUnknown`."""
    find_profile(name)

    def use(document: TOMLDocument) -> None:
        document["default"] = name

    _edit(use)


def resolve(name_or_url: str | None, settings: Settings) -> Target:
    """The target of a name or URL; without one, of the settings' `connection`, else of the default profile.

    Raises `URLInvalid`, `ConnectionUnknown`, or `UsageInvalid` when nothing says which connection is meant.
    """
    chosen = name_or_url or settings.connection or load_profiles().default
    if chosen is None:
        raise UsageInvalid(
            "No connection is given.",
            remedy="Name one with --connection, or choose a default with `querynl connect use NAME`.",
        )
    target = parse_url(chosen) if is_url(chosen) else find_profile(chosen).target()
    return msgspec.structs.replace(target, history=HistoryPlace(settings.history.schema, settings.history.name))


def _read_profile(name: str, table: Mapping[str, Any], file: Path) -> Profile:
    try:
        return msgspec.convert({**table, "name": name}, Profile)
    except (msgspec.ValidationError, ConfigInvalid) as error:
        raise ConfigInvalid(f"The connection '{name}' is not valid: {error}", where=str(file)) from error


def _edit(change: Callable[[TOMLDocument], None]) -> None:
    """Apply a change to the file's document, comments kept."""
    import tomlkit

    file = profiles_file()
    with one_writer(file):
        load_profiles()  # a file that cannot be read is never written over
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        document = tomlkit.parse(text)
        change(document)
        write_private(file, tomlkit.dumps(document))
