"""The SQL of operations: what changes one table becomes one ALTER TABLE, all of it or nothing.

https://dev.mysql.com/doc/refman/9.5/en/alter-table.html, https://mariadb.com/kb/en/alter-table/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from querynl import schema as model
from querynl.dialects.mysql import (
    convert,
    definitions,
    implied,
    modes,
    options,
    order,
    partitions,
    sequences,
    types,
    versioning,
)
from querynl.dialects.mysql.options import NO_CHARACTER_SET, character_set
from querynl.dialects.mysql.rename import rename_column
from querynl.dialects.mysql.server import Server
from querynl.dialects.mysql.spelling import literal, quote
from querynl.dialects.mysql.split import setting
from querynl.dialects.protocol import Statement
from querynl.errors import ChangeUnsupported
from querynl.operations import Catalog, Change, Create, Drop, Operation, Rename, RunSQL, table_of
from querynl.schema import (
    Check,
    Column,
    Definition,
    ForeignKey,
    Index,
    Kind,
    Name,
    OptionValue,
    PrimaryKey,
    Routine,
    Table,
    Trigger,
    View,
)

# Without it a server in another mode cuts values short instead of refusing them.
_STRICT = setting("SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES')")


def in_alter_table(operation: Operation) -> bool:
    """Whether the operation is a clause of its table's ALTER TABLE.

    Foreign keys are not: they go before, and come after, what other tables need for theirs.
    """
    match operation:
        case Create(Column() | PrimaryKey() | Index() | Check()) | Drop(Column() | PrimaryKey() | Index() | Check()):
            return True
        case Change(_, Column() | PrimaryKey() | Index() | Check() | Table()):
            return True
        case Rename(ref, _):
            return ref.kind is Kind.INDEX
        case _:
            return False


def places_columns(operations: Sequence[Operation]) -> bool:
    """Whether columns come, change or go in one ALTER TABLE, which may then put them in another order, too."""
    return any(
        isinstance(operation.after if isinstance(operation, Change) else operation.obj, Column)
        for operation in operations
        if isinstance(operation, Create | Drop | Change)
    )


def rendered(operations: Sequence[Operation], before: Catalog, after: Catalog, server: Server) -> list[Statement]:
    """See `Dialect.render`."""
    if in_alter_table(operations[0]):
        return list(_alter_table(operations, before, after, server))
    return [statement for operation in operations for statement in _alone(operation, before, after, server)]


def _alone(operation: Operation, before: Catalog, after: Catalog, server: Server) -> Iterator[Statement]:
    match operation:
        case RunSQL(up):
            yield from map(Statement, up)
        case Create(Table() as table):
            yield Statement(definitions.create_table(table, server))
        case Drop(Table() as table):
            yield Statement(f"DROP TABLE {quote(table.name)}")
        case Create(ForeignKey() as key, Name() as name):
            holder = before.table(name)
            kept = () if holder is None else implied.kept_under(key, holder)
            yield _statement(name, [*kept, f"ADD {definitions.foreign_key(key)}"])
        case Drop(ForeignKey(name=str() as key), Name() as name):
            yield Statement(f"ALTER TABLE {quote(name.name)} DROP FOREIGN KEY {quote(key)}")
        case Create(View() as view):
            yield Statement(definitions.create_view(view))
        case Drop(View() as view):
            yield Statement(f"DROP VIEW {quote(view.name)}")
        case Create(Trigger() | Routine() | Definition() as program):
            yield from modes.made_in(program.definition, program.options)
        case Drop(Definition() as definition):
            yield Statement(f"DROP {definition.kind.upper()} {quote(definition.name)}")
        case Create(model.Sequence() as sequence):
            yield Statement(sequences.create(sequence))
        case Drop(model.Sequence() as sequence):
            yield Statement(f"DROP SEQUENCE {quote(sequence.name)}")
        case Change(model.Sequence() as was, model.Sequence() as now):
            yield from sequences.change(was, now)
        case Drop(Trigger() as trigger):
            yield Statement(f"DROP TRIGGER {quote(trigger.name)}")
        case Drop(Routine() as routine):
            yield Statement(f"DROP {routine.kind.upper()} {quote(routine.name)}")
        case Rename(ref, to) if ref.kind in (Kind.TABLE, Kind.VIEW):
            yield Statement(f"RENAME TABLE {quote(ref.name)} TO {quote(to)}")
        case Rename(ref, to) if ref.kind is Kind.SEQUENCE:
            yield from sequences.rename(ref, to, before, after)
        case Rename(ref, to) if ref.kind is Kind.COLUMN and ref.table is not None:
            holder = before.table(Name(ref.namespace, ref.table))
            if holder is not None and holder.options.get(versioning.VERSIONED):
                yield versioning.KEEP_HISTORY
            yield from map(Statement, rename_column(ref, to, before, after, server))
        case _:
            raise ChangeUnsupported(f"{server.name} cannot make this change: {operation}.")


# --------------------------------------------------------------------------------------- ALTER TABLE


def _alter_table(
    operations: Sequence[Operation], before: Catalog, after: Catalog, server: Server
) -> Iterator[Statement]:
    name = table_of(operations[0])
    assert name is not None, "a clause has a table"
    old, new = before.table(name), after.table(name)
    assert old is not None, f"no table {name}"
    assert new is not None, f"no table {name}"
    yield from _ahead(operations, old, new, server)
    begins_anew = versioning.begins_anew(old, new)
    if versioning.has_partitions_in_the_way(old, new):
        yield _statement(name, ["REMOVE PARTITIONING"])
        old = versioning.without(old, "partition_by")
    if begins_anew:
        yield _statement(name, ["DROP SYSTEM VERSIONING"])
        old = versioning.without(old, versioning.VERSIONED)
        operations = list(map(_from_unversioned, operations))
    if any(map(_changes_srid, operations)):
        # An index is in the way until it is gone, even if it goes in the same statement (error 3644).
        yield from _altered(list(filter(_drops_spatial_index, operations)), old, new, server)
        operations = [operation for operation in operations if not _drops_spatial_index(operation)]
    left_out = versioning.left_out(operations) if versioning.begins(old, new) else []
    later = list(_fulltext_indexes(operations))[1:]
    together = [operation for operation in operations if operation not in later]
    engine = list(_engine_alone(old, new))
    if engine and versioning.begins(old, new):
        yield _statement(name, engine)
    yield from _altered(versioning.kept_in(together) if left_out else together, old, new, server)
    if engine and not versioning.begins(old, new):
        yield _statement(name, engine)
    for operation in later:
        yield from _altered([operation], old, new, server)
    if left_out:
        yield versioning.KEEP_HISTORY
        clauses = [f"MODIFY COLUMN {definitions.column(column, server)}" for column in left_out]
        yield _statement(name, clauses)
    if (clause := _partition_change(old, new)) is not None:
        yield _statement(name, [clause])


def _ahead(operations: Sequence[Operation], old: Table, new: Table, server: Server) -> Iterator[Statement]:
    """Settings, questions about the rows, and what the main statement builds upon."""
    changed = [operation for operation in operations if isinstance(operation, Change)]
    if any(map(_may_not_fit, changed)):
        yield _STRICT
    if old.options.get(versioning.VERSIONED):
        yield versioning.KEEP_HISTORY
    if _changes_table(operations) and (given_up := options.given_up(old.options, new.options)):
        yield _statement(old.key, list(options.clauses(given_up, {})))
    yield from _questions(changed, old.key)
    conversions = list(_conversions(changed))
    if conversions:
        yield Statement(convert.prepared(conversions, old, server))
    if not server.knows_default_character_set and _returns_to_database(old, new):
        yield from _with_database_collation(old.key)


def _from_unversioned(operation: Operation) -> Operation:
    """The operation on a table that has just stopped to keep old rows."""
    match operation:
        case Change(Table() as was, Table()):
            return replace(operation, before=versioning.without(was, versioning.VERSIONED))
        case _:
            return operation


def _altered(operations: Sequence[Operation], old: Table, new: Table, server: Server) -> Iterator[Statement]:
    """The statement that makes the operations, if there is anything to say."""
    places = order.places(old, new, operations) if places_columns(operations) else {}
    clauses = [
        clause
        for operation in order.arranged(operations, new, places)
        for clause in _clauses(operation, old, new, places, server)
    ]
    conversions = list(_conversions([operation for operation in operations if isinstance(operation, Change)]))
    clauses = convert.around(clauses, conversions, old, new, server)
    clauses += implied.kept_beside(operations, old, new)
    tail = _partitioning(old, new) if _changes_table(operations) else ""
    if clauses or tail:
        yield _statement(old.key, clauses, tail)


def _statement(name: Name, clauses: Sequence[str], tail: str = "") -> Statement:
    """One ALTER TABLE; a lone clause stands on its line."""
    text = f"ALTER TABLE {quote(name.name)}"
    text += "\n  " + ",\n  ".join(clauses) if len(clauses) > 1 else "".join(f" {clause}" for clause in clauses)
    return Statement(text + (f"\n  {tail}" if tail else ""))


def _changes_table(operations: Sequence[Operation]) -> bool:
    return any(isinstance(operation, Change) and isinstance(operation.after, Table) for operation in operations)


def _changes_srid(operation: Operation) -> bool:
    match operation:
        case Change(Column() as was, Column() as now):
            return was.options.get("srid") != now.options.get("srid")
        case _:
            return False


def _drops_spatial_index(operation: Operation) -> bool:
    return isinstance(operation, Drop) and isinstance(operation.obj, Index) and operation.obj.method == "spatial"


def _fulltext_indexes(operations: Sequence[Operation]) -> Iterator[Create]:
    """New fulltext indexes, of which InnoDB makes one at a time (error 1795)."""
    for operation in operations:
        if isinstance(operation, Create) and isinstance(operation.obj, Index) and operation.obj.method == "fulltext":
            yield operation


def _clauses(operation: Operation, old: Table, new: Table, places: Mapping[str, str], server: Server) -> Iterator[str]:
    match operation:
        case Create(obj):
            yield f"ADD {_added(obj, server)}{places.get(obj.name or '', '') if isinstance(obj, Column) else ''}"
        case Drop(obj):
            yield _dropped(obj, server)
        case Rename(ref, to):
            yield f"RENAME INDEX {quote(ref.name)} TO {quote(to)}"
        case Change(Column(), Column() as column, using=str() as using):
            place = places.get(column.name) or convert.place(column, old, new)
            yield from convert.finished(convert.Conversion(column, using), old, place, server)
        case Change(Column() as was, Column() as column):
            yield from _changed_column(was, column, places.get(column.name, ""), server)
        case Change(Index() as was, Index(name=str() as index) as now) if replace(was, invisible=now.invisible) == now:
            yield f"ALTER INDEX {quote(index)} {definitions.visibility(now, server)}"
        case Change(Check(), Check(name=str() as check) as now):
            yield f"ALTER CHECK {quote(check)} {'' if now.enforced else 'NOT '}ENFORCED"
        case Change(Table() as was, Table() as now):
            yield from _changed_table(was, now, server)
            if character_set(was) != character_set(now):
                yield from _inheriting_columns(old, new, server)


def _conversions(changes: Sequence[Change]) -> Iterator[convert.Conversion]:
    for change in changes:
        if isinstance(change.after, Column) and change.using is not None:
            yield convert.Conversion(change.after, change.using)


def _added(obj: object, server: Server) -> str:
    match obj:
        case Column():
            return f"COLUMN {definitions.column(obj, server)}"
        case PrimaryKey():
            return definitions.primary_key(obj)
        case Index():
            return definitions.index(obj, server)
        case Check():
            return definitions.check(obj)
        case _:
            raise AssertionError(f"{obj} is no clause")


def _dropped(obj: object, server: Server) -> str:
    match obj:
        case Column(name=name):
            return f"DROP COLUMN {quote(name)}"
        case PrimaryKey():
            return "DROP PRIMARY KEY"
        case Index(name=str() as name):
            return f"DROP INDEX {quote(name)}"
        case Check(name=str() as name):
            return definitions.dropped_check(name, server)
        case _:
            raise AssertionError(f"{obj} is no clause")


def _changed_column(was: Column, column: Column, place: str, server: Server) -> Iterator[str]:
    start = column.identity.start if column.identity is not None else None
    if was.identity and column.identity and replace(was, identity=column.identity) == column != was:
        yield f"AUTO_INCREMENT={start or 1}"
        return
    yield f"MODIFY COLUMN {definitions.column(column, server)}{place}"
    if start is not None:
        yield f"AUTO_INCREMENT={start}"


def _changed_table(was: Table, now: Table, server: Server) -> Iterator[str]:
    if character_set(was) != character_set(now):
        yield from definitions.character_set(now)
        if character_set(now) == NO_CHARACTER_SET and server.knows_default_character_set:
            yield "DEFAULT CHARACTER SET DEFAULT"
    given_up = options.given_up(was.options, now.options)
    kept = {key: value for key, value in _options_together(was, now).items() if key not in given_up}
    yield from options.clauses(kept, _options_together(now, was))
    yield from versioning.clauses(was.options, now.options)
    if was.comment != now.comment:
        yield f"COMMENT={literal(now.comment or '')}"


def _options_together(table: Table, other: Table) -> Mapping[str, OptionValue]:
    """The options of a table but for what it takes to become the other in a statement of its own."""
    apart = {"engine"} if versioning.changes_engine_apart(table, other) else set()
    return {key: value for key, value in table.options.items() if key not in apart}


def _engine_alone(old: Table, new: Table) -> Iterator[str]:
    if versioning.changes_engine_apart(old, new):
        was, now = ({"engine": table.options["engine"]} if "engine" in table.options else {} for table in (old, new))
        yield from options.clauses(was, now)


def _inheriting_columns(old: Table, new: Table, server: Server) -> Iterator[str]:
    """The columns that have their table's character set, which a new one does not reach by itself.

    CONVERT TO would reach those with a character set of their own, too.
    """
    for column in new.columns:
        inherits = column.charset is None and column.collation is None and types.kept(column.type).has_characters
        if inherits and old.column(column.name) == column:
            yield f"MODIFY COLUMN {definitions.column(column, server)}"


def _returns_to_database(old: Table, new: Table) -> bool:
    """Whether the table gives up a character set of its own for the database's."""
    return character_set(old) != character_set(new) == NO_CHARACTER_SET


def _with_database_collation(table: Name) -> Iterator[Statement]:
    """The table's default as the database's, whose name MySQL wants and only the server knows."""
    alter = literal(f"ALTER TABLE {quote(table.name)} DEFAULT COLLATE ")
    yield Statement(f"SET @querynl_alter = CONCAT({alter}, @@collation_database)")
    yield Statement("PREPARE querynl_alter FROM @querynl_alter")
    yield Statement("EXECUTE querynl_alter")
    yield Statement("DEALLOCATE PREPARE querynl_alter")


def _partitioning(old: Table, new: Table) -> str:
    """The clause that partitions the whole table, which stands at the end and without a comma."""
    was, now = old.options.get("partition_by"), new.options.get("partition_by")
    if was == now or _partition_change(old, new) is not None:
        return ""
    return "REMOVE PARTITIONING" if now is None else f"PARTITION BY {now}"


def _partition_change(old: Table, new: Table) -> str | None:
    """The clause that changes some partitions, with which no other may stand."""
    was, now = old.options.get("partition_by"), new.options.get("partition_by")
    return None if was == now or was is None or now is None else partitions.changed(str(was), str(now))


# --------------------------------------------------------------------------------------- keeping data


def _may_not_fit(change: Change) -> bool:
    """Whether values are converted to what some of them may not fit in."""
    match change:
        case Change(Column() as was, Column() as now):
            return (was.nullable and not now.nullable) or not types.widens(was, now)
        case Change(Table() as was, Table() as now):
            return character_set(was) != character_set(now)
        case _:
            return False


def _questions(changes: Sequence[Change], table: Name) -> Iterator[Statement]:
    """Asks for a value that the new type would round: strict mode lets that pass with a note."""
    for change in changes:
        match change:
            case Change(Column() as was, Column() as now, using=None) if types.loses_silently(was.type, now.type):
                column = quote(now.name)
                cast = f"CAST({column} AS {types.cast_target(now.type)})"
                question = f"SELECT {column} FROM {quote(table.name)} WHERE {column} <> {cast} LIMIT 1"
                yield Statement(question, expects_no_rows=True)
