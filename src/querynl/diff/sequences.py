"""Sequences that belong to columns which go, and defaults that take numbers from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from querynl import schema as model
from querynl.operations import Change, Create, Drop, Operation, State, target
from querynl.rules import Rules
from querynl.schema import Column, Kind, Name, Ref, Table, ref_of, settled


def with_sequences_kept(operations: Sequence[Operation], start: State, end: State) -> Iterator[Operation]:
    """The operations; a sequence whose column goes, and that is to belong to another, belongs to none meanwhile.

    Nor does one that comes or goes itself while its column, or that one's table, is made anew.
    """
    tables = {op.obj.key for op in operations if isinstance(op, Drop) and isinstance(op.obj, Table)}
    columns = {target(op) for op in operations if isinstance(op, Drop) and isinstance(op.obj, Column)}
    dropped = {target(op) for op in operations if isinstance(op, Drop)}
    kept: dict[Ref, tuple[Operation, Operation]] = {}
    for ref, before in start.objects[Kind.SEQUENCE].items() if tables or columns else ():
        after = end.get(ref)
        assert isinstance(before, model.Sequence)
        if before.owned_by is None or ref in dropped or not isinstance(after, model.Sequence) or after.owned_by is None:
            continue
        table, column = before.owned_by
        if Name(ref.namespace, table) in tables or Ref(Kind.COLUMN, ref.namespace, column, table) in columns:
            free = replace(before, owned_by=None)
            kept[ref] = Change(settled(before), settled(free)), Change(settled(free), settled(after))
    anew = set(_made_anew(operations))
    for operation in operations:
        match operation:
            case Create(model.Sequence(owned_by=(_, _)) as sequence) if anew & set(_home(sequence)):
                free = replace(sequence, owned_by=None)
                yield from (Create(free), Change(free, sequence))
            case Drop(model.Sequence(owned_by=(_, _)) as sequence) if anew & set(_home(sequence)):
                free = replace(sequence, owned_by=None)
                yield from (Change(sequence, free), Drop(free))
            case Change() if target(operation) in kept:
                pass
            case _:
                yield operation
    for pair in kept.values():
        yield from pair


def _made_anew(operations: Sequence[Operation]) -> Iterator[Ref]:
    """The tables and columns that go and come back."""
    made = {target(op) for op in operations if isinstance(op, Create) and isinstance(op.obj, Table | Column)}
    yield from (ref for op in operations if isinstance(op, Drop) and (ref := target(op)) is not None and ref in made)


def _home(sequence: model.Sequence) -> Iterator[Ref]:
    """The table and the column that a sequence belongs to."""
    if sequence.owned_by is not None:
        table, column = sequence.owned_by
        yield Ref(Kind.TABLE, sequence.namespace, table)
        yield Ref(Kind.COLUMN, sequence.namespace, column, table)


def with_counters_apart(operations: Sequence[Operation], start: State, end: State, rules: Rules) -> Iterator[Operation]:
    """The operations; a default that goes from one counter to another has none between the drop of the one and the
    creation of the other."""
    gone, made = set(_counters(operations, Drop, rules)), set(_counters(operations, Create, rules))
    dropped = {target(op) for op in operations if isinstance(op, Drop)}
    apart: dict[Ref, tuple[Operation, Operation]] = {}
    for ref, table in start.objects[Kind.TABLE].items() if gone and made else ():
        wanted = end.get(ref)
        if ref in dropped or not isinstance(table, Table) or not isinstance(wanted, Table):
            continue
        for column in table.columns:
            part, after = ref_of(column, table.key), wanted.column(column.name)
            if part in dropped or after is None:
                continue
            if _counts_by(column, gone, rules) and _counts_by(after, made, rules):
                free = replace(column, default=None)
                apart[part] = Change(column, free, table.key), Change(free, after, table.key)
    yield from (op for op in operations if not (isinstance(op, Change) and target(op) in apart))
    for pair in apart.values():
        yield from pair


def _counts_by(column: Column, counters: set[Name], rules: Rules) -> bool:
    return column.default is not None and rules.counted_by(column.default) in counters


def _counters(operations: Sequence[Operation], verb: type[Create | Drop], rules: Rules) -> Iterator[Name]:
    """The counters of the columns that come, or go."""
    for operation in operations:
        if isinstance(operation, verb):
            obj, holder = operation.obj, operation.table
            if isinstance(obj, Table):
                holder = obj.key
            for column in obj.columns if isinstance(obj, Table) else (obj,):
                if isinstance(column, Column) and holder is not None:
                    counter = rules.counter_of(holder, column)
                    if counter is not None:
                        yield counter
