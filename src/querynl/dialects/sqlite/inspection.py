"""What a SQLite database holds, from its catalog, and from the stored texts where the catalog is silent.

The pragmas are read as table-valued functions joined to `sqlite_schema`, so the number of queries does not
depend on the number of tables: https://www.sqlite.org/pragma.html#pragfunc
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from querynl.dialects.bookkeeping import is_own_table
from querynl.dialects.protocol import Reader
from querynl.dialects.sqlite import reading
from querynl.dialects.sqlite.names import folded
from querynl.dialects.sqlite.reading import CheckText, ColumnText, ForeignKeyText, KeyText, TableText
from querynl.dialects.sqlite.types import canonical_type
from querynl.dialects.sqlite.words import spelled_alike, spelled_in_table
from querynl.schema import (
    Action,
    Check,
    Column,
    Dependency,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    Kind,
    OptionValue,
    PrimaryKey,
    Schema,
    Table,
    Trigger,
    Unique,
    View,
    canonical,
)

_OBJECTS = """
    SELECT type, name, tbl_name, sql FROM sqlite_schema
    WHERE substr(name, 1, 7) <> 'sqlite_' AND sql IS NOT NULL ORDER BY rowid"""

# Since 3.37. Shadow tables hold what a virtual table stores, and are its own business.
_SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"

# A virtual table is never asked for its columns: its module may not be there.
_PLAIN_TABLES = """s.type = 'table' AND substr(s.name, 1, 7) <> 'sqlite_'
    AND substr(s.sql, 1, 20) <> 'CREATE VIRTUAL TABLE'"""

_COLUMNS = f"""
    SELECT s.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
    FROM sqlite_schema AS s, pragma_table_xinfo(s.name, 'main') AS c
    WHERE {_PLAIN_TABLES} ORDER BY s.rowid, c.cid"""

_INDEX_KEYS = f"""
    SELECT s.name, i.name, i.origin, i."unique", k.cid, k.name, k."desc", k.coll
    FROM sqlite_schema AS s, pragma_index_list(s.name, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS k
    WHERE {_PLAIN_TABLES} AND k.key ORDER BY s.rowid, i.seq, k.seqno"""

_FOREIGN_KEYS = f"""
    SELECT s.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
    FROM sqlite_schema AS s, pragma_foreign_key_list(s.name, 'main') AS f
    WHERE {_PLAIN_TABLES} ORDER BY s.rowid, f.id DESC, f.seq"""

_EXPRESSION = -2


class _ColumnRow(NamedTuple):
    name: str
    type: str
    not_null: int
    default: str | None
    key_position: int
    hidden: int


class _IndexKeyRow(NamedTuple):
    index_name: str
    origin: str
    unique: int
    number: int
    column: str | None
    descending: int
    collation: str


class _ForeignKeyRow(NamedTuple):
    id: int
    table: str
    column: str
    referenced: str | None
    on_update: str
    on_delete: str


def inspect(reader: Reader, version: tuple[int, ...]) -> Schema:
    """The main database as a canonical schema, in five queries."""
    objects = reader.rows(_OBJECTS)
    hidden = _shadow_tables(reader, objects, version)
    objects = [row for row in objects if row[2] not in hidden and not is_own_table(row[2])]
    columns = _by_table(reader.rows(_COLUMNS), _ColumnRow)
    index_keys = _by_table(reader.rows(_INDEX_KEYS), _IndexKeyRow)
    foreign_keys = _by_table(reader.rows(_FOREIGN_KEYS), _ForeignKeyRow)

    tables: list[Table] = []
    index_texts = {name: sql for kind, name, _, sql in objects if kind == "index"}
    for kind, name, _, sql in objects:
        if kind != "table":
            continue
        if sql.startswith("CREATE VIRTUAL TABLE"):
            tables.append(Table(name=name, options={"virtual": reading.read_virtual_table(sql)}))
        else:
            rows = _TableRows(name, sql, columns[name], index_keys[name], foreign_keys[name])
            tables.append(rows.table(index_texts))
    views = tuple(_view(name, sql) for kind, name, _, sql in objects if kind == "view")
    triggers = tuple(_trigger(name, table, sql, views) for kind, name, table, sql in objects if kind == "trigger")
    return canonical(Schema(dialect="sqlite", tables=tuple(_spelled_targets(tables)), views=views, triggers=triggers))


def _by_table(rows: Iterable[tuple[Any, ...]], row_type: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for table, *values in rows:
        found[table].append(row_type(*values))
    return found


def _shadow_tables(reader: Reader, objects: Iterable[tuple[Any, ...]], version: tuple[int, ...]) -> set[str]:
    if version >= (3, 37):
        return {name for (name,) in reader.rows(_SHADOWS)}
    # Before 3.37 only the names tell: that of the virtual table, an underscore, and a word of its module.
    words = ("config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir", "segments", "stat")
    virtual = [name for kind, name, _, sql in objects if kind == "table" and sql.startswith("CREATE VIRTUAL TABLE")]
    return {f"{name}_{word}" for name in virtual for word in words}


def _view(name: str, sql: str) -> View:
    columns, definition = reading.read_view(sql)
    return View(name=name, columns=columns, definition=definition)


def _trigger(name: str, table: str, sql: str, views: tuple[View, ...]) -> Trigger:
    on_view = any(view.name == table for view in views)
    needs = (Dependency(kind=Kind.VIEW, name=table),) if on_view else ()
    return Trigger(name=name, table=table, definition=sql, depends_on=needs)


def _spelled_targets(tables: list[Table]) -> Iterable[Table]:
    """The tables with what their foreign keys refer to spelled as it is where it stands; SQLite minds no case."""
    by_name = {folded(table.name): table for table in tables}
    for table in tables:
        keys = tuple(_spelled_target(key, by_name.get(folded(key.references))) for key in table.foreign_keys)
        yield table if keys == table.foreign_keys else replace(table, foreign_keys=keys)


def _spelled_target(key: ForeignKey, target: Table | None) -> ForeignKey:
    if target is None:
        return key
    spelling = {folded(column.name): column.name for column in target.columns}
    columns = tuple(spelling.get(folded(name), name) for name in key.referenced_columns)
    return replace(key, references=target.name, referenced_columns=columns)


class _TableRows:
    """What the catalog and the stored text say of one table."""

    def __init__(
        self,
        name: str,
        sql: str,
        columns: list[_ColumnRow],
        index_keys: list[_IndexKeyRow],
        foreign_keys: list[_ForeignKeyRow],
    ) -> None:
        self._name = name
        self._text: TableText = reading.read_table(sql)
        self._columns = columns
        self._spelling = {folded(column.name): column.name for column in columns}
        self._foreign_keys = foreign_keys
        self._indexes: dict[str, list[_IndexKeyRow]] = defaultdict(list)
        for key in index_keys:
            self._indexes[key.index_name].append(key)

    def table(self, index_texts: dict[str, str]) -> Table:
        options: dict[str, OptionValue] = {}
        if self._text.strict:
            options["strict"] = True
        if self._text.without_rowid:
            options["without_rowid"] = True
        return Table(
            name=self._name,
            columns=tuple(map(self._column, self._columns)),
            primary_key=self._primary_key(),
            uniques=tuple(map(self._unique, self._text.uniques)),
            foreign_keys=self._foreign_keys_of_table(),
            checks=tuple(map(self._check, self._text.checks)),
            indexes=tuple(
                self._index(name, keys, index_texts[name])
                for name, keys in self._indexes.items()
                if name in index_texts
            ),
            options=options,
        )

    def _column(self, row: _ColumnRow) -> Column:
        text = self._text.columns.get(folded(row.name)) or ColumnText()
        generated = None
        if text.generated is not None:
            generated = Generated(expression=self._spelled(text.generated), stored=row.hidden == 3)
        key = self._text.primary_key
        counted = row.key_position > 0 and key is not None and key.autoincrement
        return Column(
            name=row.name,
            type=canonical_type(row.type),
            nullable=not row.not_null and not row.key_position,
            default=None if row.default is None else spelled_alike(row.default),
            identity=Identity() if counted else None,
            generated=generated,
            collation=text.collation,
            options=self._column_options(row, text),
        )

    def _column_options(self, row: _ColumnRow, text: ColumnText) -> dict[str, OptionValue]:
        options: dict[str, OptionValue] = {}
        if row.key_position and bool(row.not_null) == self._is_rowid_alias(row):
            options["not_null"] = bool(row.not_null)
        if text.not_null_conflict is not None:
            options["on_conflict"] = text.not_null_conflict
        if text.not_null_name is not None:
            options["not_null_name"] = text.not_null_name
        return options

    def _is_rowid_alias(self, row: _ColumnRow) -> bool:
        """Whether the primary key's column is the rowid: it alone has no index for its key."""
        has_index = any(keys[0].origin == "pk" for keys in self._indexes.values())
        return row.key_position == 1 and not has_index and not self._text.without_rowid

    def _primary_key(self) -> PrimaryKey | None:
        rows = sorted((row for row in self._columns if row.key_position), key=lambda row: row.key_position)
        text = self._text.primary_key
        if not rows or text is None:
            return None
        columns = tuple(row.name for row in rows)
        index = next((keys for keys in self._indexes.values() if keys[0].origin == "pk"), [])
        return PrimaryKey(columns=columns, name=text.name, options=self._key_options(text, index))

    def _unique(self, text: KeyText) -> Unique:
        columns = tuple(self._spelling.get(folded(name), name) for name in text.columns)
        index = next(
            (
                keys
                for keys in self._indexes.values()
                if keys[0].origin == "u" and tuple(key.column for key in keys) == columns
            ),
            [],
        )
        return Unique(columns=columns, name=text.name, options=self._key_options(text, index))

    def _key_options(self, text: KeyText, index: list[_IndexKeyRow]) -> dict[str, OptionValue]:
        options: dict[str, OptionValue] = {}
        if any(key.descending for key in index):
            options["order"] = ",".join("desc" if key.descending else "asc" for key in index)
        collations = [self._own_collation(key) or "" for key in index]
        if any(collations):
            options["collations"] = ",".join(collations)
        if text.on_conflict is not None:
            options["on_conflict"] = text.on_conflict
        return options

    def _own_collation(self, key: _IndexKeyRow) -> str | None:
        """The collation of a key, where it is not its column's."""
        column = self._text.columns.get(folded(key.column or "")) or ColumnText()
        usual = column.collation or "BINARY"
        return None if folded(key.collation) == folded(usual) else key.collation.upper()

    def _foreign_keys_of_table(self) -> tuple[ForeignKey, ...]:
        """The foreign keys, whose numbers in the catalog run against the order in which they are written."""
        by_id: dict[int, list[_ForeignKeyRow]] = defaultdict(list)
        for row in self._foreign_keys:
            by_id[row.id].append(row)
        return tuple(
            _foreign_key(rows, text) for rows, text in zip(by_id.values(), self._text.foreign_keys, strict=True)
        )

    def _index(self, name: str, keys: list[_IndexKeyRow], sql: str) -> Index:
        text = reading.read_index(sql)
        columns = tuple(
            IndexColumn(
                column=None if key.number == _EXPRESSION else key.column or "rowid",
                expression=self._spelled(term.expression) if key.number == _EXPRESSION else None,
                order="desc" if key.descending else "asc",
                collation=term.collation,
            )
            for key, term in zip(keys, text.terms, strict=True)
        )
        where = None if text.where is None else self._spelled(text.where)
        return Index(name=name, columns=columns, unique=bool(keys[0].unique), where=where)

    def _check(self, text: CheckText) -> Check:
        options: dict[str, OptionValue] = {} if text.on_conflict is None else {"on_conflict": text.on_conflict}
        return Check(expression=self._spelled(text.expression), name=text.name, options=options)

    def _spelled(self, expression: str) -> str:
        return spelled_in_table(expression, self._name, tuple(self._spelling.values()))


def _foreign_key(rows: list[_ForeignKeyRow], text: ForeignKeyText) -> ForeignKey:
    first = rows[0]
    return ForeignKey(
        columns=tuple(row.column for row in rows),
        references=first.table,
        referenced_columns=tuple(row.referenced for row in rows if row.referenced is not None),
        name=text.name,
        on_delete=cast(Action, first.on_delete.lower()),
        on_update=cast(Action, first.on_update.lower()),
        deferrable=text.deferrable,
        initially_deferred=text.initially_deferred,
    )
