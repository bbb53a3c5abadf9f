"""What a MySQL or MariaDB database holds, read from INFORMATION_SCHEMA.

https://dev.mysql.com/doc/refman/9.5/en/information-schema.html,
https://mariadb.com/kb/en/information-schema-tables/
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from querynl.dialects.bookkeeping import is_own_table
from querynl.dialects.mysql import defaults, options, sequences, shown, types
from querynl.dialects.mysql.programs import inspect_programs
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import literal, quote, restored
from querynl.dialects.protocol import Reader
from querynl.schema import (
    Action,
    Check,
    Column,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexColumn,
    OptionValue,
    PrimaryKey,
    Schema,
    Table,
    canonical,
)

_MANAGED = ("BASE TABLE", "SYSTEM VERSIONED")

_TABLES = """
    SELECT table_name, table_type, engine, table_comment,
           IF(table_collation = default_collation_name, NULL, table_collation), table_collation, DATABASE()
      FROM information_schema.tables JOIN information_schema.schemata ON schema_name = table_schema
     WHERE table_schema = DATABASE() AND table_type <> 'VIEW'"""

_COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression,
           collation_name, column_comment, {srs_id}
      FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position"""

_INDEXES = """
    SELECT table_name, index_name, non_unique, column_name, {expression}, collation, sub_part, index_type,
           index_comment, {hidden}
      FROM information_schema.statistics WHERE table_schema = DATABASE()
     ORDER BY table_name, index_name, seq_in_index"""

# MariaDB opens every table of the server to read a view of its catalog whose database is not said by itself, but by
# comparison with another's: https://mariadb.com/kb/en/information-schema-optimizations/
_FOREIGN_KEYS = """
    SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema, k.referenced_table_name,
           k.referenced_column_name, r.delete_rule, r.update_rule, DATABASE()
      FROM information_schema.key_column_usage k
      JOIN information_schema.referential_constraints r
        ON r.constraint_name = k.constraint_name AND r.table_name = k.table_name
     WHERE k.table_schema = DATABASE() AND r.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
     ORDER BY k.table_name, k.constraint_name, k.ordinal_position"""

_CHECKS = {
    "mysql": """
    SELECT t.table_name, t.constraint_name, c.check_clause, t.enforced, 'Table'
      FROM information_schema.check_constraints c
      JOIN information_schema.table_constraints t
        ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
     WHERE t.table_schema = DATABASE() AND t.constraint_type = 'CHECK'""",
    "mariadb": """
    SELECT table_name, constraint_name, check_clause, 'YES', level
      FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()""",
}

Row = tuple[Any, ...]


def inspected(reader: Reader, server: Server) -> Schema:
    """See `Dialect.inspect`: a fixed number of queries, and one for each table, routine, trigger, event, MySQL's view.

    A table's collation is kept where it is not the database's default, a column's where it is not its
    table's: so schemas of databases with other defaults compare equal.
    """
    with _usual_mode(reader):
        return _inspected(reader, server)


@contextmanager
def _usual_mode(reader: Reader) -> Iterator[None]:
    """Has the server show texts in backticks, whatever the mode of the session."""
    mode = str(reader.rows("SELECT @@sql_mode")[0][0])
    reader.rows("SET SESSION sql_mode = ''")
    try:
        yield
    finally:
        reader.rows(f"SET SESSION sql_mode = {literal(mode)}")


def _inspected(reader: Reader, server: Server) -> Schema:
    rows = reader.rows(_TABLES)
    managed = [row for row in rows if not is_own_table(row[0]) and row[1] in _MANAGED]
    by_table = _Catalog(reader, server, [row[0] for row in managed])
    counted = [row[0] for row in rows if row[1] == "SEQUENCE"]
    unmanaged = Counter("other tables" for row in rows if row[1] not in (*_MANAGED, "SEQUENCE"))
    tables = tuple(by_table.table(row) for row in managed)
    programs = inspect_programs(reader, server, [row[0] for row in rows])
    return canonical(
        Schema(
            dialect=server.name,  # type: ignore[arg-type]  # the two names this room is made for
            tables=tables,
            views=programs.views,
            routines=programs.routines,
            triggers=tuple(trigger for trigger in programs.triggers if not is_own_table(trigger.table)),
            sequences=tuple(sequences.inspect_sequences(reader, counted)),
            definitions=programs.events,
            unmanaged=dict(sorted((unmanaged + programs.unmanaged).items())),
        )
    )


class _Catalog:
    """The rows of the catalog by table, and the parts of tables made from them."""

    def __init__(self, reader: Reader, server: Server, tables: Sequence[str]) -> None:
        self._server = server
        maria = server.is_mariadb
        self._columns = _grouped(reader.rows(_COLUMNS.format(srs_id="NULL" if maria else "srs_id")))
        self._indexes = _grouped(
            reader.rows(
                _INDEXES.format(
                    expression="expression" if server.has_functional_indexes else "NULL",
                    hidden="ignored = 'YES'" if maria else "is_visible = 'NO'",
                )
            )
        )
        self._foreign_keys = _grouped(reader.rows(_FOREIGN_KEYS))
        self._checks = _grouped(reader.rows(_CHECKS[server.name]))
        self._shown = shown.tables(reader, tables)

    def table(self, row: Row) -> Table:
        name, _, engine, comment, collation, actual_collation, database = row
        seen = self._shown[name]
        found: dict[str, OptionValue] = {**options.of_engine(engine), **seen.options}
        if collation is not None:
            found["collation"] = collation
        keys = self._keys(name, seen)
        return Table(
            name=name,
            columns=tuple(self._column(column, seen, actual_collation, database) for column in self._columns[name]),
            primary_key=next((key for key in keys if isinstance(key, PrimaryKey)), None),
            indexes=tuple(key for key in keys if isinstance(key, Index)),
            foreign_keys=self._keys_to_others(name),
            checks=tuple(
                self._check(check)
                for check in self._checks[name]
                if check[4] == "Table" and check[1] not in seen.periods
            ),
            comment=comment or None,
            options=found,
        )

    def _expression(self, text: str) -> str:
        return text if self._server.is_mariadb else restored(text)

    def _column(self, row: Row, seen: shown.Shown, table_collation: str, database: str) -> Column:
        _, name, column_type, is_nullable, default, extra, expression, collation, comment, srs_id = row
        words = extra.lower()
        attributes = seen.column_attributes(name)
        if srs_id is not None:
            attributes["srid"] = srs_id
        if "without system versioning" in words:
            attributes["system_versioning"] = False
        column_type, _, compressed = column_type.partition(" /*M!")
        if compressed:
            attributes["compressed"] = True
        found = types.canonical(column_type, self._server)
        check = seen.column_check(name)
        if check == f"json_valid({quote(name)})" and (column_type, collation) == ("longtext", "utf8mb4_bin"):
            # What MariaDB makes of its alias JSON: https://mariadb.com/kb/en/json-data-type/
            found, collation, check = "json", None, None
        elif collation == table_collation and (self._server.is_mariadb or seen.charset(name) is None):
            collation = None
        if check is not None:
            attributes["check"] = check
        if self._server.is_mariadb and default is not None:
            default = sequences.without_database(default, database)
        if types.kept(found).base in ("binary", "varbinary") and "default_generated" not in words:
            default = seen.binary_default(name) or default
        return Column(
            name=name,
            type=found,
            nullable=is_nullable == "YES",
            default=None
            if expression
            else defaults.of_catalog(default, found, self._server, computed="default_generated" in words),
            identity=Identity() if "auto_increment" in words else None,
            generated=Generated(expression=self._expression(expression), stored="stored generated" in words)
            if expression
            else None,
            collation=collation,
            on_update=_on_update(extra),
            invisible="invisible" in words,
            comment=comment or None,
            options=attributes,
        )

    def _keys(self, table: str, seen: shown.Shown) -> list[PrimaryKey | Index]:
        by_name: dict[str, list[Row]] = defaultdict(list)
        for row in self._indexes[table]:
            by_name[row[1]].append(row)
        return [
            _primary_key(rows, seen) if name == "PRIMARY" else self._index(name, rows, seen)
            for name, rows in by_name.items()
        ]

    def _index(self, name: str, rows: list[Row], seen: shown.Shown) -> Index:
        _, _, non_unique, _, _, _, _, method, comment, hidden = rows[0]
        attributes = seen.key_attributes(name)
        if "without_overlaps" in attributes:
            rows = rows[:-2]  # the two columns of the period
        return Index(
            name=name,
            columns=tuple(self._index_column(row) for row in rows),
            unique=not non_unique,
            method=seen.using(name) if method in ("BTREE", "HASH") else method.lower(),
            invisible=bool(hidden),
            comment=comment or None,
            options=attributes,
        )

    def _index_column(self, row: Row) -> IndexColumn:
        _, _, _, column, expression, order, prefix, method, _, _ = row
        return IndexColumn(
            column=column,
            expression=None if expression is None else self._expression(expression),
            order="desc" if order == "D" else "asc",
            # A spatial index has the length of a bounding box there.
            prefix=None if method in ("SPATIAL", "FULLTEXT", "RTREE") else prefix,
        )

    def _keys_to_others(self, table: str) -> tuple[ForeignKey, ...]:
        by_name: dict[str, list[Row]] = defaultdict(list)
        for row in self._foreign_keys[table]:
            by_name[row[1]].append(row)
        return tuple(self._foreign_key(name, rows) for name, rows in by_name.items())

    def _foreign_key(self, name: str, rows: list[Row]) -> ForeignKey:
        _, _, _, target_schema, target, _, on_delete, on_update, own_schema = rows[0]
        return ForeignKey(
            name=name,
            columns=tuple(row[2] for row in rows),
            references=target,
            referenced_columns=tuple(row[5] for row in rows),
            references_namespace=None if target_schema == own_schema else target_schema,
            on_delete=self._action(on_delete),
            on_update=self._action(on_update),
        )

    def _action(self, rule: str) -> Action:
        action: Action = rule.lower()  # type: ignore[assignment]  # the rules of the SQL standard
        # MariaDB shows the absence of a rule as RESTRICT; the two do the same in both engines.
        return "no action" if self._server.is_mariadb and action == "restrict" else action

    def _check(self, row: Row) -> Check:
        _, name, clause, enforced, _ = row
        return Check(name=name, expression=self._expression(clause), enforced=enforced == "YES")


def _primary_key(rows: list[Row], seen: shown.Shown) -> PrimaryKey:
    attributes = seen.key_attributes("PRIMARY")
    if "without_overlaps" in attributes:
        rows = rows[:-2]
    if method := seen.using("PRIMARY"):
        attributes["method"] = method
    for _, _, _, column, _, order, prefix, _, _, _ in rows:
        if prefix is not None:
            attributes[f"prefix of {column}"] = prefix
        if order == "D":
            attributes[f"order of {column}"] = "desc"
    return PrimaryKey(columns=tuple(row[3] for row in rows), options=attributes, comment=rows[0][8] or None)


def _on_update(extra: str) -> str | None:
    """The expression after `on update` in EXTRA, where other words may stand around it."""
    _, found, rest = extra.partition("on update ")
    return rest.split()[0].rstrip(",") if found else None


def _grouped(rows: Iterable[Row]) -> defaultdict[str, list[Row]]:
    """Rows by their first field, the table's name."""
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row[0]].append(row)
    return grouped
