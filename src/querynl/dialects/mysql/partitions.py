"""A table's partitions as the clause that makes them, from the rows of the catalog.

https://dev.mysql.com/doc/refman/9.5/en/information-schema-partitions-table.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from querynl.dialects.mysql.spelling import literal, quote


def of_catalog(rows: Sequence[tuple[Any, ...]]) -> str:
    """What stands after PARTITION BY; the rows are one table's, in order.

    Partitions without values that have the names the engine gives are told by their number alone.
    """
    _, _, method, expression, sub_method, sub_expression, _, _, _ = rows[0]
    names = list(dict.fromkeys(row[1] for row in rows))
    first = {name: next(row for row in rows if row[1] == name) for name in names}
    text = f"{method} ({expression or ''})"
    # A partition is one by default.
    count = f" PARTITIONS {len(names)}" if len(names) > 1 else ""
    plain = [
        first[name][7] is None and not first[name][8] and name == f"p{number}" for number, name in enumerate(names)
    ]
    if sub_method is None and all(plain):
        return text + count
    if sub_method is not None:
        text += f" SUBPARTITION BY {sub_method} ({sub_expression or ''}) SUBPARTITIONS {len(rows) // len(names)}"
    return f"{text} ({', '.join(_partition(first[name], method) for name in names)})"


def _partition(row: tuple[Any, ...], method: str) -> str:
    _, name, _, _, _, _, _, description, comment = row
    text = f"PARTITION {quote(name)}"
    if description is not None:
        if method.startswith("LIST"):
            text += f" VALUES IN ({description})"
        elif description == "MAXVALUE" and "COLUMNS" not in method:
            text += " VALUES LESS THAN MAXVALUE"
        else:
            text += f" VALUES LESS THAN ({description})"
    return text + (f" COMMENT = {literal(comment)}" if comment else "")
