"""What differs between two states, object by object and part by part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from querynl.operations import Change, Create, Drop, Operation, Rename, State
from querynl.rules import Rules
from querynl.schema import (
    FIELDS,
    Column,
    Kind,
    Name,
    Part,
    SchemaObject,
    Table,
    View,
    kind_of,
    part_name,
    ref_of,
    settled,
)


def differences(start: State, end: State, rules: Rules, kinds: Iterable[Kind] = FIELDS) -> Iterator[Operation]:
    """What differs between objects of the same address, and what is there in one state alone, kind by kind."""
    for kind in kinds:
        before, after = start.objects[kind], end.objects[kind]
        for ref in sorted(before.keys() | after.keys(), key=lambda ref: ref.order):
            if isinstance(old := before.get(ref), Table) and isinstance(new := after.get(ref), Table):
                yield from _table_changes(old, new, start, end, rules)
            else:
                yield from _compared(before.get(ref), after.get(ref), rules)


def _compared(before: SchemaObject | None, after: SchemaObject | None, rules: Rules) -> Iterator[Operation]:
    before = None if before is None else settled(before)
    after = None if after is None else settled(after)
    if before == after:
        return
    if before is None or after is None:
        if before is not None:
            yield Drop(before)
        if after is not None:
            yield Create(after)
    elif isinstance(before, View) and isinstance(after, View):
        yield from _view_differences(before, after, rules)
    elif _comparable(before) != _comparable(after):
        yield from _changed(before, after, None, rules)


def _comparable(obj: SchemaObject) -> SchemaObject:
    """The object without what is only known about it."""
    return replace(obj, depends_on=()) if getattr(obj, "depends_on", ()) else obj


def _changed(before: Any, after: Any, table: Name | None, rules: Rules) -> Iterator[Operation]:
    if rules.alters(before, after, table):
        yield Change(before, after, table)
    else:
        yield Drop(before, table)
        yield Create(after, table)


def _table_changes(before: Table, after: Table, start: State, end: State, rules: Rules) -> Iterator[Operation]:
    """The differences of a table; it parts from parents first, and gets new ones when it is ready for them."""
    before, after = _settled_table(before), _settled_table(after)
    if before == after and not before.inherits:
        return
    kept = tuple(parent for parent in before.inherits if parent in after.inherits)
    kept = tuple(parent for parent in kept if not _is_made_anew(parent, start, end, rules))
    if not rules.stays(before, after):
        kept = ()
    alone, ready = before, after
    if before.inherits == after.inherits == kept:
        alone, ready = rules.without_repeated(before, after, start, end)
    elif kept != before.inherits:
        alone = rules.parted(before, kept, start)
        yield Change(before, alone)
    if kept != after.inherits:
        ready = rules.parted(after, kept, end)
    if alone != ready:
        for operation in _table_differences(_settled_table(alone), _settled_table(ready), rules):
            yield _as_inherited(operation, kept, start, end)
    if kept != after.inherits:
        yield Change(ready, after)


def _as_inherited(operation: Operation, parents: Sequence[Name], start: State, end: State) -> Operation:
    """The operation; one about a column that stays a parent's says so."""
    if not isinstance(operation, Create | Drop) or not isinstance(operation.obj, Column) or not parents:
        return operation
    name = operation.obj.name
    return replace(operation, inherited=all(_is_given(name, parents, state) for state in (start, end)))


def _is_given(column: str, parents: Sequence[Name], state: State) -> bool:
    """Whether one of the parents has the column, from its own parents maybe."""
    found = [table for name in parents if (table := state.table(name)) is not None]
    return any(table.column(column) is not None or _is_given(column, table.inherits, state) for table in found)


def _is_made_anew(name: Name, start: State, end: State, rules: Rules) -> bool:
    before, after = start.table(name), end.table(name)
    if before is None or after is None:
        return False
    return not rules.alters(before, after, None)


def _settled_table(table: Table) -> Table:
    found = settled(table)
    assert isinstance(found, Table)
    return found


def _table_differences(before: Table, after: Table, rules: Rules) -> Iterator[Operation]:
    attributes_before = replace(before, **_NO_PARTS)
    attributes_after = replace(after, **_NO_PARTS)
    if not rules.alters(before, after, None):
        yield Drop(before)
        yield Create(after)
        return
    if attributes_before != attributes_after:
        yield Change(attributes_before, attributes_after)
    for field in ("columns", "uniques", "foreign_keys", "checks", "exclusions", "indexes"):
        yield from _part_differences(getattr(before, field), getattr(after, field), after.key, rules)
    keys_before = () if before.primary_key is None else (before.primary_key,)
    keys_after = () if after.primary_key is None else (after.primary_key,)
    yield from _part_differences(keys_before, keys_after, after.key, rules)


_NO_PARTS: dict[str, Any] = {
    "columns": (),
    "primary_key": None,
    "uniques": (),
    "foreign_keys": (),
    "checks": (),
    "exclusions": (),
    "indexes": (),
}


def _view_differences(before: View, after: View, rules: Rules) -> Iterator[Operation]:
    bare_before, bare_after = (replace(view, indexes=(), depends_on=()) for view in (before, after))
    if bare_before != bare_after and not rules.alters(bare_before, bare_after, None):
        yield Drop(before)
        yield Create(after)
        return
    if bare_before != bare_after:
        yield Change(replace(before, indexes=()), replace(after, indexes=()))
    yield from _part_differences(before.indexes, after.indexes, Name(after.namespace, after.name), rules)


def _part_differences(before: Sequence[Part], after: Sequence[Part], table: Name, rules: Rules) -> Iterator[Operation]:
    if before == after:
        return
    old, new = _keyed(before), _keyed(after)
    dropped = [part for key, part in old.items() if key not in new]
    added = [part for key, part in new.items() if key not in old]
    for pair in _renamed_pairs(dropped, added, table, rules):
        dropped.remove(pair[0])
        added.remove(pair[1])
        yield Rename(ref_of(pair[0], table), part_name(pair[1]))
        if (renamed := replace(pair[0], name=pair[1].name)) != pair[1]:
            yield Change(renamed, pair[1], table)
    yield from (Drop(part, table) for part in dropped)
    for key, part in new.items():
        if key in old and old[key] != part:
            yield from _changed(old[key], part, table, rules)
    yield from (Create(part, table) for part in added)


def _keyed(parts: Sequence[Part]) -> dict[tuple[str, int], Part]:
    """Parts by name, and by number where several have none and look the same, in an order of their own."""
    alike: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        alike[part_name(part)].append(part)
    return {
        (name, number): part
        for name, found in alike.items()
        for number, part in enumerate(found if len(found) == 1 else sorted(found, key=repr))
    }


def _renamed_pairs(dropped: list[Part], added: list[Part], table: Name, rules: Rules) -> list[tuple[Part, Part]]:
    """Constraints and indexes that differ by nothing but their names, or are parts of one index of the whole table;
    columns hold rows and are never guessed."""
    pairs: list[tuple[Part, Part]] = []
    if not dropped or not added or isinstance(dropped[0], Column) or not rules.renames(kind_of(dropped[0])):
        return pairs
    remaining = list(added)
    for old in dropped:
        new = next((part for part in remaining if _is_renamed(old, part, table, rules)), None)
        if new is not None and new.name is not None and old.name is not None:
            remaining.remove(new)
            pairs.append((old, new))
    return pairs


def _is_renamed(before: Part, after: Part, table: Name, rules: Rules) -> bool:
    renamed = replace(before, name=after.name)
    whole = before.options.get("attached_to")
    is_same_part = whole is not None and whole == after.options.get("attached_to")
    return renamed == after or (is_same_part and rules.alters(renamed, after, table))


def reordered_tables(start: State, end: State) -> Iterator[Name]:
    """The tables whose columns will stand in another order than in the state at the end."""
    for ref, obj in end.objects[Kind.TABLE].items():
        before = start.objects[Kind.TABLE].get(ref)
        if isinstance(before, Table) and isinstance(obj, Table) and before.columns != obj.columns:
            wanted = [column.name for column in obj.columns]
            kept = [column.name for column in before.columns if column.name in wanted]
            arrived = kept + [name for name in wanted if name not in kept]
            if arrived != wanted:
                yield obj.key
