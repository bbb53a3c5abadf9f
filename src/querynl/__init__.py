"""QueryNL: say what a schema should be, get a migration that is ordered, reversible and safe to run.

The library behind the command line. A session in short:

    from querynl import Answers, compare, dialect_named, load_settings, open_scratch, propose, read_source

    settings = load_settings()
    before, after = (read_source(name, settings) for name in ("schema-v1.json", "schema-v2.json"))
    dialect = dialect_named("postgresql")
    comparison = compare(before, after, dialect, lambda: open_scratch("postgresql"))
    plan = propose(comparison, Answers()).plan()

Names are imported when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from querynl._version import __version__

if TYPE_CHECKING:
    from querynl.config import load_settings
    from querynl.connections import Connection, Target, connect, parse_url, resolve
    from querynl.dialects import Dialect, Statement, dialect_named
    from querynl.errors import QueryNLError
    from querynl.formats import find, new_migration, write
    from querynl.generation import Answers, Proposal, propose
    from querynl.plan import Plan, Step
    from querynl.registry import (
        MigrationRecord,
        delete_migration_record,
        get_migrations,
        init_migrations_db,
        save_migration_record,
        update_migration_status,
    )
    from querynl.schema import Schema
    from querynl.scratch import open_scratch
    from querynl.sources import Comparison, compare, read_source

_ROOMS = {
    "config": ("load_settings",),
    "connections": ("Connection", "Target", "connect", "parse_url", "resolve"),
    "dialects": ("Dialect", "Statement", "dialect_named"),
    "errors": ("QueryNLError",),
    "formats": ("find", "new_migration", "write"),
    "generation": ("Answers", "Proposal", "propose"),
    "plan": ("Plan", "Step"),
    "registry": (
        "MigrationRecord",
        "delete_migration_record",
        "get_migrations",
        "init_migrations_db",
        "save_migration_record",
        "update_migration_status",
    ),
    "schema": ("Schema",),
    "scratch": ("open_scratch",),
    "sources": ("Comparison", "compare", "read_source"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "Answers",
    "Comparison",
    "Connection",
    "Dialect",
    "MigrationRecord",
    "Plan",
    "Proposal",
    "QueryNLError",
    "Schema",
    "Statement",
    "Step",
    "Target",
    "__version__",
    "compare",
    "connect",
    "delete_migration_record",
    "dialect_named",
    "find",
    "get_migrations",
    "init_migrations_db",
    "load_settings",
    "new_migration",
    "open_scratch",
    "parse_url",
    "propose",
    "read_source",
    "resolve",
    "save_migration_record",
    "update_migration_status",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'querynl' has no attribute {name!r}")
    return getattr(import_module(f"querynl.{_ROOM_OF[name]}"), name)
