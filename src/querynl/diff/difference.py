"""The operations that turn one schema into another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from querynl.dependents import Dependents
from querynl.diff.aside import indexes_in_the_way, set_aside, stepping_aside, with_dependents
from querynl.diff.comparison import differences, reordered_tables
from querynl.diff.members import with_members_apart
from querynl.diff.questions import Question, questions_of
from querynl.diff.renames import Renaming, declared_renames, waiting_name
from querynl.diff.sequences import with_counters_apart, with_sequences_kept
from querynl.heirs import meanwhile
from querynl.operations import Change, Drop, Operation, Rename, State, apply, target
from querynl.privileges import with_kept_privileges
from querynl.rules import Rules
from querynl.schema import Kind, Name, Ref, Schema, Table


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
    renames = list(declared_renames(before, after, rules, renamings))
    standing = list(set_aside(before, renames, rules))
    aside = with_dependents(standing, before, rules) if standing else []
    aside += indexes_in_the_way(before, renames, aside, rules)
    gone = {ref for drop in aside if isinstance(drop, Drop) and (ref := target(drop)) is not None}
    renames = list(_of_what_stays([*stepping_aside(before, renames, rules), *renames], gone))
    renamed = apply([*aside, *renames], before, rules)
    wanted = with_kept_privileges(after, keeping, renamed, gone, rules)
    start, end = State(renamed), State(wanted)
    found = list(differences(start, end, rules))
    first, last = meanwhile(found, start, end)
    operations = Dependents(first, last, rules).recreated_around(found)
    operations = list(with_sequences_kept(operations, start, end))
    operations = list(with_counters_apart(operations, first, last, rules))
    operations = list(with_members_apart(operations, rules))
    operations = list(_untangled(operations, rules))
    renames, operations = _without_vain(renames, operations)
    return Difference(
        operations=(*aside, *renames, *operations),
        after=wanted,
        questions=tuple(questions_of(found)),
        reordered=tuple(reordered_tables(start, end)),
        kept=tuple(differences(end, State(after), rules, keeping)),
    )


def _of_what_stays(renames: Sequence[Rename], gone: Collection[Ref]) -> Iterator[Rename]:
    """The renames without those of what is gone, which was dropped under the names that were before all of them."""
    absent = set(gone)
    for move in renames:
        if move.ref in absent:
            absent.add(move.ref._replace(name=move.to))
            continue
        yield move
        if move.ref.kind in (Kind.TABLE, Kind.VIEW):
            absent = {ref._replace(table=move.to) if _is_in(ref, move.ref) else ref for ref in absent}


def _is_in(part: Ref, holder: Ref) -> bool:
    return (part.namespace, part.table) == (holder.namespace, holder.name)


def _without_vain(renames: Sequence[Rename], operations: Sequence[Operation]) -> tuple[list[Rename], list[Operation]]:
    """The renames and operations, with no index renamed that is then made anew on a table that stays where it is."""
    made = {move.ref._replace(name=move.to): move for move in renames if move.ref.kind is Kind.INDEX}
    moved = {target(op) for op in operations if isinstance(op, Change) and isinstance(op.after, Table)}
    chained = {ref for ref, first in made.items() if first.ref in made or any(move.ref == ref for move in renames)}
    chained |= {ref for ref in made if Ref(Kind.TABLE, ref.namespace, str(ref.table)) in moved}
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
        aside = ref._replace(name=waiting_name(ref, "swapped"))
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
