"""What SQLAlchemy and Alembic can say for each engine; whatever they cannot say raises Inexpressible."""

from __future__ import annotations

from querynl.dialects import Dialect
from querynl.formats.alembic.engines.engine import Engine
from querynl.operations import Change, Create, Drop
from querynl.plan import Plan, Step
from querynl.schema import Enum

__all__ = ["Engine", "engine_of"]


def engine_of(plan: Plan, dialect: Dialect) -> Engine:
    """The vocabulary for the engine of a plan."""
    match dialect.name:
        case "postgresql":
            from querynl.formats.alembic.engines.postgresql import PostgreSQL

            return PostgreSQL(dialect, _enums((*plan.up, *plan.down)))
        case "sqlite":
            from querynl.formats.alembic.engines.sqlite import SQLite

            return SQLite(dialect)
        case _:
            from querynl.formats.alembic.engines.mysql import MySQL

            return MySQL(dialect)


def _enums(steps: tuple[Step, ...]) -> dict[str, Enum]:
    """The enums that the plan itself speaks of, as they are last, by name; others are only names here."""
    found: dict[str, Enum] = {}
    for step in steps:
        for operation in step.operations:
            match operation:
                case Create(Enum() as enum) | Drop(Enum() as enum) | Change(_, Enum() as enum):
                    found[enum.name if enum.namespace is None else f"{enum.namespace}.{enum.name}"] = enum
    return found
