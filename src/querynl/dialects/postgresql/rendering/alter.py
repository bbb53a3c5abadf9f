"""ALTER TABLE with its actions."""

from __future__ import annotations

from querynl.dialects.postgresql.spelling import qualified
from querynl.schema import Name


def alter(table: Name, actions: list[str]) -> str:
    """ALTER TABLE with one or several actions, which the engine makes in one pass over the rows."""
    head = f"ALTER TABLE {qualified(*table)}"
    return f"{head} {actions[0]}" if len(actions) == 1 else head + "\n    " + ",\n    ".join(actions)
