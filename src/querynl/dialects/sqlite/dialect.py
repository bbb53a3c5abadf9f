"""SQLite 3.35 and newer, as a dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from querynl.dialects.declared import check_texts
from querynl.dialects.flat import Flat
from querynl.dialects.protocol import Reader, Statement
from querynl.dialects.sqlite import names, rendering, script, types
from querynl.dialects.sqlite.inspection import inspect
from querynl.dialects.sqlite.localise import localised
from querynl.dialects.sqlite.words import renamed
from querynl.errors import StatementFailed
from querynl.operations import Catalog, Change, Drop, Operation
from querynl.schema import (
    AnyObject,
    Column,
    Index,
    Kind,
    Name,
    Ref,
    Schema,
    Table,
    Trigger,
    View,
)

_NEWEST = (3, 51, 0)
# Its error codes do not tell what is wrong with a statement; its texts are of one language.
_LACKING = ("no such table", "no such column", "no such index", "no such view")


class SQLite(Flat):
    """The dialect of one version of SQLite."""

    name = "sqlite"
    rolls_back_ddl = True
    references_ahead = True
    # BEGIN would do as well, but Flyway's parser takes it for the body of a trigger, and SQLAlchemy may have begun a
    # transaction already: https://www.sqlite.org/lang_savepoint.html.
    transaction = ("SAVEPOINT querynl", "RELEASE querynl")
    has_standard_shapes = False

    def __init__(self, version: tuple[int, ...] | None = None) -> None:
        self.version = version or _NEWEST

    def fits(self, name: str) -> bool:
        """Any length does; a NUL would end the statement."""
        return "\x00" not in name

    def quote(self, name: str) -> str:
        return names.quote(name)

    def literal(self, text: str) -> str:
        return names.literal(text)

    def mentions(self, expression: str, name: str) -> bool:
        return rendering.mentions(expression, name)

    def rename_in_expression(self, expression: str, before: str, after: str) -> str:
        return renamed(expression, before, after)

    def alters(self, before: AnyObject, after: AnyObject, table: Name | None) -> bool:
        """Whether rows stay: a rebuild changes everything of a table but what a virtual one is made of."""
        if isinstance(before, Table) and isinstance(after, Table):
            return "virtual" not in before.options and "virtual" not in after.options
        return not isinstance(before, Index | View | Trigger)

    def rename_object_in_expression(self, expression: str, ref: Ref, to: str) -> str:
        return expression

    def renamed_along(self, table: Table, ref: Ref, to: str) -> Table:
        return table

    def counts_once(self) -> bool:
        return False  # one is the key, and a rebuild makes both at once

    def folded(self, kind: Kind, name: str) -> str:
        return names.folded(name)

    def shares_names(self, kind: Kind) -> bool:
        return kind in (Kind.INDEX, Kind.TRIGGER)

    def renames(self, kind: Kind) -> bool:
        return kind in (Kind.TABLE, Kind.COLUMN)

    def blocks(self, operation: Drop | Change, dependent: AnyObject) -> bool:
        """Only triggers of a dropped view or table go with it; all else is checked when it is used."""
        return (
            isinstance(operation, Drop)
            and isinstance(operation.obj, View | Table)
            and isinstance(dependent, Trigger)
            and dependent.table == operation.obj.name
        )

    def groups(self, operation: Operation) -> bool:
        """Whether the operation may be part of a rebuild of its table."""
        return rendering.is_part_of_table(operation)

    def rebuilds_table_for(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> bool:
        return rendering.rebuilds_table_for(operations, before, after, self.version)

    def widens(self, before: AnyObject, after: AnyObject) -> bool:
        return isinstance(before, Column) and isinstance(after, Column) and types.widens(before.type, after.type)

    def localise(self, schema: Schema) -> Schema:
        check_texts(schema, self)
        return localised(schema)

    def render(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> list[Statement]:
        return rendering.render(operations, before, after, self.version)

    def inspect(self, reader: Reader) -> Schema:
        return inspect(reader, self.version)

    def lacks_something(self, error: StatementFailed) -> bool:
        return error.what.startswith(_LACKING)

    def commits_by_itself(self, sql: str) -> bool:
        return False

    def trace(self, reader: Reader, sql: str) -> str | None:
        return ""  # what runs outside a transaction, PRAGMA and VACUUM, may run again

    def clearing(self, reader: Reader, sql: str) -> list[str]:
        return []

    def tokens(self, script_text: str) -> Iterator[str]:
        return script.tokens(script_text)

    def split(self, script_text: str) -> list[Statement]:
        return script.split(script_text)

    def script(self, statements: Sequence[Statement]) -> str:
        return script.write(statements)
