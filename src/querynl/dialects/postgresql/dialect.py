"""PostgreSQL, versions 15 to 18."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from querynl.dialects import expressions
from querynl.dialects.postgresql import (
    counters,
    heirs,
    part_names,
    privileges,
    renaming,
    settling,
    spelling,
    split,
    traces,
)
from querynl.dialects.protocol import Dialect, Reader, Statement
from querynl.errors import StatementFailed
from querynl.operations import Catalog, Change, Drop, Operation
from querynl.schema import AnyObject, Column, DefaultPrivileges, Grant, Kind, Name, Ref, Schema, Table

NEWEST = (18,)
# Undefined table, column, function, object (a type, a role) and schema, and the key that a foreign key refers to:
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_LACKING = frozenset(("42P01", "42703", "42883", "42704", "3F000", "42830"))


class PostgreSQL(Dialect):
    """The room of PostgreSQL; `version` is the server's, None stands for the newest known.

    What renders and inspects is imported when it is asked for: to run a script, neither is.
    """

    name = "postgresql"
    rolls_back_ddl = True
    references_ahead = False
    has_namespaces = True
    session_reset = "RESET ALL"
    transaction = ("BEGIN", "COMMIT")
    has_standard_shapes = False
    names_primary_keys = True

    def __init__(self, version: tuple[int, ...] | None = None) -> None:
        self.version = version or NEWEST

    def fits(self, name: str) -> bool:
        return len(name.encode()) <= spelling.MAX_NAME_BYTES

    def quote(self, name: str) -> str:
        return spelling.quote(name)

    def literal(self, text: str) -> str:
        return spelling.literal(text)

    def mentions(self, expression: str, name: str) -> bool:
        return expressions.mentions(expression, name, self.name)

    def rename_in_expression(self, expression: str, before: str, after: str) -> str:
        return expressions.rename_column(expression, before, after, self.name, spelling.identifier)

    def rename_type(self, column_type: str, ref: Ref, to: str) -> str:
        return renaming.rename_type(column_type, ref, to)

    def rename_object_in_expression(self, expression: str, ref: Ref, to: str) -> str:
        return renaming.rename_object_in_expression(expression, ref, to)

    def alters(self, before: AnyObject, after: AnyObject, table: Name | None) -> bool:
        from querynl.dialects.postgresql import rules

        return rules.alters(before, after, self.version)

    def with_names_kept(self, table: Table, ref: Ref, catalog: Catalog) -> Table:
        return part_names.with_names_kept(table, ref, catalog)

    def counter_of(self, table: Name, column: Column) -> Name | None:
        return counters.counter_of(table, column)

    def counted_by(self, default: str) -> Name | None:
        return counters.counted_by(default)

    def renamed_along(self, table: Table, ref: Ref, to: str) -> Table:
        return renaming.renamed_in_key(table, ref, to, self)

    def counts_once(self) -> bool:
        return False

    def minds_references(self, before: Table, after: Table) -> bool:
        return before.options.get("unlogged") != after.options.get("unlogged")

    def folded(self, kind: Kind, name: str) -> str:
        return name

    def shares_names(self, kind: Kind) -> bool:
        # An index, and so a key, is a relation beside the tables.
        return kind in (Kind.INDEX, Kind.PRIMARY_KEY, Kind.UNIQUE, Kind.EXCLUSION)

    def stays(self, before: Table, after: Table) -> bool:
        return before.options.get("partition_bound") == after.options.get("partition_bound")

    def parted(self, table: Table, kept: Sequence[Name], catalog: Catalog) -> Table:
        return heirs.parted(table, kept, catalog)

    def without_repeated(self, before: Table, after: Table, start: Catalog, end: Catalog) -> tuple[Table, Table]:
        narrowed = part_names.with_names_before if heirs.is_partition(before) else heirs.without_repeated
        return narrowed(before, after, start, end)

    def renames(self, kind: Kind) -> bool:
        from querynl.dialects.postgresql import rules

        return rules.renames(kind)

    def blocks(self, operation: Drop | Change, dependent: AnyObject) -> bool:
        from querynl.dialects.postgresql import rules

        return rules.blocks(operation, dependent)

    def freed(self, dependent: AnyObject, operation: Drop | Change) -> AnyObject:
        from querynl.dialects.postgresql import rules

        return rules.freed(dependent, operation)

    def granted_to_new(
        self, obj: AnyObject, table: Name | None, creator: str | None, defaults: Iterable[DefaultPrivileges]
    ) -> Iterable[Grant]:
        return privileges.granted_to_new(obj, table, [found for found in defaults if found.owner == creator])

    def localise(self, schema: Schema) -> Schema:
        from querynl.dialects.postgresql.localise import localise

        return localise(schema, self)

    def groups(self, operation: Operation) -> bool:
        return False

    def rebuilds_table_for(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> bool:
        return False

    def widens(self, before: AnyObject, after: AnyObject) -> bool:
        from querynl.dialects.postgresql import rules

        return rules.widens(before, after)

    def render(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> list[Statement]:
        from querynl.dialects.postgresql.rendering import render

        return render(operations, before, after)

    def inspect(self, reader: Reader) -> Schema:
        from querynl.dialects.postgresql.inspection import inspect

        return inspect(reader)

    def settling(self, reader: Reader, schema: Schema) -> list[str]:
        return settling.settling(reader, schema)

    def missing_role(self, failure: StatementFailed) -> str | None:
        return privileges.missing_role(failure)

    def lacks_something(self, error: StatementFailed) -> bool:
        return error.sqlstate in _LACKING

    def commits_by_itself(self, sql: str) -> bool:
        return False

    def trace(self, reader: Reader, sql: str) -> str | None:
        return traces.trace(reader, sql)

    def clearing(self, reader: Reader, sql: str) -> list[str]:
        return traces.clearing(reader, sql)

    def tokens(self, script: str) -> Iterator[str]:
        return split.tokens(script)

    def split(self, script: str) -> list[Statement]:
        return split.split(script)

    def script(self, statements: Sequence[Statement]) -> str:
        return split.join(statements)
