"""Operations that are rendered together."""

from __future__ import annotations

from collections.abc import Sequence

from querynl.operations import Change, Create, Drop, Operation, Rewriting, table_of
from querynl.ordering.needs import refs
from querynl.ordering.predecessors import Predecessors, predecessors, privileged
from querynl.schema import Name, Ref, Table, Trigger, View


def grouped(
    operations: Sequence[Operation], grouping: Sequence[bool], rewriting: Rewriting, *, references_ahead: bool
) -> list[list[Operation]]:
    """Operations on one table that are rendered together, in one list; the rest alone.

    `operations` are in order already; `grouping` says of each whether it joins its table's group. A
    group stands where its first member stood; an operation on the table that does not join ends it, and so
    does one that needs what only comes after the group. With `references_ahead`, no table needs another
    to be changed first, and only names can be in the way; there, whatever has no table ends all groups,
    but for new views and tables that go.
    """
    groups: list[list[Operation]] = []
    group_of: list[int] = []
    open_groups: dict[Name, int] = {}
    before: Predecessors | None = None
    for number, (operation, joins) in enumerate(zip(operations, grouping, strict=True)):
        name = table_of(operation)
        place = open_groups.get(name) if joins and name is not None else None
        if place is not None and place < len(groups) - 1:
            before = predecessors(operations, rewriting, {}) if before is None else before
            late = (other for other in before.of[number] if other < number and group_of[other] > place)
            if any(not references_ahead or (other, number) in before.by_name for other in late):
                place = None
        if place is None:
            place = len(groups)
            groups.append([])
            if joins and name is not None:
                open_groups[name] = place
            elif (references_ahead or not _is_tracked(operation)) and not _leaves_tables_alone(operation):
                _close(open_groups, operation)
        groups[place].append(operation)
        group_of.append(place)
    return groups


def with_privileges_joined(groups: Sequence[Sequence[Operation]]) -> list[list[Operation]]:
    """The groups, where the owner and the grants of an object that comes or goes stand with it.

    They have no statements of their own then.
    """
    homes: dict[Ref, int] = {}
    for verb in (Drop, Create):
        for number, group in enumerate(groups):
            for operation in group:
                if isinstance(operation, verb) and privileged(operation) is None:
                    homes.update(dict.fromkeys(refs(operation.obj, operation.table), number))
    joined = [list(group) for group in groups]
    for number, group in enumerate(groups):
        home = next((homes[ref] for ref in privileged(group[0]) or () if ref in homes), None)
        if home is not None:
            place = 0 if isinstance(groups[home][0], Drop) else len(joined[home])
            joined[home].insert(place, group[0])
            joined[number].clear()
    return [group for group in joined if group]


def _is_tracked(operation: Operation) -> bool:
    """Whether it is about an object of its own, of which it is known what needs it."""
    return isinstance(operation, Create | Drop | Change) and table_of(operation) is None


def _leaves_tables_alone(operation: Operation) -> bool:
    """Whether it is about what no other table needs, so that the groups of tables go on before it."""
    match operation:
        case Create(View() | Trigger()) | Drop(Table()):
            return True
        case _:
            return False


def _close(open_groups: dict[Name, int], operation: Operation) -> None:
    """An operation that stands alone ends the groups whose later members might need it."""
    name = table_of(operation)
    if name is None:
        open_groups.clear()
    else:
        open_groups.pop(name, None)
