"""Renames that were declared, in an order in which no two objects have one name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from querynl.errors import ChangeUnsupported, RenameInvalid
from querynl.operations import Rename, State, changes_of, parts_of
from querynl.rules import Rules
from querynl.schema import AnyObject, Kind, Name, Ref, Schema, SchemaObject, Table, View, objects, ref_of


class Renaming(Struct, frozen=True):
    """A declared rename: the object at `ref` in the schema before is called `to` in the one after."""

    ref: Ref
    to: str


def declared_renames(before: Schema, after: Schema, rules: Rules, renamings: Sequence[Renaming]) -> Iterator[Rename]:
    """Renames of types and tables, then of columns and indexes by their tables' new names."""
    state, wanted = State(before), State(after)
    declared = _declared(after)
    for renaming in renamings:
        if renaming.ref.table is None:
            _check_names(renaming, state, wanted)
        declared[renaming.ref.kind].append(renaming)
    explicit = set(renamings)
    taken = {renaming.ref._replace(name=renaming.to) for found in declared.values() for renaming in found}
    for renaming in _respelled(before, after, rules):
        if renaming.ref._replace(name=renaming.to) not in taken:
            declared[renaming.ref.kind].append(renaming)

    if declared[Kind.NAMESPACE]:
        raise ChangeUnsupported(
            f"The namespace {declared[Kind.NAMESPACE][0].ref.name} would have to be renamed, which is not planned.",
            remedy="Rename it by hand with ALTER SCHEMA first, and take renamed_from out of the schema.",
        )
    present = {ref for kind in SHARING for ref in state.objects[kind]}
    asked = {ref for kind in SHARING for ref in wanted.objects[kind]}
    possible = [renaming for kind in SHARING if rules.renames(kind) for renaming in declared[kind]]
    yield from _ordered_renames(_unsettled(possible, present, asked, explicit), present, state, rules)

    moved = {(r.ref.namespace, r.ref.name): r.to for r in (*declared[Kind.TABLE], *declared[Kind.VIEW])}
    by_table: dict[Name, list[Renaming]] = defaultdict(list)
    for renaming in (*declared[Kind.COLUMN], *declared[Kind.INDEX]):
        by_table[_table_now(renaming.ref, state, moved)].append(renaming)
    aside: dict[Ref, Ref] = {}
    for name in sorted(by_table, key=lambda name: _generation(name, state)):
        present = {ref_of(part, name) for part in parts_of(_holder(name, state))}
        asked = {ref_of(part, name) for part in parts_of(_holder(name, wanted))}
        placed: dict[Renaming, bool] = {}
        for renaming in by_table[name]:
            ref = renaming.ref._replace(table=name.name)
            placed[Renaming(aside.get(ref, ref), renaming.to)] = renaming in explicit
        for renaming, is_explicit in placed.items():
            if is_explicit and renaming.ref not in present:
                raise RenameInvalid(f"There is no {renaming.ref} to rename.", remedy=_CHECK_SPELLING)
        here = _unsettled(list(placed), present, asked, {r for r, is_explicit in placed.items() if is_explicit})
        _refuse_columns_from_above(here, name, state)
        for move in _columns_of_parents_in_the_way(here, name, state, wanted):
            state.update(changes_of([move], state, rules))
            yield move
        present = {ref_of(part, name) for part in parts_of(_holder(name, state))}
        for move in _columns_of_heirs_in_the_way(here, present, state):
            aside[move.ref] = move.ref._replace(name=move.to)
            state.update(changes_of([move], state, rules))
            yield move
        yield from _ordered_renames(here, present, state, rules)


def _refuse_columns_from_above(renamings: Sequence[Renaming], name: Name, state: State) -> None:
    table = state.table(name)
    for parent in filter(None, map(state.table, table.inherits if table is not None else ())):
        for renaming in renamings:
            if renaming.ref.kind is Kind.COLUMN and parent.column(renaming.ref.name) is not None:
                raise RenameInvalid(
                    f"The {renaming.ref} comes from {parent.name}.",
                    remedy="Rename it there: the tables that inherit it follow.",
                )
        _refuse_columns_from_above(renamings, parent.key, state)


def _generation(name: Name, state: State) -> int:
    """How many tables are above a table in the longest line of those that it inherits from."""
    table = state.table(name)
    return max((_generation(parent, state) + 1 for parent in table.inherits), default=0) if table is not None else 0


def _columns_of_parents_in_the_way(
    renamings: Sequence[Renaming], name: Name, state: State, wanted: State
) -> Iterator[Rename]:
    """Columns that parents of the table give up, and whose name one of its own gets, wait under another."""
    for renaming in renamings:
        givers = _givers(name, renaming.to, state) if renaming.ref.kind is Kind.COLUMN else ()
        for giver in dict.fromkeys(givers):
            end = wanted.table(giver)
            if end is None or end.column(renaming.to) is None:
                ref = Ref(Kind.COLUMN, giver.namespace, renaming.to, giver.name)
                yield Rename(ref, waiting_name(ref, "waiting"))


def _givers(name: Name, column: str, state: State) -> Iterator[Name]:
    """The tables that a table has the column from, and that have it from no other."""
    table = state.table(name)
    for parent in () if table is None else table.inherits:
        above = list(_givers(parent, column, state))
        found = state.table(parent)
        yield from above
        if not above and found is not None and found.column(column) is not None:
            yield parent


def _columns_of_heirs_in_the_way(renamings: Sequence[Renaming], present: set[Ref], state: State) -> Iterator[Rename]:
    """Columns of their own that heirs have under a name which one of the table gets wait under another."""
    for renaming in renamings:
        new = renaming.ref._replace(name=renaming.to)
        waiting = [] if new.kind is not Kind.COLUMN or new in present else [new]
        while waiting:
            parent = waiting.pop()
            for heir in state.of_kind(Kind.TABLE):
                if isinstance(heir, Table) and Name(parent.namespace, str(parent.table)) in heir.inherits:
                    ref = parent._replace(namespace=heir.namespace, table=heir.name)
                    waiting.append(ref)
                    if heir.column(ref.name) is not None:
                        yield Rename(ref, waiting_name(ref, "waiting"))


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
SHARING = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE_TYPE, Kind.SEQUENCE, Kind.TABLE, Kind.VIEW)
_CHECK_SPELLING = "Check the spelling in --rename old:new."


def _check_names(renaming: Renaming, state: State, wanted: State) -> None:
    ref = renaming.ref
    if state.get(ref) is None:
        raise RenameInvalid(f"There is no {ref} to rename.", remedy=_CHECK_SPELLING)
    if wanted.get(ref._replace(name=renaming.to)) is None:
        raise RenameInvalid(f"The schema after has no {ref.kind} {renaming.to!r}.", remedy=_CHECK_SPELLING)


def _table_now(ref: Ref, state: State, moved: dict[tuple[str | None, str], str]) -> Name:
    """The table or view of a part by the name it has once these are renamed."""
    assert ref.table is not None
    name = Name(ref.namespace, ref.table)
    return Name(ref.namespace, moved[name]) if _holder(name, state) is None and name in moved else name


def _holder(name: Name, state: State) -> SchemaObject | None:
    """The table of that name, or else the view."""
    return state.table(name) or state.get(Ref(Kind.VIEW, *name))


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
        if isinstance(obj, Table | View):
            for part in parts_of(obj):
                note(part, Name(obj.namespace, obj.name))
    return found


def _ordered_renames(renamings: Sequence[Renaming], present: set[Ref], state: State, rules: Rules) -> Iterator[Rename]:
    """Renames in an order in which no name is ever taken twice; one in the way steps aside first."""
    pending = {renaming.ref: renaming.to for renaming in renamings}
    holders = {_place(ref, rules): ref for ref in present}
    occupied = {holders[new] for ref, to in pending.items() if (new := _place(ref._replace(name=to), rules)) in holders}
    in_the_way = sorted(occupied - pending.keys(), key=lambda ref: ref.order)
    moves = [Rename(ref, waiting_name(ref, "waiting")) for ref in in_the_way if ref.kind is not Kind.VIEW]
    while pending:
        taken = {_place(ref, rules) for ref in pending}
        free = [
            ref
            for ref, to in pending.items()
            if _place(ref._replace(name=to), rules) not in taken - {_place(ref, rules)}
        ]
        if not free:  # a swap: one of them waits under another name
            ref = min(pending, key=lambda ref: ref.order)
            aside = ref._replace(name=waiting_name(ref, "swapped"))
            moves.append(Rename(ref, aside.name))
            pending[aside] = pending.pop(ref)
            continue
        for ref in sorted(free, key=lambda ref: ref.order):
            moves.append(Rename(ref, pending.pop(ref)))
    for move in moves:
        state.update(changes_of([move], state, rules))
        yield move


def _place(ref: Ref, rules: Rules) -> Ref:
    """The address that no two may have: what may be renamed alone shares names with other kinds on some engine, and
    some do not tell names apart by their case."""
    folded = ref._replace(name=rules.folded(ref.kind, ref.name))
    return folded._replace(kind=Kind.TABLE) if ref.kind in SHARING else folded


def waiting_name(ref: Ref, why: str) -> str:
    """A name to wait under, of a length that every engine takes."""
    return ref.name.encode()[:48].decode(errors="ignore") + f"_{why}"
