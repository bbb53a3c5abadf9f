"""Which values a hand-written migration kept, told from what the tables hold before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from querynl.connections import Connection
from querynl.dialects import Dialect
from querynl.rows import read_rows
from querynl.schema import Name, Table


class Held(NamedTuple):
    """The columns of a table whose values may be compared, with their types, and the values in every row."""

    types: dict[str, str]
    rows: list[tuple[Any, ...]]

    def values(self, columns: Sequence[str]) -> list[str]:
        """The rows' values of these columns as texts, in an order of their own."""
        places = [list(self.types).index(column) for column in columns]
        return sorted(repr([row[place] for place in places]) for row in self.rows)


Holdings = dict[Name, Held]


class Outcome(NamedTuple):
    """What became of the values: sentences about those that changed, and about those that are gone or not compared."""

    changed: list[str]
    notes: list[str]


def held_in(connection: Connection, tables: Iterable[Table], dialect: Dialect) -> Holdings:
    """What each of the tables holds, but for generated columns and virtual tables."""
    return {table.key: _held(connection, table, dialect) for table in tables if "virtual" not in table.options}


def _held(connection: Connection, table: Table, dialect: Dialect) -> Held:
    types = {column.name: column.type for column in table.columns if not column.generated}
    return Held(types, read_rows(connection, dialect, table.key, types))


def outcome(before: Holdings, after: Holdings) -> Outcome:
    """What became of the values of each table and column.

    Values are compared where name and type stayed. What is gone may be found again, with the same type and values,
    under another name.
    """
    found = Outcome([], [])
    for name, was in before.items():
        now = after.get(name)
        if now is None:
            new = next((key for key, held in after.items() if key not in before and _same(was, held)), None)
            rows = f" with its {len(was.rows)} rows" if was.rows else ""
            found.notes.append(f"table {name} is gone{rows}" if new is None else f"table {name} is now {new}")
            continue
        kept = [column for column, type_ in was.types.items() if now.types.get(column) == type_]
        found.notes.extend(_notes(name, was, now, kept))
        if difference := _difference(was.values(kept), now.values(kept)):
            found.changed.append(f"{name} {difference}")
        elif len(now.rows) > len(was.rows):
            found.notes.append(f"{name} has {len(now.rows) - len(was.rows)} more rows")
    return found


def kept_since(before: Holdings, between: Holdings, after: Holdings) -> list[str]:
    """Sentences about values that changed although their columns were there all the time."""
    changed = []
    for name, was in before.items():
        if name in between and name in after:
            types = (between[name].types, after[name].types)
            kept = [column for column, type_ in was.types.items() if all(other.get(column) == type_ for other in types)]
            if difference := _difference(was.values(kept), after[name].values(kept)):
                changed.append(f"{name} {difference}")
    return changed


def written(before: Holdings, after: Holdings) -> list[Name]:
    """The tables that got rows, lost some, or hold other values where name and type of a column stayed."""
    gone = [held for name, held in before.items() if name not in after]
    found = []
    for name, now in after.items():
        was = before.get(name)
        if was is None:
            if now.rows and not any(_same(held, now) for held in gone):
                found.append(name)
            continue
        kept = [column for column, type_ in was.types.items() if now.types.get(column) == type_]
        if was.values(kept) != now.values(kept):
            found.append(name)
    return found


def _same(was: Held, now: Held) -> bool:
    return was.types == now.types and was.values(list(was.types)) == now.values(list(was.types))


def _notes(name: Name, was: Held, now: Held, kept: Sequence[str]) -> Iterator[str]:
    new = [column for column in now.types if column not in was.types]
    for column, type_ in was.types.items():
        if column in kept:
            continue
        if column in now.types:
            yield f"{name}.{column} became {now.types[column]}, so its values were not compared"
            continue
        values = was.values([*kept, column])
        renamed = (other for other in new if now.types[other] == type_ and now.values([*kept, other]) == values)
        to = next(renamed, None) if was.rows else None
        yield f"column {name}.{column} is gone" if to is None else f"column {name}.{column} is now {to}"


def _difference(was: list[str], now: list[str]) -> str | None:
    """What of the rows that were there is there no more; None where all still are, whatever was added."""
    lost = Counter(was) - Counter(now)
    if not lost:
        return None
    if len(now) < len(was):
        return f"has {len(now)} of {len(was)} rows"
    new = Counter(now) - Counter(was)
    return f"has the values {min(new)} where there were {min(lost)}"
