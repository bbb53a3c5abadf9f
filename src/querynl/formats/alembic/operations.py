"""The steps of a plan as calls of Alembic's operations, made from the plan's operations and not from its SQL.

https://alembic.sqlalchemy.org/en/latest/ops.html. A step that Alembic has no exact words for executes the
plan's own statements: nothing of it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec.structs import replace

from querynl.dialects import Dialect, Statement
from querynl.formats.alembic.code import Block, Call, Line, call, literal, long_literal
from querynl.formats.alembic.engines import Engine, engine_of
from querynl.formats.alembic.tables import add_constraint, added_later, column, create_index, create_table
from querynl.formats.alembic.words import Inexpressible, escaped, required_name, schema_of
from querynl.formats.transactions import needs_none_around
from querynl.operations import Change, Create, Drop, Operation, Rename, State, parts_of
from querynl.plan import Plan, Step
from querynl.schema import (
    AnyObject,
    Check,
    Column,
    ForeignKey,
    Index,
    IndexColumn,
    Kind,
    Name,
    PrimaryKey,
    Schema,
    Table,
    Unique,
)

# A table's owner, which Alembic's operations do not know.
_OWNER = re.compile(r'\bOWNER TO (?:"(?:[^"]|"")*"|CURRENT_USER)\Z')

# Functions that a migration brings along: for questions whose answer must be empty, and for what goes together.
EXPECT_NO_ROWS = "expect_no_rows"
SAVEPOINT = "savepoint"

# What Alembic's operations come to. A sequence or a type that changes along with a table is more than that.
_CHANGE = re.compile(
    r"(?:(?:ALTER|DROP|RENAME) TABLE|DROP INDEX|CREATE (?:\w+ )?(?:TABLE|INDEX)|COMMENT ON (?:TABLE|COLUMN))\b"
)

_CONSTRAINT_TYPES: dict[type[AnyObject], str] = {
    PrimaryKey: "primary",
    Unique: "unique",
    ForeignKey: "foreignkey",
    Check: "check",
}


def lines(steps: Iterable[Step], plan: Plan, dialect: Dialect) -> list[Line]:
    """The body of `upgrade` or `downgrade`."""
    translation = _Translation(engine_of(plan, dialect), dialect)
    return [line for step in steps for line in translation.of_step(step)]


class _Translation:
    """From steps to code, for one engine."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    def of_step(self, step: Step) -> list[Line]:
        try:
            first = self._first_change(step.statements)
            self._engine.check(step)
            _check_names(step.operations, self._engine.unquoted)
            calls = [line for operation in step.operations for line in self._of_operation(operation, step)]
        except Inexpressible:
            return list(self.executed(step.statements))
        return [*self.executed(step.statements[:first]), *calls]

    def _first_change(self, statements: Sequence[Statement]) -> int:
        """The number of statements before the first that changes the schema: settings and questions, to be executed.

        Raises Inexpressible where anything but changes of the schema follows, such as rows that are copied.
        """
        first = next((at for at, found in enumerate(statements) if _is_change(found)), None)
        if (
            first is None
            or not all(map(_is_change, statements[first:]))
            or needs_none_around(statements, self._dialect)
        ):
            raise Inexpressible("more than a change of the schema")
        return first

    def executed(self, statements: Sequence[Statement]) -> Iterator[Line]:
        """The plan's own statements, outside of Alembic's transaction where they must be."""
        if not needs_none_around(statements, self._dialect):
            yield from self._together(statements)
            return
        body: list[Line] = []
        for transactional, run in groupby(statements, key=lambda statement: statement.transactional):
            together = list(run)
            body += self._together(together) if transactional else map(_execute, together)
        yield Block("with op.get_context().autocommit_block():", tuple(body))

    def _together(self, statements: Sequence[Statement]) -> list[Line]:
        """The statements so that all of them take effect or none, where the engine can."""
        body = tuple(map(_execute, statements))
        if len(body) > 1 and self._engine.driver_commits_ddl:
            return [Block(f"with {SAVEPOINT}():", body)]
        return list(body)

    def _of_operation(self, operation: Operation, step: Step) -> Iterator[Line]:
        match operation:
            case Create(Table(server=str())) | Drop(Table(server=str())) | Change(Table(server=str())):
                raise Inexpressible("Alembic knows no foreign tables")
            case Create(Table() as table):
                yield from self._created_table(table)
            case Create(obj, Name() as name):
                _check_says(step, "ADD COLUMN" if isinstance(obj, Column) else "")
                yield self._created_part(obj, name)
            case Drop(obj, name):
                _check_says(step, "DROP COLUMN" if isinstance(obj, Column) else "DROP")
                yield _dropped(obj, name)
            case Rename():
                _check_says(step, "RENAME")
                yield self._renamed(operation)
            case Change(Table() as before, Table() as after) if replace(before, comment=after.comment) == after:
                yield _commented(before, after)
            case Change(Column() as before, Column() as after, Name() as name):
                for keywords in self._engine.altered_column(operation, before, after):
                    schema = schema_of(name.namespace)
                    yield call("op.alter_column", literal(name.name), literal(after.name), **keywords, schema=schema)
            case _:
                raise Inexpressible("no operation of Alembic")

    def _created_table(self, table: Table) -> Iterator[Line]:
        yield create_table(table, self._engine)
        for constraint in added_later(table):
            yield add_constraint(constraint, table.key, self._engine)
        for index in table.indexes:
            if self._engine.indexes_foreign_keys and _comes_with_foreign_key(index, table):
                continue
            try:
                yield create_index(index, table.key, self._engine)
            except Inexpressible:
                yield from self.executed(self._rendered_index(index, table))

    def _rendered_index(self, index: Index, table: Table) -> list[Statement]:
        """The plan's own SQL for an index that is added to its table."""
        others = tuple(other for other in table.indexes if other != index)
        before, after = (State(Schema(tables=(replace(table, indexes=these),))) for these in (others, table.indexes))
        return self._dialect.render([Create(index, table.key)], before, after)

    def _created_part(self, obj: AnyObject, name: Name) -> Line:
        match obj:
            case Column():
                schema = schema_of(name.namespace)
                return call("op.add_column", literal(name.name), column(obj, self._engine), schema=schema)
            case PrimaryKey() | Unique() | ForeignKey() | Check():
                return add_constraint(obj, name, self._engine)
            case Index():
                return create_index(obj, name, self._engine)
            case _:
                raise Inexpressible("no operation of Alembic")

    def _renamed(self, rename: Rename) -> Line:
        ref, to = rename.ref, literal(rename.to)
        schema = schema_of(ref.namespace)
        if ref.kind is Kind.TABLE:
            return call("op.rename_table", literal(ref.name), to, schema=schema)
        if ref.kind is Kind.COLUMN and ref.table is not None and self._engine.renames_columns:
            column_name = literal(ref.name)
            return call("op.alter_column", literal(ref.table), column_name, new_column_name=to, schema=schema)
        raise Inexpressible("no operation of Alembic")


def _is_change(statement: Statement) -> bool:
    return _CHANGE.match(statement.sql) is not None and _OWNER.search(statement.sql) is None


def _check_says(step: Step, words: str) -> None:
    """Raise Inexpressible where the plan changes the schema by other words, or by more than a change an operation.

    What is said of a new column or index in statements of its own, such as a comment, is allowed for.
    """
    changes = [statement.sql for statement in step.statements if _is_change(statement)]
    said = [sql for sql in changes if not sql.startswith("COMMENT")]
    if len(said) > len(step.operations) or not any(words in sql for sql in said):
        raise Inexpressible("more than, or another than, the usual change")


def _check_names(operations: Iterable[Operation], unquoted: frozenset[str]) -> None:
    """Raise Inexpressible for a name that SQLAlchemy would not put in quotes."""
    for operation in operations:
        if not unquoted.isdisjoint(_names(operation)):
            raise Inexpressible("a reserved word that SQLAlchemy does not know")


def _names(operation: Operation) -> Iterator[str]:
    match operation:
        case Create(obj, table) | Drop(obj, table) | Change(_, obj, table):
            yield from _names_of_object(obj)
            yield from (name for name in table or () if name is not None)
        case Rename(ref, to):
            yield from (to, *(name for name in ref[1:] if name is not None))


def _names_of_object(obj: AnyObject) -> Iterator[str]:
    yield obj.name or ""
    yield getattr(obj, "namespace", None) or ""
    if isinstance(obj, Table):
        for part in parts_of(obj):
            yield from _names_of_object(part)
    elif isinstance(obj, Index):
        yield from (key.column or "" for key in obj.columns)
        yield from obj.include
    elif isinstance(obj, PrimaryKey | Unique | ForeignKey):
        yield from obj.columns
        if isinstance(obj, ForeignKey):
            yield from (name or "" for name in (*obj.target, *obj.referenced_columns))


def _execute(statement: Statement) -> Call:
    if statement.expects_no_rows:
        return call(EXPECT_NO_ROWS, long_literal(escaped(statement.sql)))
    return call("op.execute", long_literal(escaped(statement.sql)))


def _comes_with_foreign_key(index: Index, table: Table) -> bool:
    """Whether the index is the one that an engine makes for a foreign key by itself, under that one's name."""
    return any(
        index == Index(name=key.name, columns=tuple(IndexColumn(column=name) for name in key.columns))
        for key in table.foreign_keys
    )


def _dropped(obj: AnyObject, name: Name | None) -> Line:
    if isinstance(obj, Table):
        return call("op.drop_table", literal(obj.name), schema=schema_of(obj.namespace))
    if name is None:
        raise Inexpressible("no operation of Alembic")
    table, schema = literal(name.name), schema_of(name.namespace)
    match obj:
        case Column():
            return call("op.drop_column", table, literal(obj.name), schema=schema)
        case Index():
            return call("op.drop_index", required_name(obj.name), table_name=table, schema=schema)
        case PrimaryKey(name=None):
            return call("op.drop_constraint", literal("PRIMARY"), table, type_=literal("primary"), schema=schema)
        case PrimaryKey() | Unique() | ForeignKey() | Check():
            kind = literal(_CONSTRAINT_TYPES[type(obj)])
            return call("op.drop_constraint", required_name(obj.name), table, type_=kind, schema=schema)
        case _:
            raise Inexpressible("no operation of Alembic")


def _commented(before: Table, after: Table) -> Line:
    existing = None if before.comment is None else literal(before.comment)
    schema = schema_of(after.namespace)
    if after.comment is None:
        return call("op.drop_table_comment", literal(after.name), existing_comment=existing, schema=schema)
    return call(
        "op.create_table_comment",
        literal(after.name),
        literal(after.comment),
        existing_comment=existing,
        schema=schema,
    )
