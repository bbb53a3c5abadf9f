"""The names of partitions' parts of indexes in a database that was made from a schema.

The engine takes the first name that is free when it makes a part; which one that is depends on the order in which
indexes and partitions came, which a schema does not tell. Migrations mind what parts are called there.

https://github.com/postgres/postgres/blob/master/src/backend/commands/indexcmds.c (ChooseRelationName)
"""

from __future__ import annotations

from querynl.dialects.postgresql.heirs import indexed_parts, is_partition
from querynl.dialects.postgresql.part_names import parts_by_index, topmost_indexes
from querynl.dialects.postgresql.spelling import OWN_NAMESPACE, qualified, quote
from querynl.dialects.protocol import Reader
from querynl.operations import State
from querynl.schema import Name, Schema

_PARTS = """
    SELECT c.oid, n.nspname, t.relname, rn.nspname, r.relname, c.relname
    FROM pg_class c JOIN pg_class r ON r.oid = pg_partition_root(c.oid) JOIN pg_namespace rn ON rn.oid = r.relnamespace
    JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE c.relispartition AND c.relkind IN ('i', 'I')"""


def settling(reader: Reader, schema: Schema) -> list[str]:
    """The renames that give the parts the names which they have in the schema."""
    wanted = _names(schema)
    if not wanted:
        return []
    away, back = [], []
    for oid, namespace, table, root_namespace, root, name in reader.rows(_PARTS):
        place = Name(_told(namespace), table)
        to = wanted.get((place, Name(_told(root_namespace), root)), name)
        if to != name:
            waiting = f"waiting_{oid}"
            away.append(f"ALTER INDEX {qualified(place.namespace, name)} RENAME TO {quote(waiting)}")
            back.append(f"ALTER INDEX {qualified(place.namespace, waiting)} RENAME TO {quote(to)}")
    return [*away, *back]


def _told(namespace: str) -> str | None:
    return None if namespace == OWN_NAMESPACE else namespace


def _names(schema: Schema) -> dict[tuple[Name, Name], str]:
    """What the parts are called, by their partition and the index of the topmost table.

    It is empty where the engine named them all, and without numbers.
    """
    partitions = [table for table in schema.tables if is_partition(table)]
    if not any("attached_to" in part.options for table in partitions for part in indexed_parts(table)):
        return {}
    catalog = State(schema)
    found: dict[tuple[Name, Name], str] = {}
    for table in partitions:
        topmost = topmost_indexes(table, catalog)
        for _, part in parts_by_index(table, catalog):
            found[table.key, topmost[part.name]] = str(part.name)
    return found
