"""What engines answer whose databases are flat."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from querynl.dialects.protocol import Reader
from querynl.errors import StatementFailed
from querynl.operations import Catalog, Change, Drop
from querynl.schema import AnyObject, Column, DefaultPrivileges, Grant, Name, Ref, Schema, Table


class Flat:
    """A part of a dialect: no namespaces, no parents of tables, no types, counters or grants that stand by themselves.

    See `Dialect` for what each method promises.
    """

    has_namespaces = False
    session_reset: str | None = None
    names_primary_keys = False

    def minds_references(self, before: Table, after: Table) -> bool:
        return False

    def rename_type(self, column_type: str, ref: Ref, to: str) -> str:
        return column_type

    def with_names_kept(self, table: Table, ref: Ref, catalog: Catalog) -> Table:
        return table

    def counter_of(self, table: Name, column: Column) -> Name | None:
        return None

    def counted_by(self, default: str) -> Name | None:
        return None

    def stays(self, before: Table, after: Table) -> bool:
        return True

    def parted(self, table: Table, kept: Sequence[Name], catalog: Catalog) -> Table:
        return table

    def without_repeated(self, before: Table, after: Table, start: Catalog, end: Catalog) -> tuple[Table, Table]:
        return before, after

    def freed(self, dependent: AnyObject, operation: Drop | Change) -> AnyObject:
        return dependent

    def granted_to_new(
        self, obj: AnyObject, table: Name | None, creator: str | None, defaults: Iterable[DefaultPrivileges]
    ) -> Iterable[Grant]:
        return ()

    def settling(self, reader: Reader, schema: Schema) -> list[str]:
        return []

    def missing_role(self, failure: StatementFailed) -> str | None:
        return None
