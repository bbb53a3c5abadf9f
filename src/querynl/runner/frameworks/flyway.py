"""Flyway's history table: read as our own history would have it, and written as Flyway would.

https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.dialects.framework_tables import flyway_seconds, flyway_table
from querynl.formats import MigrationFile
from querynl.formats.folder import flyway_id
from querynl.ledger import Entry
from querynl.runner.frameworks.places import Place

Version = tuple[int, ...]

# What is no migration, and what takes one back: org.flywaydb.core.api.CoreMigrationType.
_BASELINES = ("BASELINE", "SQL_BASELINE", "JDBC_BASELINE", "SCRIPT_BASELINE")
_UNDONE = ("DELETE", "UNDO_SQL", "UNDO_JDBC", "UNDO_SCRIPT")

_LONGEST_DESCRIPTION = 200
_LONGEST_SCRIPT = 1000
_LONGEST_NAME = 100


class _Row(NamedTuple):
    version: str
    type: str
    script: str
    checksum: int | None
    by: str
    at: datetime
    success: bool


class FlywayHistory:
    """Flyway's table in one database. Reading changes nothing; what is written is the caller's to commit."""

    columns = frozenset(
        ("installed_rank", "version", "description", "type", "script", "checksum", "installed_by", "installed_on")
    ) | {"execution_time", "success"}

    def __init__(self, connection: Connection, dialect: Dialect, place: Place, home: str) -> None:
        self._connection = connection
        self._dialect = dialect
        self.namespace, self.name = place.namespace or home, place.table
        self._table = f"{dialect.quote(self.namespace)}.{dialect.quote(self.name)}"

    def create(self) -> None:
        """Make the table, which is not there."""
        for statement in flyway_table(self._dialect, self.namespace, self.name):
            self._connection.execute(statement)

    def entries(self, files: Iterable[MigrationFile]) -> dict[str, Entry]:
        """What Flyway says of each migration that it knows, by id, those without a file included.

        Those that a baseline of Flyway's stands for have no `noted_as`: no row is theirs.
        """
        rows, baseline = self._standing()
        found: dict[str, Entry] = {}
        for file in files:
            version = _parts(_version(file.path.name))
            if (row := rows.pop(version, None)) is not None:
                found[file.id] = _entry(file.id, row, file)
            elif baseline is not None and version <= _parts(baseline.version):
                found[file.id] = replace(_entry(file.id, baseline, file), checksum=None, noted_as=None)
        for row in rows.values():
            id = flyway_id(Path(row.script).name) or f"V{row.version}"
            found[id] = _entry(id, row, None)
        return found

    def note(self, entry: Entry, file: MigrationFile | None) -> str | None:
        """Make the table say of the migration what the entry says; the version it goes by there, None for no row.

        A migration that stands half gets a row that says it failed, so that Flyway does not begin it anew.
        """
        if entry.file is None:
            return None
        version = entry.noted_as or _version(entry.file)
        success = _success(entry)
        if success is None:
            self._connection.execute(f"DELETE FROM {self._table} WHERE version = %s", (version,))
            return None
        facts = (success, entry.duration_ms or 0, None if file is None else checksum(file.text))
        matched = self._connection.rows(
            f"SELECT installed_rank FROM {self._table} WHERE version = %s ORDER BY installed_rank DESC", (version,)
        )
        if matched:
            self._connection.execute(
                f"UPDATE {self._table} SET success = %s, execution_time = %s, checksum = COALESCE(%s, checksum)"
                " WHERE installed_rank = %s",
                (*facts, matched[0][0]),
            )
            return version
        if self._has_baseline_for(version):
            return None
        self._insert(version, entry, facts)
        return version

    def _has_baseline_for(self, version: str) -> bool:
        types = ", ".join(["%s"] * len(_BASELINES))
        rows = self._connection.rows(f"SELECT version FROM {self._table} WHERE type IN ({types})", _BASELINES)
        return any(_parts(version) <= _parts(str(row[0])) for row in rows)

    def _insert(self, version: str, entry: Entry, facts: tuple[bool, int, int | None]) -> None:
        assert entry.file is not None
        [(last,)] = self._connection.rows(f"SELECT COALESCE(MAX(installed_rank), 0) FROM {self._table}")
        success, duration, crc = facts
        self._connection.execute(
            f"INSERT INTO {self._table} (installed_rank, version, description, type, script, checksum, installed_by,"
            " execution_time, success) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                int(last) + 1,
                version,
                _description(entry.file),
                "SQL",
                entry.file[-_LONGEST_SCRIPT:],
                crc,
                entry.applied_by[:_LONGEST_NAME],
                duration,
                success,
            ),
        )

    def _standing(self) -> tuple[dict[Version, _Row], _Row | None]:
        """The rows of versions that were not taken back, and that of the last baseline."""
        rows: dict[Version, _Row] = {}
        baseline = None
        for row in self._rows():
            if row.type in _BASELINES:
                baseline = row
            elif row.type in _UNDONE:
                rows.pop(_parts(row.version), None)
            else:
                rows[_parts(row.version)] = row
        return rows, baseline

    def _rows(self) -> list[_Row]:
        found = self._connection.rows(
            f"SELECT version, type, script, checksum, installed_by, {flyway_seconds(self._dialect)}, success"
            f" FROM {self._table} WHERE version IS NOT NULL ORDER BY installed_rank"
        )
        return [_read(row) for row in found]


def checksum(text: str) -> int:
    """Flyway's checksum of a script: the CRC-32 of its lines without their ends, as a signed number."""
    crc = zlib.crc32(text.removeprefix("\ufeff").replace("\r", "").replace("\n", "").encode())
    return crc - (1 << 32) if crc >= 1 << 31 else crc


def _read(row: tuple[Any, ...]) -> _Row:
    version, kind, script, crc, by, seconds, success = row
    at = datetime.fromtimestamp(float(seconds), UTC)
    return _Row(str(version), str(kind), str(script), crc, str(by or ""), at, bool(success))


def _entry(id: str, row: _Row, file: MigrationFile | None) -> Entry:
    return Entry(
        migration_id=id,
        description="" if file is None else file.description,
        framework="flyway",
        file=Path(row.script).name if file is None else file.path.name,
        direction="up",
        status="applied" if row.success else "failed",
        checksum=None if file is None else _checksum(row, file),
        applied_by=f"Flyway as {row.by}" if row.by else "Flyway",
        started_at=row.at,
        applied_at=row.at if row.success else None,
        statements_total=0,
        error=None if row.success else "Flyway says that it failed.",
        noted_as=row.version,
    )


def _checksum(row: _Row, file: MigrationFile) -> str | None:
    """None, unless the file is not the one that Flyway ran."""
    same = row.checksum is None or row.checksum == checksum(file.text)
    return None if same else f"Flyway's {row.checksum}"


def _success(entry: Entry) -> bool | None:
    """What Flyway is to read in the entry: that it stands, that it stands half, or nothing."""
    if entry.status == "applied":
        return True
    if entry.status == "rolled back":
        return None
    if entry.status == "running" or entry.statements_done:
        return False
    return True if entry.direction == "down" else None


def _version(script: str) -> str:
    """The version in the name of a script, as Flyway writes it down."""
    return script.partition("__")[0][1:].replace("_", ".")


def _parts(version: str) -> Version:
    """The version as it compares: `1` and `1.0` are one."""
    parts = [int(part) for part in re.findall(r"\d+", version)]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _description(script: str) -> str:
    """What Flyway makes of the name of a script."""
    words = Path(script).stem.partition("__")[2].replace("_", " ")
    return words if len(words) <= _LONGEST_DESCRIPTION else f"{words[: _LONGEST_DESCRIPTION - 3]}..."
