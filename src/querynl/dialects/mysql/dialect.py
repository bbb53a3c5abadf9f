"""MySQL and MariaDB as the rest of the program sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from querynl import schema as model
from querynl.dialects import expressions
from querynl.dialects.flat import Flat
from querynl.dialects.mysql import sequences, spelling, split, traces, types
from querynl.dialects.mysql.inspect import inspected
from querynl.dialects.mysql.localise import localised
from querynl.dialects.mysql.options import character_set
from querynl.dialects.mysql.rename import renamed_along
from querynl.dialects.mysql.render import in_alter_table, places_columns, rendered
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.versioning import is_row_end
from querynl.dialects.protocol import Reader, Statement
from querynl.errors import StatementFailed
from querynl.operations import Catalog, Change, Drop, Operation
from querynl.schema import (
    ROUTINES,
    AnyObject,
    Check,
    Column,
    ForeignKey,
    Index,
    Kind,
    Name,
    PrimaryKey,
    Ref,
    Schema,
    Table,
    Trigger,
    View,
)

# Tables, and with them triggers, follow the server's file system:
# https://dev.mysql.com/doc/refman/9.5/en/identifier-case-sensitivity.html
_WITHOUT_CASE = frozenset({Kind.COLUMN, Kind.INDEX, Kind.CHECK, Kind.FOREIGN_KEY, *ROUTINES, Kind.EVENT})

# Unknown table, column, routine or key, and the many words for a foreign key whose table or key is not there:
# https://dev.mysql.com/doc/mysql-errors/9.5/en/server-error-reference.html, https://mariadb.com/kb/en/mariadb-error-codes/
_LACKING = frozenset(("1146", "1054", "1305", "1072", "1176", "1356", "1824", "1822", "1215", "1005", "4091"))


class MySQL(Flat):
    """One of the two engines, at one version; see `Dialect` for what each method promises."""

    # Each DDL statement commits: https://dev.mysql.com/doc/refman/9.5/en/implicit-commit.html
    rolls_back_ddl = False
    references_ahead = False
    transaction = ("BEGIN", "COMMIT")
    has_standard_shapes = True

    def __init__(self, name: str = "mysql", version: tuple[int, ...] | None = None) -> None:
        self._server = Server.of(name, version)
        self.name = self._server.name
        self.version = self._server.version

    def fits(self, name: str) -> bool:
        return len(name) <= spelling.NAME_LENGTH

    def quote(self, name: str) -> str:
        return spelling.quote(name)

    def literal(self, text: str) -> str:
        return spelling.literal(text)

    def localise(self, schema: Schema) -> Schema:
        return localised(schema, self, self._server)

    def mentions(self, expression: str, name: str) -> bool:
        return expressions.mentions(expression, name, self.name)

    def rename_in_expression(self, expression: str, before: str, after: str) -> str:
        def renamed(text: str) -> str:
            return expressions.rename_column(text, before, after, self.name, self.quote)

        return sequences.reworded_around(expression, renamed)

    def rename_object_in_expression(self, expression: str, ref: Ref, to: str) -> str:
        return sequences.renamed_in(expression, ref.name, to) if ref.kind is Kind.SEQUENCE else expression

    def renamed_along(self, table: Table, ref: Ref, to: str) -> Table:
        return renamed_along(table, ref, to, self)

    def counts_once(self) -> bool:
        return True

    def folded(self, kind: Kind, name: str) -> str:
        return name.lower() if kind in _WITHOUT_CASE else name

    def shares_names(self, kind: Kind) -> bool:
        return kind is Kind.FOREIGN_KEY or (kind is Kind.CHECK and self._server.names_checks_per_schema)

    def alters(self, before: AnyObject, after: AnyObject, table: Name | None) -> bool:
        match before, after:
            case Column(), Column():
                return _alters_column(before, after)
            case Index(), Index():
                return replace(before, invisible=after.invisible) == after
            case Check(), Check():
                return not self._server.is_mariadb and replace(before, enforced=after.enforced) == after
            case (Table(), Table()) | (model.Sequence(), model.Sequence()):
                return True
            case _:
                return False

    def renames(self, kind: Kind) -> bool:
        return kind in (Kind.TABLE, Kind.COLUMN, Kind.INDEX, Kind.VIEW, Kind.SEQUENCE)

    def blocks(self, operation: Drop | Change, dependent: AnyObject) -> bool:
        match operation, dependent:
            case Drop(Column()), Index() | Check() | ForeignKey() | PrimaryKey() | Column():
                return True
            case Change(Column() as before, Column() as after), ForeignKey():
                return _converts_key(before, after)
            case Change(Column() as before, Column() as after), Index(method="spatial"):
                return before.options.get("srid") != after.options.get("srid")
            case Change(Table() as before, Table() as after), ForeignKey():
                return character_set(before) != character_set(after)
            case Drop(PrimaryKey(columns=columns)), ForeignKey():
                return columns[: len(dependent.referenced_columns)] == dependent.referenced_columns
            case Drop(Index(columns=keys)), ForeignKey():
                return (
                    tuple(key.column for key in keys[: len(dependent.referenced_columns)])
                    == dependent.referenced_columns
                )
            case Drop(Trigger()), Trigger():
                return True  # it runs after the dropped one, which comes back at the end otherwise
            case Drop(View()), View():
                return True  # it would stay, and nothing new could be made upon it until all below it are back
            case _:
                return False

    def groups(self, operation: Operation) -> bool:
        return in_alter_table(operation)

    def rebuilds_table_for(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> bool:
        """An ALTER TABLE that touches columns puts them in order on the way."""
        return in_alter_table(operations[0]) and places_columns(operations)

    def widens(self, before: AnyObject, after: AnyObject) -> bool:
        return isinstance(before, Column) and isinstance(after, Column) and types.widens(before, after)

    def render(self, operations: Sequence[Operation], before: Catalog, after: Catalog) -> list[Statement]:
        return rendered(operations, before, after, self._server)

    def inspect(self, reader: Reader) -> Schema:
        return inspected(reader, self._server)

    def lacks_something(self, error: StatementFailed) -> bool:
        return error.sqlstate in _LACKING

    def commits_by_itself(self, sql: str) -> bool:
        return traces.commits_by_itself(sql)

    def trace(self, reader: Reader, sql: str) -> str | None:
        return traces.trace(reader, sql)

    def clearing(self, reader: Reader, sql: str) -> list[str]:
        return []  # a statement runs whole, or not at all

    def tokens(self, script: str) -> Iterator[str]:
        return split.tokens(script)

    def split(self, script: str) -> list[Statement]:
        return split.split(script)

    def script(self, statements: Sequence[Statement]) -> str:
        return split.script(statements)


def _alters_column(before: Column, after: Column) -> bool:
    """Whether MODIFY makes one of the other: types convert, a virtual column stays one, no other becomes one."""
    was_virtual = before.generated is not None and not before.generated.stored
    is_virtual = after.generated is not None and not after.generated.stored
    if is_row_end(before) != is_row_end(after):
        return False
    return was_virtual == is_virtual and types.converts(before.type, after.type)


def _converts_key(before: Column, after: Column) -> bool:
    """Whether a foreign key on the column stands in the way (error 1832 or 1833)."""
    kept = replace(
        after,
        default=before.default,
        nullable=before.nullable and after.nullable,
        on_update=before.on_update,
        invisible=before.invisible,
        comment=before.comment,
    )
    return kept != before
