"""Tables that refer to each other in a circle."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from querynl.operations import Create, Drop, Operation
from querynl.schema import ForeignKey, Name, Table


def with_cycles_split(operations: Sequence[Operation]) -> list[Operation]:
    """The operations with foreign keys of a cycle of tables taken out of their tables, to be created after
    all of them, or dropped before."""
    result: list[Operation] = [op for op in operations if not _is_whole_table(op)]
    for verb in (Create, Drop):
        tables = {op.obj.key: op.obj for op in operations if isinstance(op, verb) and isinstance(op.obj, Table)}
        for table, separate in _split(tables):
            result.append(verb(table))
            result += [verb(key, table.key) for key in separate]
    return result


def _is_whole_table(operation: Operation) -> bool:
    return isinstance(operation, Create | Drop) and isinstance(operation.obj, Table)


def _split(tables: dict[Name, Table]) -> Iterator[tuple[Table, tuple[ForeignKey, ...]]]:
    """Tables in an order in which each refers to earlier ones, with the foreign keys for which there is none.

    Parents come before their heirs, whatever refers to what.
    """
    waiting = {
        name: {other for other in (*(key.target for key in table.foreign_keys), *table.inherits) if other in tables}
        - {name}
        for name, table in tables.items()
    }
    followers: dict[Name, list[Name]] = defaultdict(list)
    for name, needs in waiting.items():
        for need in needs:
            followers[need].append(name)
    ready = [(str(name), name) for name, needs in waiting.items() if not needs]
    heapq.heapify(ready)
    done: set[Name] = set()
    undone = sorted(waiting, key=str)
    position = 0
    while len(done) < len(tables):
        if ready:
            _, name = heapq.heappop(ready)
        else:  # every table left is in a cycle, or behind one
            while undone[position] in done:
                position += 1
            name = next(
                n for n in undone[position:] if n not in done and not waiting[n].intersection(tables[n].inherits)
            )
        if name in done:
            continue
        done.add(name)
        table = tables[name]
        ahead = tuple(key for key in table.foreign_keys if key.target in tables and key.target not in done)
        kept = tuple(key for key in table.foreign_keys if key not in ahead)
        yield (replace(table, foreign_keys=kept) if ahead else table), ahead
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower] and follower not in done:
                heapq.heappush(ready, (str(follower), follower))
