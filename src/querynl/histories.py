"""The tables in which other tools keep their history: no part of a schema, and no migration's business."""

from __future__ import annotations

from msgspec.structs import replace

from querynl.schema import Schema, Table

# The columns that only such a table has, whatever a project calls it:
# https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html,
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html
_ALEMBICS = "version_num"
_FLYWAYS = "installed_rank version description type script checksum installed_by installed_on execution_time success"
_KNOWN = (frozenset(_ALEMBICS.split()), frozenset(_FLYWAYS.split()))


def without_histories(schema: Schema) -> tuple[Schema, list[str]]:
    """The schema without the history tables of Alembic and Flyway, and their names."""
    found = [table for table in schema.tables if _is_history(table)]
    if not found:
        return schema, []
    rest = tuple(table for table in schema.tables if table not in found)
    return replace(schema, tables=rest), [str(table.key) for table in found]


def _is_history(table: Table) -> bool:
    return frozenset(column.name for column in table.columns) in _KNOWN
