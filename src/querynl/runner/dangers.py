"""What the steps of a plan, or the statements of a script, would do to the rows that are there now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

from msgspec import Struct

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement
from querynl.errors import DecisionNeeded
from querynl.ledger import Ledger
from querynl.operations import Create, Drop, Rename
from querynl.plan import Step
from querynl.rows import RowCount, count_rows
from querynl.runner.losses import DeletedRows, DroppedColumn, DroppedTable, DroppedWhole, RenamedTable, losses
from querynl.schema import Column, Kind, Name, Table

Group = Literal["destructive", "backfill"]


class Danger(Struct, frozen=True, kw_only=True):
    """Rows that would be lost (`destructive`), or that nothing could be made for (`backfill`).

    `what` is a whole sentence with the number of rows, which are counted up to `rows.MOST_COUNTED`; `rows` is None
    where they cannot be. `table` and `column` are the names that the step or statement has for them.
    """

    group: Group
    what: str
    rows: int | None
    table: Name | None
    column: str | None = None


def dangers(steps: Iterable[Step], connection: Connection, dialect: Dialect, ledger: Ledger) -> list[Danger]:
    """The dangers of running the steps on the database as it is now. Reads row counts, and nothing else.

    What the database does not have yet, has no rows; what the steps themselves make is not looked at.
    """
    return list(_Rows(connection, dialect, ledger).dangers(steps))


def dangers_of_script(
    statements: Iterable[Statement], connection: Connection, dialect: Dialect, ledger: Ledger
) -> list[Danger]:
    """What statements that no plan stands behind would take away of the rows that are there now.

    It is told from their words, and not from what they do before: rows that one of them copies count, too.
    """
    return list(_Rows(connection, dialect, ledger).dangers_of_script(statements))


def refuse(found: Iterable[Danger], allow: Collection[str], *, subject: str, way_on: str) -> None:
    """Raise `DecisionNeeded` for the dangers that `allow` (`destructive`, `all`) does not cover.

    `way_on` says how a NOT NULL column gets its values, with `{assignment}` for the argument of --backfill.
    """
    questions = []
    for danger in found:
        if danger.group == "backfill":
            assignment = f"{danger.table}.{danger.column} = EXPRESSION"
            questions.append(f"{danger.what} {way_on.format(assignment=assignment)}")
        elif not {"destructive", "all"} & set(allow):
            questions.append(f"{danger.what} Allow it with --allow destructive.")
    if questions:
        raise DecisionNeeded(f"{subject} needs a decision; nothing was run.", questions=questions)


class _Rows:
    """The rows of one database, by the names that its tables have before the steps."""

    def __init__(self, connection: Connection, dialect: Dialect, ledger: Ledger) -> None:
        self._connection = connection
        self._dialect = dialect
        self._ledger = ledger
        # What a table or column is called in the database, where a step renamed it; None where a step made it.
        self._tables: dict[Name, Name | None] = {}
        self._columns: dict[tuple[Name, str], str | None] = {}

    def dangers(self, steps: Iterable[Step]) -> Iterator[Danger]:
        for step in steps:
            for operation in step.operations:
                match operation:
                    case Drop(Table(server=None) as table):
                        yield from self._lost_table(table.key)
                    case Drop(Column(generated=None) as column, Name() as table, inherited=False):
                        yield from self._lost_column(table, column)
                    case Create(Table() as table):
                        self._tables[table.key] = None
                    case Create(Column() as column, Name() as table, inherited=False):
                        yield from self._missing_values(table, column)
                        self._columns[table, column.name] = None
                    case Rename(ref, to) if ref.kind is Kind.TABLE:
                        self._rename_table(Name(ref.namespace, ref.name), Name(ref.namespace, to))
                    case Rename(ref, to) if ref.kind is Kind.COLUMN and ref.table is not None:
                        table = Name(ref.namespace, ref.table)
                        self._columns[table, to] = self._columns.pop((table, ref.name), ref.name)

    def dangers_of_script(self, statements: Iterable[Statement]) -> Iterator[Danger]:
        for statement in statements:
            # The tokens of a statement that takes nothing away may be many.
            tokens = self._dialect.tokens(statement.sql)
            for loss in losses(tokens, has_namespaces=self._dialect.has_namespaces):
                match loss:
                    case RenamedTable(before, after):
                        self._rename_table(self._there(before), after)
                    case DroppedWhole(what):
                        said = f"It runs {what}, whatever rows that takes along."
                        yield Danger(group="destructive", what=said, rows=None, table=None)
                    case _:
                        yield from self._taken_away(loss)

    def _taken_away(self, loss: DroppedTable | DroppedColumn | DeletedRows) -> Iterator[Danger]:
        table = self._there(loss.table)
        column, which = None, ""
        match loss:
            case DroppedColumn():
                column, which = self._column_there(table, loss.column), " with a value"
                does = f"drops the column {table}.{column}"
            case DroppedTable():
                does = f"drops the table {table}"
            case _:
                does = f"deletes from {table}"
        count = self._count(table, with_value_in=column)
        if count.rows:
            what = f"It {does}, which has {_rows(count)}{which}."
            yield Danger(group="destructive", what=what, rows=count.rows, table=table, column=column)

    def _there(self, table: Name) -> Name:
        """The table that a script means: names without quotes may be in another case in the database."""
        small = Name(table.namespace and table.namespace.lower(), table.name.lower())
        return table if table in self._tables or self._columns_of(table) or not self._columns_of(small) else small

    def _column_there(self, table: Name, column: str) -> str:
        names = self._columns_of(self._tables.get(table) or table)
        return next((name for name in names if name.lower() == column.lower() and column not in names), column)

    def _columns_of(self, table: Name) -> set[str]:
        return self._ledger.columns(table.namespace, table.name)

    def _rename_table(self, before: Name, after: Name) -> None:
        self._tables[after] = self._tables.pop(before, before)
        renamed = {
            (after if table == before else table, column): name for (table, column), name in self._columns.items()
        }
        self._columns = renamed

    def _lost_table(self, table: Name) -> Iterator[Danger]:
        count = self._count(table)
        if count.rows:
            what = f"Dropping the table {table} loses {_rows(count)}."
            yield Danger(group="destructive", what=what, rows=count.rows, table=table)

    def _lost_column(self, table: Name, column: Column) -> Iterator[Danger]:
        name = self._columns.get((table, column.name), column.name)
        # One that a step has just made holds nothing of anybody's.
        count = RowCount(0) if name is None else self._count(table, with_value_in=name)
        if count.rows:
            what = f"Dropping the column {table}.{column.name} loses its values in {_rows(count)}."
            yield Danger(group="destructive", what=what, rows=count.rows, table=table, column=column.name)

    def _missing_values(self, table: Name, column: Column) -> Iterator[Danger]:
        if column.nullable or column.default is not None or column.identity or column.generated:
            return
        count = self._count(table)
        if count.rows:
            what = f"The column {table}.{column.name} is NOT NULL without a default, and {table} has {_rows(count)}."
            yield Danger(group="backfill", what=what, rows=count.rows, table=table, column=column.name)

    def _count(self, table: Name, *, with_value_in: str | None = None) -> RowCount:
        """The rows of a table, or those with a value in one of its columns."""
        name = self._tables.get(table, table)
        columns = set() if name is None else self._columns_of(name)
        if name is None or not columns or with_value_in not in (None, *columns):
            return RowCount(0)
        return count_rows(self._connection, self._dialect, [name], with_value_in=with_value_in)[name]


def _rows(count: RowCount) -> str:
    return "1 row" if count == RowCount(1) else f"{count} rows"
