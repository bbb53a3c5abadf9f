"""The parts of CREATE TABLE and ALTER TABLE: columns, keys, foreign keys and checks as SQL.

https://dev.mysql.com/doc/refman/9.5/en/create-table.html, https://mariadb.com/kb/en/create-table/
"""

from __future__ import annotations

from collections.abc import Iterator

from querynl.dialects.mysql import options
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import literal, quote, quoted_list
from querynl.schema import Action, Check, Column, ForeignKey, Index, IndexColumn, PrimaryKey, Table, View


def column(part: Column, server: Server) -> str:
    """The column with every attribute: MODIFY forgets what it is not told."""
    return " ".join([quote(part.name), part.type, *_attributes(part, server)])


def _attributes(part: Column, server: Server) -> Iterator[str]:
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
    if part.invisible:
        yield "INVISIBLE"
    if part.identity is not None:
        yield "AUTO_INCREMENT"
    if part.comment is not None:
        yield f"COMMENT {literal(part.comment)}"
    if "check" in part.options:
        yield f"CHECK ({part.options['check']})"


def primary_key(part: PrimaryKey) -> str:
    columns = (
        IndexColumn(
            column=name,
            prefix=_number(part.options.get(f"prefix of {name}")),
            order="desc" if part.options.get(f"order of {name}") == "desc" else "asc",
        )
        for name in part.columns
    )
    comment = "" if part.comment is None else f" COMMENT {literal(part.comment)}"
    return f"PRIMARY KEY ({', '.join(map(_index_column, columns))}){comment}"


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def index(part: Index, server: Server) -> str:
    assert part.name is not None, "an index is named before it is made"
    special = part.method in ("fulltext", "spatial", "vector")
    kind = f"{part.method.upper()} INDEX" if special and part.method else "UNIQUE INDEX" if part.unique else "INDEX"
    text = f"{kind} {quote(part.name)} ({', '.join(map(_index_column, part.columns))})"
    if part.method is not None and not special:
        text += f" USING {part.method.upper()}"
    if part.comment is not None:
        text += f" COMMENT {literal(part.comment)}"
    return f"{text} {visibility(part, server)}" if part.invisible else text


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
    after = [*options.clauses({}, table.options), *character_set(table)]
    start = next((part.identity.start for part in table.columns if part.identity is not None), None)
    if start is not None:
        after.append(f"AUTO_INCREMENT={start}")
    if table.comment is not None:
        after.append(f"COMMENT={literal(table.comment)}")
    text = f"CREATE TABLE {quote(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"
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
