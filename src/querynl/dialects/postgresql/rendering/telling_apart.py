"""A new partition's parts of indexes that only the server's catalog tells apart.

The engine makes them with the partition, in the order in which the whole table's indexes came, and calls several alike
but for a number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import count

from querynl.dialects.postgresql.heirs import copy_for, indexed_parts
from querynl.dialects.postgresql.index_names import Indexed, is_numbered
from querynl.dialects.postgresql.part_names import comes_by_itself, parts_by_index, topmost_indexes
from querynl.dialects.postgresql.spelling import literal, made_name, qualified, quote
from querynl.operations import Catalog
from querynl.schema import Name, Table

_RENAMES = """
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT i.indexrelid::regclass AS now, said.name
        FROM (VALUES
            {rows}
        ) AS said (topmost, name)
        JOIN pg_index i ON pg_partition_root(i.indexrelid) = said.topmost
        WHERE i.indrelid = {partition}::regclass
    LOOP
        EXECUTE format('ALTER INDEX %s RENAME TO %I', part.now, part.name);
    END LOOP;
END
"""


def mistakable(table: Name, catalog: Catalog) -> list[tuple[Indexed, Indexed]]:
    """The parts that are called alike, each after the index that it is a part of, where anything is said of one.

    So are those under a name that is to be an index's of the partition alone.
    """
    partition = catalog.table(table)
    assert partition is not None, f"no table {table}"
    alike: dict[str | None, list[tuple[Indexed, Indexed]]] = defaultdict(list)
    for above, part in parts_by_index(partition, catalog):
        if not above.options.get("only"):
            alike[copy_for(partition, above).name].append((above, part))
    own = {part.name for part in indexed_parts(partition) if "attached_to" not in part.options}
    return [
        found
        for name, group in alike.items()
        if name in own or _is_said_of_one(partition, [part for _, part in group])
        for found in group
    ]


def _is_said_of_one(partition: Table, alike: Sequence[Indexed]) -> bool:
    """Whether something is said of one of the parts, which may not be the one that has the name without a number."""
    is_said = any("attached_to" in part.options and not comes_by_itself(partition.name, part) for part in alike)
    return is_said and (len(alike) > 1 or is_numbered(partition.name, alike[0]))


def told_apart(table: Name, catalog: Catalog) -> Iterator[str]:
    """The statements that give such parts their names by what they are parts of."""
    parts = mistakable(table, catalog)
    partition = catalog.table(table)
    if not parts or partition is None:
        return
    topmost = topmost_indexes(partition, catalog)
    waiting = [made_name(str(part.name), str(number), "waiting") for number, (_, part) in enumerate(parts)]
    rows = ",\n            ".join(
        f"({literal(qualified(*topmost[part.name]))}::regclass, {literal(name)})"
        for (_, part), name in zip(parts, waiting, strict=True)
    )
    yield _block(_RENAMES.format(rows=rows, partition=literal(qualified(*table))))
    for (_, part), name in zip(parts, waiting, strict=True):
        yield f"ALTER INDEX {qualified(table.namespace, name)} RENAME TO {quote(str(part.name))}"


def _block(body: str) -> str:
    """The body as a block of PL/pgSQL, in dollars that no name in it has."""
    dollars = next(found for found in (f"${'_' * number}$" for number in count()) if found not in body)
    return f"DO {dollars}{body}{dollars}"
