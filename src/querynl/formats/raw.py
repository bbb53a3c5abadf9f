"""Plain SQL: one file for the way up, and one for the way down where there is one."""

from __future__ import annotations

from pathlib import Path

from querynl.dialects import Dialect, Statement
from querynl.formats.heading import heading, undo_heading
from querynl.plan import Plan, Reversibility, statements


def files(plan: Plan, dialect: Dialect, migration_id: str, message: str, folder: Path) -> dict[Path, str]:
    """`ID_up.sql` with its text, and `ID_down.sql` unless the plan has no way back."""
    up, down = paths(migration_id, folder)
    texts = {up: _text(heading(message, plan, down.name), statements(plan.up), dialect)}
    if plan.reversibility is not Reversibility.NONE:
        texts[down] = _text(undo_heading(message, plan, up.name), statements(plan.down), dialect)
    return texts


def paths(migration_id: str, folder: Path) -> tuple[Path, Path]:
    """The files of the way up and the way down."""
    return folder / f"{migration_id}_up.sql", folder / f"{migration_id}_down.sql"


def _text(head: list[str], body: list[Statement], dialect: Dialect) -> str:
    return "\n".join([*head, "", dialect.script(body).strip("\n"), ""])
