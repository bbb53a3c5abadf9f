"""Indexes of partitions that are parts of an index of their partitioned table.

The engine makes them with that, under names of its own; one that is there already it takes instead.

https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.heirs import PLACE, copy_for, heirs, indexed_parts, whole
from querynl.dialects.postgresql.index_names import Indexed, is_numbered
from querynl.dialects.postgresql.part_names import comes_by_itself
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.telling_apart import mistakable
from querynl.dialects.postgresql.spelling import qualified, quote
from querynl.operations import Catalog
from querynl.schema import Index, Name, Part, PrimaryKey, Table


def taken_over(table: Name, part: Part, around: Around) -> list[str] | None:
    """The statements that make the part of what the engine has put in its place; None where it put nothing there."""
    if comes_by_itself(table.name, part):
        return []  # with the partitioned table's, under whatever name
    above = index_above(table, part, around.after)
    is_new = around.before.table(table) is None
    if above is None or (above.options.get("only") and not is_new):
        return None
    given = _given(table, above, around.after)
    assert part.name is not None
    if is_new and above in [found for found, _ in mistakable(table, around.after)]:
        given = replace(given, name=part.name)
    if type(given) is type(part):
        return renamed(table, given, part.name)
    word = "PRIMARY KEY" if isinstance(part, PrimaryKey) else "UNIQUE"
    return [alter(table, [f"ADD CONSTRAINT {quote(part.name)} {word} USING INDEX {quote(str(given.name))}"])]


def attaching(table: Name, part: Part, catalog: Catalog) -> Iterator[str]:
    """The statements that tie a new index to those of which it is a part, or that are parts of it, one by one.

    That is only for an index that not all partitions have their part of.
    """
    above = index_above(table, part, catalog)
    if above is not None and above.options.get("only"):
        yield _attach(_partitioned(table, catalog).key, str(above.name), table, str(part.name))
    if part.options.get("only"):
        for heir in heirs(table, catalog):
            for own in indexed_parts(heir):
                if own.options.get("attached_to") == part.name:
                    yield _attach(table, str(part.name), heir.key, str(own.name))


def _attach(table: Name, index: str, partition: Name, part: str) -> str:
    return f"ALTER INDEX {qualified(table.namespace, index)} ATTACH PARTITION {qualified(partition.namespace, part)}"


def goes_by_itself(table: Name, part: Part, around: Around) -> bool:
    """Whether the part goes, or went, with the partitioned table's."""
    if "attached_to" not in part.options or not isinstance(part, Indexed):
        return False
    return comes_by_itself(table.name, part) or index_above(table, part, around.before) is None


def left_in_place(table: Name, part: Part, around: Around) -> Indexed | None:
    """What the engine would have in the part's place, which the part becomes; None where it must be dropped."""
    above = index_above(table, part, around.before)
    if above is None or above.options.get("only") or comes_by_itself(table.name, part):
        return None
    given = _given(table, above, around.before)
    if not isinstance(part, Indexed) or type(given) is not type(part):
        return None
    name = part.name if part.options.get("name_kept") or is_numbered(table.name, part) else given.name
    place = {option: value for option, value in part.options.items() if option in PLACE}
    return replace(given, name=name, options={**given.options, **place})


def has_constraints(table: Name, index: Index, catalog: Catalog) -> bool:
    """Whether partitions have constraints whose indexes are parts of the index, and go with it if told to."""
    found = catalog.table(table)
    if found is None or "partition_by" not in found.options:
        return False
    return any(
        not isinstance(part, Index) and part.options.get("attached_to") == index.name
        for heir in heirs(table, catalog)
        for part in indexed_parts(heir)
    )


def index_above(table: Name, part: Part, catalog: Catalog) -> Indexed | None:
    """The index, or the constraint with one, of the partitioned table that it is a part of."""
    name = part.options.get("attached_to")
    if name is None or catalog.table(table) is None:
        return None
    return next((found for found in indexed_parts(_partitioned(table, catalog)) if found.name == name), None)


def _partitioned(table: Name, catalog: Catalog) -> Table:
    partition = catalog.table(table)
    assert partition is not None, f"no table {table}"
    return whole(partition.inherits[0], catalog) if partition.inherits else Table(name=table.name)


def _given(table: Name, above: Indexed, catalog: Catalog) -> Indexed:
    found = catalog.table(table)
    assert found is not None, f"no table {table}"
    return copy_for(found, above)


def renamed(table: Name, part: Indexed, to: str) -> list[str]:
    """The statement, if it takes one, that gives the part the name."""
    if part.name == to:
        return []
    if isinstance(part, Index):
        return [f"ALTER INDEX {qualified(table.namespace, str(part.name))} RENAME TO {quote(to)}"]
    return [alter(table, [f"RENAME CONSTRAINT {quote(str(part.name))} TO {quote(to)}"])]
