"""One run of a plan on a throwaway database, up and down, and what is compared on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from querynl.connections import Connection
from querynl.dialects import Dialect, Statement, dialect_named
from querynl.diff import diff
from querynl.errors import ProofFailed, QueryNLError, ScratchUnavailable, StatementFailed
from querynl.operations import Change, Create, Operation, Rename, RunSQL, target
from querynl.plan import Plan, Reversibility, statements
from querynl.proof.retained import Rows, kept_by, rows_elsewhere, rows_of
from querynl.proof.seeding import Seeding, Sparing, seed
from querynl.runner.portions import segments, settings_apart
from querynl.schema import Column, Name, Ref, Schema, Table, ref_of
from querynl.scratch import Scratch
from querynl.sources.comparison import create

_DIFFERENCES_SHOWN = 5
_REMEDY = "Nothing was written or run. This is a fault of QueryNL: please report it; --no-verify leaves the proof out."


def made_there(schema: Schema, connection: Connection, dialect_name: str) -> Schema:
    """The schema as the engine tells it after it was created there. Raises ScratchUnavailable if it was refused."""
    dialect = dialect_named(connection.dialect, connection.version)
    if dialect.name != dialect_name:
        raise ScratchUnavailable(f"The throwaway database is {dialect.name}, the migration for {dialect_name}.")
    try:
        create(schema, connection, dialect)
    except StatementFailed as error:
        raise ScratchUnavailable(f"the throwaway database refused the schema: {error.what}") from error
    return dialect.inspect(connection)


class Outcome(NamedTuple):
    """The rows of a run that went well on the way up, and what the engine refused on the way down, if anything."""

    seeding: Seeding
    refused: ProofFailed | None


class Trial(Struct, frozen=True, kw_only=True):
    """A plan, the schema that it starts from, and the one that it must reach, in the engine's own terms."""

    plan: Plan
    before: Schema
    wanted: Schema
    scratch: Scratch
    engine: str

    def run(self, sparing: Sparing) -> Outcome:
        """What rows there were, and whether the way back took what was there then. Raises ProofFailed for all else."""
        operations = [operation for step in self.plan.up for operation in step.operations]
        with self.scratch.database() as live:
            start = made_there(self.before, live, self.plan.dialect)
            dialect = dialect_named(live.dialect, live.version)
            sparing = replace(sparing, required=frozenset(_required_later(operations)))
            seeding = seed(live, start, dialect, later=self.wanted, sparing=sparing)
            is_lossless = self.plan.reversibility is Reversibility.LOSSLESS
            everything = self._values(live, start, dialect) if is_lossless else {}
            self._check_up(live, start, dialect, operations)
            try:
                if self.plan.down:
                    self._check_down(live, start, dialect, everything)
            except ProofFailed as failure:
                if not isinstance(failure.__cause__, StatementFailed):
                    raise
                return Outcome(seeding, failure)
        return Outcome(seeding, None)

    def _check_up(self, live: Connection, start: Schema, dialect: Dialect, operations: Sequence[Operation]) -> None:
        kept = kept_by(operations, start)
        rows = {key: rows_of(live, key, found.columns, dialect) for key, found in kept.items()}
        self._go(live, statements(self.plan.up), dialect, "up")
        # Where nothing differs, planning again finds nothing to do.
        self._compare(dialect.inspect(live), self.wanted, dialect, "up")
        for key, found in kept.items():
            self._compare_rows(rows[key], rows_of(live, found.table, found.columns.values(), dialect), key, "up")

    def _check_down(self, live: Connection, start: Schema, dialect: Dialect, everything: dict[Name, Rows]) -> None:
        self._go(live, statements(self.plan.down), dialect, "down")
        self._compare(dialect.inspect(live), start, dialect, "down")
        if everything:
            for key, values in self._values(live, start, dialect).items():
                self._compare_rows(everything[key], values, key, "down")

    def _values(self, connection: Connection, schema: Schema, dialect: Dialect) -> dict[Name, Rows]:
        elsewhere = rows_elsewhere(schema)
        return {
            table.key: rows_of(connection, table.key, list(_stored(table)), dialect)
            for table in schema.tables
            if table.key not in elsewhere
        }

    def _go(self, connection: Connection, script: Sequence[Statement], dialect: Dialect, way: str) -> None:
        try:
            run_in_portions(connection, script, dialect)
        except StatementFailed as error:
            what = f"on the way {way} the engine refused a statement: {error.what}"
            raise self._failure(what, check=way, found=[error.what], sql=error.sql) from error

    def _compare(self, found: Schema, wanted: Schema, dialect: Dialect, way: str) -> None:
        differences = diff(found, wanted, dialect).operations
        if differences:
            wrong = list(map(told, differences))
            raise self._failure(f"after running {way}, {listed(wrong)}", check=way, found=wrong)

    def _compare_rows(self, before: Rows, after: Rows, table: Name, way: str) -> None:
        if before == after:
            return
        if len(before) != len(after):
            what = f"{table} has {len(after)} of {len(before)} rows"
        else:
            was, now = next((was, now) for was, now in zip(before, after, strict=True) if was != now)
            what = f"{table} has the values {now} where there were {was}"
        raise self._failure(f"after running {way}, {what}", check="rows", found=[f"values of {table}, {way}"])

    def _failure(self, what: str, *, check: str, found: Sequence[str], sql: str = "") -> ProofFailed:
        what = f"The migration does not do what it should on {self.engine}: {what}."
        return ProofFailed(what, check=check, found=found, where=sql or None, remedy=_REMEDY)


def _required_later(operations: Iterable[Operation]) -> set[Ref]:
    """The columns that take nulls before and not after, and that nothing fills."""
    operations = list(operations)
    filled = {operation.table for operation in operations if isinstance(operation, RunSQL)}
    return {
        ref_of(operation.before, operation.table)
        for operation in operations
        if isinstance(operation, Change)
        and isinstance(operation.before, Column)
        and isinstance(operation.after, Column)
        and operation.before.nullable
        and not operation.after.nullable
        and operation.table not in filled
    }


def run_in_portions(connection: Connection, script: Sequence[Statement], dialect: Dialect) -> None:
    """Run the statements in the portions in which the runner commits them."""
    settings, body = settings_apart(script, dialect)
    for statement in settings.before:
        connection.execute(statement.sql)
    try:
        for segment in segments(body, dialect):
            if segment.atomic and dialect.rolls_back_ddl:
                with connection.transaction():
                    _execute(connection, segment.statements)
            else:
                _execute(connection, segment.statements)
    except QueryNLError:
        for statement in settings.after:
            with suppress(QueryNLError):
                connection.execute(statement.sql)
        raise
    for statement in settings.after:
        connection.execute(statement.sql)


def _execute(connection: Connection, script: Iterable[Statement]) -> None:
    for statement in script:
        if not statement.expects_no_rows:
            connection.execute(statement.sql)
        elif rows := connection.rows(statement.sql):
            raise StatementFailed(f"the check found rows where there must be none: {rows[:3]}", sql=statement.sql)


def listed(found: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(found) - _DIFFERENCES_SHOWN
    return "; ".join(found[:_DIFFERENCES_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def told(difference: Operation) -> str:
    """What is found and should not be, or the other way round."""
    what = target(difference)
    if isinstance(difference, Create):
        return f"{what} is missing"
    if isinstance(difference, Change):
        pairs = (
            f"{field} {getattr(difference.before, field)!r} instead of {getattr(difference.after, field)!r}"
            for field in difference.after.__struct_fields__
            if getattr(difference.before, field) != getattr(difference.after, field, None)
        )
        return f"{what} has {', '.join(pairs)}"
    return f"{what} should not be there" if not isinstance(difference, Rename) else f"{what} is not {difference.to}"


def _stored(table: Table) -> Iterator[str]:
    """The columns that hold values; what is computed as it is read may fail for values at the edge of their type."""
    return (column.name for column in table.columns if column.generated is None or column.generated.stored)
