"""Tables as SQL.

https://www.postgresql.org/docs/current/sql-createtable.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from querynl.dialects.postgresql.heirs import copy_for, is_partition, whole
from querynl.dialects.postgresql.options import TABLE_ATTRIBUTES, parameters
from querynl.dialects.postgresql.rendering import columns, constraints, foreign, indexes
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.rendering.roles import is_held
from querynl.dialects.postgresql.rendering.sequences import linked, set_after_largest
from querynl.dialects.postgresql.rendering.telling_apart import told_apart
from querynl.dialects.postgresql.spelling import qualified, quote, serial_sequence
from querynl.operations import Catalog
from querynl.schema import Column, Constraint, Index, Name, PrimaryKey, Table, Unique


def create(table: Table, around: Around) -> Iterator[str]:
    """The table with its columns, constraints and indexes, and all that is said about them."""
    every = _constraints(table)
    later = [*_left_out(every)]
    yield _create(_unrepeated(table, around.after), [constraint for constraint in every if constraint not in later])
    if is_partition(table):
        yield from told_apart(table.key, around.after)
    yield from _attribute_changes(Table(name=table.name, namespace=table.namespace), table, new=True)
    for column in table.columns:
        yield from columns.attributes(table.key, column)
    yield from linked(table.key, table.columns, around.after)
    for constraint in every:
        if constraint in later:
            yield from constraints.add(table.key, constraint, around)
        else:
            yield from constraints.attributes(table.key, constraint)
    for index in table.indexes:
        yield from indexes.create(table.key, index, around)


def _unrepeated(table: Table, after: Catalog) -> Table:
    """The table without the NOT NULL that its parents give their heirs: it goes when theirs goes."""
    parents = [found for name in table.inherits if (found := after.table(name)) is not None]
    required = {column.name for parent in parents for column in parent.columns if _requires_of_heirs(column)}
    kept = tuple(
        replace(column, nullable=True) if column.name in required and not _is_required_by_itself(column) else column
        for column in table.columns
    )
    return replace(table, columns=kept)


def _requires_of_heirs(column: Column) -> bool:
    return not column.nullable and "not_null_no_inherit" not in column.options


def _is_required_by_itself(column: Column) -> bool:
    return any(option.startswith("not_null_") for option in column.options)


def _left_out(every: Iterable[Constraint]) -> Iterator[Constraint]:
    """The constraints that CREATE TABLE does not make: it takes two keys of the same columns for one."""
    keys: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
    for constraint in every:
        if not constraints.is_validated(constraint) or "attached_to" in constraint.options:
            yield constraint
        if isinstance(constraint, PrimaryKey | Unique):
            key = (constraint.columns, constraint.include)
            if key in keys:
                yield constraint
            keys.add(key)


def _constraints(table: Table) -> list[Constraint]:
    keys = [table.primary_key] if table.primary_key is not None else []
    return [*keys, *table.uniques, *table.checks, *table.exclusions, *table.foreign_keys]


def _create(table: Table, parts: list[Constraint]) -> str:
    options = table.options
    bound = options.get("partition_bound")
    said = columns.override if bound is not None else columns.typed if table.of_type else columns.definition
    listed = map(said, table.columns)
    lines = [*filter(None, listed), *map(constraints.definition, parts)]
    body = "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"
    words = [f"CREATE {'UNLOGGED ' if options.get('unlogged') else ''}{_word(table)}", qualified(*table.key)]
    if bound is not None:
        words.append(f"PARTITION OF {qualified(*table.inherits[0])}")
    if table.of_type is not None:
        words.append(f"OF {table.of_type}")
    if lines or (bound is None and table.of_type is None):
        words.append(body)
    if bound is not None:
        words.append(str(bound))
    elif table.inherits:
        words.append(f"INHERITS ({', '.join(qualified(*parent) for parent in table.inherits)})")
    if "partition_by" in options:
        words.append(f"PARTITION BY {options['partition_by']}")
    if "access_method" in options:
        words.append(f"USING {quote(str(options['access_method']))}")
    if table.server is not None:
        words.append(f"SERVER {quote(table.server)}{foreign.clause(options)}")
    if settings := parameters(options, TABLE_ATTRIBUTES):
        words.append(f"WITH ({constraints.assigned(settings)})")
    if "tablespace" in options:
        words.append(f"TABLESPACE {quote(str(options['tablespace']))}")
    return " ".join(words)


def drop(table: Table, around: Around) -> Iterator[str]:
    if is_partition(table) and any(around.before.referrers(parent) for parent in _above(table, around.before)):
        # The foreign key to the partitioned table holds a partition, but not a table that was one.
        yield alter(table.inherits[0], [f"DETACH PARTITION {qualified(*table.key)}"])
    yield f"DROP {_word(table)} {qualified(*table.key)}"


def _word(table: Table) -> str:
    return "TABLE" if table.server is None else "FOREIGN TABLE"


def _above(table: Table, catalog: Catalog) -> Iterator[Name]:
    """The tables that a partition is in."""
    found: Table | None = table
    while found is not None and is_partition(found):
        yield found.inherits[0]
        found = catalog.table(found.inherits[0])


def change(old: Table, new: Table, around: Around) -> Iterator[str]:
    """A change of attributes in place; see `rules.alters` for what cannot be."""
    yield from _parent_changes(old, new, around)
    own = around.after.table(new.key)
    yield from _attribute_changes(old, new, new=False, chosen=own is not None and is_held(own, "replica_identity"))


def _attribute_changes(old: Table, after: Table, *, new: bool, chosen: bool = False) -> Iterator[str]:
    """The changes of what is said of a table itself; `chosen`: an index of it is its replica identity."""
    name, before, options = after.key, old.options, after.options
    if not new:
        if old.of_type != after.of_type:
            yield alter(name, ["NOT OF" if after.of_type is None else f"OF {after.of_type}"])
        if given := foreign.change(before, options):
            yield alter(name, [given.lstrip()])
        yield from _storage_changes(old, after)
    actions = []
    for switch, on, off in (
        ("row_security", "ENABLE ROW LEVEL SECURITY", "DISABLE ROW LEVEL SECURITY"),
        ("force_row_security", "FORCE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"),
    ):
        if bool(before.get(switch)) != bool(options.get(switch)):
            actions.append(on if options.get(switch) else off)
    identity = options.get("replica_identity")
    if before.get("replica_identity") != identity and not (chosen and identity is None):
        actions.append(f"REPLICA IDENTITY {str(options.get('replica_identity', 'default')).upper()}")
    if actions:
        yield alter(name, actions)
    if old.comment != after.comment:
        yield comment_on(_word(after), qualified(*name), after.comment)


def _storage_changes(old: Table, new: Table) -> Iterator[str]:
    name = new.key
    before, after = parameters(old.options, TABLE_ATTRIBUTES), parameters(new.options, TABLE_ATTRIBUTES)
    if gone := sorted(before.keys() - after.keys()):
        yield alter(name, [f"RESET ({', '.join(gone)})"])
    if changed := {key: value for key, value in after.items() if before.get(key) != value}:
        yield alter(name, [f"SET ({constraints.assigned(changed)})"])
    if bool(old.options.get("unlogged")) != bool(new.options.get("unlogged")):
        yield alter(name, ["SET UNLOGGED" if new.options.get("unlogged") else "SET LOGGED"])
    for option, action, usual in (
        ("access_method", "SET ACCESS METHOD", "heap"),
        ("tablespace", "SET TABLESPACE", "pg_default"),
    ):
        if old.options.get(option) != new.options.get(option):
            yield alter(name, [f"{action} {quote(str(new.options.get(option, usual)))}"])


def _parent_changes(old: Table, new: Table, around: Around) -> Iterator[str]:
    """A partition attached, detached or moved to other bounds; a parent inherited from, or no more."""
    bound_before, bound_after = old.options.get("partition_bound"), new.options.get("partition_bound")
    if (old.inherits, bound_before) == (new.inherits, bound_after):
        return
    name = qualified(*new.key)
    if bound_before is not None:
        yield alter(old.inherits[0], [f"DETACH PARTITION {name}"])
    else:
        for parent in old.inherits:
            if bound_after is not None or parent not in new.inherits:
                yield alter(new.key, [f"NO INHERIT {qualified(*parent)}"])
    if bound_after is not None:
        # An index that is to stay one of the partition alone must not be there to be taken.
        taken = list(_alike(new, around.after))
        for index in taken:
            yield from indexes.drop(new.key, index, around)
        yield alter(new.inherits[0], [f"ATTACH PARTITION {name} {bound_after}"])
        for column in whole(new.inherits[0], around.after).columns:
            if column.identity is not None:
                yield set_after_largest(new.inherits[0], column, only_ahead=True)
        for index in taken:
            yield from indexes.create(new.key, index, around)
    else:
        for parent in new.inherits:
            if bound_before is not None or parent not in old.inherits:
                yield alter(new.key, [f"INHERIT {qualified(*parent)}"])


def _alike(partition: Table, catalog: Catalog) -> Iterator[Index]:
    """The partition's own indexes that are like one that comes with its partitioned table."""
    found = catalog.table(partition.key) or partition
    given = [copy_for(partition, index) for index in whole(partition.inherits[0], catalog).indexes]
    for index in found.indexes:
        options = {
            option: value for option, value in index.options.items() if option not in ("replica_identity", "cluster")
        }
        for other in given if "attached_to" not in index.options else ():
            if replace(index, name=other.name, comment=None, options=options) == other:
                yield index


# ------------------------------------------------------------------------------------------- renames


def rename(table: Table, to: str) -> Iterator[str]:
    yield alter(table.key, [f"RENAME TO {quote(to)}"])
    for column in table.columns:
        if _counts(column):
            before, after = serial_sequence(table.name, column.name), serial_sequence(to, column.name)
            yield from _rename_sequence(table.namespace, before, after)


def rename_column(table: Table, column: Column, to: str) -> Iterator[str]:
    yield alter(table.key, [f"RENAME COLUMN {quote(column.name)} TO {quote(to)}"])
    if _counts(column):
        before, after = serial_sequence(table.name, column.name), serial_sequence(table.name, to)
        yield from _rename_sequence(table.namespace, before, after)


def _counts(column: Column) -> bool:
    """Whether a sequence named after the table and the column serves it."""
    return column.identity is not None and "sequence" not in column.options


def _rename_sequence(namespace: str | None, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"ALTER SEQUENCE {qualified(namespace, before)} RENAME TO {quote(after)}"


def rename_constraint(table: Name, name: str, to: str) -> Iterator[str]:
    yield alter(table, [f"RENAME CONSTRAINT {quote(name)} TO {quote(to)}"])
