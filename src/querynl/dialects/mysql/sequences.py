"""MariaDB's sequences: read all at once, and as SQL.

https://mariadb.com/kb/en/create-sequence/, https://mariadb.com/kb/en/alter-sequence/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from querynl import schema as model
from querynl.dialects.mysql import versioning
from querynl.dialects.mysql.spelling import NAME, STRING, literal, quote
from querynl.dialects.protocol import Reader, Statement
from querynl.operations import Catalog
from querynl.schema import Kind, Ref, Table, ref_of

_CACHE = 1000
_LARGEST = 2**63 - 2


def inspect_sequences(reader: Reader, names: Sequence[str]) -> Iterator[model.Sequence]:
    """The sequences of those names, without what every sequence has; where they stand is no part of a schema."""
    if not names:
        return
    query = " UNION ALL ".join(
        f"SELECT {literal(name)}, start_value, minimum_value, maximum_value, increment, cache_size, cycle_option"
        f" FROM {quote(name)}"
        for name in names
    )
    for name, start, minimum, maximum, increment, cache, cycle in reader.rows(query):
        yield settled(
            model.Sequence(
                name=name,
                start=start,
                minimum=minimum,
                maximum=maximum,
                increment=increment,
                cache=cache,
                cycle=bool(cycle),
            )
        )


def settled(sequence: model.Sequence) -> model.Sequence:
    """The sequence without the values that it would have anyway."""
    usual = _usual(sequence)
    given = {key: value for key, value in _values(sequence).items() if value != usual[key]}
    return replace(sequence, **{key: given.get(key) for key in usual})


def _values(sequence: model.Sequence) -> dict[str, int | None]:
    keys = ("increment", "minimum", "maximum", "start", "cache")
    return {key: getattr(sequence, key) for key in keys}


def _usual(sequence: model.Sequence) -> dict[str, int]:
    """What each value is where it is not given."""
    falls = (sequence.increment or 1) < 0
    lowest, highest = (-_LARGEST - 1, -1) if falls else (1, _LARGEST)
    first = sequence.maximum if falls else sequence.minimum
    start = (highest if falls else lowest) if first is None else first
    return {"increment": 1, "minimum": lowest, "maximum": highest, "start": start, "cache": _CACHE}


def create(sequence: model.Sequence) -> str:
    given = {key: value for key, value in _values(sequence).items() if value is not None}
    return " ".join(
        [f"CREATE SEQUENCE {quote(sequence.name)}", *_clauses(given), *(["CYCLE"] if sequence.cycle else [])]
    )


def change(before: model.Sequence, after: model.Sequence) -> Iterator[Statement]:
    """The statements that make a sequence count otherwise: from where it stands, or the first number that is left.

    It starts anew where it turns round, or none is left of those that it may stand at.
    """
    was, now = ({**_usual(s), **{k: v for k, v in _values(s).items() if v is not None}} for s in (before, after))
    end = "maximum" if now["increment"] < 0 else "minimum"
    restarts = _is_left_behind(was, now)
    if not restarts and now[end] != was[end] and was["minimum"] <= now[end] <= was["maximum"]:
        # It may not stand beyond its limits; a sequence that is further on stays there.
        yield Statement(f"DO SETVAL({quote(after.name)}, {now[end]}, 0)")
    words = list(_clauses({key: value for key, value in now.items() if value != was[key]}))
    if before.cycle != after.cycle:
        words.append("CYCLE" if after.cycle else "NOCYCLE")
    if restarts:
        words.append(f"RESTART WITH {now['start']}")
    yield Statement(" ".join([f"ALTER SEQUENCE {quote(after.name)}", *words]))


def _is_left_behind(was: dict[str, int], now: dict[str, int]) -> bool:
    """Whether it stands beyond its new limits, which the server refuses (error 4085).

    One that turns round may stand just beyond its last number.
    """
    falls = was["increment"] < 0
    if falls != (now["increment"] < 0):
        return True
    least, most = (was["minimum"], was["start"]) if falls else (was["start"], was["maximum"])
    return now["maximum"] < least or most < now["minimum"]


_WORDS = {
    "increment": "INCREMENT BY",
    "minimum": "MINVALUE",
    "maximum": "MAXVALUE",
    "start": "START WITH",
    "cache": "CACHE",
}


def _clauses(values: dict[str, int]) -> Iterator[str]:
    return (f"{_WORDS[key]} {value}" for key, value in values.items())


# What an expression may take for a sequence; what stands between quotes is read over.
_WORD = rf"(?:{NAME}|[\w$]+)"
_NAMED = re.compile(
    rf"{STRING}|{NAME}|(?P<call>\b(?:nextval|lastval|setval)\s*\(\s*|\b(?:next|previous)\s+value\s+for\b\s*)"
    rf"(?P<database>{_WORD}\s*\.\s*)?(?P<name>{_WORD})",
    re.S | re.I,
)


def renamed_in(expression: str, before: str, after: str) -> str:
    """The expression with another name for a sequence of the schema's own database.

    https://mariadb.com/kb/en/sequence-functions/
    """

    def moved(match: re.Match[str]) -> str:
        is_meant = match["call"] and not match["database"] and match["name"] in (before, quote(before))
        return match["call"] + quote(after) if is_meant else match[0]

    return _NAMED.sub(moved, expression)


def without_database(expression: str, database: str) -> str:
    """The expression with the names of the database's sequences alone, as the catalog does not show them."""

    def bare(match: re.Match[str]) -> str:
        is_own = match["database"] == f"{quote(database)}."
        return match["call"] + match["name"] if is_own else match[0]

    return _NAMED.sub(bare, expression)


def reworded_around(expression: str, reword: Callable[[str], str]) -> str:
    """The expression with everything reworded but the names of sequences, which are no columns."""
    pieces: list[str] = []
    position = 0
    for match in _NAMED.finditer(expression):
        if match["call"]:
            pieces += [reword(expression[position : match.start("name")]), match["name"]]
            position = match.end()
    return "".join([*pieces, reword(expression[position:])])


def rename(ref: Ref, to: str, before: Catalog, after: Catalog) -> Iterator[Statement]:
    """A sequence is renamed as a table is, and the defaults that name it are left behind."""
    yield Statement(f"RENAME TABLE {quote(ref.name)} TO {quote(to)}")
    for obj in sorted(after.of_kind(Kind.TABLE), key=lambda table: table.name or ""):
        old = before.get(ref_of(obj))
        assert isinstance(obj, Table)
        assert isinstance(old, Table), "no table comes with a sequence's new name"
        moved = [now for was, now in zip(old.columns, obj.columns, strict=True) if was.default != now.default]
        if moved and obj.options.get(versioning.VERSIONED):
            yield versioning.KEEP_HISTORY
        if moved:
            # The server looks for all sequences that the defaults name from then on, so they change at once.
            changes = [f"ALTER COLUMN {quote(column.name)} SET DEFAULT {column.default}" for column in moved]
            separator = " " if len(changes) == 1 else "\n  "
            yield Statement(f"ALTER TABLE {quote(obj.name)}{separator}" + ",\n  ".join(changes))
