"""Flyway: one versioned SQL file up, one undo file down, and a script's configuration where it needs one.

https://documentation.red-gate.com/fd/versioned-migrations-273973333.html,
https://documentation.red-gate.com/fd/script-configuration-files-277578927.html
"""

from __future__ import annotations

from pathlib import Path

from querynl.dialects import Dialect, Statement
from querynl.formats.heading import heading, undo_heading
from querynl.formats.naming import version_of
from querynl.formats.transactions import needs_none_around, spelled_out
from querynl.plan import Plan, Reversibility, statements

# While a session holds Flyway's own lock in a transaction, an index that is built concurrently waits for it forever:
# https://documentation.red-gate.com/fd/flyway-postgresql-transactional-lock-setting-277579114.html.
_LOCK_NOTE = "-- Run Flyway with -postgresql.transactional.lock=false: its own lock would never let this end."


def files(plan: Plan, dialect: Dialect, migration_id: str, message: str, folder: Path) -> dict[Path, str]:
    """`VVERSION__SLUG.sql`, `UVERSION__SLUG.sql` unless there is no way back, and a `.conf` beside what needs one."""
    up, down = paths(migration_id, folder)
    texts = _script(up, heading(message, plan, down.name), statements(plan.up), dialect)
    if plan.reversibility is not Reversibility.NONE:
        texts |= _script(down, undo_heading(message, plan, up.name), statements(plan.down), dialect)
    return texts


def paths(migration_id: str, folder: Path) -> tuple[Path, Path]:
    """The files of the way up and the way down."""
    version = version_of(migration_id)
    own = f"{version}__{migration_id.removeprefix(version + '_')}.sql"
    # Of a script with a name that is not ours, the id is that name.
    name = f"{migration_id[1:]}.sql" if migration_id.startswith("V") else own
    return folder / f"V{name}", folder / f"U{name}"


def _script(path: Path, head: list[str], body: list[Statement], dialect: Dialect) -> dict[Path, str]:
    """The script, and its configuration if the defaults would change what it does."""
    settings = []
    if needs_none_around(body, dialect):
        settings.append("executeInTransaction=false")
        if any("CONCURRENTLY" in statement.sql for statement in body if not statement.transactional):
            head = [*head, _LOCK_NOTE]
        body = list(spelled_out(body, dialect))
    script = dialect.script(body).strip("\n")
    if "${" in script:
        settings.append("placeholderReplacement=false")
    texts = {path: "\n".join([*head, "", script, ""])}
    if settings:
        texts[path.with_name(f"{path.name}.conf")] = "\n".join([*settings, ""])
    return texts
