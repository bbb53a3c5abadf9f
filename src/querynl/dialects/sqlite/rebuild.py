"""A table made anew with its rows, for all that ALTER TABLE cannot do.

The procedure is https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from querynl.dialects.protocol import Statement
from querynl.dialects.sqlite.definitions import create_index, create_table, has_rowid, rowid_alias
from querynl.dialects.sqlite.names import folded, literal, quote
from querynl.operations import Catalog, Change, Operation
from querynl.schema import Column, ForeignKey, Kind, Name, Table, Trigger

# A pragma that does nothing inside a transaction, and holds for everything between.
FOREIGN_KEYS_OFF = Statement("PRAGMA foreign_keys = OFF", transactional=False, session=True)
FOREIGN_KEYS_ON = Statement("PRAGMA foreign_keys = ON", transactional=False, session=True)

# SQLite has no RAISE outside triggers. This overflows, so that a program that does not look at answers stops too.
_FAILURE = "abs(-9223372036854775807 - 1)"

# Where foreign keys are enforced after all, dropping a table would delete the rows that refer to it.
GUARD = Statement(f"SELECT {_FAILURE} FROM pragma_foreign_keys WHERE foreign_keys", expects_no_rows=True)

_ROWID_NAMES = ("rowid", "_rowid_", "oid")


def rebuild(
    old: Table, new: Table, operations: Sequence[Operation], before: Catalog, after: Catalog
) -> list[Statement]:
    """The statements that turn `old` into `new` with its rows, indexes and triggers; views stand untouched.

    No row is lost in silence: a value that the new table refuses, or a row that does not arrive, fails.
    """
    return [Statement(sql) if isinstance(sql, str) else sql for sql in _statements(old, new, operations, before, after)]


def _statements(
    old: Table, new: Table, operations: Sequence[Operation], before: Catalog, after: Catalog
) -> Iterator[Statement | str]:
    temporary = free_name(f"{old.name}_rebuilt", before, after)
    referred_to = bool({*before.referrers(old.key), *after.referrers(new.key)})
    # SQLite writes no row to a table with a foreign key that it cannot check.
    enforceable = _is_checkable(old.key, before) and _is_checkable(new.key, after)
    if referred_to or not enforceable:
        yield FOREIGN_KEYS_OFF
    yield create_table(new, temporary)
    yield _copy(old, new, temporary, operations)
    yield _same_number_of_rows(old.name, temporary)
    yield from _counter_kept(old, new, temporary)
    if referred_to:
        yield GUARD
    yield f"DROP TABLE {quote(old.name)}"
    # Otherwise renaming reads all views and triggers, and fails on those that speak of the dropped table.
    yield "PRAGMA legacy_alter_table = ON"
    yield f"ALTER TABLE {quote(temporary)} RENAME TO {quote(new.name)}"
    yield "PRAGMA legacy_alter_table = OFF"
    for index in new.indexes:
        yield create_index(index, new.key)
    yield from _triggers_of(new, after)
    for name in _tables_to_check(new, operations, after):
        yield Statement(f"PRAGMA foreign_key_check({quote(name)})", expects_no_rows=True)
    if referred_to or not enforceable:
        yield FOREIGN_KEYS_ON


def free_name(wish: str, *catalogs: Catalog) -> str:
    """A name that no table, index or view has."""
    taken = set()
    for catalog in catalogs:
        for kind in (Kind.TABLE, Kind.VIEW):
            for obj in catalog.of_kind(kind):
                taken.add(folded(str(obj.name)))
                taken.update(folded(index.name) for index in getattr(obj, "indexes", ()) if index.name)
    name = wish
    number = 1
    while folded(name) in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


def _copy(old: Table, new: Table, temporary: str, operations: Sequence[Operation]) -> str:
    """The statement that copies all rows; a column that is new gets its default, or fails where it needs a value."""
    using = {
        op.after.name: op.using
        for op in operations
        if isinstance(op, Change) and isinstance(op.after, Column) and op.using is not None
    }
    known = {column.name for column in old.columns}
    values = {
        column.name: f"({using[column.name]})" if column.name in using else f"old.{quote(column.name)}"
        for column in new.columns
        if column.name in known and column.generated is None
    }
    targets = {quote(name): value for name, value in values.items()}
    rowid = _rowid_name(old, new)
    if rowid is not None:
        targets = {_rowid_target(new, rowid): f"old.{rowid}"} | targets
    if not targets:  # the rows have nothing in common but their number
        first = next(column for column in new.columns if column.generated is None)
        targets = {quote(first.name): "NULL" if first.default is None else f"({first.default})"}
    # A conflict clause of the table could drop or replace rows instead of failing.
    verb = "INSERT OR ABORT" if _has_conflict_clause(new) else "INSERT"
    return (
        f"{verb} INTO {quote(temporary)} ({', '.join(targets)})\n"
        f"SELECT {', '.join(targets.values())} FROM {quote(old.name)} AS old"
    )


def _rowid_name(old: Table, new: Table) -> str | None:
    """A name for the rowid that is no column's, where both tables have one: rows keep theirs."""
    if not has_rowid(old) or not has_rowid(new):
        return None
    columns = {folded(column.name) for column in (*old.columns, *new.columns)}
    return next((name for name in _ROWID_NAMES if name not in columns), None)


def _rowid_target(new: Table, rowid: str) -> str:
    """What takes the rowid: the column that is the rowid, unless it has old values of its own, or the rowid itself."""
    alias = rowid_alias(new)
    return rowid if alias is None else quote(alias.name)


def _has_conflict_clause(table: Table) -> bool:
    keys = () if table.primary_key is None else (table.primary_key,)
    return any("on_conflict" in part.options for part in (*table.columns, *keys, *table.uniques, *table.checks))


def _same_number_of_rows(old: str, new: str) -> Statement:
    return Statement(
        f"SELECT {_FAILURE} WHERE (SELECT count(*) FROM {quote(old)}) <> (SELECT count(*) FROM {quote(new)})",
        expects_no_rows=True,
    )


def _counter_kept(old: Table, new: Table, temporary: str) -> Iterator[str]:
    """AUTOINCREMENT goes on from where it was, even past rows that are gone: https://www.sqlite.org/autoinc.html"""
    if any(column.identity for column in old.columns) and any(column.identity for column in new.columns):
        yield f"DELETE FROM sqlite_sequence WHERE name = {literal(temporary)}"
        yield (
            f"INSERT INTO sqlite_sequence (name, seq) SELECT {literal(temporary)}, seq FROM sqlite_sequence"
            f" WHERE name = {literal(old.name)}"
        )


def _triggers_of(table: Table, catalog: Catalog) -> list[str]:
    """The triggers that went with the old table."""
    found = [obj for obj in catalog.of_kind(Kind.TRIGGER) if isinstance(obj, Trigger) and obj.table == table.name]
    return [trigger.definition for trigger in sorted(found, key=lambda trigger: trigger.name)]


def _tables_to_check(new: Table, operations: Sequence[Operation], after: Catalog) -> list[str]:
    """The table, and those that refer to columns whose values may have changed, as far as they can be checked.

    SQLite refuses to check a foreign key whose target is missing or has no key of these columns.
    """
    changed = {op.after.name for op in operations if isinstance(op, Change) and isinstance(op.after, Column)}
    names: set[Name] = {new.key} if new.foreign_keys else set()
    for referrer in after.referrers(new.key):
        table = after.table(referrer)
        if table is not None and any(
            key.target == new.key and changed.intersection(_referenced_columns(key, new)) for key in table.foreign_keys
        ):
            names.add(referrer)
    return [name.name for name in sorted(names, key=str) if _is_checkable(name, after)]


def _is_checkable(name: Name, catalog: Catalog) -> bool:
    table = catalog.table(name)
    return table is not None and all(_has_target(key, catalog) for key in table.foreign_keys)


def _has_target(key: ForeignKey, catalog: Catalog) -> bool:
    """Whether the referenced columns are a key of a table that is there."""
    target = catalog.table(key.target)
    if target is None:
        return False
    columns = set(_referenced_columns(key, target))
    keys: list[set[str | None]] = [set(target.primary_key.columns)] if target.primary_key is not None else []
    keys += [set(unique.columns) for unique in target.uniques if "collations" not in unique.options]
    keys += [
        {part.column for part in index.columns}
        for index in target.indexes
        if index.unique and index.where is None and not any(part.collation for part in index.columns)
    ]
    return len(columns) == len(key.columns) and columns in keys


def _referenced_columns(key: ForeignKey, target: Table) -> tuple[str, ...]:
    if key.referenced_columns or target.primary_key is None:
        return key.referenced_columns
    return target.primary_key.columns
