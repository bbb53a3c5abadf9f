"""What operations do to a schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

from querynl.operations.parts import with_part
from querynl.operations.renaming import rename
from querynl.operations.rewriting import Rewriting
from querynl.operations.state import Catalog, Changed, Changes, State
from querynl.operations.verbs import Change, Create, Drop, Operation, Rename, RunSQL
from querynl.schema import Part, Schema, Table, View, ref_of


def changes_of(operations: Iterable[Operation], state: State, rewriting: Rewriting) -> Changes:
    """What the operations, one after the other, do to a state; the state itself stays as it is."""
    changes: Changes = {}
    for operation in operations:
        changes.update(_apply(operation, Changed(state, dict(changes)), rewriting))
    return changes


def apply(operations: Iterable[Operation], schema: Schema, rewriting: Rewriting) -> Schema:
    """The schema after the operations."""
    state = State(schema)
    for operation in operations:
        state.update(_apply(operation, state, rewriting))
    return state.schema()


def _apply(operation: Operation, catalog: State | Changed, rewriting: Rewriting) -> Changes:
    match operation:
        case RunSQL():
            return {}
        case Rename(ref, to):
            return rename(ref, to, catalog, rewriting)
        case Create(obj, table):
            return with_part(catalog, table, None, obj) if isinstance(obj, Part) else {ref_of(obj): obj}
        case Drop(obj, table):
            return with_part(catalog, table, obj, None) if isinstance(obj, Part) else {ref_of(obj): None}
        case Change(before, after, table):
            if isinstance(after, Part):
                assert isinstance(before, Part), "a part becomes a part"
                return with_part(catalog, table, before, after)
            if isinstance(after, Table) and isinstance(before, Table):
                # With other parents, other parts are the table's own.
                same_parents = before.inherits == after.inherits
                return {ref_of(after): _with_attributes(catalog, after) if same_parents else after}
            if isinstance(after, View) and isinstance(current := catalog.get(ref_of(after)), View):
                return {ref_of(after): replace(after, indexes=current.indexes)}  # they change by themselves
            return {ref_of(after): after}
        case _:
            assert_never(operation)


def _with_attributes(catalog: Catalog, after: Table) -> Table:
    """The table as it stands with the attributes, and only those, of another."""
    current = catalog.table(after.key)
    assert current is not None, f"no table {after.key}"
    attributes = {"comment": after.comment, "options": after.options}
    return replace(current, inherits=after.inherits, of_type=after.of_type, **attributes)
