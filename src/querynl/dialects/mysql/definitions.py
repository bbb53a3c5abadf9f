"""The parts of CREATE TABLE and ALTER TABLE: columns, keys, foreign keys and checks as SQL.

https://dev.mysql.com/doc/refman/9.5/en/create-table.html, https://mariadb.com/kb/en/create-table/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from querynl.dialects.mysql import options, versioning
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import literal, quote, quoted_list
from querynl.schema import (
    Action,
    Check,
    Column,
    ForeignKey,
    Index,
    IndexColumn,
    OptionValue,
    PrimaryKey,
    Table,
    View,
)


def column(part: Column, server: Server) -> str:
    """The column with every attribute: MODIFY forgets what it is not told."""
    words = [quote(part.name), part.type]
    if part.generated is not None and versioning.is_row_end(part):
        words.append(f"GENERATED ALWAYS AS {part.generated.expression}")
    else:
        words += _attributes(part, server)
    words += _later_attributes(part)
    return " ".join(words)


def _attributes(part: Column, server: Server) -> Iterator[str]:
    if part.options.get("compressed"):
        yield "COMPRESSED"
    if part.charset is not None:
        yield f"CHARACTER SET {part.charset}"
    if part.collation is not None:
        yield f"COLLATE {part.collation}"
    if part.generated is not None:
        yield f"GENERATED ALWAYS AS ({part.generated.expression}) {'STORED' if part.generated.stored else 'VIRTUAL'}"
    if not part.nullable and not (part.generated is not None and server.is_mariadb):
        yield "NOT NULL"
    elif part.type.startswith("timestamp") and part.generated is None:
        # Without it some servers make the column NOT NULL (explicit_defaults_for_timestamp).
        yield "NULL"
    if "srid" in part.options:
        yield f"SRID {part.options['srid']}"
    if part.default is not None:
        yield f"DEFAULT {part.default}"
    if part.on_update is not None:
        yield f"ON UPDATE {part.on_update}"
    if part.identity is not None:
        yield "AUTO_INCREMENT"


def _later_attributes(part: Column) -> Iterator[str]:
    if part.invisible:
        yield "INVISIBLE"
    for key in ("storage", "column_format"):
        if key in part.options:
            yield f"{key.upper()} {str(part.options[key]).upper()}"
    yield from _engine_attributes(part.options)
    if part.comment is not None:
        yield f"COMMENT {literal(part.comment)}"
    if part.options.get(versioning.VERSIONED) is False:
        yield "WITHOUT SYSTEM VERSIONING"
    if "check" in part.options:
        yield f"CHECK ({part.options['check']})"


def _engine_attributes(attributes: Mapping[str, OptionValue]) -> Iterator[str]:
    for key in ("engine_attribute", "secondary_engine_attribute"):
        if key in attributes:
            yield f"{key.upper()} {literal(str(attributes[key]))}"


def primary_key(part: PrimaryKey) -> str:
    columns = (
        IndexColumn(
            column=name,
            prefix=_number(part.options.get(f"prefix of {name}")),
            order="desc" if part.options.get(f"order of {name}") == "desc" else "asc",
        )
        for name in part.columns
    )
    keys = [*map(_index_column, columns), *_without_overlaps(part.options)]
    return " ".join([f"PRIMARY KEY ({', '.join(keys)})", *_index_options(part, part.options.get("method"))])


def _without_overlaps(attributes: Mapping[str, OptionValue]) -> Iterator[str]:
    """https://mariadb.com/kb/en/application-time-periods/#without-overlaps"""
    if "without_overlaps" in attributes:
        yield f"{quote(str(attributes['without_overlaps']))} WITHOUT OVERLAPS"


def _index_options(part: PrimaryKey | Index, method: OptionValue | None) -> Iterator[str]:
    if method is not None:
        yield f"USING {str(method).upper()}"
    if "parser" in part.options:
        yield f"WITH PARSER {quote(str(part.options['parser']))}"
    if part.comment is not None:
        yield f"COMMENT {literal(part.comment)}"
    yield from _engine_attributes(part.options)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def index(part: Index, server: Server) -> str:
    assert part.name is not None, "an index is named before it is made"
    special = part.method in ("fulltext", "spatial", "vector")
    kind = f"{part.method.upper()} INDEX" if special and part.method else "UNIQUE INDEX" if part.unique else "INDEX"
    keys = [*map(_index_column, part.columns), *_without_overlaps(part.options)]
    words = [f"{kind} {quote(part.name)} ({', '.join(keys)})"]
    words += _index_options(part, None if special else part.method)
    if part.invisible:
        words.append(visibility(part, server))
    return " ".join(words)


def visibility(part: Index, server: Server) -> str:
    """Whether the optimizer may use the index: https://mariadb.com/kb/en/ignored-indexes/."""
    if server.is_mariadb:
        return "IGNORED" if part.invisible else "NOT IGNORED"
    return "INVISIBLE" if part.invisible else "VISIBLE"


def _index_column(key: IndexColumn) -> str:
    if key.expression is not None:
        text = f"({key.expression})"
    else:
        assert key.column is not None, "a key is a column or an expression"
        text = quote(key.column) + (f"({key.prefix})" if key.prefix is not None else "")
    return f"{text} DESC" if key.order == "desc" else text


def foreign_key(part: ForeignKey) -> str:
    assert part.name is not None, "a foreign key is named before it is made"
    target = ".".join(quote(name) for name in part.target if name is not None)
    return (
        f"CONSTRAINT {quote(part.name)} FOREIGN KEY ({quoted_list(part.columns)})"
        f" REFERENCES {target} ({quoted_list(part.referenced_columns)})"
        f"{_rule('DELETE', part.on_delete)}{_rule('UPDATE', part.on_update)}"
    )


def _rule(event: str, action: Action) -> str:
    return "" if action == "no action" else f" ON {event} {action.upper()}"


def check(part: Check) -> str:
    assert part.name is not None, "a check is named before it is made"
    enforcement = "" if part.enforced else " NOT ENFORCED"
    return f"CONSTRAINT {quote(part.name)} CHECK ({part.expression}){enforcement}"


def dropped_check(name: str, server: Server) -> str:
    """The clause that drops a check, whatever else has its name; MariaDB has no such word, and takes the check."""
    return f"DROP {'CONSTRAINT' if server.is_mariadb else 'CHECK'} {quote(name)}"


def character_set(table: Table) -> Iterator[str]:
    """The table's own character set and collation, where it does not take the database's."""
    if "charset" in table.options:
        yield f"DEFAULT CHARACTER SET {table.options['charset']}"
    if "collation" in table.options:
        yield f"DEFAULT COLLATE {table.options['collation']}"


def create_table(table: Table, server: Server) -> str:
    lines = [column(part, server) for part in table.columns]
    if table.primary_key is not None:
        lines.append(primary_key(table.primary_key))
    lines += [index(part, server) for part in table.indexes]
    lines += [foreign_key(part) for part in table.foreign_keys]
    lines += [check(part) for part in table.checks]
    lines += versioning.periods(table.options)
    after = [*options.clauses({}, table.options), *character_set(table)]
    start = next((part.identity.start for part in table.columns if part.identity is not None), None)
    if start is not None:
        after.append(f"AUTO_INCREMENT={start}")
    if table.comment is not None:
        after.append(f"COMMENT={literal(table.comment)}")
    text = f"CREATE TABLE {quote(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"
    if table.options.get(versioning.VERSIONED):
        after.append("WITH SYSTEM VERSIONING")
    text = " ".join([text, *after])
    if "partition_by" in table.options:
        text += f"\nPARTITION BY {table.options['partition_by']}"
    return text


def create_view(view: View) -> str:
    """See https://dev.mysql.com/doc/refman/9.5/en/create-view.html."""
    words = ["CREATE"]
    if "algorithm" in view.options:
        words.append(f"ALGORITHM={str(view.options['algorithm']).upper()}")
    if "security" in view.options:
        words.append(f"SQL SECURITY {str(view.options['security']).upper()}")
    words += ["VIEW", quote(view.name)]
    if view.columns:
        words.append(f"({quoted_list(view.columns)})")
    words.append(f"AS {view.definition}")
    if "check_option" in view.options:
        words.append(f"WITH {str(view.options['check_option']).upper()} CHECK OPTION")
    return " ".join(words)
