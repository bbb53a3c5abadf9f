"""What a table has from those it inherits from, or from the table that it is a partition of.

A table of the model lists what is its own: columns that its parents lack or that differ from theirs, constraints and
indexes that do not come with its parents'.

https://www.postgresql.org/docs/current/ddl-inherit.html
https://www.postgresql.org/docs/current/ddl-partitioning.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from querynl.dialects.postgresql import index_names
from querynl.dialects.postgresql.index_names import Indexed
from querynl.dialects.postgresql.spelling import named_type, serial_sequence, type_text
from querynl.operations import Catalog
from querynl.schema import Column, CompositeType, Exclusion, Index, Kind, Name, PrimaryKey, Ref, Table, Unique

IndexedT = TypeVar("IndexedT", PrimaryKey, Unique, Exclusion, Index)

# What is said of an index of one table and does not come with it to the partitions.
_NOT_INHERITED = frozenset({"only", "attached_to", "replica_identity", "cluster"})
# What is said of a part of a whole table's index alone.
PLACE = frozenset({"attached_to", "name_kept"})


def is_partition(table: Table) -> bool:
    return "partition_bound" in table.options


def given_column(name: Name, column: str, catalog: Catalog) -> Column | None:
    """The column that a table has from its parents or its type, whatever it says of that itself."""
    table = catalog.table(name)
    if table is None:
        return None
    if table.of_type is not None:
        return next((found for found in _columns_of_type(table.of_type, catalog) if found.name == column), None)
    for parent in table.inherits:
        if (found := whole_column(parent, column, catalog)) is not None:
            return found
    return None


def whole_column(name: Name, column: str, catalog: Catalog) -> Column | None:
    """The column as the heirs of the table get it."""
    table = catalog.table(name)
    if table is None or (own := table.column(column)) is None:
        return given_column(name, column, catalog)
    return handed_down(table.key, own)


def has_identity_from_above(name: Name, column: str, catalog: Catalog) -> bool:
    """Whether a column of a partition counts by the identity of the whole table, so that it can have no default."""
    table = catalog.table(name)
    for parent in table.inherits if table is not None and is_partition(table) else ():
        above = catalog.table(parent)
        own = above.column(column) if above is not None else None
        if own is not None and own.identity is not None:
            return not own.identity.serial
        return has_identity_from_above(parent, column, catalog)
    return False


def handed_down(table: Name, column: Column) -> Column:
    """The column as a new heir has it: an identity is the parent's alone, a serial's counter is used by all."""
    default = column.default
    if column.identity is not None and column.identity.serial:
        sequence = type_text(table.namespace, serial_sequence(table.name, column.name)).replace("'", "''")
        default = f"nextval('{sequence}'::regclass)"
    counting = ("minimum", "maximum", "cache", "cycle", "sequence")
    options = {option: value for option, value in column.options.items() if option not in counting}
    return replace(column, identity=None, default=default, options=options)


def _columns_of_type(of_type: str, catalog: Catalog) -> Iterator[Column]:
    name = named_type(of_type)
    found = None if name is None else catalog.get(Ref(Kind.COMPOSITE_TYPE, *name))
    for attribute in found.attributes if isinstance(found, CompositeType) else ():
        yield Column(name=attribute.name, type=attribute.type, collation=attribute.collation)


def heirs(name: Name, catalog: Catalog) -> list[Table]:
    """The tables that inherit from the table, or are its partitions, without those that inherit from these."""
    found = (table for table in catalog.of_kind(Kind.TABLE) if isinstance(table, Table) and name in table.inherits)
    return sorted(found, key=lambda table: str(table.key))


def parted(table: Table, kept: Sequence[Name], catalog: Catalog) -> Table:
    """The table as it stands once it has no other parents than those, with all that the others gave it as its own."""
    lost = [whole(parent, catalog) for parent in table.inherits if parent not in kept]
    options = {option: value for option, value in table.options.items() if option != "partition_bound"}
    remaining = replace(table, inherits=tuple(kept), options=options)
    still = {column.name for parent in kept for column in whole(parent, catalog).columns}
    for parent in lost:
        remaining = _with_columns(remaining, parent, still)
        names = {check.name for check in remaining.checks}
        checks = (replace(check, comment=None) for check in parent.checks if check.inherited)
        remaining = replace(
            remaining, checks=(*remaining.checks, *(check for check in checks if check.name not in names))
        )
        if is_partition(table):
            remaining = _with_keys(remaining, parent)
    return remaining


def whole(name: Name, catalog: Catalog) -> Table:
    """The table with all that it has from its parents."""
    table = catalog.table(name)
    if table is None:
        return Table(name=name.name, namespace=name.namespace)
    return parted(table, (), catalog) if table.inherits else table


def _with_columns(table: Table, parent: Table, still: set[str]) -> Table:
    said = {column.name: column for column in table.columns}
    given = [column for column in parent.columns if column.name in said or column.name not in still]
    first = [said.pop(column.name, handed_down(parent.key, column)) for column in given]
    return replace(table, columns=(*first, *said.values()))


def _with_keys(table: Table, parent: Table) -> Table:
    """The former partition with its parts of what the partitioned table has as a whole, in the order of that.

    What it says of a part of an index that is no longer there went with that.
    """

    def own(parts: Any, given: Any) -> Any:
        attached = {part.options["attached_to"]: part for part in parts if "attached_to" in part.options}
        found = [
            _detached(attached[whole.name]) if whole.name in attached else copy_for(table, whole)
            for whole in given
            if whole.name in attached or not whole.options.get("only")
        ]
        return (*found, *(part for part in parts if "attached_to" not in part.options))

    keys = own([table.primary_key] if table.primary_key else [], [parent.primary_key] if parent.primary_key else [])
    names = {key.name for key in table.foreign_keys}
    foreign = (replace(key, comment=None) for key in parent.foreign_keys if key.name not in names)
    return replace(
        table,
        primary_key=keys[0] if keys else None,
        uniques=own(table.uniques, parent.uniques),
        exclusions=own(table.exclusions, parent.exclusions),
        indexes=own(table.indexes, parent.indexes),
        foreign_keys=(*table.foreign_keys, *foreign),
    )


def _detached(part: IndexedT) -> IndexedT:
    if "attached_to" not in part.options:
        return part
    options = {key: value for key, value in part.options.items() if key not in PLACE}
    return replace(part, options=options)


def indexed_parts(table: Table) -> Iterator[Indexed]:
    """The parts of a table that have an index."""
    if table.primary_key is not None:
        yield table.primary_key
    yield from table.uniques
    yield from table.exclusions
    yield from table.indexes


def copy_for(partition: Table, part: Indexed) -> Indexed:
    """What the engine makes on a partition for an index, or a constraint with one, of its partitioned table."""
    options = {option: value for option, value in part.options.items() if option not in _NOT_INHERITED}
    return replace(part, name=index_names.given_name(partition.name, part), options=options, comment=None)


def without_repeated(before: Table, after: Table, start: Catalog, end: Catalog) -> tuple[Table, Table]:
    """Both sides without the columns that they only say again as their parents have them.

    Whether such a column is also the table's own shows when the parent drops it, and nowhere before.
    """

    def is_given(column: Column) -> bool:
        return all(given_column(before.key, column.name, catalog) is not None for catalog in (start, end))

    def repeats(column: Column, catalog: Catalog) -> bool:
        return column == given_column(before.key, column.name, catalog) and is_given(column)

    def is_taken_over(column: Column) -> bool:
        """Whether a parent has by now what was the table's own before."""
        return after.column(column.name) is None and _is_same(column, given_column(before.key, column.name, end))

    if not before.inherits:
        return before, after
    again = {column.name for column in before.columns if repeats(column, start)}
    again_after = {column.name for column in after.columns if repeats(column, end)}
    dropped = again - ({column.name for column in after.columns} - again_after)
    dropped_after = again_after - ({column.name for column in before.columns} - again)
    return (
        _without_columns(before, {*dropped, *(column.name for column in before.columns if is_taken_over(column))}),
        _without_columns(after, dropped_after),
    )


def _is_same(column: Column, given: Column | None) -> bool:
    return given is not None and replace(column, comment=None) == replace(given, comment=None)


def _without_columns(table: Table, names: set[str]) -> Table:
    return replace(table, columns=tuple(column for column in table.columns if column.name not in names))
