"""The statements that make operations on SQLite: ALTER TABLE where it can, else a rebuild of the table.

https://www.sqlite.org/lang_altertable.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from querynl.dialects.protocol import Statement
from querynl.dialects.sqlite import script
from querynl.dialects.sqlite.definitions import (
    check_clause,
    column_clauses,
    column_head,
    create_index,
    create_table,
    create_view,
    declares_not_null,
    default_clause,
    is_virtual,
    named,
    references,
)
from querynl.dialects.sqlite.names import folded, quote, raised
from querynl.dialects.sqlite.rebuild import FOREIGN_KEYS_OFF, FOREIGN_KEYS_ON, GUARD, free_name, rebuild
from querynl.dialects.sqlite.words import words
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog, Change, Create, Drop, Operation, Rename, RunSQL, parts_of, table_of
from querynl.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    Kind,
    Name,
    Part,
    Ref,
    Table,
    Trigger,
    View,
)


def render(
    operations: Sequence[Operation], before: Catalog, after: Catalog, version: tuple[int, ...]
) -> list[Statement]:
    """The statements for one operation, or for several on one table."""
    operation = operations[0]
    match operation:
        case RunSQL(up):
            return [script.statement(sql) for sql in up]
        case Rename(ref, to):
            return [Statement(sql) for sql in _rename(ref, to, before)]
        case Create(Table() as table):
            return [Statement(create_table(table)), *(Statement(create_index(i, table.key)) for i in table.indexes)]
        case Drop(Table() as table):
            return _drop_table(table, before)
        case Create(View() as view):
            return [Statement(create_view(view))]
        case Create(Trigger() as trigger):
            return [Statement(trigger.definition)]
        case Drop(View(name=name)):
            return [Statement(f"DROP VIEW {quote(name)}")]
        case Drop(Trigger(name=name)):
            return [Statement(f"DROP TRIGGER {quote(name)}")]
    table_name = table_of(operation)
    if table_name is None:
        raise ChangeUnsupported(f"SQLite has no way to make this change: {operation}.")
    return _alter_table(table_name, operations, before, after, version)


def is_part_of_table(operation: Operation) -> bool:
    """Whether the operation is about a table that was there before and is there after, or a part of one."""
    match operation:
        case Create(obj) | Drop(obj):
            return isinstance(obj, Part)
        case Change(_, after):
            return isinstance(after, Part | Table)
        case _:
            return False


def _rename(ref: Ref, to: str, before: Catalog) -> list[str]:
    if ref.kind is Kind.COLUMN and ref.table is not None:
        return [f"ALTER TABLE {quote(ref.table)} RENAME COLUMN {quote(ref.name)} TO {quote(to)}"]
    if ref.kind is not Kind.TABLE:
        raise ChangeUnsupported(f"SQLite cannot rename the {ref}.")
    # To SQLite a name in another case is the name of a table that is there already.
    same = folded(ref.name) == folded(to)
    names = [ref.name, *([free_name(f"{to}_renamed", before)] if same else []), to]
    return [f"ALTER TABLE {quote(old)} RENAME TO {quote(new)}" for old, new in pairwise(names)]


def _drop_table(table: Table, before: Catalog) -> list[Statement]:
    """Dropping a table deletes its rows first, and with them, where foreign keys are enforced, does to those that refer
    to them what the keys say: https://www.sqlite.org/foreignkeys.html#fk_schemacommands"""
    drop = Statement(f"DROP TABLE {quote(table.name)}")
    if any(
        _minds_the_drop(key, of, table) for of in before.referrers(table.key) for key in _keys_to(table, of, before)
    ):
        return [FOREIGN_KEYS_OFF, GUARD, drop, FOREIGN_KEYS_ON]
    return [drop]


def _keys_to(table: Table, referrer: Name, catalog: Catalog) -> list[ForeignKey]:
    """The foreign keys to the table that another, or the same, has now."""
    keys = getattr(catalog.table(referrer), "foreign_keys", ())
    return [key for key in keys if key.target == table.key]


def _minds_the_drop(key: ForeignKey, referrer: Name, table: Table) -> bool:
    """Whether a foreign key changes rows that stay, or keeps rows from going that all go together."""
    return referrer != table.key or key.on_delete not in ("no action", "cascade")


def rebuilds_table_for(
    operations: Sequence[Operation], before: Catalog, after: Catalog, version: tuple[int, ...]
) -> bool:
    """Whether the operations are parts of one table, and more than ALTER TABLE can do."""
    name = table_of(operations[0])
    old, new = (None, None) if name is None else (before.table(name), after.table(name))
    if old is None or new is None or not is_part_of_table(operations[0]):
        return False
    return not _Alterations(old, new, operations, before, version).suffice()


def _alter_table(
    name: Name, operations: Sequence[Operation], before: Catalog, after: Catalog, version: tuple[int, ...]
) -> list[Statement]:
    old, new = before.table(name), after.table(name)
    assert old is not None
    assert new is not None
    if is_virtual(old) or is_virtual(new):
        raise ChangeUnsupported(f"SQLite cannot alter the virtual table {name}.", remedy="Drop it and create it again.")
    alterations = _Alterations(old, new, operations, before, version)
    if alterations.suffice():
        return [Statement(sql) for sql in alterations.statements()]
    return rebuild(old, new, operations, before, after)


class _Alterations:
    """Operations on one table as ALTER TABLE, CREATE INDEX and DROP INDEX, as far as these go."""

    def __init__(
        self, old: Table, new: Table, operations: Sequence[Operation], before: Catalog, version: tuple[int, ...]
    ) -> None:
        self._old = old
        self._new = new
        self._operations = operations
        self._before = before
        self._version = version
        self._added = {op.obj.name for op in operations if isinstance(op, Create) and isinstance(op.obj, Column)}

    def suffice(self) -> bool:
        """Whether nothing has to be rebuilt."""
        return all(map(self._is_alterable, self._operations))

    def statements(self) -> list[str]:
        return [sql for operation in self._operations for sql in self._sql(operation)]

    def _is_alterable(self, operation: Operation) -> bool:
        match operation:
            case Create(Index()) | Drop(Index()):
                return True
            case Create(Column() as column):
                return self._can_add(column)
            case Create(ForeignKey() | Check() as constraint):
                return self._added_column_of(constraint) is not None
            case Drop(Column() as column):
                return self._can_drop(column)
            case _:
                return False

    def _sql(self, operation: Operation) -> list[str]:
        table = quote(self._old.name)
        match operation:
            case Create(Index() as index):
                return [create_index(index, self._new.key)]
            case Drop(Index(name=str(name))):
                return [f"DROP INDEX {quote(name)}"]
            case Create(Column() as column):
                return [f"ALTER TABLE {table} ADD COLUMN {self._definition(column)}"]
            case Drop(Column(name=name)):
                return [f"ALTER TABLE {table} DROP COLUMN {quote(name)}"]
            case _:  # written with the column it is about
                return []

    def _definition(self, column: Column) -> str:
        pieces = [column_head(column), *column_clauses(column, not_null=declares_not_null(column, self._new))]
        for part in self._new_constraints():
            if self._added_column_of(part) == column.name:
                clause = references(part) if isinstance(part, ForeignKey) else check_clause(part)
                pieces.append(named(part.name) + clause if isinstance(part, ForeignKey) else clause)
        return " ".join(pieces)

    def _new_constraints(self) -> list[ForeignKey | Check]:
        return [op.obj for op in self._operations if isinstance(op, Create) and isinstance(op.obj, ForeignKey | Check)]

    def _added_column_of(self, constraint: ForeignKey | Check) -> str | None:
        """The new column in whose definition the constraint can be written."""
        if isinstance(constraint, ForeignKey):
            column = constraint.columns[0]
            return column if len(constraint.columns) == 1 and column in self._added else None
        used = [column.name for column in self._new.columns if mentions(constraint.expression, column.name)]
        return used[0] if len(used) == 1 and used[0] in self._added and not constraint.options else None

    def _can_add(self, column: Column) -> bool:
        """Whether ADD COLUMN takes it: https://www.sqlite.org/lang_altertable.html#alter_table_add_column"""
        key = self._new.primary_key
        if key is not None and column.name in key.columns:
            return False
        if any(column.name in unique.columns for unique in self._new.uniques):
            return False
        if column.generated is not None and (column.generated.stored or not column.nullable):
            return False
        if column.default is None or raised(column.default) == "NULL":
            return column.nullable
        refers = any(column.name in foreign_key.columns for foreign_key in self._new.foreign_keys)
        return _is_constant(column.default) and not refers

    def _can_drop(self, column: Column) -> bool:
        """Whether DROP COLUMN takes it: https://www.sqlite.org/lang_altertable.html#alter_table_drop_column"""
        if self._version < (3, 35, 5):  # the first releases to have it lost rows in some tables
            return False
        dropped = [op.obj for op in self._operations if isinstance(op, Drop) and isinstance(op.obj, Index)]
        if any(_uses(part, column.name) for part in parts_of(self._old) if part not in dropped):
            return False
        for kind in (Kind.VIEW, Kind.TRIGGER):
            for obj in self._before.of_kind(kind):
                assert isinstance(obj, View | Trigger)
                if mentions(obj.definition, self._old.name) or mentions(obj.definition, column.name):
                    return False
        return True


def _is_constant(default: str) -> bool:
    """Whether the value is one that ADD COLUMN takes: a literal, and not the time."""
    return not default_clause(default).startswith("(") and not raised(default).startswith("CURRENT_")


def _uses(part: Part, column: str) -> bool:
    """Whether a part of a table, other than the column itself, has the column in it."""
    match part:
        case Column(name=name, generated=generated):
            return name != column and generated is not None and mentions(generated.expression, column)
        case Check(expression=expression):
            return mentions(expression, column)
        case Index():
            texts = [key.expression for key in part.columns] + [part.where]
            named_there = any(key.column == column for key in part.columns)
            return named_there or any(text is not None and mentions(text, column) for text in texts)
        case Exclusion():
            raise AssertionError("SQLite has no exclusion constraints")
        case _:
            return column in part.columns


def mentions(text: str, name: str) -> bool:
    """Whether a text has the name as an identifier; a string may be one too, where SQLite takes it so."""
    sought = name.casefold()
    # Quotes inside quotes are written twice.
    if sought not in text.casefold().replace('""', '"').replace("``", "`").replace("''", "'"):
        return False
    return any(word.kind != "sign" and word.text.casefold() == sought for word in words(text))
