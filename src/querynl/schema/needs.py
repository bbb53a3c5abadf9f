"""What objects say themselves that they need."""

from __future__ import annotations

from collections.abc import Iterator

from querynl.schema.names import Kind, Ref
from querynl.schema.objects import AnyObject, Definition, Policy, Table, Trigger
from querynl.schema.privileges import Grant, Ownership


def stated_needs(obj: AnyObject) -> Iterator[Ref]:
    """The addresses of what it is on, of its parents, and of what the engine's catalog says that it needs.

    What a trigger or the like is on may be a table or a view: it has both addresses. What only its texts name is not
    among them.
    """
    match obj:
        case Table():
            yield from (Ref(Kind.TABLE, *parent) for parent in obj.inherits)
        case Trigger() | Policy() | Definition(table=str()):
            yield from (Ref(kind, obj.namespace, obj.table or "") for kind in (Kind.TABLE, Kind.VIEW))
        case Grant() | Ownership():
            yield obj.object
    yield from (need.ref for need in getattr(obj, "depends_on", ()))
