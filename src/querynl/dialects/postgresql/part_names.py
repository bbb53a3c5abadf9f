"""What partitions' parts of indexes are called, which of these names somebody chose, and what else is said of them.

The engine names a part after what the columns were called when it was made, and numbers it where the name is taken,
in the order in which indexes and partitions came: nobody asked for that, and any other name does as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from querynl.dialects.postgresql.heirs import PLACE, IndexedT, copy_for, indexed_parts, is_partition, whole
from querynl.dialects.postgresql.index_names import Indexed, free_name, is_given, is_numbered, words
from querynl.dialects.postgresql.options import INDEX_ROLES
from querynl.operations import Catalog
from querynl.schema import Exclusion, Index, Kind, Name, Part, PrimaryKey, Ref, Table, Unique


def parts_by_index(table: Table, catalog: Catalog) -> Iterator[tuple[Indexed, Indexed]]:
    """The indexes of a partition's table, each with the partition's part of it, told or not."""
    if not is_partition(table):
        return
    told = {part.options["attached_to"]: part for part in indexed_parts(table) if "attached_to" in part.options}
    for above in indexed_parts(whole(table.inherits[0], catalog)):
        if above.name in told:
            yield above, told[above.name]
        elif not above.options.get("only"):
            yield above, copy_for(table, above)


def topmost_indexes(table: Table, catalog: Catalog) -> dict[str | None, Name]:
    """The indexes that a table's own are parts of, by way of others maybe, by the names of these; an index that is no
    part is its own."""
    found = {part.name: Name(table.namespace, str(part.name)) for part in indexed_parts(table)}
    parent = catalog.table(table.inherits[0]) if is_partition(table) else None
    above = {} if parent is None else topmost_indexes(parent, catalog)
    return found | {part.name: above[index.name] for index, part in parts_by_index(table, catalog)}


def with_names_kept(table: Table, ref: Ref, catalog: Catalog) -> Table:
    """A table that is about to be renamed, or one of its columns, with all that the engine has named after that.

    Parts of a whole table's indexes keep the names that they have; those that are made later get others.
    """
    kept = table
    for above, part in parts_by_index(table, catalog):
        is_named_after = ref.kind is Kind.TABLE or ref.name in words(part)
        if is_named_after and type(part) is type(above) and is_given(table.name, part):
            options = {**part.options, "attached_to": str(above.name), "name_kept": True}
            kept = _with_part(kept, replace(part, options=options))
    return kept


def with_names_before(before: Table, after: Table, start: Catalog, end: Catalog) -> tuple[Table, Table]:
    """Both sides of a partition, with the parts that the engine names afterwards under the names that they have before.

    Those of which nothing else is said on either side are left out of both. Which of two indexes that differ in the
    order of their keys a part belongs to is the engine's choice, where a table with such a part was attached.
    """
    if not any("attached_to" in part.options for table in (before, after) for part in indexed_parts(table)):
        return before, after
    roots_before, roots = topmost_indexes(before, start), topmost_indexes(after, end)
    old = {roots_before[part.name]: (above, part) for above, part in parts_by_index(before, start)}
    taken = {part.name for _, part in old.values()}
    own = {part.name for part in indexed_parts(after) if "attached_to" not in part.options}
    wholes_before, wholes = ([above for above, _ in parts_by_index(*side)] for side in ((before, start), (after, end)))
    for above, part in parts_by_index(after, end):
        if above.options.get("only") or not is_given(after.name, part):
            continue
        was = old.get(roots[part.name])
        speaks = _speaks(after, _alike(above, wholes), part)
        if was is not None and type(was[1]) is type(part):
            speaks = speaks or _speaks(before, _alike(was[0], wholes_before), was[1])
        if not speaks:
            before = before if was is None else _without_part(before, was[0])
            after = _without_part(after, above)
        elif was is None or (type(was[1]) is type(part) and was[1].name not in own):
            name = free_name(after.name, part, taken | own) if was is None else was[1].name
            taken.add(name)
            after = _with_part(_without_part(after, above), _told(part, above, name, was))
    return before, after


def _told(part: Indexed, above: Indexed, name: str | None, was: tuple[Indexed, Indexed] | None) -> Indexed:
    """What is said of the part, under that name."""
    kept = {} if was is None else {option: value for option, value in was[1].options.items() if option in PLACE}
    place = {"attached_to": str(above.name if was is None else was[0].name)}
    return replace(part, name=name, options={**part.options, **kept, **place})


def comes_by_itself(table: str, part: Part) -> bool:
    """Whether it is a part that comes and goes with the partitioned table's: only the engine's number is said of it."""
    if "attached_to" not in part.options or not isinstance(part, Indexed):
        return False
    says_more = part.comment is not None or not part.options.keys().isdisjoint(INDEX_ROLES)
    return not says_more and (bool(part.options.get("name_kept")) or is_numbered(table, part))


def _speaks(table: Table, alike: Sequence[Indexed], part: Indexed) -> bool:
    """Whether anything but a name is said of the part, which may be a part of any of the indexes."""
    options = {option: value for option, value in part.options.items() if option not in PLACE}
    bare = replace(part, name=None, options=options)
    return all(bare != replace(copy_for(table, above), name=None) for above in alike)


def _alike(above: Indexed, wholes: Sequence[Indexed]) -> list[Indexed]:
    """The index, and the others of the table that the engine takes a part of it for a part of.

    https://github.com/postgres/postgres/blob/master/src/backend/catalog/index.c (CompareIndexInfo)
    """
    return [above, *(other for other in wholes if isinstance(above, Index) and _keys(other) == _keys(above))]


def _keys(index: Indexed) -> Indexed | None:
    """The index by its keys alone, in no order, and without its storage; None for a constraint."""
    if not isinstance(index, Index):
        return None
    keys = tuple(replace(key, order="asc", nulls=None) for key in index.columns)
    return replace(index, name=None, columns=keys, options={}, comment=None)


def _without_part(table: Table, above: Indexed) -> Table:
    """The table without its part of the index."""

    def others(parts: tuple[IndexedT, ...]) -> tuple[IndexedT, ...]:
        return tuple(part for part in parts if part.options.get("attached_to") != above.name)

    key = table.primary_key
    return replace(
        table,
        primary_key=None if key is None or not others((key,)) else key,
        uniques=others(table.uniques),
        exclusions=others(table.exclusions),
        indexes=others(table.indexes),
    )


def _with_part(table: Table, part: Indexed) -> Table:
    """The table with that part, in the place of one that is called so."""

    def others(parts: tuple[IndexedT, ...]) -> tuple[IndexedT, ...]:
        return tuple(other for other in parts if other.name != part.name)

    match part:
        case PrimaryKey():
            return replace(table, primary_key=part)
        case Unique():
            return replace(table, uniques=(*others(table.uniques), part))
        case Exclusion():
            return replace(table, exclusions=(*others(table.exclusions), part))
        case Index():
            return replace(table, indexes=(*others(table.indexes), part))
