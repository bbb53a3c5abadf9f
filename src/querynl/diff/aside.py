"""What steps out of the way of renames, and is made anew after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import TypeVar

from querynl.dependents import Dependents
from querynl.diff.renames import SHARING, waiting_name
from querynl.heirs import renames_in_heirs
from querynl.operations import Change, Create, Drop, Rename, State, names_in_texts, parts_of, target
from querynl.rules import Rules
from querynl.schema import (
    DEFINED_TYPES,
    ROUTINES,
    Definition,
    Exclusion,
    Kind,
    Name,
    Policy,
    PrimaryKey,
    Ref,
    Routine,
    Schema,
    Table,
    Trigger,
    Unique,
    View,
    part_name,
    ref_of,
)

# What may stand on views and routines, and on each other.
Standing = View | Routine | Definition
# What stands on tables, and on nothing but its like.
Hook = Trigger | Policy
# What a definition that stands on tables needs.
_NAMED = frozenset({Kind.TABLE, Kind.VIEW, Kind.COLUMN})
# Kinds of definitions that may name what can be renamed: tables, columns, types.
_SPEAKING = frozenset(
    {
        *(Kind.RULE, Kind.EVENT, Kind.STATISTICS, Kind.PUBLICATION, Kind.BASE_TYPE, Kind.RANGE_TYPE),
        *(Kind.CAST, Kind.TRANSFORM, Kind.OPERATOR, Kind.OPERATOR_FAMILY, Kind.OPERATOR_CLASS),
    }
)
ObjT = TypeVar("ObjT", Standing, Hook)


def set_aside(before: Schema, renames: Sequence[Rename], rules: Rules) -> Iterator[Drop]:
    """What speaks of something renamed, views and types made by a statement that have its new name, and what stands on
    those and on such routines or follows such triggers; the last first.

    Some engines leave the texts as they are, and some rewrite them, but not back to what they were.
    """
    if not renames:
        return
    found: list[Standing] = list(_standing_in_the_way(before, renames, rules))
    others: list[Standing] = [*before.views, *before.routines, *before.definitions]
    waiting = [obj for obj in others if obj not in found]
    renames = [*renames, *renames_in_heirs(before, renames)]
    while more := [obj for obj in waiting if _speaks_of(obj, renames, found, rules)]:
        found += more
        waiting = [obj for obj in waiting if obj not in more]
    hooks: list[Hook] = [*before.triggers, *before.policies]
    aside = {ref_of(hook): hook for hook in hooks if _speaks_of(hook, renames, found, rules)}
    while followers := {ref_of(hook): hook for hook in hooks if _follows(hook, aside)}:
        aside |= followers
    yield from map(Drop, reversed(_foundations_first(list(aside.values()))))
    yield from map(Drop, reversed(_foundations_first(found)))


def with_dependents(aside: Sequence[Drop], before: Schema, rules: Rules) -> list[Drop | Change]:
    """What steps aside, after the parts of tables and whatever else cannot be without it, and after changes that
    take from columns and domains what names it. It all is found wanting, and made again, afterwards."""
    state = State(before)
    dependents = Dependents(state, state, rules)
    found = dependents.recreated_around([*aside, *(Create(drop.obj, drop.table) for drop in aside)])
    drops = {ref: op for op in found if isinstance(op, Drop) and (ref := target(op)) is not None}
    freeing: dict[Ref | None, Change] = {}
    for operation in found:
        if isinstance(operation, Change):  # the first of two
            freeing.setdefault(target(operation), operation)
    if len(drops) == len(aside):
        return [*freeing.values(), *aside]
    sorter: TopologicalSorter[Ref] = TopologicalSorter(dict.fromkeys(drops, ()))
    for ref, drop in drops.items():
        earlier = {placed.ref for placed in dependents.in_the_way_of(drop)} & drops.keys() - {ref}
        sorter.add(ref, *sorted(earlier, key=lambda each: each.order))
    return [*freeing.values(), *(drops[ref] for ref in sorter.static_order())]


def _follows(hook: Hook, aside: Mapping[Ref, Hook]) -> bool:
    return ref_of(hook) not in aside and any(need.ref in aside for need in hook.depends_on)


def _foundations_first(found: Sequence[ObjT]) -> list[ObjT]:
    """The same objects, each after those that it needs."""
    by_ref = {ref_of(obj): obj for obj in found}
    placed: dict[Ref, ObjT] = {}
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


def _standing_in_the_way(before: Schema, renames: Sequence[Rename], rules: Rules) -> Iterator[View | Definition]:
    taken = _names_taken(renames, rules)
    renamed = {move.ref for move in renames}
    for view in before.views if taken else ():
        if (view.namespace, rules.folded(Kind.VIEW, view.name)) in taken and ref_of(view) not in renamed:
            yield view
    for made in before.definitions if taken else ():
        names = names_in_texts(made) if made.kind in DEFINED_TYPES else ()
        if any((made.namespace, rules.folded(made.kind, name)) in taken for name in names):
            yield made


def indexes_in_the_way(
    before: Schema, renames: Sequence[Rename], aside: Sequence[Drop | Change], rules: Rules
) -> Iterator[Drop]:
    """Indexes that have the new name of something renamed; all else but views, and types made by a statement,
    waits under another name.

    What is in `aside`, or on a view in that, goes anyway.
    """
    taken = _names_taken(renames, rules)
    gone = {target(drop) for drop in aside}
    holders: list[Table | View] = [*before.tables, *before.views]
    for holder in holders if taken and rules.shares_names(Kind.INDEX) else ():
        for index in holder.indexes if ref_of(holder) not in gone else ():
            key = Name(holder.namespace, holder.name)
            name = (holder.namespace, rules.folded(Kind.INDEX, part_name(index)))
            if name in taken and ref_of(index, key) not in gone:
                yield Drop(index, key)


def stepping_aside(before: Schema, renames: Sequence[Rename], rules: Rules) -> Iterator[Rename]:
    """Constraints with an index that has the new name of something renamed wait under another name."""
    taken = _names_taken(renames, rules)
    for table in before.tables if taken else ():
        for part in parts_of(table):
            ref = ref_of(part, table.key)
            has_index = isinstance(part, PrimaryKey | Unique | Exclusion) and rules.shares_names(ref.kind)
            if has_index and (table.namespace, rules.folded(ref.kind, ref.name)) in taken:
                yield Rename(ref, waiting_name(ref, "waiting"))


def _names_taken(renames: Sequence[Rename], rules: Rules) -> set[tuple[str | None, str]]:
    """The new names of what is part of no table, with their namespaces."""
    moves = [move for move in renames if move.ref.kind in SHARING]
    return {(move.ref.namespace, rules.folded(move.ref.kind, move.to)) for move in moves}


def _speaks_of(obj: Standing | Hook, renames: Sequence[Rename], aside: Sequence[Standing], rules: Rules) -> bool:
    """Whether the engine says that it needs one of them, or its text has their names."""
    own = ref_of(obj)
    refs = [ref for ref in (*(move.ref for move in renames), *map(ref_of, aside)) if ref != own]
    if any(need.ref in refs for need in obj.depends_on):
        return True
    if isinstance(obj, Routine):
        return False  # a body may say anything
    if isinstance(obj, Definition):
        if obj.kind not in _SPEAKING:
            return False
        if obj.depends_on and not any(need.kind in _NAMED for need in obj.depends_on):
            return False  # the catalog knows what it is made of, and the names in it are of nothing else
    relations = [ref for ref in refs if ref.kind not in ROUTINES]
    if isinstance(obj, Policy):
        text = " ".join(filter(None, (obj.using, obj.check)))
        return any(rules.mentions(text, ref.name) for ref in relations)
    together = [(ref.name,) if ref.table is None else (ref.table, ref.name) for ref in relations]
    return any(all(rules.mentions(obj.definition, name) for name in names) for names in together)
