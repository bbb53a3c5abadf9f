"""What a table uses one of its indexes for: to tell rows apart when they are replicated, and to order them by.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

from collections.abc import Iterator, Set

from querynl.dialects.postgresql.heirs import indexed_parts
from querynl.dialects.postgresql.options import INDEX_ROLES
from querynl.dialects.postgresql.rendering.alter import alter
from querynl.dialects.postgresql.rendering.around import Around
from querynl.dialects.postgresql.spelling import quote
from querynl.operations import Catalog
from querynl.schema import Constraint, Index, Name, Table


def given(table: Name, part: Constraint | Index) -> Iterator[str]:
    """The roles of a new index."""
    yield from _assigned(table, part, INDEX_ROLES & part.options.keys())


def change(table: Name, old: Constraint | Index, new: Constraint | Index, around: Around) -> Iterator[str]:
    before, after = INDEX_ROLES & old.options.keys(), INDEX_ROLES & new.options.keys()
    yield from _withdrawn(table, before - after, around.after)
    yield from _assigned(table, new, after - before)


def taken(table: Name, part: Constraint | Index, around: Around) -> Iterator[str]:
    """The roles that an index is to lose with its table still there: the server forgets the index, not the role."""
    if around.after.table(table) is not None and "replica_identity" in part.options:
        yield from _withdrawn(table, {"replica_identity"}, around.after)


def is_held(table: Table, role: str) -> bool:
    """Whether an index of the table has the role."""
    return any(role in part.options for part in indexed_parts(table))


def _assigned(table: Name, part: Constraint | Index, roles: Set[str]) -> Iterator[str]:
    if part.name is not None and "replica_identity" in roles:
        yield alter(table, [f"REPLICA IDENTITY USING INDEX {quote(part.name)}"])
    if part.name is not None and "cluster" in roles:
        yield alter(table, [f"CLUSTER ON {quote(part.name)}"])


def _withdrawn(table: Name, roles: Set[str], after: Catalog) -> Iterator[str]:
    """The table without the roles, unless another index, or the table itself, says by now what is to be."""
    found = after.table(table)
    if "replica_identity" in roles and not (
        found is not None and ("replica_identity" in found.options or is_held(found, "replica_identity"))
    ):
        yield alter(table, ["REPLICA IDENTITY DEFAULT"])
    if "cluster" in roles and not (found is not None and is_held(found, "cluster")):
        yield alter(table, ["SET WITHOUT CLUSTER"])
