"""The tracking store: which migrations were generated for which connection, and what became of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from querynl.config import data_folder, load_settings
from querynl.connections import Connection, Target, connect, is_url, parse_url
from querynl.connections.private import make_private_folder
from querynl.dialects.bookkeeping import bookkeeping_of
from querynl.errors import ConnectionFailed, MigrationInvalid, RegistryUnusable, StatementFailed

Framework = Literal["alembic", "flyway", "raw"]
Direction = Literal["up", "down"]
Status = Literal["pending", "applied", "failed"]
# A connection that is open already, a URL, or None for the one the settings name.
Store = Connection | str | None

VERSION = 1
_LONGEST_ID = 255
# Together with the id it fills the 3072 bytes of an InnoDB key, at four bytes a character.
_LONGEST_CONNECTION_NAME = 512
_ATTEMPTS = 8


class MigrationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One migration of one connection: its SQL both ways, its files, and its status.

    Times are aware and in UTC; a naive one is taken for UTC. `plan` is the JSON form of the plan, `checksum`
    that of `file`. The constructor raises `MigrationInvalid` for what could not be kept.
    """

    migration_id: str
    connection_name: str
    framework: Framework = "raw"
    direction: Direction = "up"
    sql_content: str
    rollback_sql: str | None = None
    description: str = ""
    applied_at: datetime | None = None
    status: Status = "pending"
    error_message: str | None = None
    created_at: datetime = msgspec.field(default_factory=lambda: datetime.now(UTC))
    plan: str | None = None
    checksum: str | None = None
    file: str | None = None
    down_file: str | None = None

    def __post_init__(self) -> None:
        _check_key("migration_id", self.migration_id, _LONGEST_ID)
        _check_key("connection_name", self.connection_name, _LONGEST_CONNECTION_NAME)
        _check_choice("framework", self.framework, get_args(Framework))
        _check_choice("direction", self.direction, get_args(Direction))
        _check_choice("status", self.status, get_args(Status))
        for name in _TEXTS:
            _check_text(name, getattr(self, name), required=name in ("sql_content", "description"))
        for name in _TIMES:
            msgspec.structs.force_setattr(self, name, _to_time(name, getattr(self, name)))
        if self.created_at is None:
            raise MigrationInvalid("The migration has no created_at.", where=self.migration_id)

    def to_dict(self) -> dict[str, Any]:
        """Every field, ready for JSON: times as ISO 8601 text in UTC."""
        return {name: _to_text(getattr(self, name)) for name in self.__struct_fields__}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> MigrationRecord:
        """The record `to_dict` wrote; raises `MigrationInvalid` for unknown and missing fields too."""
        unknown = [name for name in fields if name not in cls.__struct_fields__]
        if unknown:
            raise MigrationInvalid(f"A migration has no field '{unknown[0]}'.")
        missing = [name for name in ("migration_id", "connection_name", "sql_content") if name not in fields]
        if missing:
            raise MigrationInvalid(f"The migration has no {missing[0]}.")
        return cls(**fields)


_TIMES = ("applied_at", "created_at")
_TEXTS = ("sql_content", "rollback_sql", "description", "error_message", "plan", "checksum", "file", "down_file")
_COLUMNS = MigrationRecord.__struct_fields__
_SEED_COLUMNS = _COLUMNS[: _COLUMNS.index("plan")]


_UPDATE = "ON CONFLICT (migration_id, connection_name) DO UPDATE SET " + ", ".join(
    f"{column} = excluded.{column}" for column in _COLUMNS[2:]
)
_INDEXES = {"idx_migrations_connection": "connection_name", "idx_migrations_status": "status"}


def registry_file() -> Path:
    """The file of the store where no other is named."""
    return data_folder() / "migrations.db"


def init_migrations_db(store: Store = None) -> None:
    """Create the store, or bring one of an older version up to date; one that is current stays as it is.

    Every other function does this by itself. Several processes may do it at once. Raises `RegistryUnusable`
    for a damaged store, a newer one, and a database whose table `migrations` is somebody else's.
    """
    with _opened(store):
        pass


def save_migration_record(record: MigrationRecord, store: Store = None) -> None:
    """Keep the record, in the place of the one with the same id and connection if there is one."""
    save_migration_records([record], store)


def save_migration_records(records: Sequence[MigrationRecord], store: Store = None) -> None:
    """Keep all of the records, or none, each in the place of the one with the same id and connection.

    The caller's own store is written to in the transaction that is open there, if one is.
    """
    if not records:
        return
    with _opened(store) as connection, nullcontext() if connection.in_transaction else connection.transaction():
        for record in records:
            _save(connection, record)


def get_migrations(
    connection_name: str | None = None, status: Status | None = None, store: Store = None
) -> list[MigrationRecord]:
    """The records of a connection, with a status, or of all; oldest first."""
    if status is not None:
        _check_choice("status", status, get_args(Status))
    wanted = {"connection_name": connection_name, "status": status}
    filters = {column: value for column, value in wanted.items() if value is not None}
    where = " WHERE " + " AND ".join(f"{column} = %s" for column in filters) if filters else ""
    with _opened(store) as connection:
        rows = connection.rows(
            f"SELECT {', '.join(_COLUMNS)} FROM migrations{where} ORDER BY created_at, migration_id, connection_name",
            tuple(filters.values()),
        )
    return [_from_row(row) for row in rows]


def update_migration_status(
    migration_id: str,
    connection_name: str,
    status: Status,
    *,
    error_message: str | None = None,
    applied_at: datetime | None = None,
    store: Store = None,
) -> None:
    """Record what became of a migration: `applied` without a time means now; any other status clears the time.

    Raises `MigrationInvalid` when the store has no such migration.
    """
    _check_choice("status", status, get_args(Status))
    _check_text("error_message", error_message, required=False)
    applied = (_to_time("applied_at", applied_at) or datetime.now(UTC)) if status == "applied" else None
    with _opened(store) as connection:
        matched = connection.execute(
            "UPDATE migrations SET status = %s, applied_at = %s, error_message = %s"
            " WHERE migration_id = %s AND connection_name = %s",
            (status, _to_text(applied), error_message, migration_id, connection_name),
        )
    if not matched:
        raise MigrationInvalid(f"There is no record of the migration '{migration_id}'.", where=connection_name)


def delete_migration_record(migration_id: str, connection_name: str, store: Store = None) -> bool:
    """Forget a migration; whether there was a record of it."""
    with _opened(store) as connection:
        deleted = connection.execute(
            "DELETE FROM migrations WHERE migration_id = %s AND connection_name = %s", (migration_id, connection_name)
        )
    return deleted > 0


@contextmanager
def _opened(store: Store) -> Iterator[Connection]:
    """A session on the store, its tables made and current; the caller's own stays open."""
    if store is not None and not isinstance(store, str):
        _prepare(store)
        yield store
        return
    target = _target(store)
    try:
        with connect(target) as connection:
            _prepare(connection)
            yield connection
    except (ConnectionFailed, StatementFailed) as error:
        if _is_damage(error, target):
            raise _unusable(error.what, target.name) from error
        raise


def _target(url: str | None) -> Target:
    chosen = url or load_settings().registry.url
    if chosen is not None:
        if not is_url(chosen):
            raise RegistryUnusable("The registry's URL has no ://.", remedy="Check QUERYNL_REGISTRY_URL.")
        return parse_url(chosen)
    file = registry_file()
    if not file.exists():
        make_private_folder(file.parent)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass  # another process was quicker
        except OSError as error:
            raise _unusable(error.strerror or "it cannot be created", str(file)) from error
    return Target(dialect="sqlite", file=str(file))


def _is_damage(error: ConnectionFailed | StatementFailed, target: Target) -> bool:
    """Whether the error is about the file of the store, if it is one."""
    file = bookkeeping_of(target.dialect).own_file
    return file is not None and (isinstance(error, ConnectionFailed) or (error.sqlstate or "").startswith(file.damage))


def _unusable(reason: str, where: str) -> RegistryUnusable:
    return RegistryUnusable(
        f"The tracking store cannot be used: {reason.rstrip('.')}.",
        where=where,
        remedy="Nothing in it was changed. Restore it, or move it away: migration files are found again without it.",
    )


def _prepare(connection: Connection) -> None:
    """Make the store's tables, or upgrade them, unless they are current."""
    for attempt in range(_ATTEMPTS):
        version = _stored_version(connection)
        if version == VERSION:
            return
        try:
            _upgrade(connection)
            return
        except StatementFailed:
            # Most likely another process makes them at this moment; then they are current the next time.
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(0.02 * 2**attempt)


def _stored_version(connection: Connection) -> int | None:
    """The store's version, or None before it has one; raises `RegistryUnusable` for a newer one."""
    if not _columns(connection, "querynl_registry"):
        return None
    rows = connection.rows("SELECT version FROM querynl_registry")
    if rows and rows[0][0] > VERSION:
        raise RegistryUnusable(
            f"The tracking store has version {rows[0][0]}, and this QueryNL knows version {VERSION}.",
            where=connection.database,
            remedy="Use the newer QueryNL it was made with, or upgrade this one.",
        )
    return int(rows[0][0]) if rows else None


def _columns(connection: Connection, table: str) -> set[str]:
    words = bookkeeping_of(connection.dialect)
    [(home,)] = connection.rows(words.home)
    return {str(row[0]) for row in connection.rows(words.columns, (home, table))}


def _upgrade(connection: Connection) -> None:
    """Bring any older store, or none, to the current version, in one transaction where the engine can."""
    file = bookkeeping_of(connection.dialect).own_file
    if file is not None and connection.database == str(registry_file()):
        connection.execute(file.share)
    with connection.transaction():
        if _stored_version(connection) is not None:
            return  # another process was quicker
        columns = _columns(connection, "migrations")
        before: list[MigrationRecord] = []
        if columns and not columns.issuperset(_COLUMNS):
            # The first stores were always files; on a server the table is somebody else's.
            if file is None or not columns.issuperset(_SEED_COLUMNS):
                raise RegistryUnusable(
                    "The database has a table 'migrations' that is not QueryNL's.",
                    where=connection.database,
                    remedy="Name a database of its own in QUERYNL_REGISTRY_URL.",
                )
            rows = connection.rows(f"SELECT {', '.join(_SEED_COLUMNS)} FROM migrations")
            before = [_from_row(row) for row in rows]
            connection.execute("DROP TABLE migrations")
        _create_tables(connection)
        for record in before:
            _save(connection, record)
        connection.execute("INSERT INTO querynl_registry (id, version) VALUES (1, %s)", (VERSION,))


def _create_tables(connection: Connection) -> None:
    words = bookkeeping_of(connection.dialect)
    inside = "".join(f",\n    INDEX {name} ({column})" for name, column in _INDEXES.items())
    connection.execute(
        f"""CREATE TABLE IF NOT EXISTS migrations (
    migration_id {words.key.format(length=_LONGEST_ID)} NOT NULL,
    connection_name {words.key.format(length=_LONGEST_CONNECTION_NAME)} NOT NULL,
    framework {words.word} NOT NULL DEFAULT 'raw',
    direction {words.word} NOT NULL DEFAULT 'up',
    sql_content {words.text} NOT NULL,
    rollback_sql {words.text},
    description {words.text},
    applied_at {words.word},
    status {words.word} NOT NULL DEFAULT 'pending',
    error_message {words.text},
    created_at {words.word} NOT NULL,
    plan {words.text},
    checksum {words.text},
    file {words.text},
    down_file {words.text},
    PRIMARY KEY (migration_id, connection_name){inside if words.indexes_inside else ""}
) {words.table_options}"""
    )
    if not words.indexes_inside:
        for name, column in _INDEXES.items():
            connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON migrations ({column})")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS querynl_registry (id INTEGER NOT NULL PRIMARY KEY, version INTEGER NOT NULL)"
    )


def _save(connection: Connection, record: MigrationRecord) -> None:
    words = bookkeeping_of(connection.dialect)
    verb, update = ("INSERT", _UPDATE) if words.upserts else ("REPLACE", "")
    places = ", ".join(["%s"] * len(_COLUMNS))
    connection.execute(
        f"{verb} INTO migrations ({', '.join(_COLUMNS)}) VALUES ({places}) {update}",
        tuple(record.to_dict().values()),
    )


def _from_row(row: tuple[Any, ...]) -> MigrationRecord:
    fields = dict(zip(_COLUMNS, row, strict=False))
    try:
        return MigrationRecord(**{**fields, "description": fields["description"] or ""})
    except MigrationInvalid as error:
        raise RegistryUnusable(
            f"The tracking store has a record that cannot be read: {error.what}",
            where=str(fields["migration_id"]),
            remedy="Correct that row of the table 'migrations' by hand.",
        ) from error


def _check_key(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or not value or value != value.strip() or "\0" in value:
        raise MigrationInvalid(
            f"The {name} {value!r} is not usable.", remedy="It must be text, not empty, with no space at either end."
        )
    if len(value) > longest:
        raise MigrationInvalid(f"The {name} is longer than {longest} characters.", where=value[:60])


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MigrationInvalid(f"The {name} cannot be {value!r}.", remedy=f"One of {', '.join(choices)}.")


def _check_text(name: str, value: object, *, required: bool) -> None:
    if (value is None and required) or not isinstance(value, str | None):
        raise MigrationInvalid(f"The {name} must be text, and is {value!r}.")
    if value is not None and "\0" in value:
        raise MigrationInvalid(f"The {name} has a NUL character, which no database keeps.")


def _to_time(name: str, value: object) -> datetime | None:
    """The time in UTC, of a time or its ISO 8601 text; SQLite's own form with a blank counts as such."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise MigrationInvalid(f"The {name} {value!r} is no ISO 8601 time.") from None
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise MigrationInvalid(f"The {name} {value!r} is no time.")
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _to_text(value: Any) -> Any:
    """A time as text of one length, which sorts as time does; anything else as it is."""
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else value
