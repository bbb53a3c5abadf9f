"""The plan: ordered steps up and down, each with its operations, its statements and what can be undone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from querynl.dependents import stepping_aside
from querynl.dialects.protocol import Dialect, Statement
from querynl.heirs import parents_of, with_incomplete_apart
from querynl.operations import (
    Change,
    Changed,
    Create,
    Drop,
    Operation,
    Rename,
    RunSQL,
    State,
    changes_of,
    forgets_history,
    inverse,
    table_of,
)
from querynl.ordering import grouped, ordered, with_cycles_split, with_privileges_joined
from querynl.schema import (
    DEFINED,
    KINDS,
    ROUTINES,
    AnyObject,
    Column,
    CompositeType,
    Definition,
    Domain,
    Kind,
    Name,
    Ref,
    Routine,
    Schema,
    Table,
    canonical,
    kind_of,
    ref_of,
)

PLAN_VERSION = 1


class Reversibility(StrEnum):
    """What comes back when a step is undone."""

    LOSSLESS = "lossless"
    STRUCTURE_ONLY = "structure only"
    NONE = "none"


class Step(Struct, frozen=True, omit_defaults=True):
    """One operation, or several on one table that the engine makes together."""

    operations: tuple[Operation, ...]
    statements: tuple[Statement, ...]
    reversibility: Reversibility = Reversibility.LOSSLESS


class Plan(Struct, frozen=True, omit_defaults=True):
    """The way from one schema to another and back, for one engine.

    `fingerprint` is that of the starting schema. `down` is in the order in which it runs; it is empty
    where `reversibility` is NONE. `reordered` names tables whose columns stand in another order than asked for.
    """

    dialect: str
    fingerprint: str
    up: tuple[Step, ...]
    down: tuple[Step, ...]
    reordered: tuple[str, ...] = ()

    @property
    def reversibility(self) -> Reversibility:
        """The least that any step offers."""
        found = {step.reversibility for step in self.up}
        order = (Reversibility.NONE, Reversibility.STRUCTURE_ONLY)
        return next((level for level in order if level in found), Reversibility.LOSSLESS)


def plan(
    before: Schema,
    operations: Sequence[Operation],
    dialect: Dialect,
    *,
    reordered: Iterable[Name] = (),
    after: Schema | None = None,
) -> Plan:
    """The plan that makes the operations, in a safe order, from `before`; the same input gives the same bytes.

    A table that the engine makes anew for them takes its columns' order from `after`, where that is given, and
    on the way back the order it had. Raises ChangeUnsupported where the engine has no way to make one of them.
    """
    groups = _groups(before, operations, dialect)
    state = State(before)
    wanted = {} if after is None else {table.key: _order(table) for table in after.tables}
    up: list[Step] = []
    orders: list[tuple[str, ...]] = []
    for group in groups:
        name = _single_table(group)
        orders.append(_order(state.table(name)) if name is not None else ())
        up.append(_step(group, state, dialect, wanted.get(name, ()) if name is not None else ()))
    elsewhere = [str(name) for name in reordered if _order(state.table(name)) != wanted.get(name)]
    reversible = all(step.reversibility is not Reversibility.NONE for step in up)
    undone = zip(reversed(groups), reversed(orders), strict=True) if reversible else ()
    return Plan(
        dialect=dialect.name,
        fingerprint=fingerprint(before),
        up=tuple(up),
        down=tuple(step for group, order in undone for step in _steps_back(_undone(group), state, dialect, order)),
        reordered=tuple(elsewhere),
    )


def _groups(before: Schema, operations: Sequence[Operation], dialect: Dialect) -> list[list[Operation]]:
    """The operations in an order that the engine accepts, together where it makes them together."""
    operations = with_incomplete_apart(operations)
    if not dialect.references_ahead:
        operations = with_cycles_split(operations)
    in_order = ordered(operations, dialect, parents_of(before, operations))
    joining = [dialect.groups(operation) for operation in in_order]
    return with_privileges_joined(grouped(in_order, joining, dialect, references_ahead=dialect.references_ahead))


def _steps_back(group: Sequence[Operation], state: State, dialect: Dialect, order: Sequence[str]) -> Iterator[Step]:
    """The steps that undo a group: one, or several where something is in its way that was in none before."""
    around = stepping_aside(group, state, dialect)
    for part in [group] if len(around) == len(group) else _groups(state.schema(), around, dialect):
        yield _step(part, state, dialect, order)


def _single_table(group: Sequence[Operation]) -> Name | None:
    """The table that a group alters, if it is one."""
    return None if isinstance(group[0], RunSQL) else table_of(group[0])


def _order(table: Table | None) -> tuple[str, ...]:
    return () if table is None else tuple(column.name for column in table.columns)


def statements(steps: Iterable[Step]) -> list[Statement]:
    """The statements of the steps, in order.

    Settings that steps make before and after all else, and that a transaction would ignore, stand around the
    whole, each once.
    """
    opening: dict[Statement, None] = {}
    closing: dict[Statement, None] = {}
    body: list[Statement] = []
    for step in steps:
        before, within, after = _framed(step.statements)
        opening.update(dict.fromkeys(before))
        body += within
        closing.update(dict.fromkeys(after))
    return [*opening, *body, *closing]


def _framed(statements: Sequence[Statement]) -> tuple[Sequence[Statement], Sequence[Statement], Sequence[Statement]]:
    """The settings that come first, the statements between, and the settings that come last."""
    others = [number for number, statement in enumerate(statements) if statement.transactional or not statement.session]
    if not others:
        return (), statements, ()
    return statements[: others[0]], statements[others[0] : others[-1] + 1], statements[others[-1] + 1 :]


def fingerprint(schema: Schema) -> str:
    """A hash that two equal schemas share, whatever the order in which they were written."""
    return hashlib.sha256(msgspec.json.encode(canonical(schema))).hexdigest()


def _step(group: Sequence[Operation], state: State, dialect: Dialect, order: Sequence[str]) -> Step:
    """The step that a group makes; `order` is that of the columns of its table, where it is made anew."""
    changes = changes_of(group, state, dialect)
    name = _single_table(group)
    table = None if name is None else changes.get(Ref(Kind.TABLE, *name))
    if order and isinstance(table, Table) and dialect.rebuilds_table_for(group, state, Changed(state, changes)):
        changes[ref_of(table)] = _arranged(table, order)
    statements = dialect.render(group, state, Changed(state, changes))
    state.update(changes)
    return Step(tuple(group), tuple(statements), _reversibility(group, dialect))


def _arranged(table: Table, order: Sequence[str]) -> Table:
    """The table with its columns in that order, and those that it does not know at the end."""
    place = {name: number for number, name in enumerate(order)}
    columns = sorted(table.columns, key=lambda column: place.get(column.name, len(place)))
    return msgspec.structs.replace(table, columns=tuple(columns))


def _undone(group: Sequence[Operation]) -> list[Operation]:
    return [undo for operation in reversed(group) if (undo := inverse(operation)) is not None]


def _reversibility(group: Sequence[Operation], dialect: Dialect) -> Reversibility:
    levels = {reversibility_of(operation, dialect) for operation in group}
    order = (Reversibility.NONE, Reversibility.STRUCTURE_ONLY, Reversibility.LOSSLESS)
    return next(level for level in order if level in levels)


def reversibility_of(operation: Operation, dialect: Dialect) -> Reversibility:
    """What comes back when one operation is undone."""
    match operation:
        case RunSQL(down=None):
            return Reversibility.NONE
        case RunSQL(lossless=False):
            return Reversibility.STRUCTURE_ONLY
        case Drop(Table(server=None)) | Drop(Column(generated=None), inherited=False):
            return Reversibility.STRUCTURE_ONLY
        case Change(Column() as old, Column() as new) if old.type != new.type and not dialect.widens(old, new):
            return Reversibility.STRUCTURE_ONLY
        case Change(Domain() as old, Domain() as new) if old.type != new.type and not dialect.widens(old, new):
            return Reversibility.STRUCTURE_ONLY
        case Change(Definition(kind=Kind.RANGE_TYPE) as old, Definition() as new) if not dialect.widens(old, new):
            return Reversibility.STRUCTURE_ONLY
        case Change(CompositeType() as old, CompositeType() as new):
            kept = {(attribute.name, attribute.type) for attribute in new.attributes}
            loses = any((attribute.name, attribute.type) not in kept for attribute in old.attributes)
            return Reversibility.STRUCTURE_ONLY if loses else Reversibility.LOSSLESS
        case _:
            return Reversibility.STRUCTURE_ONLY if forgets_history(operation) else Reversibility.LOSSLESS


# ---------------------------------------------------------------------------------------------- JSON


def to_json(plan: Plan) -> bytes:
    """The plan as JSON that `from_json` reads back."""
    return msgspec.json.encode(
        {
            "version": PLAN_VERSION,
            "dialect": plan.dialect,
            "fingerprint": plan.fingerprint,
            "up": [_step_to_builtins(step) for step in plan.up],
            "down": [_step_to_builtins(step) for step in plan.down],
            "reordered": plan.reordered,
        }
    )


def from_json(text: bytes | str) -> Plan:
    """The plan that `to_json` wrote. Raises msgspec.ValidationError, KeyError or TypeError for anything else."""
    document: dict[str, Any] = msgspec.json.decode(text)
    if document.get("version") != PLAN_VERSION:
        raise msgspec.ValidationError("not a plan of this version")
    return Plan(
        dialect=document["dialect"],
        fingerprint=document["fingerprint"],
        up=tuple(map(_step_from_builtins, document["up"])),
        down=tuple(map(_step_from_builtins, document["down"])),
        reordered=tuple(document["reordered"]),
    )


_CLASSES: dict[str, type[AnyObject]] = {
    **{kind.value: cls for cls, kind in KINDS.items()},
    **dict.fromkeys(ROUTINES, Routine),
    **dict.fromkeys(DEFINED, Definition),
}


def _step_to_builtins(step: Step) -> dict[str, Any]:
    return {
        "operations": [_operation_to_builtins(operation) for operation in step.operations],
        "statements": msgspec.to_builtins(step.statements),
        "reversibility": step.reversibility.value,
    }


def _step_from_builtins(document: dict[str, Any]) -> Step:
    return Step(
        operations=tuple(_operation_from_builtins(operation) for operation in document["operations"]),
        statements=msgspec.convert(document["statements"], tuple[Statement, ...]),
        reversibility=Reversibility(document["reversibility"]),
    )


def _operation_to_builtins(operation: Operation) -> dict[str, Any]:
    match operation:
        case Create(obj, table, inherited) | Drop(obj, table, inherited):
            verb = "create" if isinstance(operation, Create) else "drop"
            found = {"verb": verb, "kind": kind_of(obj).value, "object": msgspec.to_builtins(obj), "table": table}
            return {**found, "inherited": True} if inherited else found
        case Change(before, after, table, using):
            objects = {"before": msgspec.to_builtins(before), "after": msgspec.to_builtins(after)}
            return {"verb": "change", "kind": kind_of(after).value, **objects, "table": table, "using": using}
        case Rename(ref, to):
            return {"verb": "rename", "ref": ref, "to": to}
        case RunSQL():
            return {"verb": "sql", **msgspec.to_builtins(operation)}


def _operation_from_builtins(document: dict[str, Any]) -> Operation:
    def obj(key: str) -> AnyObject:
        found: AnyObject = msgspec.convert(document[key], _CLASSES[document["kind"]])
        return found

    table = Name(*document["table"]) if document.get("table") else None
    match document["verb"]:
        case "create":
            return Create(obj("object"), table, document.get("inherited", False))
        case "drop":
            return Drop(obj("object"), table, document.get("inherited", False))
        case "change":
            return Change(obj("before"), obj("after"), table, document["using"])
        case "rename":
            kind, namespace, name, owner = document["ref"]
            return Rename(Ref(Kind(kind), namespace, name, owner), document["to"])
        case _:
            return msgspec.convert({key: value for key, value in document.items() if key != "verb"}, RunSQL)
