"""What a database itself says about how far a migration came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from querynl.operations import Change, Create, Drop, Operation, Rename, RunSQL, State, parts_of
from querynl.plan import Plan
from querynl.schema import AnyObject, Name, Part, Ref, Schema, Table, canonical, ref_of, settled

# `other`: what is there is neither what was before nor what was to be; `unseen`: no catalog tells.
Finding = Literal["made", "not made", "other", "unseen"]


class Evidence(Struct, frozen=True):
    """One operation of a plan, in the step of that number, and what the live schema says about it."""

    step: int
    operation: Operation
    finding: Finding


def evidence(plan: Plan, live: Schema) -> list[Evidence]:
    """What the live schema says about each operation of the way up."""
    state = State(canonical(live))
    return [
        Evidence(number, operation, _finding(operation, state))
        for number, step in enumerate(plan.up, 1)
        for operation in step.operations
    ]


def _finding(operation: Operation, live: State) -> Finding:
    match operation:
        case Create(Table() as table):
            # Later steps may have changed it already.
            return "made" if live.table(table.key) is not None else "not made"
        case Create(obj, table):
            found = _found(ref_of(obj, table), live)
            return "not made" if found is None else "made" if found == _plain(obj) else "other"
        case Drop(obj, table):
            return "not made" if _found(ref_of(obj, table), live) is not None else "made"
        case Change(before, after, table):
            found = _found(ref_of(after, table), live)
            return "made" if found == _plain(after) else "not made" if found == _plain(before) else "other"
        case Rename(ref, to):
            if _found(ref._replace(name=to), live) is not None and _found(ref, live) is None:
                return "made"
            return "not made" if _found(ref, live) is not None else "other"
        case RunSQL():
            return "unseen"


def _found(ref: Ref, live: State) -> AnyObject | None:
    """The live object at the address, of a table its attributes alone."""
    if ref.kind in live.objects:
        found = live.get(ref)
        return None if found is None else _plain(found)
    return next((part for part in _parts(ref, live) if ref_of(part, Name(ref.namespace, str(ref.table))) == ref), None)


def _parts(ref: Ref, live: State) -> Iterator[Part]:
    return parts_of(live.table(Name(ref.namespace, str(ref.table))))


def _plain(obj: AnyObject) -> AnyObject:
    """The object as it is compared: without what is only known about it."""
    if isinstance(obj, Table):
        return replace(Table(name=obj.name, namespace=obj.namespace), comment=obj.comment, options=obj.options)
    if isinstance(obj, Part):
        return obj
    plain = settled(obj)
    return replace(plain, depends_on=()) if getattr(plain, "depends_on", ()) else plain
