"""The order of a migration's operations."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from querynl.heirs import Parents
from querynl.operations import Change, Create, Drop, Operation, Rename, Rewriting
from querynl.ordering.predecessors import Predecessors, predecessors
from querynl.ordering.ranks import GROUNDWORK, preference
from querynl.schema import Column, Definition, Domain, Kind, Part, Policy, Routine, Trigger, View, kind_of


def ordered(operations: Sequence[Operation], rewriting: Rewriting, parents: Parents) -> list[Operation]:
    """The operations in an order that an engine accepts; `parents` are those of all tables, by their later names.

    Renames made first, and what is dropped before them to step out of their way, keep their own order.
    """
    renames = [number for number, op in enumerate(operations) if isinstance(op, Rename) and _leads(op)]
    end = renames[-1] + 1 if renames else 0
    is_leading = [isinstance(op, Rename) or _leads(op) for op in operations[:end]]
    leading = [op for op, leads in zip(operations, is_leading, strict=False) if leads]
    others = [op for op, leads in zip(operations, is_leading, strict=False) if not leads] + list(operations[end:])
    others.sort(key=preference)
    before = predecessors(others, rewriting, parents)

    def certain() -> Predecessors:
        return predecessors(others, rewriting, parents, guessing=False)

    return [*leading, *(others[i] for i in _sorted(before, certain, _places(others, before.of)))]


def _leads(operation: Operation) -> bool:
    """Whether it comes first: what is renamed, so that everything else speaks of it by its new name, and what steps
    aside for that."""
    if isinstance(operation, Drop):
        return isinstance(operation.obj, View | Trigger | Routine | Policy | Definition | Part)
    if isinstance(operation, Change):
        return isinstance(operation.after, Column | Domain)
    return isinstance(operation, Rename) and operation.ref.kind in (
        Kind.NAMESPACE,
        Kind.ENUM,
        Kind.DOMAIN,
        Kind.COMPOSITE_TYPE,
        Kind.SEQUENCE,
        Kind.TABLE,
        Kind.VIEW,
        Kind.COLUMN,
    )


def _places(operations: Sequence[Operation], before: dict[int, set[int]]) -> list[int]:
    """The place that each operation would like: its own, or that of the groundwork that waits for it.

    An operator or cast comes with its functions before the tables and functions whose texts may use it.
    """
    places = list(range(len(operations)))
    for number, operation in enumerate(operations):
        if isinstance(operation, Create) and kind_of(operation.obj) in GROUNDWORK:
            waiting = [number]
            while waiting:
                for earlier in before[waiting.pop()]:
                    if places[earlier] > number:
                        places[earlier] = number
                        waiting.append(earlier)
    return places


def _sorted(before: Predecessors, certain: Callable[[], Predecessors], places: Sequence[int]) -> list[int]:
    """The numbers in topological order, the one with the lowest place first wherever there is a choice.

    `certain` are the predecessors that are not guessed; they are asked for where there is no such order.
    """
    known: dict[int, set[int]] | None = None
    while True:
        sorter: TopologicalSorter[int] = TopologicalSorter(before.of)
        try:
            sorter.prepare()
        except CycleError as error:
            # The engine may still accept some order: give up the link that goes most against preference, of those that
            # are guessed, if there are any.
            known = certain().of if known is None else known
            cycle: list[int] = error.args[1]
            links = list(pairwise(cycle))
            guessed = [(first, second) for first, second in links if first not in known[second]]
            given_up = guessed or [link for link in links if link not in before.by_name] or links
            first, second = max(given_up, key=lambda link: (link[0] - link[1], link))
            before.of[second].discard(first)
            continue
        break
    result: list[int] = []
    ready: list[tuple[int, int]] = []
    while sorter.is_active():
        for number in sorter.get_ready():
            heapq.heappush(ready, (places[number], number))
        _, number = heapq.heappop(ready)
        sorter.done(number)
        result.append(number)
    return result
