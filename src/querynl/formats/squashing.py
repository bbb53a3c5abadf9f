"""One migration in the place of several: which they are, what its file says of them, and how it takes their place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from querynl.dialects import Dialect
from querynl.errors import MigrationInvalid, UsageInvalid
from querynl.formats.alembic.chain import read_revision, span
from querynl.formats.folder import revisions
from querynl.formats.heading import Replaced, replaced_lines
from querynl.formats.migration import MigrationFile, NewMigration
from querynl.plan import Plan, Reversibility, statements


def chosen(
    migrations: Sequence[MigrationFile], ids: Sequence[str], first: str | None, last: str | None
) -> tuple[MigrationFile, ...]:
    """Those that are named, or all from the first to the last; without any of these, all.

    Raises UsageInvalid where an id is not there, another stands between, or there are fewer than two; MigrationInvalid
    where they are of several frameworks, or one is a baseline of Flyway's.
    """
    there = [migration.id for migration in migrations]
    if unknown := [id for id in (*ids, *filter(None, (first, last))) if id not in there]:
        raise UsageInvalid(f"The folder holds no migration {unknown[0]}.", remedy="See `querynl migrate status`.")
    begin = min(map(there.index, ids)) if ids else there.index(first) if first else 0
    end = max(map(there.index, ids)) if ids else there.index(last) if last else len(there) - 1
    found = tuple(migrations[begin : end + 1])
    if ids and (between := [migration.id for migration in found if migration.id not in ids]):
        raise UsageInvalid(f"{between[0]} stands between those to squash.", remedy="Name it, too, or leave some out.")
    if len(found) < 2:
        raise UsageInvalid(
            "There are not two migrations to squash.", remedy="Name the first and the last: --from, --to."
        )
    _refuse_mixture(found)
    return found


def _refuse_mixture(found: Sequence[MigrationFile]) -> None:
    remedy = "Choose others with --from and --to."
    frameworks = sorted({migration.framework for migration in found})
    if len(frameworks) > 1:
        raise MigrationInvalid(f"The migrations are of {' and '.join(frameworks)}, and one is of one.", remedy=remedy)
    baselines = [one.path.name for one in found if one.framework == "flyway" and one.path.name.startswith("B")]
    if baselines:
        raise MigrationInvalid(f"{baselines[0]} is a baseline of Flyway's, which stays as it is.", remedy=remedy)


def squashed_migration(
    plan: Plan, *, dialect: Dialect, replaced: Sequence[MigrationFile], message: str
) -> NewMigration:
    """The migration that the plan is, with the name and the version of the last that it replaces.

    Its head names all that it replaces, with their checksums, and what those replaced themselves. Raises
    MigrationInvalid where the chain of Alembic revisions branches among them.
    """
    last = replaced[-1]
    remarks = replaced_lines(
        [
            one
            for migration in replaced
            for one in (*migration.replaced, Replaced(migration.id, migration.checksum(dialect)))
        ]
    )
    reversible = plan.reversibility is not Reversibility.NONE
    return NewMigration(
        id=last.id,
        framework=last.framework,
        description=message.strip(),
        files=_files(plan, dialect, replaced, message, remarks),
        up=dialect.script(statements(plan.up)),
        down=dialect.script(statements(plan.down)) if reversible else None,
    )


def _files(
    plan: Plan, dialect: Dialect, replaced: Sequence[MigrationFile], message: str, remarks: Sequence[str]
) -> dict[Path, str]:
    last = replaced[-1]
    folder = last.path.parent
    if last.framework == "alembic":
        from querynl.formats.alembic import module

        found = [revision for one in replaced if (revision := read_revision(one.path, one.text)) is not None]
        return module.squashed(plan, dialect, span(found, revisions(folder)), message, remarks)
    from querynl.formats import flyway, raw

    make = raw.files if last.framework == "raw" else flyway.files
    files = make(plan, dialect, last.id, message, folder)
    head, gap, body = files[last.path].partition("\n\n")
    return files | {last.path: "\n".join([head, *(f"-- {remark}" for remark in remarks)]) + gap + body}


def as_file(new: NewMigration) -> MigrationFile:
    """The migration as it will be read once it is written."""
    path = new.path
    back = next((other for other in new.files if other.suffix == ".sql" and other != path), None)
    return MigrationFile(
        id=new.id,
        framework=new.framework,
        path=path,
        text=new.files[path],
        down_path=back,
        down_text=None if back is None else new.files[back],
        description=new.description,
    )


def replace_files(new: NewMigration, replaced: Sequence[MigrationFile]) -> list[Path]:
    """Write the files of a squashed migration, then remove those that it replaces; the paths that are gone.

    A process that dies on the way leaves the new file beside old ones that it replaces, which `find` refuses. Raises
    MigrationInvalid where a file cannot be written, with all as it was.
    """
    with ExitStack() as undo:
        try:
            for path, text in new.files.items():
                draft = _draft(path)
                with draft.open("w", encoding="utf-8", newline="\n") as file:
                    undo.callback(draft.unlink, missing_ok=True)
                    file.write(text)
            for path in new.files:  # the way up first: what it says keeps the folder from being taken for whole
                undo.callback(_put_back, path, path.read_bytes() if path.exists() else None)
                os.replace(_draft(path), path)
        except OSError as error:
            raise MigrationInvalid(
                f"{error.filename or new.path} cannot be written: {error.strerror}.", remedy="Check its permissions."
            ) from error
        undo.pop_all()
    gone = [path for one in replaced for path in _paths(one) if path not in new.files and path.is_file()]
    for path in gone:
        path.unlink()
    return gone


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _put_back(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def _paths(migration: MigrationFile) -> list[Path]:
    """Its files, with the configuration that a Flyway script may have beside it."""
    scripts = [path for path in (migration.path, migration.down_path) if path is not None]
    beside = [path.with_name(f"{path.name}.conf") for path in scripts] if migration.framework == "flyway" else []
    return [*scripts, *beside]
