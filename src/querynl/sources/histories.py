"""The tables in which other tools keep their history: no part of a schema, and no migration's business."""

from __future__ import annotations

from msgspec.structs import replace

from querynl.schema import Schema, Table

# By name, with a column that only such a table has:
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html, https://documentation.red-gate.com/fd/flyway-schema-history-table-273973417.html
_KNOWN = {"alembic_version": "version_num", "flyway_schema_history": "installed_rank"}


def without_histories(schema: Schema) -> tuple[Schema, list[str]]:
    """The schema without the history tables of Alembic and Flyway, and their names."""
    found = [table for table in schema.tables if _is_history(table)]
    if not found:
        return schema, []
    rest = tuple(table for table in schema.tables if table not in found)
    return replace(schema, tables=rest), [str(table.key) for table in found]


def _is_history(table: Table) -> bool:
    return _KNOWN.get(table.name) in {column.name for column in table.columns}
