"""NOT NULL, which is a constraint with a name and a state of its own since version 18.

https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL
"""

from __future__ import annotations

from collections.abc import Iterator

from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.spelling import made_name, quote
from querynl.schema import Column, Name


def clause(column: Column) -> str:
    """The constraint behind a column's definition."""
    return " ".join([*_name(column), "NOT NULL", *_inheritance(column)])


def later(column: Column) -> Iterator[str]:
    """The action that adds what a column's definition cannot say: that rows of before are not checked."""
    if not column.nullable and column.options.get("not_null_not_valid"):
        yield added(column)


def added(column: Column) -> str:
    """The action that requires a value from now on."""
    if not any(name.startswith("not_null_") for name in column.options):
        return f"ALTER COLUMN {quote(column.name)} SET NOT NULL"
    validity = ["NOT VALID"] if column.options.get("not_null_not_valid") else []
    return " ".join(["ADD", *_name(column), "NOT NULL", quote(column.name), *_inheritance(column), *validity])


def change(table: Name, old: Column, new: Column) -> Iterator[str]:
    """What becomes of the constraint of a column that requires a value before and after."""
    if old.nullable or new.nullable:
        return
    before, after = _made_or_given(table, old), _made_or_given(table, new)
    unchecked = bool(new.options.get("not_null_not_valid"))
    if unchecked and not old.options.get("not_null_not_valid"):
        yield alter(table, [f"ALTER COLUMN {quote(new.name)} DROP NOT NULL", added(new)])
        return
    if before != after:
        yield alter(table, [f"RENAME CONSTRAINT {quote(before)} TO {quote(after)}"])
    if _inheritance(old) != _inheritance(new):
        yield alter(table, [f"ALTER CONSTRAINT {quote(after)} {'NO INHERIT' if _inheritance(new) else 'INHERIT'}"])
    if old.options.get("not_null_not_valid") and not unchecked:
        yield alter(table, [f"VALIDATE CONSTRAINT {quote(after)}"])


def _name(column: Column) -> list[str]:
    name = column.options.get("not_null_name")
    return [] if name is None else [f"CONSTRAINT {quote(str(name))}"]


def _made_or_given(table: Name, column: Column) -> str:
    return str(column.options.get("not_null_name", made_name(table.name, column.name, "not_null")))


def _inheritance(column: Column) -> list[str]:
    return ["NO INHERIT"] if column.options.get("not_null_no_inherit") else []
