"""What lists tables and the like as its members, while some of them go and others come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from querynl.operations import Change, Create, Drop, Operation, target
from querynl.rules import Rules
from querynl.schema import Definition


def with_members_apart(operations: Sequence[Operation], rules: Rules) -> Iterator[Operation]:
    """The operations; a definition that loses what is dropped, and gets what is created, does these one by one.

    The new member may have to wait until the old one is gone, such as for a name.
    """
    dropped, created = (
        {target(operation) for operation in operations if isinstance(operation, verb)} for verb in (Drop, Create)
    )
    for operation in operations:
        match operation:
            case Change(Definition() as before, Definition() as after, None):
                lost, gained = (
                    {need.ref for need in one.depends_on} - {need.ref for need in other.depends_on}
                    for one, other in ((before, after), (after, before))
                )
                both = _common(before, after)
                if lost & dropped and gained & created and rules.alters(before, both, None):
                    yield from (Change(before, both), Change(both, after))
                else:
                    yield operation
            case _:
                yield operation


def _common(before: Definition, after: Definition) -> Definition:
    """The definition with those of its members that it keeps."""
    return replace(
        before,
        options={name: value for name, value in before.options.items() if name in after.options},
        depends_on=tuple(need for need in before.depends_on if need in after.depends_on),
    )
