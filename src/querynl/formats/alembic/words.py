"""Values as the code of a migration writes them: SQL text, names, and the way out where there are no words."""

from __future__ import annotations

import re

import msgspec

from querynl.formats.alembic.code import Call, call, literal
from querynl.schema import AnyObject


class Inexpressible(Exception):
    """Alembic and SQLAlchemy have no exact words for a change; the plan's own SQL says it instead."""


# A class that a migration brings along for the types SQLAlchemy has no name for.
DATABASE_TYPE = "DatabaseType"

# What `sqlalchemy.text` takes for a parameter, and what it takes for an escaped colon.
_PARAMETER_OR_ESCAPE = re.compile(r"(?<![:\w\\]):[\w$]+(?![:\w$])|\\:[\w$]*(?![:\w$])")


def escaped(sql: str) -> str:
    """The SQL as `sqlalchemy.text` reads it: https://docs.sqlalchemy.org/en/20/core/sqlelement.html#sqlalchemy.sql.expression.text."""
    return _PARAMETER_OR_ESCAPE.sub(lambda match: "\\" + match[0], sql)


def text(sql: str) -> Call:
    """SQL that goes into a statement as it is."""
    return call("sa.text", literal(escaped(sql)))


def in_brackets(expression: str) -> bool:
    """Whether one pair of brackets stands around the whole expression."""
    depth = 0
    for match in re.finditer(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]", expression):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if depth == 0:
            return match[0] == ")" and match.end() == len(expression) and expression.startswith("(")
    return False


def constraint_name(name: str | None) -> Call | None:
    """The name, kept from whatever naming convention the project has; None for a constraint without one."""
    return None if name is None else call("op.f", literal(name))


def required_name(name: str | None) -> Call:
    """The name of something that is created or dropped by it. Raises Inexpressible where it has none."""
    found = constraint_name(name)
    if found is None:
        raise Inexpressible("a constraint without a name")
    return found


def schema_of(namespace: str | None) -> str | None:
    """The `schema` of a call; None for the connection's own."""
    return None if namespace is None else literal(namespace)


def database_type(words: str) -> Call:
    """A type in the engine's own words."""
    return call(DATABASE_TYPE, literal(words))


def require_only(obj: AnyObject, *fields: str) -> None:
    """Raise Inexpressible where an object says more than in these fields."""
    for field in msgspec.structs.fields(obj):
        if field.name not in (*fields, "name", "renamed_from"):
            value = getattr(obj, field.name)
            usual = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
            if value != usual:
                raise Inexpressible(f"{field.name} of {obj.name}")
