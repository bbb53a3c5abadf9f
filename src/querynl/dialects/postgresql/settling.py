"""The names of partitions' parts of indexes in a database that was made from a schema.

The engine takes the first name that is free when it makes a part; which one that is depends on the order in which
indexes and partitions came, which a schema does not tell. Migrations mind what parts are called there.

https://github.com/postgres/postgres/blob/master/src/backend/commands/indexcmds.c (ChooseRelationName)
"""

from __future__ import annotations

from querynl.dialects.postgresql.heirs import is_partition, parts_by_index
from querynl.dialects.postgresql.spelling import OWN_NAMESPACE, qualified, quote
from querynl.dialects.protocol import Reader
from querynl.operations import State
from querynl.schema import Name, Schema

# The parts, those of whole tables' indexes before those of partitions'.
_PARTS = """
    SELECT c.oid, h.inhparent, w.relname, n.nspname, t.relname, c.relname
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid JOIN pg_class w ON w.oid = h.inhparent
    JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    CROSS JOIN LATERAL (SELECT count(*) FROM pg_partition_ancestors(c.oid)) AS above (levels)
    WHERE c.relkind IN ('i', 'I') ORDER BY above.levels, c.oid"""


def settling(reader: Reader, schema: Schema) -> list[str]:
    """The renames that give the parts the names which they have in the schema."""
    wanted = _names(schema)
    if not wanted:
        return []
    known: dict[int, str] = {}
    away, back = [], []
    for oid, above, above_name, namespace, table, name in reader.rows(_PARTS):
        place = Name(None if namespace == OWN_NAMESPACE else namespace, table)
        known[oid] = to = wanted.get((place, known.get(above, above_name)), name)
        if to != name:
            waiting = f"waiting_{oid}"
            away.append(f"ALTER INDEX {qualified(place.namespace, name)} RENAME TO {quote(waiting)}")
            back.append(f"ALTER INDEX {qualified(place.namespace, waiting)} RENAME TO {quote(to)}")
    return [*away, *back]


def _names(schema: Schema) -> dict[tuple[Name, str], str]:
    """What the parts are called, by partition and index; empty where the engine has no choice."""
    partitions = [table for table in schema.tables if is_partition(table)]
    catalog = State(schema)
    found = {table.key: dict(parts_by_index(table, catalog)) for table in partitions}
    if not any("attached_to" in part.options for parts in found.values() for part in parts.values()):
        return {}
    return {(key, above): str(part.name) for key, parts in found.items() for above, part in parts.items()}
