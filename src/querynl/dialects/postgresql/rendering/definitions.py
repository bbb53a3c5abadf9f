"""Objects that are known by the statement that makes them.

https://www.postgresql.org/docs/current/sql-createrule.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.comments import comment_on
from querynl.dialects.postgresql.spelling import ENABLED, qualified, quote
from querynl.schema import Definition, Kind, Name

# What each kind is called in SQL.
WORDS = {Kind.RULE: "RULE"}


def create(definition: Definition) -> Iterator[str]:
    yield definition.definition
    yield from change(replace(definition, options={}, comment=None), definition)


def change(old: Definition, new: Definition) -> Iterator[str]:
    """A change in place: of when it is in force, and of the comment."""
    if old.options.get("enabled") != new.options.get("enabled"):
        state: Any = ENABLED.get(str(new.options.get("enabled")), "ENABLE")
        yield alter(_table(new), [f"{state} {WORDS[new.kind]} {quote(new.name)}"])
    if old.comment != new.comment:
        yield comment_on(WORDS[new.kind], _address(new), new.comment)


def drop(definition: Definition) -> Iterator[str]:
    yield f"DROP {WORDS[definition.kind]} {_address(definition)}"


def _address(definition: Definition) -> str:
    return f"{quote(definition.name)} ON {qualified(*_table(definition))}"


def _table(definition: Definition) -> Name:
    assert definition.table is not None, "a rule has a table"
    return Name(definition.namespace, definition.table)
