"""CREATE statements of tables, indexes and views, and facts that decide how they are written.

https://www.sqlite.org/lang_createtable.html, https://www.sqlite.org/lang_createindex.html
"""

from __future__ import annotations

from collections.abc import Iterator

from querynl.dialects.sqlite.names import quote, quoted_list, raised
from querynl.dialects.sqlite.types import spelled
from querynl.dialects.sqlite.words import words
from querynl.schema import Check, Column, ForeignKey, Index, IndexColumn, Name, PrimaryKey, Table, Unique, View

_TABLE_OPTIONS = {"strict": "STRICT", "without_rowid": "WITHOUT ROWID"}


def is_virtual(table: Table) -> bool:
    return "virtual" in table.options


def has_rowid(table: Table) -> bool:
    return not table.options.get("without_rowid", False)


def rowid_alias(table: Table) -> Column | None:
    """The column that is the table's rowid under another name: https://www.sqlite.org/lang_createtable.html#rowid"""
    key = table.primary_key
    if key is None or len(key.columns) != 1 or not has_rowid(table) or "order" in key.options:
        return None
    column = table.column(key.columns[0])
    return column if column is not None and column.type == "INTEGER" else None


def declares_not_null(column: Column, table: Table) -> bool:
    """Whether NOT NULL is written in the column's definition.

    The column of a rowid is never null and needs no words for it; in any other primary key SQLite lets
    NULLs in unless it is told. Where a table was written otherwise, the option `not_null` says so.
    """
    if "not_null" in column.options:
        return bool(column.options["not_null"])
    return not column.nullable and column != rowid_alias(table)


# -------------------------------------------------------------------------------------------- tables


def create_table(table: Table, name: str | None = None) -> str:
    """The CREATE TABLE statement; `name` is another name for the table, under which it refers to its own as before."""
    title = quote(table.name if name is None else name)
    if is_virtual(table):
        return f"CREATE VIRTUAL TABLE {title} USING {table.options['virtual']}"
    lines = [_column_in_table(column, table) for column in table.columns]
    lines += _table_constraints(table)
    options = [text for key, text in _TABLE_OPTIONS.items() if table.options.get(key)]
    tail = " " + ", ".join(options) if options else ""
    return f"CREATE TABLE {title} (\n    " + ",\n    ".join(lines) + f"\n){tail}"


def _column_in_table(column: Column, table: Table) -> str:
    pieces = [column_head(column)]
    key = table.primary_key
    if key is not None and key.columns == (column.name,) and _stands_in_column(key):
        pieces.append(_primary_key_in_column(key, column))
    pieces += column_clauses(column, not_null=declares_not_null(column, table))
    for unique in table.uniques:
        if unique.columns == (column.name,) and _is_inline(unique):
            pieces.append("UNIQUE" + _conflict(unique.options))
    for foreign_key in table.foreign_keys:
        if foreign_key.columns == (column.name,) and _is_inline(foreign_key):
            pieces.append(references(foreign_key))
    return " ".join(pieces)


def column_head(column: Column) -> str:
    return f"{quote(column.name)} {spelled(column.type)}".rstrip()


def column_clauses(column: Column, *, not_null: bool) -> Iterator[str]:
    """What follows name, type and primary key in a column's definition, keys to other tables left out."""
    if not_null:
        name = column.options.get("not_null_name")
        yield (f"CONSTRAINT {quote(str(name))} " if name else "") + "NOT NULL" + _conflict(column.options)
    if column.default is not None:
        yield f"DEFAULT {default_clause(column.default)}"
    if column.collation is not None:
        yield f"COLLATE {_collation(column.collation)}"
    if column.generated is not None:
        kind = "STORED" if column.generated.stored else "VIRTUAL"
        yield f"GENERATED ALWAYS AS ({column.generated.expression}) {kind}"


def default_clause(text: str) -> str:
    """The default in brackets, unless it is one literal, signed or not."""
    found = words(text)
    signed = found[1:] if found and found[0].source in ("+", "-") else found
    return text if len(signed) == 1 and signed[0].kind != "sign" else f"({text})"


def _collation(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else quote(name)


def _stands_in_column(key: PrimaryKey) -> bool:
    """Whether the key is written in its column's definition, as AUTOINCREMENT and a descending INTEGER key demand."""
    return "collations" not in key.options


def _primary_key_in_column(key: PrimaryKey, column: Column) -> str:
    order = " DESC" if "order" in key.options else ""
    counted = " AUTOINCREMENT" if column.identity is not None else ""
    return f"{named(key.name)}PRIMARY KEY{order}{_conflict(key.options)}{counted}"


def _is_inline(constraint: Unique | ForeignKey) -> bool:
    """Whether a constraint is written in the definition of its column: the short form for those without a name."""
    return constraint.name is None and not {"order", "collations"} & constraint.options.keys()


def _table_constraints(table: Table) -> Iterator[str]:
    key = table.primary_key
    if key is not None and not (len(key.columns) == 1 and _stands_in_column(key)):
        yield f"{named(key.name)}PRIMARY KEY ({_key_columns(key)}){_conflict(key.options)}"
    for unique in table.uniques:
        if len(unique.columns) > 1 or not _is_inline(unique):
            yield f"{named(unique.name)}UNIQUE ({_key_columns(unique)}){_conflict(unique.options)}"
    for foreign_key in table.foreign_keys:
        if len(foreign_key.columns) > 1 or not _is_inline(foreign_key):
            columns = quoted_list(foreign_key.columns)
            yield f"{named(foreign_key.name)}FOREIGN KEY ({columns}) {references(foreign_key)}"
    for check in table.checks:
        yield check_clause(check)


def check_clause(check: Check) -> str:
    return f"{named(check.name)}CHECK ({check.expression}){_conflict(check.options)}"


def references(key: ForeignKey) -> str:
    """The REFERENCES clause."""
    clause = f"REFERENCES {quote(key.references)}"
    if key.referenced_columns:
        clause += f" ({quoted_list(key.referenced_columns)})"
    if key.on_update != "no action":
        clause += f" ON UPDATE {raised(key.on_update)}"
    if key.on_delete != "no action":
        clause += f" ON DELETE {raised(key.on_delete)}"
    if key.deferrable:
        clause += f" DEFERRABLE INITIALLY {'DEFERRED' if key.initially_deferred else 'IMMEDIATE'}"
    return clause


def named(name: str | None) -> str:
    """What comes before a constraint that has a name."""
    return "" if name is None else f"CONSTRAINT {quote(name)} "


def _conflict(options: dict[str, str | int | float | bool]) -> str:
    return f" ON CONFLICT {raised(str(options['on_conflict']))}" if "on_conflict" in options else ""


def _key_columns(key: PrimaryKey | Unique) -> str:
    """The columns with the orders and collations that the options hold, one for each column."""
    orders = str(key.options.get("order", "")).split(",")
    collations = str(key.options.get("collations", "")).split(",")
    terms = []
    for number, column in enumerate(key.columns):
        collation = collations[number] if number < len(collations) else ""
        descending = number < len(orders) and orders[number] == "desc"
        terms.append(quote(column) + (f" COLLATE {_collation(collation)}" if collation else "") + " DESC" * descending)
    return ", ".join(terms)


# ------------------------------------------------------------------------------------ indexes, views


def create_index(index: Index, table: Name) -> str:
    assert index.name is not None, "an index has a name once it is named"
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    where = f" WHERE {index.where}" if index.where is not None else ""
    keys = ", ".join(map(_index_key, index.columns))
    return f"CREATE {kind} {quote(index.name)} ON {quote(table.name)} ({keys}){where}"


def _index_key(key: IndexColumn) -> str:
    term = quote(key.column) if key.column is not None else key.expression or ""
    if key.collation is not None:
        term += f" COLLATE {_collation(key.collation)}"
    return term + (" DESC" if key.order == "desc" else "")


def create_view(view: View) -> str:
    columns = f" ({quoted_list(view.columns)})" if view.columns else ""
    return f"CREATE VIEW {quote(view.name)}{columns} AS {view.definition}"
