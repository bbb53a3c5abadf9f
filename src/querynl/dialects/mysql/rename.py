"""Renames, and what goes with them.

MySQL refuses to rename a column that expressions name, unless they change in the same statement:
https://dev.mysql.com/doc/refman/9.5/en/alter-table.html#alter-table-redefine-column.
MariaDB rewrites them, but not while it holds the table open for a query that called it by an alias: the old name is
then unknown (error 1054) until the table is closed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.mysql import definitions
from querynl.dialects.mysql.defaults import is_now
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import literal, quote
from querynl.dialects.mysql.versioning import PERIOD
from querynl.operations import Catalog, Rewriting
from querynl.schema import Column, Kind, Name, PartT, Ref, Table


def renamed_along(table: Table, ref: Ref, to: str, rewriting: Rewriting) -> Table:
    """See `Rewriting.renamed_along`: names the engine gave by the table's, and expressions it keeps with columns."""
    if ref.kind is Kind.TABLE:
        return _with_given_names(table, ref.name, to, rewriting)

    def followed(text: str) -> str:
        return rewriting.rename_in_expression(text, ref.name, to)

    def column(part: Column) -> Column:
        attributes = {key: followed(str(value)) if key == "check" else value for key, value in part.options.items()}
        default = part.default
        computed = default is not None and not is_now(default)
        return replace(part, options=attributes, default=followed(default) if default and computed else default)

    attributes = {
        key: followed(str(value)) if key == "partition_by" or key.startswith(PERIOD) else value
        for key, value in table.options.items()
    }
    return replace(table, columns=tuple(map(column, table.columns)), options=attributes)


def _with_given_names(table: Table, before: str, after: str, rewriting: Rewriting) -> Table:
    """The table with new names for constraints that were named for the old one, as `users_ibfk_1`.

    https://dev.mysql.com/doc/refman/9.5/en/rename-table.html; MariaDB does so for foreign keys alone.
    """

    def renamed(part: PartT, word: str) -> PartT:
        number = (part.name or "").removeprefix(f"{before}_{word}_")
        return replace(part, name=f"{after}_{word}_{number}") if number.isdigit() and number != part.name else part

    checks = table.checks
    if rewriting.shares_names(Kind.CHECK):
        checks = tuple(renamed(part, "chk") for part in checks)
    return replace(table, foreign_keys=tuple(renamed(part, "ibfk") for part in table.foreign_keys), checks=checks)


def rename_column(ref: Ref, to: str, before: Catalog, after: Catalog, server: Server) -> Iterator[str]:
    """One ALTER TABLE that renames the column and every mention of it within the table, and what closes it before.

    Where MySQL has to copy the table for that, foreign keys of the column are dropped before and made again
    after it (error 1846).
    """
    assert ref.table is not None, "a column has a table"
    name = Name(ref.namespace, ref.table)
    old, new = before.table(name), after.table(name)
    assert old is not None, f"no table {name}"
    assert new is not None, f"no table {name}"
    rename = f"RENAME COLUMN {quote(ref.name)} TO {quote(to)}"
    clauses = [rename] if server.rewrites_expressions else list(_with_expressions(rename, old, new, server))
    text = f"ALTER TABLE {quote(ref.table)}"
    text += f" {rename}" if len(clauses) == 1 else "\n  " + ",\n  ".join(clauses)
    partitions = new.options.get("partition_by")
    if partitions != old.options.get("partition_by") and not server.rewrites_expressions:
        text += f"\n  PARTITION BY {partitions}"
    keys = list(_foreign_keys(name, ref.name, before)) if len(clauses) > 1 else []
    if server.rewrites_expressions and _expressions(old) != _expressions(new):
        # Any ALTER TABLE closes the table in all sessions; to give it the comment that it has does nothing else.
        yield f"ALTER TABLE {quote(ref.table)} COMMENT={literal(old.comment or '')}"
    yield from (f"ALTER TABLE {quote(holder.name)} DROP FOREIGN KEY {quote(key)}" for holder, key in keys)
    yield text
    for holder, name_of_key in keys:
        table = after.table(holder)
        assert table is not None, f"no table {holder}"
        made = next(key for key in table.foreign_keys if key.name == name_of_key)
        yield f"ALTER TABLE {quote(holder.name)} ADD {definitions.foreign_key(made)}"


def _expressions(table: Table) -> list[object]:
    """All that may name columns in a text."""
    of_columns = [(column.generated, column.default, column.options) for column in table.columns]
    # To MariaDB json is a text with a check of its own: https://mariadb.com/kb/en/json-data-type/
    valid = [column.name for column in table.columns if column.type == "json"]
    periods = [text for key, text in table.options.items() if key.startswith(PERIOD)]
    return [*of_columns, *valid, *(check.expression for check in table.checks), *periods]


def _foreign_keys(name: Name, column: str, catalog: Catalog) -> Iterator[tuple[Name, str]]:
    """The foreign keys on a column and those to it, each with the table it is of."""
    for holder in sorted({name, *catalog.referrers(name)}, key=str):
        table = catalog.table(holder)
        for key in () if table is None else table.foreign_keys:
            on_it = holder == name and column in key.columns
            if key.name is not None and (on_it or (key.target == name and column in key.referenced_columns)):
                yield holder, key.name


def _with_expressions(rename: str, old: Table, new: Table, server: Server) -> Iterator[str]:
    checks = [(was, now) for was, now in zip(old.checks, new.checks, strict=True) if was.expression != now.expression]
    indexes = [
        (was, now)
        for was, now in zip(old.indexes, new.indexes, strict=True)
        if [key.expression for key in was.columns] != [key.expression for key in now.columns]
    ]
    columns = [
        now
        for was, now in zip(old.columns, new.columns, strict=True)
        if (was.generated, was.default) != (now.generated, now.default)
    ]
    yield from (definitions.dropped_check(was.name or "", server) for was, _ in checks)
    yield from (f"DROP INDEX {quote(was.name or '')}" for was, _ in indexes)
    yield rename
    yield from (f"MODIFY COLUMN {definitions.column(column, server)}" for column in columns)
    yield from (f"ADD {definitions.index(now, server)}" for _, now in indexes)
    yield from (f"ADD {definitions.check(now)}" for _, now in checks)
