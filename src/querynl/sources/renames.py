"""Renames that a source declares, kept while an engine reads the rest of it."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from querynl.schema import Name, Schema, Table


class DeclaredRenames(Struct):
    """Old names by the new: of tables, and of columns by their table's new name."""

    tables: dict[Name, str] = field(default_factory=dict)
    columns: dict[tuple[Name, str], str] = field(default_factory=dict)

    def update(self, other: DeclaredRenames) -> None:
        """Add the renames of another source."""
        self.tables.update(other.tables)
        self.columns.update(other.columns)


def renames_of(schema: Schema) -> DeclaredRenames:
    """What the `renamed_from` of tables and columns say."""
    renames = DeclaredRenames()
    for table in schema.tables:
        if table.renamed_from is not None:
            renames.tables[table.key] = table.renamed_from
        for column in table.columns:
            if column.renamed_from is not None:
                renames.columns[table.key, column.name] = column.renamed_from
    return renames


def with_renames(schema: Schema, renames: DeclaredRenames) -> Schema:
    """The schema with the renames declared in it; names are compared as the schema has them, then without case."""
    if not renames.tables and not renames.columns:
        return schema
    tables = {_folded(name): old for name, old in renames.tables.items()}
    columns = {(_folded(name), column.lower()): old for (name, column), old in renames.columns.items()}

    def declared(table: Table) -> Table:
        key = _folded(table.key)
        return replace(
            table,
            renamed_from=tables.get(key),
            columns=tuple(replace(c, renamed_from=columns.get((key, c.name.lower()))) for c in table.columns),
        )

    return replace(schema, tables=tuple(map(declared, schema.tables)))


def _folded(name: Name) -> tuple[str, str]:
    return ((name.namespace or "").lower(), name.name.lower())
