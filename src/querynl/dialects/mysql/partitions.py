"""A table's partitions: the clause that makes them, from SHOW CREATE TABLE, and the change from one to another.

https://dev.mysql.com/doc/refman/9.5/en/partitioning-management-range-list.html,
https://mariadb.com/kb/en/partitioning-overview/
"""

from __future__ import annotations

import re
from typing import NamedTuple

from querynl.dialects.mysql.spelling import NAME, STRING

_NOISE = re.compile(rf"(?P<text>{STRING}|{NAME})|/\*!\d+ ?| ?\*/|(?P<engine> ENGINE = (?P<name>\w+))|\s+", re.S)
_STEP = re.compile(rf"{STRING}|{NAME}|[(),]", re.S)
_DEFINED = re.compile(rf"PARTITION (?P<name>{NAME}|\w+)(?: VALUES LESS THAN (?P<limit>MAXVALUE|\(.*?\)))?", re.S)


def of_create_table(text: str, engine: str) -> str:
    """What stands after PARTITION BY, on one line and without the engine, which is that of the table."""

    def settled(match: re.Match[str]) -> str:
        if match["text"]:
            return match[0]
        if match["engine"]:
            return "" if match["name"] == engine else match[0]
        return " " if match[0].isspace() else ""

    return _NOISE.sub(settled, text).strip().removeprefix("PARTITION BY ")


def changed(before: str, after: str) -> str | None:
    """The clause that adds partitions at the end, or divides and joins some, and leaves the rest of the rows alone.

    None where the whole table must be partitioned anew, which keeps every row or fails.
    """
    was, now = _taken_apart(before), _taken_apart(after)
    if was.head != now.head or not was.definitions or not now.definitions:
        return None
    old, new = list(was.definitions), list(now.definitions)
    while old and new and old[0] == new[0]:
        del old[0], new[0]
    if not old and was.head.startswith(("RANGE", "LIST")):
        return f"ADD PARTITION ({', '.join(new)})"
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        del old[-1], new[-1]
    if not old or not new or not was.head.startswith("RANGE") or _limit(old[-1]) != _limit(new[-1]):
        return None
    return f"REORGANIZE PARTITION {', '.join(map(_name, old))} INTO ({', '.join(new)})"


class _Partitions(NamedTuple):
    """How rows are told apart, and each partition where they are listed."""

    head: str
    definitions: tuple[str, ...]


def _taken_apart(text: str) -> _Partitions:
    start = depth = 0
    found: list[str] = []
    for match in _STEP.finditer(text):
        if match[0] == "(":
            if depth == 0 and text.startswith("(PARTITION ", match.start()):
                start = match.end()
            depth += 1
        elif match[0] == ")":
            depth -= 1
        if start and ((match[0] == "," and depth == 1) or depth == 0):
            found.append(text[start : match.start()].strip())
            start = match.end()
            if depth == 0:
                break
    return _Partitions(text.partition(" (PARTITION ")[0], tuple(found))


def _name(definition: str) -> str:
    match = _DEFINED.match(definition)
    assert match is not None, "a partition has a name"
    return match["name"]


def _limit(definition: str) -> str | None:
    match = _DEFINED.match(definition)
    return None if match is None else match["limit"]
