"""Casts of array constructors, written so that the server keeps them as they were.

`state IN ('a', 'b')` with a varchar column is kept, and shown by the catalog, as

    (state)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])

Read again, a cast right behind ARRAY[…] goes to the elements instead, and the catalog then shows another text
(https://www.postgresql.org/docs/current/sql-syntax-calls.html#SQL-SYNTAX-ARRAY-CONSTRUCTORS). With the type that the
array has anyway in between, the outer cast stays where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from querynl.dialects.postgresql.split import code

_CAST = re.compile(r"\)::[\w\". ]+(?:\([\d,]+\))?\[\]")
# The type that an element, or a constant, is cast to last.
_LAST_CAST = re.compile(r"::((?:[a-z_]\w*|\"[^\"]+\")(?:[. ](?:[a-z_]\w*|\"[^\"]+\"))*)(?:\([\d,]+\))?$")


def with_settled_arrays(sql: str) -> str:
    """The statement with the type of each array constructor named inside a cast to another."""
    if "(ARRAY[" not in sql:
        return sql
    pieces: list[str] = []
    position = 0
    for end, of_type in _constructors(sql):
        pieces += [sql[position:end], f"::{of_type}[]"]
        position = end
    return "".join([*pieces, sql[position:]])


def _constructors(sql: str) -> Iterator[tuple[int, str]]:
    """Where a constructor that is cast to another type ends, and the type of its elements."""
    opened: list[int | None] = []
    before = ""
    for start, text in code(sql):
        if text == "[":
            opened.append(start if before == "(ARRAY" else None)
        elif text == "]" and opened and (first := opened.pop()) is not None:
            last = _LAST_CAST.search(sql[first + 1 : start])
            if last is not None and _CAST.match(sql, start + 1):
                yield start + 1, last[1]
        before = (before + text)[-len("(ARRAY") :]
