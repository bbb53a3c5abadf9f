"""The difference of two schemas, as operations.

Both schemas are in one engine's own terms (see `Dialect.localise`), so that equal means equal. A rename
is made only where it was declared; a drop beside an alike addition is reported as a question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from querynl.dependents import Dependents
from querynl.errors import ChangeUnsupported, RenameInvalid
from querynl.heirs import renames_in_heirs
from querynl.operations import Change, Create, Drop, Operation, Rename, State, apply, changes_of, parts_of, target
from querynl.privileges import with_kept_privileges
from querynl.rules import Rules
from querynl.schema import (
    FIELDS,
    AnyObject,
    Column,
    Definition,
    Kind,
    Name,
    Part,
    Policy,
    Ref,
    Routine,
    Schema,
    SchemaObject,
    Table,
    Trigger,
    View,
    kind_of,
    objects,
    part_name,
    ref_of,
    settled,
)


class Renaming(Struct, frozen=True):
    """A declared rename: the object at `ref` in the schema before is called `to` in the one after."""

    ref: Ref
    to: str


# What may stand on views and routines, and on each other.
Standing = View | Routine | Definition


class Question(Struct, frozen=True):
    """Something dropped and something alike added: a rename, or not?"""

    dropped: Ref
    added: Ref


class Difference(Struct, frozen=True):
    """What leads from one schema to another, what is undecided, and what is left as it is.

    `reordered` names the tables whose columns will stand in another order than asked for. `kept` are the changes of
    privileges that were not wanted, and `after` is the schema that the operations lead to without them.
    """

    operations: tuple[Operation, ...]
    after: Schema
    questions: tuple[Question, ...] = ()
    reordered: tuple[Name, ...] = ()
    kept: tuple[Operation, ...] = ()


def diff(
    before: Schema, after: Schema, rules: Rules, renamings: Sequence[Renaming] = (), *, keeping: Collection[Kind] = ()
) -> Difference:
    """The operations that turn `before` into `after`, but for the kinds of privileges in `keeping`, which stay.

    Renames declared by `renamed_from` and in `renamings` come first; all else follows by name. Raises
    RenameInvalid where a renaming names what is not there.
    """
    renames = list(_renames(before, after, rules, renamings))
    aside: list[Drop] = list(_set_aside(before, renames, rules))
    gone = {target(drop) for drop in aside}
    aside += (drop for drop in _in_the_way(before, renames, rules) if target(drop) not in gone)
    gone |= {target(drop) for drop in aside}
    renames = [move for move in renames if move.ref not in gone]
    renamed = apply([*aside, *renames], before, rules)
    wanted = with_kept_privileges(after, keeping, renamed, {ref for ref in gone if ref is not None}, rules)
    start, end = State(renamed), State(wanted)
    found = list(_differences(start, end, rules))
    operations = list(_untangled(Dependents(start, end, rules).recreated_around(found), rules))
    renames, operations = _without_vain(renames, operations)
    return Difference(
        operations=(*aside, *renames, *operations),
        after=wanted,
        questions=tuple(_questions(found)),
        reordered=tuple(_reordered(start, end)),
        kept=tuple(_differences(end, State(after), rules, keeping)),
    )


# ------------------------------------------------------------------------------------------- renames


def _renames(before: Schema, after: Schema, rules: Rules, renamings: Sequence[Renaming]) -> Iterator[Rename]:
    """Renames of types and tables, then of columns and indexes by their tables' new names."""
    state, wanted = State(before), State(after)
    declared = _declared(after)
    for renaming in renamings:
        if renaming.ref.table is None:
            _check_names(renaming, state, wanted)
        declared[renaming.ref.kind].append(renaming)
    explicit = set(renamings)
    for renaming in _respelled(before, after, rules):
        declared[renaming.ref.kind].append(renaming)

    if declared[Kind.NAMESPACE]:
        raise ChangeUnsupported(
            f"The namespace {declared[Kind.NAMESPACE][0].ref.name} would have to be renamed, which is not planned.",
            remedy="Rename it by hand with ALTER SCHEMA first, and take renamed_from out of the schema.",
        )
    present = {ref for kind in _SHARING for ref in state.objects[kind]}
    asked = {ref for kind in _SHARING for ref in wanted.objects[kind]}
    possible = [renaming for kind in _SHARING if rules.renames(kind) for renaming in declared[kind]]
    yield from _ordered_renames(_unsettled(possible, present, asked, explicit), present, state, rules)

    moved = {(r.ref.namespace, r.ref.name): r.to for r in declared[Kind.TABLE]}
    by_table: dict[Name, list[Renaming]] = defaultdict(list)
    for renaming in (*declared[Kind.COLUMN], *declared[Kind.INDEX]):
        by_table[_table_now(renaming.ref, state, moved)].append(renaming)
    for name, found in by_table.items():
        present = {ref_of(part, name) for part in parts_of(state.table(name))}
        asked = {ref_of(part, name) for part in parts_of(wanted.table(name))}
        placed = {Renaming(r.ref._replace(table=name.name), r.to): r in explicit for r in found}
        for renaming, is_explicit in placed.items():
            if is_explicit and renaming.ref not in present:
                raise RenameInvalid(f"There is no {renaming.ref} to rename.", remedy=_CHECK_SPELLING)
        here = _unsettled(list(placed), present, asked, {r for r, is_explicit in placed.items() if is_explicit})
        yield from _ordered_renames(here, present, state, rules)


def _respelled(before: Schema, after: Schema, rules: Rules) -> Iterator[Renaming]:
    """Tables and columns whose names differ by nothing that counts for the engine, such as case."""
    old, new = ({table.key: table for table in schema.tables} for schema in (before, after))
    gone = {(key.namespace, rules.folded(Kind.TABLE, key.name)): old[key] for key in old if key not in new}
    for key, table in new.items():
        was = old.get(key) or gone.get((key.namespace, rules.folded(Kind.TABLE, key.name)))
        if was is None or (was.columns == table.columns and was.name == table.name):
            continue
        if was.name != table.name:
            yield Renaming(ref_of(was), table.name)
        names, wanted = ({column.name for column in columns} for columns in (was.columns, table.columns))
        lost = {rules.folded(Kind.COLUMN, name): name for name in sorted(names - wanted)}
        for name in sorted(wanted - names):
            respelled = lost.get(rules.folded(Kind.COLUMN, name))
            if respelled is not None:
                yield Renaming(Ref(Kind.COLUMN, key.namespace, respelled, was.name), name)


# What may be renamed and is part of no table.
_SHARING = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE, Kind.TABLE, Kind.VIEW)

_CHECK_SPELLING = "Check the spelling in --rename old:new."


def _check_names(renaming: Renaming, state: State, wanted: State) -> None:
    ref = renaming.ref
    if state.get(ref) is None:
        raise RenameInvalid(f"There is no {ref} to rename.", remedy=_CHECK_SPELLING)
    if wanted.get(ref._replace(name=renaming.to)) is None:
        raise RenameInvalid(f"The schema after has no {ref.kind} {renaming.to!r}.", remedy=_CHECK_SPELLING)


def _table_now(ref: Ref, state: State, moved: dict[tuple[str | None, str], str]) -> Name:
    """The table of a part by the name it has once tables are renamed."""
    assert ref.table is not None
    name = Name(ref.namespace, ref.table)
    return Name(ref.namespace, moved[name]) if state.table(name) is None and name in moved else name


def _unsettled(
    renamings: Sequence[Renaming], present: set[Ref], asked: set[Ref], explicit: set[Renaming]
) -> list[Renaming]:
    """The renames still to be made.

    A `renamed_from` stays in a file after it was made: it means nothing any more where the old name is
    gone, or where both names are in use before and after, unless they are being exchanged.
    """
    sources = {renaming.ref for renaming in renamings}

    def is_settled(renaming: Renaming) -> bool:
        new = renaming.ref._replace(name=renaming.to)
        return new in present and renaming.ref in asked and new not in sources

    return [r for r in renamings if r.ref in present and (r in explicit or not is_settled(r))]


def _declared(after: Schema) -> dict[Kind, list[Renaming]]:
    """The `renamed_from` of a schema, by kind."""
    found: dict[Kind, list[Renaming]] = defaultdict(list)

    def note(obj: AnyObject, table: Name | None = None) -> None:
        old = getattr(obj, "renamed_from", None)
        if old is not None and old != obj.name:
            ref = ref_of(obj, table)
            found[ref.kind].append(Renaming(ref._replace(name=old), ref.name))

    for obj in objects(after):
        note(obj)
        if isinstance(obj, Table):
            for part in parts_of(obj):
                note(part, obj.key)
    return found


def _ordered_renames(renamings: Sequence[Renaming], present: set[Ref], state: State, rules: Rules) -> Iterator[Rename]:
    """Renames in an order in which no name is ever taken twice; one in the way steps aside first."""
    pending = {renaming.ref: renaming.to for renaming in renamings}
    holders = {_place(ref): ref for ref in present}
    occupied = {holders[new] for ref, to in pending.items() if (new := _place(ref._replace(name=to))) in holders}
    in_the_way = sorted(occupied - pending.keys(), key=lambda ref: ref.order)
    moves = [Rename(ref, _aside(ref, "replaced")) for ref in in_the_way if ref.kind is not Kind.VIEW]
    while pending:
        taken = set(map(_place, pending))
        free = [ref for ref, to in pending.items() if _place(ref._replace(name=to)) not in taken]
        if not free:  # a swap: one of them waits under another name
            ref = min(pending, key=lambda ref: ref.order)
            aside = ref._replace(name=_aside(ref, "swapped"))
            moves.append(Rename(ref, aside.name))
            pending[aside] = pending.pop(ref)
            continue
        for ref in sorted(free, key=lambda ref: ref.order):
            moves.append(Rename(ref, pending.pop(ref)))
    for move in moves:
        state.update(changes_of([move], state, rules))
        yield move


def _place(ref: Ref) -> Ref:
    """The address that no two may have: what may be renamed alone shares names with other kinds on some engine."""
    return ref._replace(kind=Kind.TABLE) if ref.kind in _SHARING else ref


def _aside(ref: Ref, why: str) -> str:
    """A name to wait under, of a length that every engine takes."""
    return ref.name.encode()[:48].decode(errors="ignore") + f"_{why}"


def _without_vain(renames: Sequence[Rename], operations: Sequence[Operation]) -> tuple[list[Rename], list[Operation]]:
    """The renames and operations, with no index renamed that is then made anew."""
    made = {move.ref._replace(name=move.to): move for move in renames if move.ref.kind is Kind.INDEX}
    chained = {ref for ref in made if any(move.ref == ref for move in renames)}
    vain = {
        number: made[ref]
        for number, operation in enumerate(operations)
        if isinstance(operation, Drop) and (ref := target(operation)) in made and ref not in chained
    }
    kept = list(operations)
    for number, move in vain.items():
        dropped = kept[number]
        assert isinstance(dropped, Drop)
        kept[number] = replace(dropped, obj=replace(dropped.obj, name=move.ref.name))
    return [move for move in renames if move not in vain.values()], kept


def _set_aside(before: Schema, renames: Sequence[Rename], rules: Rules) -> Iterator[Drop]:
    """What speaks of something renamed, and what stands on such views and routines; the last first.

    Some engines leave the texts as they are, and some rewrite them, but not back to what they were.
    """
    if not renames:
        return
    renames = [*renames, *renames_in_heirs(before, renames)]
    found: list[Standing] = []
    waiting: list[Standing] = [*before.views, *before.routines, *before.definitions]
    while more := [obj for obj in waiting if _speaks_of(obj, renames, found, rules)]:
        found += more
        waiting = [obj for obj in waiting if obj not in more]
    hooks: list[Trigger | Policy] = [*before.triggers, *before.policies]
    yield from (Drop(hook) for hook in hooks if _speaks_of(hook, renames, found, rules))
    yield from map(Drop, reversed(_foundations_first(found)))


def _foundations_first(found: Sequence[Standing]) -> list[Standing]:
    """The same objects, each after those that it needs."""
    by_ref = {ref_of(obj): obj for obj in found}
    placed: dict[Ref, Standing] = {}
    seen: set[Ref] = set()

    def place(ref: Ref) -> None:
        if ref in by_ref and ref not in seen:
            seen.add(ref)
            for need in by_ref[ref].depends_on:
                place(need.ref)
            placed[ref] = by_ref[ref]

    for ref in by_ref:
        place(ref)
    return list(placed.values())


def _in_the_way(before: Schema, renames: Sequence[Rename], rules: Rules) -> Iterator[Drop]:
    """Views and indexes that have the new name of something renamed; all else waits under another name."""
    moves = [move for move in renames if move.ref.kind in _SHARING]
    taken = {(move.ref.namespace, rules.folded(move.ref.kind, move.to)) for move in moves}
    renamed = {move.ref for move in renames}
    for view in before.views if taken else ():
        if (view.namespace, rules.folded(Kind.VIEW, view.name)) in taken and ref_of(view) not in renamed:
            yield Drop(view)
    for table in before.tables if taken and rules.shares_names(Kind.INDEX) else ():
        for index in table.indexes:
            name = (table.namespace, rules.folded(Kind.INDEX, part_name(index)))
            if name in taken:
                yield Drop(index, table.key)


def _speaks_of(
    obj: Standing | Trigger | Policy, renames: Sequence[Rename], aside: Sequence[Standing], rules: Rules
) -> bool:
    """Whether the engine says that it needs one of them, or its text has their names."""
    own = ref_of(obj)
    refs = [ref for ref in (*(move.ref for move in renames), *map(ref_of, aside)) if ref != own]
    if any(need.ref in refs for need in obj.depends_on):
        return True
    if isinstance(obj, Routine):
        return False  # a body may say anything
    relations = [ref for ref in refs if ref.kind is not Kind.ROUTINE]
    if isinstance(obj, Policy):
        text = " ".join(filter(None, (obj.using, obj.check)))
        return any(rules.mentions(text, ref.name) for ref in relations)
    together = [(ref.name,) if ref.table is None else (ref.table, ref.name) for ref in relations]
    return any(all(rules.mentions(obj.definition, name) for name in names) for names in together)


# ---------------------------------------------------------------------------------------- comparison


def _differences(start: State, end: State, rules: Rules, kinds: Iterable[Kind] = FIELDS) -> Iterator[Operation]:
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
        yield from _table_differences(_settled_table(alone), _settled_table(ready), rules)
    if kept != after.inherits:
        yield Change(ready, after)


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
    for pair in _renamed_pairs(dropped, added, rules):
        dropped.remove(pair[0])
        added.remove(pair[1])
        yield Rename(ref_of(pair[0], table), part_name(pair[1]))
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


def _untangled(operations: Sequence[Operation], rules: Rules) -> Iterator[Operation]:
    """The operations; where parts of several tables swap names that all tables share, one waits under another name."""
    shared = [op for op in operations if isinstance(op, Rename) and rules.shares_names(op.ref.kind)]
    moving = {(op.ref.namespace, op.ref.name): op.to for op in shared}
    for operation in operations:
        if not isinstance(operation, Rename) or operation not in shared or not _circle(operation.ref, moving):
            yield operation
            continue
        ref = operation.ref
        del moving[ref.namespace, ref.name]
        aside = ref._replace(name=_aside(ref, "swapped"))
        yield Rename(ref, aside.name)
        yield Rename(aside, operation.to)


def _circle(ref: Ref, moving: dict[tuple[str | None, str], str]) -> bool:
    """Whether names that are handed on from the object come back to it."""
    seen = {ref.name}
    name = moving.get((ref.namespace, ref.name))
    while name is not None and name not in seen:
        seen.add(name)
        name = moving.get((ref.namespace, name))
    return name == ref.name


def _renamed_pairs(dropped: list[Part], added: list[Part], rules: Rules) -> list[tuple[Part, Part]]:
    """Constraints and indexes that differ by nothing but their names; columns hold rows and are never guessed."""
    pairs: list[tuple[Part, Part]] = []
    if not dropped or not added or isinstance(dropped[0], Column) or not rules.renames(kind_of(dropped[0])):
        return pairs
    remaining = list(added)
    for old in dropped:
        new = next((part for part in remaining if replace(part, name=old.name) == old), None)
        if new is not None and new.name is not None and old.name is not None:
            remaining.remove(new)
            pairs.append((old, new))
    return pairs


# ----------------------------------------------------------------------------------------- questions


def _questions(operations: Iterable[Operation]) -> Iterator[Question]:
    """Pairs of a drop and an alike creation, each object in at most one pair."""
    operations = list(operations)
    drops = [op for op in operations if isinstance(op, Drop) and isinstance(op.obj, Table | Column)]
    creations = [op for op in operations if isinstance(op, Create) and isinstance(op.obj, Table | Column)]
    by_table: dict[Name | None, list[Create]] = defaultdict(list)
    for creation in creations:
        by_table[creation.table].append(creation)
    for drop in drops:
        candidates = [c for c in by_table[drop.table] if _alike(drop.obj, c.obj)]
        if candidates:
            best = max(candidates, key=lambda c: _likeness(drop.obj, c.obj))
            by_table[drop.table].remove(best)
            yield Question(ref_of(drop.obj, drop.table), ref_of(best.obj, best.table))


def _alike(before: AnyObject, after: AnyObject) -> bool:
    """Whether one could be the other under a new name: a column of the same type, a table of much the same columns."""
    if before.name == after.name:
        return False
    if isinstance(before, Column) and isinstance(after, Column):
        return before.type == after.type and before.generated is None and after.generated is None
    if isinstance(before, Table) and isinstance(after, Table):
        return before.namespace == after.namespace and _shared_columns(before, after) > 0.5
    return False


def _shared_columns(before: Table, after: Table) -> float:
    """The share of columns that both tables have by name and type; 0 to 1."""
    first = {(column.name, column.type) for column in before.columns}
    second = {(column.name, column.type) for column in after.columns}
    return len(first & second) / max(len(first), len(second), 1)


def _likeness(before: AnyObject, after: AnyObject) -> float:
    from difflib import SequenceMatcher

    shared = _shared_columns(before, after) if isinstance(before, Table) and isinstance(after, Table) else 0.0
    return shared + SequenceMatcher(None, before.name or "", after.name or "").ratio()


def _reordered(start: State, end: State) -> Iterator[Name]:
    for ref, obj in end.objects[Kind.TABLE].items():
        before = start.objects[Kind.TABLE].get(ref)
        if isinstance(before, Table) and isinstance(obj, Table) and before.columns != obj.columns:
            wanted = [column.name for column in obj.columns]
            kept = [column.name for column in before.columns if column.name in wanted]
            arrived = kept + [name for name in wanted if name not in kept]
            if arrived != wanted:
                yield obj.key
